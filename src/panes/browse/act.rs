//! What each command does in Browse.

use super::{Browse, Over, Part, Typing, copy, filter::Ask, table::Count};
use crate::{
    core::{
        command::Command,
        key::Chord,
        pane::{Cx, PaneKind, Popup, Tell, Tone},
    },
    panes::value_said,
    sql::quote::qualified,
    views::value::Done,
    widgets::input::Input,
};

impl Browse {
    /// Does a command; `false`: not Browse's.
    pub(super) fn do_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if self.typing.is_some() && self.typing_command(command, cx) {
            return true;
        }
        if command == Command::Back {
            if self.value_stays(cx) {
                return true;
            }
            let out = self.step_out(cx);
            self.drop_whole(cx);
            return out;
        }
        if command == Command::Clear {
            return self.clear(cx);
        }
        match self.over.last() {
            Some(Over::Value(_)) => self.value_command(command, cx),
            Some(Over::Record(_)) => self.record_command(command, cx),
            None => self.plain_command(command, cx),
        }
    }

    fn typing_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(typing) = &self.typing else { return false };
        let part = typing.part;
        match (command, part) {
            (Command::Accept | Command::Open, Part::Tree) => {
                self.typing = None;
                self.open_found(cx);
            }
            (Command::Accept | Command::Open, _) => {
                self.typing = None;
                self.find(cx);
            }
            (Command::Dismiss | Command::Back | Command::Cancel, _) => {
                self.typing = None;
                if part == Part::Tree {
                    self.tree.narrow("");
                }
            }
            (Command::Up | Command::Down | Command::PageUp | Command::PageDown, Part::Tree) => {
                self.tree.command(command);
            }
            (Command::NextPart | Command::PreviousPart, _) => {
                self.typing = None;
                self.next_part(command == Command::NextPart);
            }
            _ => return false,
        }
        true
    }

    /// A key into the line being typed.
    pub(super) fn type_key(&mut self, chord: Chord) {
        if let Some(typing) = &mut self.typing
            && typing.input.key(chord)
        {
            self.typed_text();
        }
    }

    /// The typed text changed.
    pub(super) fn typed_text(&mut self) {
        let Some(typing) = &self.typing else { return };
        let (part, text) = (typing.part, typing.input.text().to_owned());
        if part == Part::Tree {
            self.tree.narrow(&text);
        } else if let Some(table) = self.table_mut() {
            table.grid.find(&text);
        }
    }

    fn find(&mut self, cx: &mut Cx<'_>) {
        let record = matches!(self.over.last(), Some(Over::Record(_)));
        if record {
            self.record_command(Command::FindNext, cx);
        } else if let Some(table) = self.table_mut() {
            table.with_grid(|grid, source| grid.find_next(source, true));
        }
    }

    fn start_typing(&mut self, part: Part) {
        let text = match part {
            Part::Tree => self.tree.narrowed().to_owned(),
            _ => String::new(),
        };
        self.typing = Some(Typing { part, input: Input::new(&text) });
    }

    fn value_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(Over::Value(view)) = self.over.last_mut() else { return false };
        let staged = cx.world.staged().is_some_and(|s| !s.is_empty());
        if command == Command::StageValue && staged && !view.is_dirty() {
            cx.popup(Popup::Changes);
            return true;
        }
        match view.command(command) {
            Done::Yes => true,
            Done::No => matches!(
                command,
                Command::NextPart | Command::PreviousPart | Command::Zoom | Command::Refresh
            ),
            done => {
                self.value_done(done, cx);
                true
            }
        }
    }

    pub(super) fn value_done(&mut self, done: Done, cx: &mut Cx<'_>) {
        if matches!(done, Done::AskFind) {
            self.ask = Some(Ask::FindInValue);
        }
        if let Some(done) = value_said(done, "browse", cx) {
            self.document_done(done, cx);
        }
    }

    /// The text to find was typed.
    pub(super) fn find_in_value(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(Over::Value(view)) = self.over.last_mut() {
            let done = view.find(text);
            self.value_done(done, cx);
        }
    }

    fn record_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::NextRow | Command::PreviousRow => {
                let by = if command == Command::NextRow { Command::Down } else { Command::Up };
                return self.table_mut().is_some_and(|t| t.travel(by, cx));
            }
            Command::Find => {
                let part = if self.focus == Part::Tree { Part::Main } else { self.focus };
                self.start_typing(part);
                return true;
            }
            Command::NextPart | Command::PreviousPart | Command::Zoom => return true,
            _ => {}
        }
        let Some(Over::Record(mut view)) = self.over.pop() else { return false };
        let done =
            self.table_mut().is_some_and(|t| t.with_grid(|grid, source| view.command(command, grid, source)));
        self.over.push(Over::Record(view));
        done || self.table_command(command, cx)
    }

    fn plain_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::NextPart | Command::PreviousPart => {
                self.next_part(command == Command::NextPart);
                return true;
            }
            Command::Zoom => {
                self.zoom = !self.zoom;
                return true;
            }
            Command::ToggleTree => {
                self.toggle_tree();
                return true;
            }
            Command::Refresh => {
                self.refresh(cx);
                return true;
            }
            _ => {}
        }
        if self.focus == Part::Tree {
            return self.tree_command(command, cx) || self.table_command(command, cx);
        }
        if command == Command::Find {
            self.start_typing(self.focus);
            return true;
        }
        self.travel_new(command, cx)
            || self.table_command(command, cx)
            || self.table_mut().is_some_and(|t| t.travel(command, cx))
    }

    fn toggle_tree(&mut self) {
        let shown = self.areas.tree.width > 0;
        self.tree_shown = Some(!shown);
        if shown && self.focus == Part::Tree && self.main.is_some() {
            self.focus = Part::Main;
        }
    }

    /// Reads what is shown anew: staged changes were applied.
    pub(super) fn refresh_all(&mut self, cx: &mut Cx<'_>) {
        self.close_documents();
        if let Some(main) = &mut self.main {
            main.refresh(cx);
        }
        if let Some(below) = &mut self.below {
            below.refresh(cx);
        }
    }

    fn refresh(&mut self, cx: &mut Cx<'_>) {
        if self.focus == Part::Tree {
            return cx.tell(Tell::ReloadCatalog);
        }
        match (self.focus, &mut self.below) {
            (Part::Below, Some(below)) => below.refresh(cx),
            _ => self.refresh_all(cx),
        }
    }

    fn tree_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Open => self.open_node(cx),
            Command::Find => self.start_typing(Part::Tree),
            Command::Right => {
                if !self.tree.command(command) && self.main.is_some() {
                    self.focus = Part::Main;
                }
            }
            other => return self.tree.command(other),
        }
        true
    }

    /// Commands on the table, the same from grid and record view.
    fn table_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::GoBack => {
                if !self.go_back(cx) {
                    cx.toast(Tone::Note, "This is where you began");
                }
            }
            Command::GoForward => {
                if !self.go_forward(cx) {
                    cx.toast(Tone::Note, "There is nothing forward of here");
                }
            }
            Command::PreviewChanges | Command::UndoStep | Command::RedoStep | Command::UndoApplied => {
                return self.edit_command(command, cx);
            }
            _ if self.main.is_none() => return false,
            _ if self.edit_command(command, cx) => {}
            Command::OpenRecord => self.open_record(),
            Command::OpenValue => self.open_value(cx),
            Command::FilterCell => self.filter_cell(cx),
            Command::FilterBuilder => self.build_filter(cx),
            Command::ClearFilter => self.clear_filter(cx),
            Command::FindOnServer => self.find_on_server(cx),
            Command::Sort | Command::SortAdd => self.sort(command == Command::SortAdd, cx),
            Command::FollowKey => self.follow_key(cx),
            Command::Referring => self.referring(cx),
            Command::Detail => self.cycle_below(cx),
            Command::CountRows => self.count(cx),
            Command::OpenSql => self.open_sql(cx),
            Command::Privileges => self.privileges(cx),
            Command::SearchIn => self.search_in(cx),
            Command::Columns => self.choose_columns(cx),
            other => return self.copy(other, cx),
        }
        true
    }

    /// Sorts by the column under the cursor.
    pub(super) fn sort(&mut self, add: bool, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        let Some(name) = table.column_info().map(|c| c.name.clone()) else { return };
        let before = table.view.sort.clone();
        table.cycle_sort(&name, add);
        if let Err(what) = table.with_sql(|_| Ok(())) {
            table.view.sort = before;
            return cx.toast(Tone::Note, what);
        }
        table.reload(cx);
    }

    fn count(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        if !matches!(table.count, Count::Running(..)) {
            table.count_rows(cx);
        }
    }

    /// Who can do what on this table, as `:\\dp` lists it.
    fn privileges(&self, cx: &mut Cx<'_>) {
        if let Some(detail) = self.table().and_then(|t| t.detail.as_ref()) {
            let relation = &detail.relation;
            let name = qualified(&relation.schema, &relation.name);
            cx.tell(Tell::CommandLine(format!("\\dp {name}")));
        }
    }

    /// Full-text search in the table, within its filter.
    fn search_in(&self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = &table.detail else { return };
        match crate::sql::page::condition_text(detail, &table.view.filter) {
            Ok(condition) => cx.tell(Tell::SearchIn { relation: table.oid, condition }),
            Err(what) => cx.toast(Tone::Note, what),
        }
    }

    fn open_sql(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        match table.with_sql(|sql| sql.statement(Some(1_000))) {
            Ok(text) => {
                cx.tell(Tell::EditSql { text, run: false });
                cx.tell(Tell::Show(PaneKind::Sql));
            }
            Err(what) => cx.toast(Tone::Note, what),
        }
    }

    /// Can this be done now?
    pub(super) fn can_do(&self, command: Command) -> bool {
        use Command as C;
        let rows = self.table().is_some_and(|t| !t.window.is_empty());
        match command {
            C::GoBack => self.has_place(true),
            C::GoForward => self.has_place(false),
            C::FindNext | C::FindPrevious if self.over.is_empty() => {
                self.table().is_some_and(|t| !t.grid.finding().is_empty())
            }
            C::OpenRecord | C::OpenValue | C::FilterCell | C::MarkRow | C::SelectRows => rows,
            C::Privileges => self.table().is_some_and(|t| t.detail.is_some()),
            C::FilterBuilder
            | C::ClearFilter
            | C::Sort
            | C::SortAdd
            | C::CountRows
            | C::OpenSql
            | C::SearchIn => self.main.is_some(),
            C::FindOnServer | C::Detail | C::Columns => self.main.is_some(),
            C::Referring => {
                rows && self
                    .table()
                    .and_then(|t| t.detail.as_ref())
                    .is_some_and(|d| !d.referenced_by.is_empty())
            }
            C::FollowKey => rows && self.table().is_some_and(|t| !t.references_here().is_empty()),
            other => !copy::is_copy(other) || rows || !self.over.is_empty(),
        }
    }
}
