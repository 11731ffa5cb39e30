//! Rows to delete, and what goes with them: counted on the server, table by table, before anything is staged.

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, Statement},
        event::{Mouse, MouseKind, News, Summary},
        ids::{JobId, Lane},
        key::{Chord, Key},
        pane::{Cx, DeleteAsk, Pane, Running, Tell, Tone},
        theme::Theme,
        world::World,
    },
    data::{
        catalog::{ColumnInfo, Detail, ForeignKey},
        edits::{Change, Field, Stage, TableRef, Text, Value},
    },
    sql::edit::{MOST_ASKED, MOST_COUNTED, referring, version_columns, why_not},
    text::{units, width},
    widgets::{
        chrome,
        paint::{put, put_clipped},
    },
};
use ratatui::{Frame, buffer::Buffer, layout::Rect};
use std::time::Duration;

/// Tables below each other that are looked into.
const DEPTH: usize = 3;
/// Referring tables counted in all.
const TABLES: usize = 40;
/// How long one table is counted, and all of them.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_IN_ALL: Duration = Duration::from_secs(15);

/// How many rows refer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Count {
    Waiting,
    Rows(u64),
    AtLeast(u64),
    Unknown(String),
}

/// A foreign key that leads here.
#[derive(Clone, Debug)]
struct Node {
    key: ForeignKey,
    /// The node above.
    above: Option<usize>,
    depth: usize,
    count: Count,
    /// More tables refer to this one that are not looked into.
    deeper: bool,
}

/// What is being asked.
#[derive(Clone, Copy, Debug)]
enum Asking {
    Counting(usize),
    Describing(usize),
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    Delete,
    Soft(String, Value),
    Leave,
}

/// See the module's first line.
#[derive(Debug)]
pub struct Delete {
    ask: DeleteAsk,
    nodes: Vec<Node>,
    asking: Option<(JobId, Asking, Duration)>,
    value: Option<u64>,
    /// Nothing further is counted.
    cancelled: bool,
    /// The time of the present table is over.
    overdue: bool,
    begun: Duration,
    acts: Vec<(Act, String)>,
    at: usize,
    places: Vec<Rect>,
}

impl Delete {
    /// A popup for what was asked.
    #[must_use]
    pub fn new(ask: DeleteAsk) -> Self {
        let nodes = ask.detail.referenced_by.iter().map(|key| node(key, None, 0)).take(TABLES).collect();
        let mut acts = vec![(Act::Delete, "Delete".to_owned())];
        if let Some((column, value)) = flag(&ask.detail) {
            let shown = match &value {
                Value::Now => "now()",
                Value::Text(t) if t == "f" => "false",
                _ => "true",
            };
            acts.push((
                Act::Soft(column.name.clone(), value),
                format!("Soft delete: {} → {shown}", column.name),
            ));
        }
        acts.push((Act::Leave, "Leave".to_owned()));
        // With more than one way to act, Enter pressed in haste does nothing.
        let at = if acts.len() > 2 { acts.len() - 1 } else { 0 };
        Self {
            ask,
            nodes,
            asking: None,
            value: None,
            cancelled: false,
            overdue: false,
            begun: Duration::ZERO,
            acts,
            at,
            places: vec![],
        }
    }

    /// Counts the next table that waits.
    fn next(&mut self, cx: &mut Cx<'_>) {
        if self.asking.is_some() {
            return;
        }
        while let Some(n) = self.nodes.iter().position(|n| n.count == Count::Waiting) {
            if self.cancelled {
                self.nodes[n].count = Count::Unknown("not counted".into());
                continue;
            }
            let mut way = vec![];
            let mut at = Some(n);
            while let Some(i) = at {
                way.insert(0, &self.nodes[i].key);
                at = self.nodes[i].above;
            }
            let keys: Vec<_> = self.ask.rows.iter().map(|(k, _)| k.clone()).collect();
            match referring(&self.ask.detail, &keys, &way) {
                Err(why) => self.nodes[n].count = Count::Unknown(why),
                Ok(query) => {
                    let (lane, credit) = (Lane::Read(self.ask.conn), 1 << 16);
                    let (sql, params, types) = (query.sql, query.params, query.types);
                    let statements = vec![Statement::read(sql, params, types)];
                    let job = cx.start(|job| Effect::Execute { job, lane, statements, credit });
                    self.asking = Some((job, Asking::Counting(n), cx.world.now));
                    self.overdue = false;
                    return;
                }
            }
        }
    }

    fn counted(&mut self, n: usize, cx: &mut Cx<'_>) {
        let found = self.value.take().unwrap_or_default();
        let cut = found > MOST_COUNTED || self.ask.rows.len() > MOST_ASKED;
        self.nodes[n].count = if cut { Count::AtLeast(found.min(MOST_COUNTED)) } else { Count::Rows(found) };
        let goes_on = self.nodes[n].key.on_delete == 'c' && found > 0;
        if goes_on && !self.cancelled {
            let (conn, relation) = (self.ask.conn, self.nodes[n].key.from_oid);
            let job = cx.start(|job| Effect::Describe { job, conn, relation });
            self.asking = Some((job, Asking::Describing(n), cx.world.now));
        } else {
            self.next(cx);
        }
    }

    /// The tables that refer to one whose rows go.
    fn described(&mut self, n: usize, detail: Option<&Detail>) {
        let Some(detail) = detail else { return };
        let depth = self.nodes[n].depth + 1;
        if depth >= DEPTH || self.nodes.len() + detail.referenced_by.len() > TABLES {
            self.nodes[n].deeper = !detail.referenced_by.is_empty();
            return;
        }
        let below: Vec<Node> = detail.referenced_by.iter().map(|k| node(k, Some(n), depth)).collect();
        let end = n + 1;
        for node in &mut self.nodes {
            if let Some(above) = node.above.as_mut().filter(|a| **a >= end) {
                *above += below.len();
            }
        }
        self.nodes.splice(end..end, below);
    }

    fn act(&self, n: usize, cx: &mut Cx<'_>) {
        let Some((act, _)) = self.acts.get(n) else { return };
        let relation = &self.ask.detail.relation;
        let table =
            TableRef { oid: relation.oid, schema: relation.schema.clone(), name: relation.name.clone() };
        let rows = units::counted(self.ask.rows.len() as u64, "row", "rows");
        match act {
            Act::Leave => {}
            Act::Delete => {
                cx.tell(Tell::Stage(Stage::Delete { table, rows: self.ask.rows.clone() }));
                cx.toast(
                    Tone::Ok,
                    format!("Staged: {rows} to delete (Ctrl+S shows the SQL, u takes it back)"),
                );
            }
            Act::Soft(column, value) => match self.soft(&table, column, value, cx.world) {
                Ok(Some(all)) => {
                    cx.tell(Tell::Stage(Stage::Replace(all)));
                    cx.toast(
                        Tone::Ok,
                        format!("Staged: {column} of {rows} (Ctrl+S shows the SQL, u takes it back)"),
                    );
                }
                Ok(None) => cx.toast(Tone::Note, format!("{column} says so already")),
                Err(why) => cx.toast(Tone::Warning, why),
            },
        }
        cx.tell(Tell::Close);
    }

    /// All staged changes with the flag set in every row, as one step.
    fn soft(
        &self,
        table: &TableRef,
        column: &str,
        value: &Value,
        world: &World,
    ) -> Result<Option<Vec<Change>>, String> {
        let Some(staged) = world.conns.get(&self.ask.conn).map(|s| &s.staged) else { return Ok(None) };
        let mut next = (**staged).clone();
        for (key, seen) in &self.ask.rows {
            let find =
                |name: &str| seen.iter().find(|(c, _)| c == name).map(|(_, t): &(String, Text)| t.clone());
            let Some(is) = find(column) else {
                return Err(format!("{column} of a row is not loaded: nothing was staged"));
            };
            // It is marked already, with an older time.
            if *value == Value::Now && is.is_some() {
                continue;
            }
            let version = version_columns(&self.ask.detail)
                .into_iter()
                .filter_map(|c| Some((c.name.clone(), find(&c.name)?)))
                .collect();
            let field = Field { column: column.to_owned(), seen: is, value: value.clone() };
            next.stage(Stage::Set { table: table.clone(), key: key.clone(), field, version })?;
        }
        let same = next.changes() == staged.changes();
        Ok((!same).then(|| next.changes().iter().map(|c| (**c).clone()).collect()))
    }

    /// The lines of the tree: text and style.
    fn tree(&self) -> Vec<(String, &'static str)> {
        let rows = units::counted(self.ask.rows.len() as u64, "row", "rows");
        let goes = if self.ask.rows.len() == 1 { "goes" } else { "go" };
        let which = match self.ask.rows.as_slice() {
            [(key, _)] => {
                let parts: Vec<&str> = key.iter().map(|k| k.as_deref().unwrap_or("NULL")).collect();
                format!(" ({})", parts.join(", "))
            }
            _ => String::new(),
        };
        let mut out =
            vec![(format!("{}{which}: {rows} {goes}", self.ask.detail.relation.name), "grid.deleted")];
        if self.nodes.is_empty() {
            out.push(("no table refers to it".into(), "text.dim"));
        }
        for (n, node) in self.nodes.iter().enumerate() {
            // Is there another one below at this depth?
            let on = |depth: usize| {
                self.nodes[n + 1..].iter().take_while(|o| o.depth >= depth).any(|o| o.depth == depth)
            };
            let branch = if on(node.depth) { "├ " } else { "└ " };
            let indent: String = (0..node.depth).map(|d| if on(d) { "│ " } else { "  " }).collect();
            let (text, style) = fate(node);
            let from = &node.key.from;
            let schema = if *from.0 == *self.ask.detail.relation.schema { "" } else { &from.0 };
            let dot = if schema.is_empty() { "" } else { "." };
            let columns = node.key.from_columns.join(", ");
            let deeper = if node.deeper { " · and what refers to them" } else { "" };
            out.push((format!("{indent}{branch}{schema}{dot}{} ({columns}): {text}{deeper}", from.1), style));
        }
        if self.ask.detail.referenced_by.len() > TABLES {
            out.push((format!("only the first {TABLES} tables are looked into"), "text.dim"));
        }
        if self.ask.rows.len() > MOST_ASKED {
            let most = units::count(MOST_ASKED as u64);
            out.push((format!("counted for the first {most} rows only"), "text.dim"));
        }
        if self.blocked() {
            let why = "What blocks must go in the same apply, or the server refuses.";
            out.push((why.into(), "message.warning"));
        }
        out
    }

    fn blocked(&self) -> bool {
        let some = |n: &Node| !matches!(n.count, Count::Rows(0) | Count::Waiting | Count::Unknown(_));
        self.nodes.iter().any(|n| matches!(n.key.on_delete, 'a' | 'r') && some(n))
    }

    fn progress(&self, now: Duration) -> String {
        let waiting = self.nodes.iter().filter(|n| n.count == Count::Waiting).count();
        match &self.asking {
            Some((_, _, since)) => format!(
                "{} counting: {} of {} tables · {} · Ctrl+C ends it",
                chrome::spinner(now),
                self.nodes.len() - waiting,
                self.nodes.len(),
                units::duration(now.saturating_sub(*since))
            ),
            None => String::new(),
        }
    }

    fn paint(&mut self, buf: &mut Buffer, area: Rect, now: Duration, theme: &Theme) {
        let lines = self.tree();
        let room = usize::from(area.height.saturating_sub(2));
        let cut = lines.len() > room;
        let shown = if cut { room.saturating_sub(1) } else { room };
        for (y, (text, style)) in (area.y..).zip(lines.iter().take(shown)) {
            put_clipped(buf, area.x, y, area.width, text, theme.style(style));
        }
        if cut && room > 0 {
            let more = format!("… {} more lines", lines.len() - shown);
            put(buf, area.x, area.y + shown as u16, area.width, &more, theme.style("text.dim"));
        }
        let y = area.bottom().saturating_sub(2);
        put_clipped(buf, area.x, y, area.width, &self.progress(now), theme.style("status.busy"));
        let labels: Vec<&str> = self.acts.iter().map(|(_, l)| &**l).collect();
        let bar = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        self.places = chrome::buttons(buf, bar, &labels, self.at, theme);
    }
}

fn node(key: &ForeignKey, above: Option<usize>, depth: usize) -> Node {
    Node { key: key.clone(), above, depth, count: Count::Waiting, deeper: false }
}

/// What becomes of the rows that refer.
fn fate(node: &Node) -> (String, &'static str) {
    let (count, one) = match &node.count {
        Count::Waiting => return ("…".into(), "text.dim"),
        Count::Unknown(why) => return (format!("{why}{}", rule(node.key.on_delete)), "message.warning"),
        Count::Rows(0) => return ("no rows".into(), "text.dim"),
        Count::Rows(n) => (units::counted(*n, "row", "rows"), *n == 1),
        Count::AtLeast(n) => (format!("at least {} rows", units::count(*n)), false),
    };
    let columns = node.key.from_columns.join(", ");
    let s = if one { "s" } else { "" };
    match node.key.on_delete {
        'c' => (format!("{count} go{} with it", if one { "es" } else { "" }), "grid.deleted"),
        'n' => (format!("{count} get{s} {columns} = NULL"), "grid.changed"),
        'd' => (format!("{count} get{s} the default of {columns}"), "grid.changed"),
        'r' => (format!("{count} block{s} it (RESTRICT)"), "message.error"),
        _ => (format!("{count} block{s} it"), "message.error"),
    }
}

fn rule(on_delete: char) -> &'static str {
    match on_delete {
        'c' => " (its rows go with it)",
        'n' => " (its rows get NULL)",
        'd' => " (its rows get the default)",
        _ => " (its rows block it)",
    }
}

/// The column that marks a row as deleted, and the value that does.
fn flag(detail: &Detail) -> Option<(&ColumnInfo, Value)> {
    const OFF: &[&str] = &["is_active", "active", "is_enabled", "enabled"];
    const ON: &[&str] = &["is_deleted", "deleted", "is_archived", "archived"];
    const AT: &[&str] = &["deleted_at", "archived_at"];
    let find = |names: &[&str], types: &[u32]| {
        detail.columns.iter().find(|c| {
            names.contains(&&*c.name.to_lowercase())
                && types.contains(&c.base_oid)
                && why_not(detail, c).is_none()
        })
    };
    let value = |text: &str| Value::Text(text.into());
    (find(AT, &[1114, 1184]).map(|c| (c, Value::Now)))
        .or_else(|| find(ON, &[16]).map(|c| (c, value("t"))))
        .or_else(|| find(OFF, &[16]).map(|c| (c, value("f"))))
}

impl Pane for Delete {
    fn title(&self, _: &World) -> String {
        let rows = units::counted(self.ask.rows.len() as u64, "row", "rows");
        format!("Delete {rows} of {}", self.ask.detail.relation.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Confirm]
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let n = self.acts.len().max(1);
        match command {
            Command::Accept => self.act(self.at, cx),
            Command::Leave | Command::Dismiss | Command::Back => cx.tell(Tell::Close),
            Command::NextButton => self.at = (self.at + 1) % n,
            Command::PreviousButton => self.at = (self.at + n - 1) % n,
            _ => return false,
        }
        true
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        let first = |n: &usize| self.acts[*n].1.chars().next().map(|c| c.to_ascii_lowercase());
        match chord.key {
            Key::Char('q') => cx.tell(Tell::Close),
            Key::Char(c) => {
                if let Some(n) = (0..self.acts.len()).find(|n| first(n) == Some(c)) {
                    self.act(n, cx);
                }
            }
            _ => {}
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if mouse.kind == MouseKind::Press
            && let Some(n) = self.places.iter().position(|r| r.contains((mouse.x, mouse.y).into()))
        {
            self.act(n, cx);
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.begun = cx.world.now;
        self.next(cx);
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let Some((_, asking, _)) = self.asking.filter(|(j, ..)| *j == job) else { return };
        match (asking, news) {
            (Asking::Counting(_), News::Rows(batch)) if !batch.is_empty() => {
                self.value = batch.cell(0, 0).and_then(|b: &[u8]| std::str::from_utf8(b).ok()?.parse().ok());
            }
            (Asking::Counting(n), News::Done(Summary { last: true, .. })) => {
                self.asking = None;
                self.counted(n, cx);
            }
            (Asking::Counting(n), News::Failed(_, error, _)) => {
                self.asking = None;
                // Cancelled by hand: no other table is begun.
                self.cancelled |= error.is_cancel() && !self.overdue;
                self.nodes[n].count = Count::Unknown(if error.is_cancel() {
                    "not counted in time".into()
                } else {
                    format!("not counted: {}", error.message)
                });
                self.next(cx);
            }
            (Asking::Describing(n), News::Detail(detail)) => {
                self.asking = None;
                self.described(n, detail.as_deref());
                self.next(cx);
            }
            (Asking::Describing(n), News::Failed(..)) => {
                self.asking = None;
                self.nodes[n].deeper = true;
                self.next(cx);
            }
            _ => {}
        }
    }

    fn wants_tick(&self) -> Option<Duration> {
        match self.asking {
            Some((_, Asking::Counting(_), since)) if !self.overdue => Some(since + PATIENCE),
            _ => None,
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if let Some((job, Asking::Counting(_), since)) = self.asking
            && cx.world.now >= since + PATIENCE
        {
            self.overdue = true;
            self.cancelled |= cx.world.now >= self.begun + PATIENCE_IN_ALL;
            cx.ask(Effect::Cancel { job });
        }
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        if let Some((job, Asking::Counting(_), _)) = self.asking {
            cx.ask(Effect::Cancel { job });
        }
    }

    fn running(&self) -> Option<Running> {
        let (job, _, since) = self.asking?;
        Some(Running { job, what: "counting what goes with it".into(), since })
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        let lines = self.tree();
        let text = lines.iter().map(|(t, _)| width::width(t)).max().unwrap_or(0);
        let buttons: usize = self.acts.iter().map(|(_, l)| width::width(l) + 5).sum();
        let wide = text.max(buttons).max(52) as u16;
        (wide.min(most.0), (lines.len() as u16 + 3).min(most.1))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.paint(frame.buffer_mut(), area, world.now, &world.theme);
    }
}
