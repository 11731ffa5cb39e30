//! Drawing: the list, and the chosen query beside or below it.

use super::Saved;
use crate::{
    core::{theme::Theme, world::World},
    data::saved::SavedQuery,
    sql::{highlight, lex::LineState},
    text::width,
    widgets::paint,
};
use ratatui::{Frame, layout::Rect, style::Style};

impl Saved {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let wide = area.width >= 100;
        let (list, rest) = if wide {
            let cells = area.width * 2 / 5;
            (
                Rect { width: cells, ..area },
                Rect { x: area.x + cells + 1, width: area.width - cells - 1, ..area },
            )
        } else {
            let lines = (area.height / 2).max(3).min(area.height);
            (Rect { height: lines, ..area }, Rect { y: area.y + lines, height: area.height - lines, ..area })
        };
        if wide {
            for y in area.top()..area.bottom() {
                paint::put(frame.buffer_mut(), list.right(), y, 1, "│", theme.style("border"));
            }
        }
        self.list = list;
        self.preview = rest;
        self.draw_list(frame, list, world);
        self.draw_preview(frame, rest, theme, !wide);
    }

    fn draw_list(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        if self.known.as_ref().is_none_or(|k| k.is_empty()) {
            let text = if self.known.is_none() {
                "looking for saved queries …"
            } else {
                "No saved queries: Ctrl+S in the SQL pane makes one"
            };
            paint::put_clipped(
                frame.buffer_mut(),
                area.x + 1,
                area.y,
                area.width - 1,
                text,
                theme.style("text.dim"),
            );
            return;
        }
        let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.finder.draw(frame, inside, theme);
        if !self.filtering && self.finder.typed().is_empty() && area.height > 0 {
            let line = Rect { height: 1, width: inside.width.saturating_sub(8), ..inside };
            paint::fill(frame.buffer_mut(), line, theme.style("text"));
            let text = "/ finds · Enter runs · e edits";
            paint::put_clipped(frame.buffer_mut(), line.x, line.y, line.width, text, theme.style("text.dim"));
        }
    }

    fn draw_preview(&mut self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, ruled: bool) {
        let mut area = area;
        if ruled && area.height > 1 {
            paint::rule(frame.buffer_mut(), area, theme.style("border"));
            area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        let Some(q) = self.chosen() else { return };
        let lines = preview(q, theme, usize::from(area.width.saturating_sub(2)));
        let most = lines.len().saturating_sub(usize::from(area.height));
        self.top = self.top.min(most);
        for (n, line) in lines.iter().skip(self.top).take(usize::from(area.height)).enumerate() {
            let (mut x, y) = (area.x + 1, area.y + n as u16);
            for (text, style) in line {
                x = paint::put(frame.buffer_mut(), x, y, area.right().saturating_sub(x), text, *style);
            }
        }
    }
}

type Pieces = Vec<(String, Style)>;

/// A query as it is shown: what it is, what it takes, its coloured text.
fn preview(q: &SavedQuery, theme: &Theme, cells: usize) -> Vec<Pieces> {
    let cells = cells.max(10);
    let dim = theme.style("text.dim");
    let mut out: Vec<Pieces> = vec![vec![(q.title.clone(), theme.style("text.strong"))]];
    let read_only = if q.read_only { " · only reads" } else { "" };
    let since = if q.since > 0 { format!(" · PostgreSQL {} or newer", q.since) } else { String::new() };
    let place = if q.path.is_empty() { q.origin.word().to_owned() } else { q.path.clone() };
    out.push(vec![(format!("{place}{read_only}{since}"), dim)]);
    for line in paragraphs(&q.description) {
        let parts = width::wrap(&line, cells).into_iter();
        out.extend(parts.map(|r| vec![(line[r].trim().to_owned(), theme.style("text"))]));
    }
    for p in &q.parameters {
        let mut line = vec![(format!(":{}", p.name), theme.style("sql.parameter"))];
        line.push((format!(" {}", p.type_name), theme.style("sql.type")));
        match &p.default {
            Some(Some(v)) => line.push((format!(" = {v}"), theme.style("text"))),
            Some(None) => line.push((" = NULL".into(), theme.style("text"))),
            None => {}
        }
        line.push((format!("  {}", p.help), dim));
        out.push(line);
    }
    out.push(vec![]);
    let mut state = LineState::Normal;
    let body = q.text.lines().skip_while(|l| l.starts_with("--") || l.trim().is_empty());
    for line in body {
        let (spans, next) = highlight::highlight_line(line, &state);
        state = next;
        let mut at = 0;
        let mut pieces = vec![];
        for (range, class) in spans {
            pieces.push((line[at..range.start].to_owned(), theme.style("editor")));
            pieces.push((line[range.clone()].to_owned(), theme.style(class.style())));
            at = range.end;
        }
        pieces.push((line[at..].to_owned(), theme.style("editor")));
        out.push(
            pieces
                .into_iter()
                .filter(|(t, _)| !t.is_empty())
                .map(|(t, s)| (t.replace('\t', "  "), s))
                .collect(),
        );
    }
    out
}

/// A text's paragraphs, each in one line: line ends in a header are where its writer broke them.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|p| !p.is_empty())
        .collect()
}
