//! Drawing: the editor above, tabs of results below, a line that says how things stand.

use super::{Part, Sql, run::Going};
use crate::{
    core::{event::Tx, theme::Theme, world::World},
    sql::{highlight, lex::LineState},
    text::{clean, units, width},
    widgets::{editor::Spans, paint},
};
use ratatui::{
    Frame,
    layout::{Position, Rect},
};

/// Where things were drawn last, for the mouse.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub editor: Rect,
    pub results: Rect,
    tabs: Vec<(Rect, usize)>,
}

impl Places {
    /// The tab at a place.
    pub fn tab(&self, at: Position) -> Option<usize> {
        self.tabs.iter().find(|(r, _)| r.contains(at)).map(|(_, n)| *n)
    }
}

impl Sql {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let (top, bottom) = self.split(area);
        self.places = Places::default();
        let mut cursor = None;
        if top.height > 0 {
            cursor = self.draw_editor(frame, top, world);
        }
        if bottom.height > 0 {
            self.draw_results(frame, bottom, world);
        }
        if let (Some(list), Some(cursor)) = (self.list.as_mut(), cursor) {
            list.draw(frame.buffer_mut(), area, cursor, &world.theme);
        }
    }

    /// The editor takes what its text needs, between a quarter and half of the room.
    fn split(&self, area: Rect) -> (Rect, Rect) {
        let none = Rect { height: 0, ..area };
        match self.zoomed {
            Some(Part::Editor) => return (area, none),
            Some(Part::Results) => return (none, area),
            None => {}
        }
        let wanted = u16::try_from(self.editor.lines().len() + 2).unwrap_or(u16::MAX);
        let height = wanted
            .clamp((area.height / 4).max(6).min(area.height / 2), area.height / 2)
            .max(3)
            .min(area.height);
        let top = Rect { height, ..area };
        (top, Rect { y: area.y + height, height: area.height - height, ..area })
    }

    fn draw_editor(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) -> Option<Position> {
        let theme = &world.theme;
        let focus = self.part == Part::Editor;
        let tx = match world.server().map(|s| s.tx) {
            Some(Tx::Open) => "transaction open",
            Some(Tx::Failed) => "transaction FAILED: roll back (Ctrl+T)",
            _ => "",
        };
        rule(frame, Rect { height: 1, ..area }, "Statement", tx, focus, theme);
        let inside = Rect { y: area.y + 1, height: area.height - 1, ..area };
        self.places.editor = inside;
        if self.editor.placeholder.is_empty() {
            self.editor.placeholder =
                "Type SQL: F5 runs the statement at the cursor, Tab completes, F8 searches the history"
                    .into();
        }
        self.editor.tab = usize::from(world.settings.tab_width.max(1));
        self.editor.draw(frame.buffer_mut(), inside, theme, focus, &mut colour)
    }

    fn draw_results(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let focus = self.part == Part::Results;
        self.draw_tabs(frame, Rect { height: 1, ..area }, focus, theme);
        let line = u16::from(area.height > 3);
        let inside = Rect { y: area.y + 1, height: area.height - 1 - line, ..area };
        self.places.results = inside;
        self.tab = self.tab.min(self.outcomes.len());
        let over = self.draw_over(frame.buffer_mut(), inside, theme);
        match self.outcomes.get_mut(self.tab) {
            Some(_) if over => {}
            Some(o) => {
                let (rows, grid) = o.parts();
                grid.draw(frame.buffer_mut(), inside, &rows, theme, focus);
            }
            None if self.messages.len() == 0 => self.draw_empty(frame, inside, theme),
            None => self.messages.draw(frame.buffer_mut(), inside, theme),
        }
        if line > 0 {
            let place = Rect { y: area.bottom() - 1, height: 1, ..area };
            self.draw_line(frame, place, world);
        }
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let text = if self.job.is_some() { "running …" } else { "Results come here" };
        if area.height > 0 {
            let cells = area.width.saturating_sub(2);
            paint::put_clipped(frame.buffer_mut(), area.x + 1, area.y, cells, text, theme.style("text.dim"));
        }
    }

    /// `1 SELECT posts · 50 rows │ 2 … │ Messages 3`
    fn draw_tabs(&mut self, frame: &mut Frame<'_>, area: Rect, focus: bool, theme: &Theme) {
        rule(frame, area, "", "", focus, theme);
        let mut labels: Vec<String> =
            self.outcomes.iter().enumerate().map(|(n, o)| format!("{} {}", n + 1, o.label())).collect();
        labels.push(match self.messages.len() {
            0 => "Messages".into(),
            n => format!("Messages {n}"),
        });
        // The tab shown is always in sight: those before it make room.
        let widths: Vec<usize> = labels.iter().map(|l| width::width(&clean::line(l)).min(44) + 3).collect();
        let room = area.width.saturating_sub(2) as usize;
        let mut first = 0;
        while first < self.tab && widths[first..=self.tab].iter().sum::<usize>() > room {
            first += 1;
        }
        let mut x = area.x + 1;
        for (n, label) in labels.iter().enumerate().skip(first) {
            let left = area.right().saturating_sub(x);
            if left < 4 {
                break;
            }
            let active = n == self.tab;
            let style = theme.style(match (active, focus) {
                (true, true) => "title.focus",
                (true, false) => "title",
                _ => "tab",
            });
            let text = format!("{}{} ", if active { "▌" } else { " " }, clean::line(label));
            let cells = (width::width(&text).min(46) as u16).min(left);
            let place = Rect { x, width: cells, ..area };
            paint::fill(frame.buffer_mut(), place, style);
            paint::put_clipped(frame.buffer_mut(), x, area.y, cells, &text, style);
            self.places.tabs.push((place, n));
            x += cells + 1;
        }
    }

    /// The last line: how the result stands, or the last message.
    fn draw_line(&self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let dim = theme.style("text.dim");
        let mut right = String::new();
        let (text, style) = match (self.running_line(world), self.outcomes.get(self.tab)) {
            (Some(text), _) => (text, theme.style("status.busy")),
            (None, Some(o)) => {
                right = o.grid.find_message().map_or_else(String::new, str::to_owned);
                if right.is_empty() && !o.rows.is_empty() {
                    right = position(o);
                }
                (o.note(), dim)
            }
            (None, None) => {
                let place = self.messages.last().and_then(|m| m.jump);
                (place.map_or("", |_| "Alt+E goes to the place of the error").into(), dim)
            }
        };
        let mut text = text;
        if let Some(w) = &self.watch {
            text = format!("every {} (W stops) · {text}", units::duration(w.every));
        }
        let right_cells = (width::width(&right) as u16).min(area.width / 2);
        let cells = area.width.saturating_sub(right_cells + 3);
        paint::put_clipped(frame.buffer_mut(), area.x + 1, area.y, cells, &text, style);
        let place = area.right().saturating_sub(right_cells + 1);
        paint::put_right(frame.buffer_mut(), place, area.y, right_cells, &right, dim);
    }

    fn running_line(&self, world: &World) -> Option<String> {
        let job = self.job.as_ref().filter(|j| j.going != Going::Resting)?;
        let took = world.now.saturating_sub(job.since);
        if took < std::time::Duration::from_millis(150) {
            return None;
        }
        let took = units::duration(std::time::Duration::from_secs(took.as_secs()).max(took));
        let rows =
            self.outcomes.iter().find(|o| o.job == job.id && o.number == job.at).map_or(0, |o| o.rows.end());
        let read =
            if rows > 0 { format!(" · {}", units::counted(rows, "row", "rows")) } else { String::new() };
        Some(match job.going {
            Going::Cancelling => format!("cancelling · {took}{read}"),
            _ => format!("running · {took}{read} · Ctrl+C cancels"),
        })
    }
}

fn position(o: &super::outcome::Outcome) -> String {
    let row = units::count(o.grid.row() + 1);
    let column = o.grid.column();
    let name = o.columns.get(column).map_or("", |c| c.name.as_str());
    format!("row {row} · {}", clean::line(name))
}

/// The colours of one line of SQL.
fn colour(line: &str, state: &LineState, spans: &mut Spans) -> LineState {
    let (found, next) = highlight::highlight_line(line, state);
    spans.extend(found.into_iter().map(|(range, class)| (range, class.style())));
    next
}

/// A line with a title at its left and a remark at its right.
fn rule(frame: &mut Frame<'_>, area: Rect, title: &str, remark: &str, focus: bool, theme: &Theme) {
    let border = theme.style(if focus { "border.focus" } else { "border" });
    let line = if focus { "━" } else { "─" };
    let buf = frame.buffer_mut();
    for x in area.left()..area.right() {
        paint::put(buf, x, area.y, 1, line, border);
    }
    if !title.is_empty() {
        let style = theme.style(if focus { "title.focus" } else { "title" });
        paint::put_clipped(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            &format!(" {title} "),
            style,
        );
    }
    if !remark.is_empty() {
        let text = format!(" {remark} ");
        let cells = (width::width(&text) as u16).min(area.width / 2);
        let x = area.right().saturating_sub(cells + 1);
        paint::put_clipped(buf, x, area.y, cells, &text, theme.style("status.tx.open"));
    }
}
