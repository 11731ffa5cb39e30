//! Record and value views over a result.

use super::{Sql, edit::Act};
use crate::{
    core::{
        command::Command,
        event::{Mouse, MouseKind},
        pane::{Cx, Tone},
        theme::Theme,
    },
    panes::value_said,
    views::{
        record::RecordView,
        value::{Done, ValueView},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Question: the text to find in a value.
pub(super) const FIND: &str = "sql-find-in-value";

/// A view over the grid.
pub(super) enum Over {
    /// One row.
    Record(RecordView),
    /// One value.
    Value(Box<ValueView>),
}

/// Commands of the value view that change it.
pub(super) fn edits(command: Command) -> bool {
    use Command as C;
    matches!(
        command,
        C::EditNode | C::AddNode | C::RenameKey | C::RemoveNode | C::NodeDown | C::NodeUp | C::FilterPath
    )
}

impl Sql {
    /// Closes the view on top; `false`: there is none.
    pub(super) fn step_out(&mut self) -> bool {
        self.over.pop().is_some()
    }

    /// A command while a view is open; `false`: not its.
    pub(super) fn over_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if matches!(command, Command::Back | Command::OpenRecord) {
            return self.step_out();
        }
        if edits(command)
            && let Some(Over::Value(view)) = self.over.last()
        {
            // The row is read anew first. A document opens at this node, other values in the editor of their type.
            let begin = (view.path(), command);
            self.step_out();
            self.edit_at(Act::Edit, begin, cx);
            return true;
        }
        match self.over.last_mut() {
            Some(Over::Value(view)) => {
                let done = view.command(command);
                let mine = done != Done::No;
                self.value_done(done, cx);
                mine
            }
            Some(Over::Record(_)) => self.record_command(command, cx),
            None => false,
        }
    }

    fn record_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if command == Command::OpenValue {
            self.open_value();
            return true;
        }
        if self.copy_command(command, cx) {
            return true;
        }
        let (Some(Over::Record(view)), Some(o)) = (self.over.last_mut(), self.outcomes.get_mut(self.tab))
        else {
            return false;
        };
        let (rows, grid) = o.parts();
        let done = match command {
            Command::NextRow => grid.command(Command::Down, &rows),
            Command::PreviousRow => grid.command(Command::Up, &rows),
            Command::Find => {
                let text = grid.finding().to_owned();
                self.ask_find(text, cx);
                return true;
            }
            other => view.command(other, grid, &rows),
        };
        self.read_on(cx);
        done
    }

    /// Opens the record view on the cursor's row.
    pub(super) fn open_record(&mut self) {
        if self.on_screen().is_some_and(|o| !o.rows.is_empty()) {
            self.over.push(Over::Record(RecordView::default()));
        }
    }

    /// Opens the value view on the cursor's cell: a result holds its values whole.
    pub(super) fn open_value(&mut self) {
        let Some(o) = self.outcomes.get_mut(self.tab).filter(|o| !o.rows.is_empty()) else { return };
        let (row, column) = (o.grid.row(), o.grid.column());
        let staged = o.parts().0.value(row, column).cloned();
        let Some(head) = o.columns.get(column) else { return };
        let mut view = ValueView::waiting(head.name.clone(), head.name.clone(), head.kind(), String::new());
        let value = o.rows.cell(row, column).map(|b| String::from_utf8_lossy(b).into_owned());
        view.home = Err("its row is read anew to be edited: e".into());
        view.staged = staged;
        view.set(value, String::new());
        self.over.push(Over::Value(Box::new(view)));
    }

    fn value_done(&mut self, done: Done, cx: &mut Cx<'_>) {
        // Nothing is changed in the view of a result, so that it has nothing to ask or to stage.
        if let Some(Done::Filter(_)) = value_said(done, FIND, cx) {
            cx.toast(Tone::Note, "a table is filtered by a path in Browse, not a result");
        }
    }

    /// The text to find in the value was typed.
    pub(super) fn find_in_value(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(Over::Value(view)) = self.over.last_mut() {
            let done = view.find(text);
            self.value_done(done, cx);
        }
    }

    /// The mouse while a view is open; `false`: none is.
    pub(super) fn over_mouse(&mut self, mouse: Mouse) -> bool {
        let wheel = match mouse.kind {
            MouseKind::ScrollUp => -3,
            MouseKind::ScrollDown => 3,
            _ => 0,
        };
        let o = self.outcomes.get_mut(self.tab);
        match (self.over.last_mut(), o) {
            (Some(Over::Value(view)), _) if wheel != 0 => view.wheel(wheel),
            (Some(Over::Value(view)), _) => view.click(mouse.x, mouse.y),
            (Some(Over::Record(view)), Some(o)) => {
                let (rows, grid) = o.parts();
                if wheel == 0 {
                    view.click(mouse.x, mouse.y, grid);
                } else {
                    view.command(if wheel < 0 { Command::Up } else { Command::Down }, grid, &rows);
                }
            }
            _ => return false,
        }
        true
    }

    /// Draws the view on top; `false`: there is none.
    pub(super) fn draw_over(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) -> bool {
        let Some(o) = self.outcomes.get_mut(self.tab) else { return false };
        match self.over.last_mut() {
            Some(Over::Value(view)) => view.draw(buf, area, theme),
            Some(Over::Record(view)) => {
                let (rows, grid) = o.parts();
                grid.fit(&rows);
                view.draw(buf, area, grid, &rows, theme);
            }
            None => return false,
        }
        true
    }
}
