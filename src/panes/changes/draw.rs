//! The list above (or beside) the SQL of the change under the cursor; the three-way view of conflicts.

use super::{
    Changes, Line, Phase,
    conflict::{Answer, Conflict, Kind, Of},
    list::{field_text, row_name, sign, what_text},
    send::parameter,
};
use crate::{
    core::{theme::Theme, world::World},
    data::edits::{Change, What},
    sql::{
        edit::{Sent, parameter_types},
        highlight::highlight_line,
        lex::LineState,
    },
    text::{units, width},
    widgets::{
        chrome,
        paint::{fill, put, put_clipped, put_right, tint, unfocused},
        textview::LineSpans,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// From this width on the SQL stands beside the list.
const WIDE: u16 = 100;
/// Lines of a message at most.
const MESSAGE: usize = 7;

impl Changes {
    pub(super) fn paint(&mut self, buf: &mut Buffer, area: Rect, world: &World) {
        let mut area = area;
        let message = self.message(world);
        let cells = area.width.max(1) as usize;
        let mut rows: Vec<(String, &'static str)> = vec![];
        for (text, style) in message {
            rows.extend(width::wrap(&text, cells).into_iter().map(|r| (text[r].to_owned(), style)));
        }
        rows.truncate(MESSAGE.min(usize::from(area.height / 2)));
        for (text, style) in &rows {
            put(buf, area.x, area.y, area.width, text, world.theme.style(style));
            area.y += 1;
            area.height -= 1;
        }
        let (list, sql) = if area.width >= WIDE && !self.settling {
            let half = area.width * 11 / 24;
            let sql = Rect { x: area.x + half + 1, width: area.width - half - 1, ..area };
            (Rect { width: half, ..area }, sql)
        } else {
            let lines = if self.settling { self.conflict_lines().len() + 2 } else { self.lines.len() };
            let most = if self.settling { area.height * 3 / 5 } else { area.height / 2 };
            let high = (lines as u16).clamp(3, most.max(3)).min(area.height);
            let rest = area.height - high;
            (Rect { height: high, ..area }, Rect { y: area.y + high, height: rest, ..area })
        };
        if self.settling {
            self.paint_conflicts(buf, list, &world.theme);
        } else {
            self.paint_list(buf, list, &world.theme);
        }
        if sql.height > 2 {
            self.paint_sql(buf, sql, &world.theme);
        }
    }

    /// What runs, or what went wrong.
    fn message(&self, world: &World) -> Vec<(String, &'static str)> {
        let spin = chrome::spinner(world.now);
        match &self.phase {
            Phase::Applying(a) => {
                let since = units::duration(world.now.saturating_sub(a.since));
                let step = units::duration(world.now.saturating_sub(a.step));
                let text = format!("{spin} {} for {step} ({since} in all) · Ctrl+C cancels", a.what());
                return vec![(text, "status.busy")];
            }
            Phase::Reading(r) => {
                let rows = units::counted(r.list.len() as u64, "changed row", "changed rows");
                return vec![(format!("{spin} reading {rows} anew"), "status.busy")];
            }
            Phase::Idle | Phase::Asking(..) => {}
        }
        if self.settling {
            let text = match self.open() {
                0 => "Every conflict has an answer: Ctrl+S applies".to_owned(),
                _ => "Nothing was written. m keeps mine, t takes theirs, e edits; then Ctrl+S".into(),
            };
            let mut out = vec![(text, "message.warning")];
            let why = self.conflict().map(|(c, _)| c).filter(|c| !matches!(c.kind, Kind::Changed { .. }));
            out.extend(why.map(|c| (reason(c), "text")));
            return out;
        }
        if let Some(fault) = &self.fault {
            let style = |n| if n == 0 { "message.error" } else { "text" };
            return fault.lines.iter().enumerate().map(|(n, l)| (l.replace('\n', " "), style(n))).collect();
        }
        if self.plan.is_empty() {
            return vec![("Nothing is staged any more: u takes the last step back".into(), "text.dim")];
        }
        self.why_not(world).map(|why| (why, "message.warning")).into_iter().collect()
    }

    fn paint_list(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        self.list_area = area;
        self.height = area.height as usize;
        // The name of the table above the first change stays in sight.
        let first = if self.at == 1 { 0 } else { self.at };
        self.top = self.top.min(first).max((self.at + 1).saturating_sub(self.height));
        for (row, n) in (self.top..self.lines.len()).take(self.height).enumerate() {
            let y = area.y + row as u16;
            let put_at = |buf: &mut Buffer, x: u16, text: &str, style: Style| {
                put_clipped(buf, area.x + x, y, area.width.saturating_sub(x), text, style)
            };
            match self.lines[n] {
                Line::Table(at, count) => {
                    let table = &self.plan[at].change.table;
                    let count = units::counted(count as u64, "change", "changes");
                    let name = format!("{}.{}", table.schema, table.name);
                    put_at(buf, 0, &name, theme.style("title"));
                    put_right(buf, area.x, y, area.width, &count, theme.style("text.dim"));
                }
                Line::Change(at) => {
                    let change = &self.plan[at].change;
                    let (sign, style) = sign(change);
                    let style = theme.style(style);
                    let wrong = self.is_wrong(change, None);
                    put_at(
                        buf,
                        0,
                        if wrong { "✗" } else { sign },
                        if wrong { theme.style("message.error") } else { style },
                    );
                    let name = row_name(change);
                    put_at(buf, 2, &name, style);
                    let x = width::width(&name) as u16 + 4;
                    put_at(buf, x.min(area.width), &what_text(change), theme.style("text"));
                }
                Line::Field(at, field) => {
                    let change = &self.plan[at].change;
                    let wrong = self.is_wrong(change, Some(field));
                    let name = if wrong { "message.error" } else { "text" };
                    put_at(buf, 2, if wrong { "✗" } else { "·" }, theme.style(name));
                    put_at(buf, 4, &field_text(change, field), theme.style(name));
                }
            }
            if n == self.at {
                tint(buf, Rect { y, height: 1, ..area }, cursor(theme, self.on_sql));
            }
        }
    }

    /// Is it what the last apply failed at?
    fn is_wrong(&self, change: &Change, field: Option<usize>) -> bool {
        let Some(fault) = self.fault.as_ref().filter(|f| f.change.as_deref() == Some(change)) else {
            return false;
        };
        match (field, &change.what) {
            (Some(f), What::Update { fields, .. }) => {
                fields.get(f).is_some_and(|f| fault.columns.contains(&f.column))
            }
            _ => true,
        }
    }

    fn paint_conflicts(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let lines = self.conflict_lines();
        let mark = 10;
        let names = self.conflicts.iter().flat_map(Conflict::cells).map(|c| width::width(&c.name));
        let longest = names.max().unwrap_or(0) as u16;
        let name = (longest + 3).clamp(12, (area.width * 2 / 5).max(12));
        let third = area.width.saturating_sub(name + mark) / 3;
        let column = |n: u16| area.x + name + n * third;
        let dim = theme.style("text.dim");
        for (n, head) in ["before", "mine", "theirs"].iter().enumerate() {
            put(buf, column(n as u16), area.y, third, head, theme.style("grid.header"));
        }
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.list_area = body;
        self.height = body.height as usize;
        self.conflict_at = self.conflict_at.min(lines.len().saturating_sub(1));
        let first = if self.conflict_at == 1 { 0 } else { self.conflict_at };
        self.conflict_top =
            self.conflict_top.min(first).max((self.conflict_at + 1).saturating_sub(self.height));
        for (row, n) in (self.conflict_top..lines.len()).take(self.height).enumerate() {
            let y = body.y + row as u16;
            let (at, cell) = lines[n];
            let conflict = &self.conflicts[at];
            let state = match conflict.state(cell, &self.staged) {
                None => ("open", "message.warning"),
                Some(Answer::Mine) => ("mine", "message.ok"),
                Some(Answer::Theirs) => ("theirs", "message.ok"),
            };
            match cell.and_then(|c| conflict.cells().get(c)) {
                None => {
                    let (sign, style) = sign(&conflict.change);
                    let text = format!("{sign} {} · {}", row_name(&conflict.change), reason(conflict));
                    put_clipped(buf, body.x, y, body.width - mark, &text, theme.style(style));
                }
                Some(cell) => {
                    let text = theme.style("text");
                    put_clipped(buf, body.x + 2, y, name - 3, &cell.name, text);
                    put_clipped(buf, column(0), y, third - 1, &cell.before, dim);
                    let mine = if cell.of == Of::Version { "–" } else { &cell.mine };
                    put_clipped(buf, column(1), y, third - 1, mine, theme.style("grid.changed"));
                    put_clipped(buf, column(2), y, third - 1, &cell.theirs, text);
                }
            }
            put_right(buf, body.right() - mark, y, mark, state.0, theme.style(state.1));
            if n == self.conflict_at {
                tint(buf, Rect { y, height: 1, ..body }, cursor(theme, self.on_sql));
            }
        }
    }

    fn paint_sql(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let settled = self.conflict().map(|(c, _)| c.now(&self.staged).map(|(n, _)| n));
        let planned = match settled {
            Some(number) => self.plan.iter().find(|p| Some(p.number) == number),
            None => self.planned().map(|(p, _)| p),
        };
        let title = match planned {
            Some(p) => format!("SQL of {}", row_name(&p.change)),
            None => "Nothing is sent for it".into(),
        };
        let wanted = planned.map(|p| (p.number, p.change.clone()));
        if self.sql_of.is_none() || self.sql_of != wanted {
            let (text, spans) = match planned.map(|p| (&p.change, &p.sent)) {
                None => (String::new(), vec![]),
                Some((_, Err(why))) => (why.clone(), vec![vec![(0..why.len(), "message.warning")]]),
                Some((change, Ok(sent))) => self.preview(change, sent),
            };
            self.sql.set(&text);
            self.sql.scroll(i64::MIN / 2);
            let same = self.sql.lines().len() == spans.len();
            self.sql.colour(if same { spans } else { vec![] });
            self.sql_of = wanted;
        }
        let inner = chrome::panel_with(buf, area, (&title, &self.sql.position()), self.on_sql, theme);
        fill(buf, inner, theme.style("popup"));
        self.sql.draw(buf, inner, theme);
    }

    /// The statements of a change with their parameters, and the colours line by line.
    fn preview(&self, change: &Change, sent: &[Sent]) -> (String, Vec<LineSpans>) {
        let (mut lines, mut spans) = (vec![], vec![]);
        for (n, one) in sent.iter().enumerate() {
            if n > 0 {
                lines.push(String::new());
                spans.push(vec![]);
            }
            let mut state = LineState::default();
            let sql = format!("{};", one.query.sql);
            for line in sql.split('\n') {
                let (found, next) = highlight_line(line, &state);
                state = next;
                spans.push(found.into_iter().map(|(r, c)| (r, c.style())).collect());
                lines.push(line.to_owned());
            }
            let types = self.detail(change.table.oid).map(|d| parameter_types(change, &d, one));
            for (i, value) in one.query.params.iter().enumerate() {
                let name = types.as_ref().and_then(|t| t.get(i)).map_or("", String::as_str);
                let line = parameter(i + 1, value, name).replace(['\n', '\r'], " ");
                let end = line.find(' ').unwrap_or(line.len());
                spans.push(vec![(0..end, "sql.parameter"), (end..line.len(), "sql.string")]);
                lines.push(line);
            }
            if let Some(rows) = one.rows {
                let rows = if rows == 1 {
                    "exactly one row".into()
                } else {
                    format!("exactly {} rows", units::count(rows))
                };
                let line = format!("-- must meet {rows}, otherwise all is rolled back");
                spans.push(vec![(0..line.len(), "sql.comment")]);
                lines.push(line);
            }
        }
        (lines.join("\n"), spans)
    }
}

fn cursor(theme: &Theme, off: bool) -> Style {
    let style = theme.style("list.cursor");
    if off { unfocused(style) } else { style }
}

/// Why the statement met no row.
fn reason(conflict: &Conflict) -> String {
    let goes = matches!(conflict.change.what, What::Delete { .. });
    match &conflict.kind {
        Kind::Changed { cells, .. } if cells.iter().all(|c| c.of == Of::Version) => {
            "changed meanwhile, in other columns".into()
        }
        Kind::Changed { .. } => "changed meanwhile".into(),
        Kind::Gone(_) => {
            let m = if goes { "" } else { ", m adds it anew" };
            format!(
                "no such row any more: t drops this{m} (it was deleted, its key changed, or a policy hides it)"
            )
        }
        Kind::Refused => {
            "unchanged, but no row was met: t drops this, m tries again (a trigger or row-level \
                          security refuses it, or an earlier change took the row)"
                .into()
        }
        Kind::Count(now) => match &conflict.change.what {
            What::Bulk { count, .. } => format!(
                "{} were counted, now there are {}: m takes the new number",
                units::counted(*count, "row", "rows"),
                units::count(*now)
            ),
            _ => String::new(),
        },
    }
}
