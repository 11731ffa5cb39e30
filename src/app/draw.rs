//! The frame around the pane: tabs above, status and hints below, popups on top.

use super::{App, SPINNER_AFTER, popups::Size};
use crate::{
    core::{
        command::{Command, Scope},
        event::{Link, Pooler, Tx},
        key::pretty,
        pane::Tone,
        theme::of_profile,
    },
    text::{clean, units, width},
};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear},
};

/// Below this the program says that it needs more room.
const LEAST: (u16, u16) = (60, 12);

/// Most cells of a profile's label.
const LABEL: usize = 24;

/// Most lines a toast takes.
const TOAST_ROWS: u16 = 5;

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

impl App {
    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let all = frame.area();
        self.world.size = (all.width, all.height);
        frame.buffer_mut().set_style(all, self.world.theme.style("text"));
        if all.width < LEAST.0 || all.height < LEAST.1 {
            return self.draw_small(frame, all);
        }
        let hints = u16::from(self.world.settings.hints);
        self.draw_tabs(frame, Rect { height: 1, ..all });
        self.body = Rect { y: all.y + 1, height: all.height - 2 - hints, ..all };
        let mut said = self.trouble(all.width);
        said.truncate(usize::from(self.body.height / 2));
        let rows = said.len() as u16;
        self.body.height -= rows;
        self.said = rows > 0;
        let body = self.body;
        let slot = &mut self.slots[self.current];
        slot.pane.draw(frame, body, &self.world);
        self.draw_trouble(frame, Rect { y: body.bottom(), height: rows, ..all }, &said);
        let status = body.bottom() + rows;
        self.draw_status(frame, Rect { y: status, height: 1, ..all });
        if hints > 0 {
            self.draw_hints(frame, Rect { y: status + 1, height: 1, ..all });
        }
        for n in 0..self.popups.len() {
            self.draw_popup(frame, n);
        }
    }

    fn draw_small(&self, frame: &mut Frame<'_>, area: Rect) {
        let text = format!("pgdeck needs {}×{}; this is {}×{}", LEAST.0, LEAST.1, area.width, area.height);
        for (y, chunk) in width::wrap(&text, area.width.max(1) as usize).into_iter().enumerate() {
            if (y as u16) < area.height {
                let line = Line::raw(text[chunk].trim_start().to_owned());
                frame.render_widget(line, Rect { y: area.y + y as u16, height: 1, ..area });
            }
        }
    }

    fn draw_tabs(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let theme = &self.world.theme;
        frame.buffer_mut().set_style(area, theme.style("tab"));
        let mut x = area.x;
        self.tabs.clear();
        let label = |n: usize, (most, gap): (usize, &str)| {
            let slot = &self.slots[n];
            let (number, active) = (slot.kind as u8, n == self.current);
            let title = slot.pane.title(&self.world);
            let busy = if slot.pane.running().is_some() { "…" } else { "" };
            let title = if active { title.clone() } else { tab_title(&title, most) };
            format!("{}{number} {title}{busy}{gap}", if active { '▌' } else { ' ' })
        };
        // On a narrow screen they move together, then the others are shortened, until all can be seen.
        let fits = |how: &(usize, &str)| {
            (0..self.slots.len()).map(|n| width::width(&label(n, *how))).sum::<usize>()
                <= usize::from(area.width)
        };
        let whole = usize::from(u16::MAX);
        let tight = [whole, 8, 7, 6, 5, 4, 3].map(|most| (most, ""));
        let how = std::iter::once((whole, " ")).chain(tight).find(fits).unwrap_or((0, ""));
        let labels: Vec<String> = (0..self.slots.len()).map(|n| label(n, how)).collect();
        for (n, (slot, label)) in self.slots.iter().zip(labels).enumerate() {
            let active = n == self.current;
            let cells = (width::width(&label) as u16).min(area.right().saturating_sub(x));
            let place = Rect { x, width: cells, ..area };
            let style = theme.style(if active { "tab.active" } else { "tab" });
            frame.render_widget(Line::styled(clean::line(&label).into_owned(), style), place);
            self.tabs.push((place, slot.kind));
            x += cells;
        }
        let (name, style) = self.profile().unwrap_or_else(|| ("pgdeck ".into(), theme.style("tab")));
        let cells = width::width(&name) as u16;
        if area.right().saturating_sub(x) > cells + 2 {
            let place = Rect { x: area.right() - cells, width: cells, ..area };
            frame.render_widget(Line::styled(name, style), place);
        }
    }

    /// What the profile of this connection is called, in its colour.
    fn profile(&self) -> Option<(String, Style)> {
        let info = self.world.server()?.info.as_ref()?;
        let profile = info.profile.as_deref()?;
        let called = clean::line(info.label.as_deref().filter(|l| !l.is_empty()).unwrap_or(profile));
        let style = self.world.theme.style(&of_profile(profile));
        Some((format!(" {} ", width::clip(&called, LABEL)), style))
    }

    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect) {
        let theme = &self.world.theme;
        let base = theme.style("status");
        frame.buffer_mut().set_style(area, base);
        let left = self.status_left();
        let right = self.status_right();
        let right_cells: usize = right.iter().map(|(t, _)| width::width(t)).sum();
        let room = (area.width as usize).saturating_sub(right_cells);
        let mut spans = vec![];
        let mut used = 0;
        for (text, style) in left {
            let text = width::clip(&clean::line(&text), room.saturating_sub(used)).into_owned();
            used += width::width(&text);
            spans.push(Span::styled(text, style));
        }
        frame.render_widget(Line::from(spans), Rect { width: (room as u16).min(area.width), ..area });
        let x = area.right().saturating_sub(right_cells as u16).max(area.x);
        let spans: Vec<_> = right.into_iter().map(|(t, s)| Span::styled(t, s)).collect();
        frame.render_widget(Line::from(spans), Rect { x, width: area.right() - x, ..area });
    }

    /// Where we are: server, database, user, transaction, zone.
    fn status_left(&self) -> Vec<(String, Style)> {
        let theme = &self.world.theme;
        let base = theme.style("status");
        let Some(server) = self.world.server() else { return vec![] };
        let mut out = vec![];
        match (&server.link, &server.info) {
            (Some(Link::Connecting(host)), _) => {
                out.push((format!(" {} connecting to {host}", self.spinner()), theme.style("status.busy")));
                return out;
            }
            (Some(Link::Failed(_)), _) => {
                out.push((" ✗ not connected · :c connects ".into(), theme.style("status.error")));
            }
            (Some(Link::Lost(..)), _) => {
                out.push((
                    " ✗ connection lost · the next statement reconnects ".into(),
                    theme.style("status.error"),
                ));
            }
            (Some(Link::NeedsPassword(..)), _) => {
                out.push((" password wanted ".into(), theme.style("status.busy")))
            }
            _ => {}
        }
        if let Some(place) = self.going.place() {
            out.push((
                format!(" {} connecting to {place} (Ctrl+C stays here) ", self.spinner()),
                theme.style("status.busy"),
            ));
        }
        if !self.unkept.is_empty() {
            out.push((" ✗ draft NOT kept ".into(), theme.style("status.error")));
        }
        let Some(info) = &server.info else { return out };
        out.extend(self.profile());
        out.push((format!(" {}", info.database), theme.style("status.key")));
        out.push((format!(" {} @ {} · PG {}", info.user, info.address, short(&info.version)), base));
        if info.tls.is_some() {
            out.push((" · TLS".into(), base));
        }
        if info.production {
            out.push((" · PRODUCTION".into(), theme.style("status.tx.failed")));
        }
        if info.standby {
            let behind = match server.behind {
                Some(d) if d.as_secs() > 0 => format!(", {} behind", units::duration(d)),
                _ => String::new(),
            };
            out.push((format!(" · standby{behind}"), theme.style("status.read-only")));
        }
        match info.pooler {
            Pooler::None => {}
            Pooler::Session => out.push((" · pooler".into(), base)),
            Pooler::Transaction => out.push((" · pooler (transactions)".into(), base)),
        }
        if info.held_read_only || info.read_only {
            out.push((" · READ ONLY".into(), theme.style("status.read-only")));
        }
        if let Some(who) = &server.look {
            out.push((format!(" · LOOKING AS {who}"), theme.style("status.tx.open")));
        }
        match server.tx {
            Tx::Open => out.push((" · in transaction".into(), theme.style("status.tx.open"))),
            Tx::Failed => {
                out.push((" · transaction FAILED: roll back".into(), theme.style("status.tx.failed")))
            }
            Tx::Idle | Tx::Gone => {}
        }
        if !server.staged.is_empty() {
            let staged = format!(" · ● {} staged", server.staged.len());
            out.push((staged, theme.style("status.tx.open")));
        }
        if !info.time_zone.is_empty() {
            out.push((format!(" · {}", info.time_zone), base));
        }
        out
    }

    /// What runs and since when.
    fn status_right(&self) -> Vec<(String, Style)> {
        let Some(r) = self.running() else { return vec![] };
        let since = self.world.now.saturating_sub(r.since);
        if since < SPINNER_AFTER {
            return vec![];
        }
        let what = width::clip(&clean::line(&r.what), 40).into_owned();
        let text = format!(" {} {what} {} · Ctrl+C cancels ", self.spinner(), units::duration(since));
        vec![(text, self.world.theme.style("status.busy"))]
    }

    fn spinner(&self) -> &'static str {
        SPINNER[(self.world.now.as_millis() / 100) as usize % SPINNER.len()]
    }

    /// The last line: a toast, the keys that may follow, or what can be done here.
    fn draw_hints(&self, frame: &mut Frame<'_>, area: Rect) {
        let theme = &self.world.theme;
        frame.buffer_mut().set_style(area, theme.style("hint"));
        if let Some(toast) = &self.toast {
            let (name, mark) = match toast.tone {
                Tone::Ok => ("message.ok", "✓"),
                Tone::Note => ("message.notice", "·"),
                Tone::Warning => ("message.warning", "!"),
                Tone::Error => ("message.error", "✗"),
            };
            let text = format!("{mark} {}", clean::line(&toast.text));
            return draw_toast(frame, area, &text, theme.style(name));
        }
        if let Some(text) = self.waits().filter(|_| self.pending.is_empty()) {
            let text = format!("! {}", clean::line(&text));
            return draw_toast(frame, area, &text, theme.style("message.warning"));
        }
        let scopes = self.scopes();
        let rows = if self.pending.is_empty() { self.hints(&scopes) } else { self.following(&scopes) };
        let mut spans = vec![];
        let mut used = 0;
        for (key, help) in rows {
            let cells = width::width(&key) + width::width(&help) + 3;
            if used + cells > area.width as usize {
                break;
            }
            used += cells;
            spans.push(Span::styled(format!(" {key}"), theme.style("key")));
            spans.push(Span::styled(format!(" {help} "), theme.style("hint")));
        }
        frame.render_widget(Line::from(spans), area);
    }

    fn following(&self, scopes: &[Scope]) -> Vec<(String, String)> {
        let mut rows = self.world.keymap.following(scopes, &self.pending);
        rows.retain(|(_, c)| self.top_pane().can(*c, &self.world));
        let typed: Vec<_> = self.pending.iter().map(|c| pretty(*c)).collect();
        let typed = typed.join(" ");
        rows.into_iter().map(|(keys, c)| (format!("{typed} {keys}"), label(c))).collect()
    }

    /// The commands worth a hint, in the table's order of usefulness.
    fn hints(&self, scopes: &[Scope]) -> Vec<(String, String)> {
        let mut out = vec![];
        let top = self.top_pane();
        let typing = top.typing();
        for (command, label) in HINTED {
            let row = command.row();
            if !row.scopes.iter().any(|s| scopes.contains(s)) || !top.can(*command, &self.world) {
                continue;
            }
            let keys = self.world.keymap.keys_of(scopes, *command);
            // While typing, a plain character is text and no key.
            let key = keys.into_iter().find(|k| !typing || k.chars().count() > 1 && k != "Space");
            if let Some(key) = key {
                out.push((key, (*label).to_owned()));
            }
        }
        out
    }

    fn draw_popup(&mut self, frame: &mut Frame<'_>, n: usize) {
        let all = frame.area();
        let theme = self.world.theme.clone();
        let popup = &mut self.popups[n];
        let (w, h) =
            popup.pane.wants(&self.world, (all.width.saturating_sub(4), all.height.saturating_sub(4)));
        let (w, h) = (w.saturating_add(4).min(all.width), h.saturating_add(2).min(all.height));
        let area = match popup.size {
            Size::Bottom => {
                Rect { x: all.x, y: all.bottom() - h.min(all.height), width: all.width, height: h }
            }
            Size::Small | Size::Large => {
                // Why there is no connection stays to be read.
                let lowest = if self.said { self.body.bottom().saturating_sub(h) } else { all.bottom() };
                let y = (all.y + (all.height - h) / 2).min(lowest);
                Rect { x: all.x + (all.width - w) / 2, y, width: w, height: h }
            }
        };
        popup.area = area;
        frame.render_widget(Clear, area);
        let title = clean::line(&popup.pane.title(&self.world)).into_owned();
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(theme.style("popup.border"))
            .title(Line::styled(
                format!(" {} ", width::clip(&title, area.width.saturating_sub(6) as usize)),
                theme.style("popup.title"),
            ))
            .style(theme.style("popup"));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        popup.pane.draw(frame, inner, &self.world);
    }
}

/// A title of at most so many cells: what it counts is never cut, or it would count less.
fn tab_title(title: &str, most: usize) -> String {
    let counted = title.rsplit_once(' ').filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()));
    match counted {
        Some((word, n)) if width::width(title) > most => {
            format!("{} {n}", width::head(word, most.saturating_sub(n.len() + 1).max(1)))
        }
        _ => width::head(title, most).to_owned(),
    }
}

/// A toast takes the last line, and lines above it when it is long.
fn draw_toast(frame: &mut Frame<'_>, area: Rect, text: &str, style: Style) {
    let cells = area.width.saturating_sub(2).max(1) as usize;
    let parts = width::wrap(text, cells);
    let rows = (parts.len() as u16).clamp(1, TOAST_ROWS).min(area.y + 1);
    let area = Rect { y: area.y + 1 - rows, height: rows, ..area };
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, style);
    for (n, part) in parts.into_iter().enumerate().take(rows as usize) {
        let line = Line::styled(text[part].trim_start().to_owned(), style);
        frame.render_widget(
            line,
            Rect { x: area.x + 1, y: area.y + n as u16, width: area.width - 1, height: 1 },
        );
    }
}

/// `15.18 (Debian …)` → `15.18`.
fn short(version: &str) -> &str {
    version.split_whitespace().next().unwrap_or(version)
}

/// A command's help up to the first punctuation.
fn label(command: Command) -> String {
    let help = command.row().help;
    let end = help.find([':', ';', ',', '(']).unwrap_or(help.len());
    help[..end].trim_end().to_lowercase()
}

/// What the footer offers, most useful first; it shows those that are in scope and can be done.
const HINTED: &[(Command, &str)] = &[
    (Command::Accept, "take"),
    (Command::ApplyChanges, "apply"),
    (Command::KeepMine, "keep mine"),
    (Command::TakeTheirs, "take theirs"),
    (Command::EditChange, "edit"),
    (Command::DropChange, "take out"),
    (Command::GoToChange, "go to the row"),
    (Command::CopyChanges, "copy the SQL"),
    (Command::Dismiss, "leave"),
    (Command::ToResults, "results"),
    (Command::CopyHit, "copy"),
    (Command::TakeMeant, "as meant"),
    (Command::WhyMatched, "why"),
    (Command::SearchMode, "how it is read"),
    (Command::SearchTables, "what is searched"),
    (Command::SearchAll, "every row"),
    (Command::SearchFacet, "facet"),
    (Command::Pause, "pause"),
    (Command::StepBack, "step back"),
    (Command::CancelBackend, "cancel"),
    (Command::TerminateBackend, "terminate"),
    (Command::ToLocks, "its locks"),
    (Command::GoToRow, "the row"),
    (Command::ExplainIt, "explain"),
    (Command::SortBy, "sort"),
    (Command::ShowWhich, "which"),
    (Command::OpenSession, "all of it"),
    (Command::RunStatement, "run"),
    (Command::RunAll, "run all"),
    (Command::CompleteOrIndent, "complete"),
    (Command::LeaveEditor, "results"),
    (Command::ExplainPlan, "plan"),
    (Command::AnalyzePlan, "analyze"),
    (Command::PlanDetails, "details"),
    (Command::PlanView, "view"),
    (Command::TurnPlans, "turn"),
    (Command::ComparePlans, "compare"),
    (Command::StepToSql, "step to SQL"),
    (Command::TryIndex, "try the index"),
    (Command::RunSaved, "run"),
    (Command::Open, "open"),
    (Command::OpenRecord, "record"),
    (Command::OpenValue, "value"),
    (Command::StageValue, "stage"),
    (Command::EditNode, "edit"),
    (Command::ToggleFold, "fold"),
    (Command::NextRow, "next row"),
    (Command::EditCell, "edit"),
    (Command::PreviewChanges, "staged"),
    (Command::Menu, "menu"),
    (Command::Help, "help"),
    (Command::FollowKey, "follow"),
    (Command::FilterCell, "filter"),
    (Command::Sort, "sort"),
    (Command::Find, "find"),
    (Command::EditSql, "edit"),
    (Command::Transaction, "transaction"),
    (Command::NextPart, "next part"),
    (Command::GoTo, "go to"),
    (Command::SearchHistory, "history"),
    (Command::SaveQuery, "save"),
    (Command::Transaction, "transaction"),
    (Command::ExternalEditor, "$EDITOR"),
    (Command::Back, "back"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_tab_is_never_cut() {
        assert_eq!(tab_title("Locks 52", 8), "Locks 52");
        assert_eq!(tab_title("Locks 52", 7), "Lock 52");
        assert_eq!(tab_title("Locks 52", 3), "L 52");
        assert_eq!(tab_title("Locks 499", 3), "L 499");
        assert_eq!(tab_title("Statements", 4), "Stat");
    }
}
