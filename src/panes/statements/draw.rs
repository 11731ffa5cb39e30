//! Drawing: the list, the text of the chosen one below it, and what must be known about the figures.

use super::{
    Statements,
    columns::{self, Shows, figure, number, percent},
    steps::steps,
    whose,
};
use crate::{
    core::world::World,
    data::live::{
        Probe,
        statements::{History, Setup, Span},
    },
    sql::lex::{Lexer, Options, Token},
    text::units,
    views::live::{self, sql},
    widgets::paint,
};
use ratatui::{Frame, buffer::Buffer, layout::Rect};

/// A text from its first word on: a comment before it says little in a list.
fn uncommented(text: &str) -> &str {
    let first = Lexer::new(text, Options::default()).find(Token::is_significant);
    first.map_or(text, |token| &text[token.start..])
}

impl Statements {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        let Some(server) = world.server().filter(|_| area.height >= 5) else { return };
        let history = &server.live.statements;
        let span = self.span(history);
        let top = Rect { height: 1, ..area };
        let setup = history.setup.clone().unwrap_or_default();
        let lack = history.setup.as_ref().and_then(|s| s.lacks());
        if let Some(lack) = lack.filter(|_| history.intervals.is_empty()) {
            let what = "Statements needs something first; it is looked for every few seconds";
            paint::put_clipped(
                buf,
                top.x + 1,
                top.y,
                top.width.saturating_sub(1),
                what,
                theme.style("text.strong"),
            );
            let info = server.info.as_ref();
            let (role, database) = info.map_or(("", ""), |i| (i.user.as_str(), i.database.as_str()));
            let lines = steps(&setup, lack, role, database);
            return live::foot(buf, Rect { y: area.y + 2, height: area.height - 2, ..area }, &lines, theme);
        }
        let intervals = (Probe::Statements, &history.intervals);
        live::head(buf, top, &self.summary(span, history), self.moment, intervals, world);
        if let Some(detail) = &mut self.open {
            let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
            return detail.draw(buf, below, self.order, &setup, world);
        }
        let notes = self.notes(history, &setup, world);
        let told = notes.len().min(2) as u16;
        let foot = (area.height / 4).clamp(2, 9) + told;
        let list = Rect { y: area.y + 1, height: area.height - 1 - foot.min(area.height - 3), ..area };
        self.rows(buf, list, &setup, world);
        let y = list.bottom();
        paint::rule(buf, Rect { y, ..area }, theme.style("border"));
        let below = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
        let text = Rect { height: below.height.saturating_sub(told), ..below };
        self.statement(buf, text, history, world);
        let last = Rect { y: text.bottom(), height: told, ..below };
        for (note, y) in notes.iter().zip(last.y..last.bottom()) {
            paint::put_clipped(
                buf,
                last.x + 1,
                y,
                last.width.saturating_sub(2),
                note,
                theme.style("message.warning"),
            );
        }
    }

    fn summary(&self, span: Span, history: &History) -> String {
        if history.intervals.is_empty() {
            return "Statements".into();
        }
        let f = &self.figures;
        let filter =
            if self.filter.is_empty() { String::new() } else { format!(" with “{}”", self.filter) };
        let shown = match self.filter.is_empty() {
            true => units::counted(self.all as u64, "statement", "statements"),
            false => {
                format!("{} of {}", f.rows.len(), units::counted(self.all as u64, "statement", "statements"))
            }
        };
        let busy = f.seconds().map(|s| format!(", {} busy", number(f.total.time_ms() / 1000.0 / s, true)));
        let calls = f.seconds().map(|s| format!(", {} calls/s", number(f.total.calls as f64 / s, true)));
        let when = match (span, f.seconds()) {
            (Span::Reset, None) => "since the reset".into(),
            (Span::Reset, Some(s)) => format!("since the reset {} ago", columns::millis(s * 1000.0)),
            (Span::Mark, Some(s)) => format!("{} from the mark", columns::millis(s * 1000.0)),
            (_, Some(s)) => format!("in the last {}", columns::millis(s * 1000.0)),
            (_, None) => String::new(),
        };
        format!("{shown}{filter} {when}{}{}", busy.unwrap_or_default(), calls.unwrap_or_default())
    }

    fn rows(&mut self, buf: &mut Buffer, area: Rect, setup: &Setup, world: &World) {
        let theme = &world.theme;
        let Some(history) = self.history(world) else { return };
        // Since the reset the whole is of more interest than a rate over weeks.
        let rates = self.figures.seconds().filter(|_| self.span(history) != Span::Reset);
        let columns = columns::columns(self.order, rates.is_some());
        let (rows, whole) = (&self.figures.rows, self.figures.total.time_ms());
        self.list.draw(buf, area, &columns, theme, |line, key, column| {
            let Some((_, c)) = rows.get(line) else { return (String::new(), "text") };
            match columns::shows(column) {
                Shows::Measure(measure) => (figure(measure, c, rates, setup), "grid.cell.number"),
                Shows::Share if whole > 0.0 => (percent(c.time_ms() / whole), "grid.cell.number"),
                Shows::Share => (String::new(), "text"),
                Shows::Whose => (whose(*key, world), "text.dim"),
                Shows::Text => match (history.text(*key), key.id) {
                    (Some(text), _) => {
                        let inner = if key.top { "" } else { "(in a function) " };
                        let words: Vec<&str> = uncommented(&text.text).split_whitespace().take(60).collect();
                        (format!("{inner}{}", words.join(" ")), "text")
                    }
                    (None, Some(id)) => (format!("query id {id}"), "text.dim"),
                    (None, None) => ("· statements of others, which may not be seen".into(), "text.dim"),
                },
            }
        });
        if rows.is_empty() {
            let text = match self.filter.is_empty() {
                true => "Nothing ran in this time.",
                false => "No statement has this in its text, role, database or id.",
            };
            paint::put_clipped(
                buf,
                area.x + 1,
                area.y + 2,
                area.width.saturating_sub(2),
                text,
                theme.style("text.dim"),
            );
        }
    }

    /// The chosen statement, and who ran it.
    fn statement(&self, buf: &mut Buffer, area: Rect, history: &History, world: &World) {
        let theme = &world.theme;
        let Some((key, _)) = self.chosen().filter(|_| area.height > 0) else { return };
        let id = key.id.map(|id| format!(" · query id {id}")).unwrap_or_default();
        let inside = if key.top { "" } else { " · run inside of a function" };
        let keys = " · Enter all of it, x plan";
        let line = format!("{}{id}{inside}{keys}", whose(key, world));
        paint::put_clipped(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            &line,
            theme.style("text.dim"),
        );
        if let Some(text) = history.text(key) {
            let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
            sql::draw(buf, below, &text.text, theme);
        }
    }

    /// What makes the figures less than they seem.
    fn notes(&self, history: &History, setup: &Setup, world: &World) -> Vec<String> {
        let f = &self.figures;
        let mut notes = vec![];
        if f.reset {
            notes.push("The counters were reset in this time: what ran before that is missing.".into());
        }
        if f.evicted > 0 {
            let most = setup.most.map(|most| format!(" (pg_stat_statements.max {most})")).unwrap_or_default();
            let entries = units::counted(f.evicted as u64, "eviction", "evictions");
            notes.push(format!("{entries} for lack of room{most}: what those statements did is missing."));
        }
        if !setup.all_texts {
            let role = world.server().and_then(|s| s.info.as_ref()).map_or("", |i| i.user.as_str());
            let role = crate::sql::quote::ident(role);
            notes.push(format!("Statements of others are one row per role and database: GRANT pg_read_all_stats TO {role} shows them."));
        }
        if let Some(why) = &history.no_texts {
            notes.push(format!("The texts cannot be read: {why}"));
        }
        if setup.lacks().is_some() {
            notes.push("The extension cannot be read any more: these are the last samples.".into());
        }
        notes
    }
}
