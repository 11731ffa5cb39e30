//! Browse: the tree of objects, the rows of a table, and below them the rows that refer to the current one.

mod act;
mod below;
mod bulk;
mod copy;
mod document;
mod draw;
mod edit;
mod fetch;
mod filter;
mod kept;
mod marks;
mod mouse;
mod nav;
mod overlay;
mod table;
mod travel;
mod tree;
mod whole;
mod window;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        event::{Mouse, News},
        ids::JobId,
        key::Chord,
        pane::{Cx, Pane, Running, Tell, Tone},
        world::World,
    },
    data::catalog::{Catalog, ForeignKey, is_system},
    views::{record::RecordView, value::ValueView},
    widgets::{input::Input, tree::Tree},
};
use below::Below;
use bulk::Counting;
use copy::CopyJob;
use document::IndexLook;
use edit::Fetching;
use filter::Ask;
use nav::Place;
use ratatui::{Frame, layout::Rect};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use table::Table;
use whole::Whole;

/// A part of the pane that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tree,
    Main,
    Below,
}

/// What lies over the grids.
#[derive(Debug)]
enum Over {
    Record(RecordView),
    Value(Box<ValueView>),
}

/// A line being typed within the pane.
#[derive(Debug)]
struct Typing {
    part: Part,
    input: Input,
}

/// Where the parts were drawn last.
#[derive(Clone, Copy, Debug, Default)]
struct Areas {
    tree: Rect,
    main: Rect,
    below: Rect,
}

/// See the module.
pub struct Browse {
    tree: Tree<tree::Key>,
    tree_of: Option<Arc<Catalog>>,
    tree_wide: bool,
    /// The user's word on the tree; `None`: as the width of the screen allows.
    tree_shown: Option<bool>,
    /// Which database this is about.
    place: Option<String>,
    main: Option<Table>,
    below: Option<Below>,
    focus: Part,
    zoom: bool,
    back: VecDeque<Place>,
    forward: Vec<Place>,
    over: Vec<Over>,
    typing: Option<Typing>,
    ask: Option<Ask>,
    copying: Option<CopyJob>,
    whole: Option<Whole>,
    fetching: Option<Fetching>,
    counting: Option<Counting>,
    index: Option<IndexLook>,
    /// The table open last time, being recalled.
    last: Option<JobId>,
    /// It was recalled and waits for the catalog.
    recalled: Option<Option<String>>,
    areas: Areas,
}

impl Default for Browse {
    fn default() -> Self {
        Self {
            tree: Tree::default(),
            tree_of: None,
            tree_wide: true,
            tree_shown: None,
            place: None,
            main: None,
            below: None,
            focus: Part::Tree,
            zoom: false,
            back: VecDeque::new(),
            forward: vec![],
            over: vec![],
            typing: None,
            ask: None,
            copying: None,
            whole: None,
            fetching: None,
            counting: None,
            index: None,
            last: None,
            recalled: None,
            areas: Areas::default(),
        }
    }
}

impl Browse {
    /// The table that commands mean: the focused one, or the upper one from the tree.
    fn table(&self) -> Option<&Table> {
        match (self.focus, &self.below) {
            (Part::Below, Some(below)) => Some(&below.table),
            _ => self.main.as_ref(),
        }
    }

    fn table_mut(&mut self) -> Option<&mut Table> {
        match (self.focus, &mut self.below) {
            (Part::Below, Some(below)) => Some(&mut below.table),
            _ => self.main.as_mut(),
        }
    }

    /// After anything that may have moved the upper cursor.
    fn follow(&mut self, cx: &mut Cx<'_>) {
        if let (Some(main), Some(below)) = (&self.main, &mut self.below) {
            below.follow(main, cx);
        }
    }

    /// The catalog or the connection is another one.
    fn take_world(&mut self, cx: &mut Cx<'_>) {
        let place = cx.world.place();
        if self.place.is_some() && self.place != place {
            // Nothing of another database may be taken for this one's, and least of all be edited.
            self.closed(cx);
            *self = Self { tree_shown: self.tree_shown, areas: self.areas, ..Self::default() };
        }
        self.take_staged(cx);
        if self.place.is_none() && place.is_some() {
            self.place = place;
            let key = kept::key(cx.world, "last");
            self.last = Some(cx.start(|job| Effect::Recall { job, key }));
        }
        let Some(catalog) = cx.world.catalog() else { return };
        if self.tree_of.as_ref().is_none_or(|c| !Arc::ptr_eq(c, catalog)) {
            self.tree_of = Some(Arc::clone(catalog));
            self.fill_tree();
        }
        self.first_table(cx);
    }

    /// Lays what is staged by now over the rows, here and in the places one can go back to.
    fn take_staged(&mut self, cx: &Cx<'_>) {
        let Some(staged) = cx.world.staged() else { return };
        for table in self.main.iter_mut().chain(self.below.as_mut().map(|b| &mut b.table)) {
            table.take_staged(staged);
        }
        let places = self.back.iter_mut().chain(&mut self.forward);
        places.for_each(|p| p.take_staged(staged));
    }

    fn fill_tree(&mut self) {
        let Some(catalog) = &self.tree_of else { return };
        let first = self.tree.nodes().is_empty();
        self.tree.set(tree::nodes(catalog, self.tree_wide));
        if first {
            let mine = catalog.schemas.iter().filter(|s| !is_system(s));
            for schema in mine {
                let open = catalog.search_path.iter().any(|p| **p == **schema) || catalog.schemas.len() <= 4;
                if open {
                    self.tree.set_open(&tree::Key::Schema(Arc::clone(schema)), true);
                }
            }
        }
    }

    /// The first table: the one open last time, else the first example, else none.
    /// Waits until both the catalog and what was kept are known.
    fn first_table(&mut self, cx: &mut Cx<'_>) {
        let Some(catalog) = cx.world.catalog().cloned() else { return };
        let Some(last) = self.recalled.take() else { return };
        if self.main.is_some() {
            return;
        }
        let named = last.as_deref().and_then(|name| {
            let (schema, name) = name.split_once('.')?;
            catalog.find(Some(schema), name).map(|r| r.oid)
        });
        // Foreign keys are not in the first picture of the catalog, and nobody should wait for them: the names will do.
        let example = || {
            let users = catalog.find(None, "users")?;
            let posts = catalog.find(Some(&users.schema), "posts")?;
            let linked = |f: &ForeignKey| (f.from_oid, f.to_oid) == (posts.oid, users.oid);
            (!catalog.complete || catalog.foreign_keys.iter().any(linked)).then_some(users.oid)
        };
        if let Some(oid) = named.or_else(example) {
            self.open(Table::new(cx.world, oid), false, cx);
        }
    }

    fn part_there(&self, part: Part) -> bool {
        match part {
            Part::Tree => self.tree_shown != Some(false),
            Part::Main => self.main.is_some(),
            Part::Below => self.below.is_some(),
        }
    }

    fn next_part(&mut self, forward: bool) {
        let order = [Part::Tree, Part::Main, Part::Below];
        let at = order.iter().position(|p| *p == self.focus).unwrap_or(0);
        let next = (1..=order.len()).map(|i| order[if forward { (at + i) % 3 } else { (at + 3 - i) % 3 }]);
        let next: Vec<Part> = next.collect();
        if let Some(part) = next.into_iter().find(|p| self.part_there(*p)) {
            self.focus = part;
        }
    }

    /// Esc: takes away what lies over the rows, and nothing else: it goes to no other place.
    fn clear(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.out_of_view() || self.focus != Part::Tree && self.table_mut().is_some_and(Table::clear) {
            return true;
        }
        if std::mem::take(&mut self.zoom) {
            return true;
        }
        let words = match self.back.back() {
            Some(place) => format!("Nothing to clear (Backspace goes back to {})", place.name()),
            None => "Nothing to clear (q quits)".into(),
        };
        cx.toast(Tone::Note, words);
        true
    }

    /// q: one step out; `false` at the top.
    fn step_out(&mut self, cx: &mut Cx<'_>) -> bool {
        self.out_of_view()
            || self.focus != Part::Tree && self.table_mut().is_some_and(Table::clear_chosen)
            || std::mem::take(&mut self.zoom)
            || self.go_back(cx)
    }

    /// Closes what lies over the grids, or ends the search in the tree.
    fn out_of_view(&mut self) -> bool {
        if self.over.pop().is_some() {
            return true;
        }
        let narrowed = !self.tree.narrowed().is_empty();
        if narrowed {
            self.tree.narrow("");
        }
        narrowed
    }
}

impl Pane for Browse {
    fn title(&self, _: &World) -> String {
        "Browse".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        if let Some(typing) = &self.typing {
            let part = if typing.part == Part::Tree { Scope::Tree } else { Scope::Line };
            return vec![Scope::Line, part];
        }
        match (self.over.last(), self.focus) {
            (Some(Over::Value(view)), _) => vec![if view.typing() { Scope::Edit } else { Scope::Value }],
            (Some(Over::Record(_)), _) => vec![Scope::Record, Scope::Browse],
            (None, Part::Tree) => vec![Scope::Tree, Scope::Browse],
            (None, _) => vec![Scope::Grid, Scope::Browse],
        }
    }

    fn typing(&self) -> bool {
        self.typing.is_some() || self.value_typing()
    }

    fn can(&self, command: Command, world: &World) -> bool {
        self.value_can(command)
            .or_else(|| self.can_edit(command, world))
            .unwrap_or_else(|| self.can_do(command))
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let done = self.do_command(command, cx);
        self.follow(cx);
        for table in self.main.iter_mut().chain(self.below.as_mut().map(|b| &mut b.table)) {
            table.keep(cx);
        }
        done
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        if !self.value_key(chord) {
            self.type_key(chord);
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(typing) = &mut self.typing {
            typing.input.paste(text);
            self.typed_text();
        } else if !self.value_paste(text) {
            self.paste_rows(text, cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.do_mouse(mouse, cx);
        self.follow(cx);
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if self.last == Some(job) {
            let text = match news {
                News::Remembered(text) => text,
                News::Failed(..) => None, // the first example will do
                _ => return,
            };
            self.last = None;
            self.recalled = Some(text);
            return self.first_table(cx);
        }
        if self.copying.as_ref().is_some_and(|c| c.job == job) {
            return self.copy_news(news, cx);
        }
        if self.fetching.as_ref().is_some_and(|f| f.job == job) {
            return self.fetched(news, cx);
        }
        if self.counting.as_ref().is_some_and(|c| c.job == job) {
            return self.counted(news, cx);
        }
        if self.index.as_ref().is_some_and(|i| i.job == job) {
            return self.index_news(news, cx);
        }
        if self.whole.as_ref().is_some_and(|w| w.job == Some(job)) {
            return self.whole_news(news, cx);
        }
        let mut tables = self.main.iter_mut().chain(self.below.as_mut().map(|b| &mut b.table));
        if let Some(table) = tables.find(|t| t.owns(job)) {
            table.news(job, news, cx);
        }
        self.settle(cx);
        self.follow(cx);
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::OpenRelation(oid) => self.open(Table::new(cx.world, oid), true, cx),
            Tell::OpenWhere(oid, condition) => {
                let mut table = Table::new(cx.world, oid);
                table.given = true;
                table.view.filter.raw = Some(condition);
                self.open(table, true, cx);
            }
            Tell::OpenRow(oid, key) => self.open_row(oid, key, cx),
            Tell::Applied { .. } => self.refresh_all(cx),
            Tell::Filled { values, .. } => {
                if let Some(Ask::BulkValue(column)) = self.ask.take() {
                    self.bulk_value(column, values.into_iter().next().flatten(), cx);
                }
            }
            Tell::Chosen { text, index, .. } => self.answered(text, index, cx),
            Tell::Answer { button, .. } => self.answered(String::new(), button, cx),
            _ => {}
        }
        self.follow(cx);
        if let Some(table) = self.table_mut() {
            table.keep(cx);
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.take_world(cx);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        self.take_world(cx);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        for table in self.main.iter_mut().chain(self.below.as_mut().map(|b| &mut b.table)) {
            table.stop(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.documents_tick();
        if let Some(below) = &mut self.below {
            below.tick(cx);
        }
        if let Some(table) = self.table_mut()
            && table.grid.searching()
        {
            table.with_grid(|grid, source| grid.find_step(source));
            self.follow(cx);
        }
    }

    fn wants_tick(&self) -> Option<Duration> {
        if self.documents_want_tick() || self.table().is_some_and(|t| t.grid.searching()) {
            return Some(Duration::ZERO);
        }
        self.below.as_ref().and_then(Below::wants_tick)
    }

    fn holds(&self, _: &World) -> Option<String> {
        self.unstaged_text()
    }

    fn running(&self) -> Option<Running> {
        let whole = self.whole.as_ref().and_then(Whole::running);
        let copying = self.copying.as_ref().map(CopyJob::running);
        let focused = self.table().and_then(Table::running);
        let others = [self.main.as_ref(), self.below.as_ref().map(|b| &b.table)];
        let fetching = self.fetching.as_ref().map(Fetching::running);
        let counting = self.counting.as_ref().map(Counting::running);
        whole
            .or(copying)
            .or(fetching)
            .or(counting)
            .or(focused)
            .or_else(|| others.into_iter().flatten().find_map(Table::running))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.draw_all(frame, area, world);
    }
}
