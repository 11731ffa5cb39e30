//! Drawing the editor: only the lines on the screen are coloured and looked at.

use super::{Colour, Editor, Place, Spans};
use crate::{
    core::theme::Theme,
    text::{clean, width},
    widgets::paint,
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
};
use std::{borrow::Cow, ops::Range};
use unicode_segmentation::UnicodeSegmentation;

/// Lines kept in sight above and below the cursor.
const MARGIN: usize = 2;

/// How a grapheme is shown at this column: its text and its cells.
pub(super) fn shown(g: &str, column: usize, tab: usize) -> (Cow<'_, str>, usize) {
    if g == "\t" {
        let tab = tab.max(1);
        let cells = tab - column % tab;
        return (Cow::Owned(" ".repeat(cells)), cells);
    }
    let mut text = clean::line(g);
    // A joiner at the end belongs to the sign behind it, which is not seen from here.
    let base = g.trim_end_matches(['\u{200C}', '\u{200D}']);
    if base.len() < g.len() && !base.is_ascii() && clean::harmless(base) {
        text = Cow::Borrowed(g);
    }
    let cells = width::width(&text);
    (text, cells)
}

/// What one line is drawn with.
struct LineStyle<'a> {
    base: Style,
    spans: Spans,
    selected: Range<usize>,
    /// The selection goes over the line end.
    selected_end: bool,
    wrong: Range<usize>,
    theme: &'a Theme,
}

impl LineStyle<'_> {
    fn at(&self, byte: usize, marked: bool) -> Style {
        let mut style = self.base;
        let after = self.spans.partition_point(|(r, _)| r.end <= byte);
        if let Some((_, name)) = self.spans.get(after).filter(|(r, _)| r.contains(&byte)) {
            style = style.patch(Style { bg: None, ..self.theme.style(name) });
        }
        if marked {
            style = style.patch(self.theme.style("text.mark"));
        }
        if self.wrong.contains(&byte) {
            style = style.patch(self.theme.style("sql.error")).add_modifier(Modifier::UNDERLINED);
        }
        if self.selected.contains(&byte) {
            style = style.patch(self.theme.style("editor.selection"));
        }
        style
    }
}

impl Editor {
    /// Draws the text with line numbers; returns where the cursor is when it has the focus.
    pub fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        theme: &Theme,
        focused: bool,
        colour: &mut Colour<'_>,
    ) -> Option<Position> {
        let area = area.intersection(buf.area);
        self.area = area;
        paint::fill(buf, area, theme.style("editor"));
        self.caret = None;
        if area.is_empty() {
            return None;
        }
        let digits = self.lines().len().to_string().len().max(2) as u16;
        self.gutter = if !self.numbers {
            0
        } else if area.width >= 30 {
            digits + 2
        } else {
            1
        };
        self.scroll(area);
        let bottom = (self.top + area.height as usize).min(self.lines().len());
        self.states.settle(self.buffer.lines(), bottom, colour);
        for line in self.top..bottom {
            let y = area.y + (line - self.top) as u16;
            self.draw_gutter(buf, y, line, digits, theme);
            self.draw_text(buf, y, line, theme, focused, colour);
        }
        if self.is_empty() && !self.placeholder.is_empty() {
            let x = area.x + self.gutter + u16::from(focused);
            let room = area.right().saturating_sub(x);
            paint::put_clipped(buf, x, area.y, room, &self.placeholder, theme.style("text.dim"));
        }
        self.caret.filter(|_| focused)
    }

    fn scroll(&mut self, area: Rect) {
        let height = area.height as usize;
        let margin = if height > 3 * MARGIN { MARGIN } else { 0 };
        let line = self.cursor.line;
        if line < self.top + margin {
            self.top = line.saturating_sub(margin);
        } else if line + margin >= self.top + height {
            self.top = line + margin + 1 - height;
        }
        self.top =
            self.top.min(self.lines().len().saturating_sub(height).max(line.saturating_sub(height - 1)));
        let room = (area.width.saturating_sub(self.gutter) as usize).max(1);
        let column = self.column(self.cursor);
        if column < self.left {
            self.left = column.saturating_sub(room / 4);
        } else if column >= self.left + room {
            self.left = column + 1 + room / 4 - room;
        }
    }

    fn draw_gutter(&self, buf: &mut Buffer, y: u16, line: usize, digits: u16, theme: &Theme) {
        let area = self.area;
        let current = self.current.as_ref().is_some_and(|r| {
            let (first, last) = (self.buffer.place(r.start).line, self.buffer.place(r.end).line);
            (first..=last).contains(&line)
        });
        if current {
            paint::put(buf, area.x, y, 1, "▎", theme.style("editor.current"));
        }
        if self.gutter > 1 {
            let name = if line == self.cursor.line { "editor.gutter.line" } else { "editor.gutter" };
            paint::put_right(buf, area.x + 1, y, digits, &(line + 1).to_string(), theme.style(name));
        }
    }

    /// The part of a byte range of the whole text that lies in a line, as bytes of the line.
    fn in_line(&self, range: &Range<Place>, line: usize) -> Range<usize> {
        if !(range.start.line..=range.end.line).contains(&line) {
            return 0..0;
        }
        let from = if range.start.line == line { range.start.byte } else { 0 };
        let to = if range.end.line == line { range.end.byte } else { usize::MAX };
        from..to
    }

    fn draw_text(
        &mut self,
        buf: &mut Buffer,
        y: u16,
        line: usize,
        theme: &Theme,
        focused: bool,
        colour: &mut Colour<'_>,
    ) {
        let here = line == self.cursor.line;
        let mut base = theme.style("editor");
        if here && focused {
            base = base.patch(theme.style("editor.line"));
            paint::tint(
                buf,
                Rect { x: self.area.x, y, width: self.area.width, height: 1 },
                Style { fg: None, ..theme.style("editor.line") },
            );
        }
        let mut spans = vec![];
        colour(&self.lines()[line], &self.states.get(line), &mut spans);
        let selected = self.selected_places().map_or(0..0, |r| self.in_line(&r, line));
        let wrong = self.error.as_ref().map_or(0..0, |r| {
            let places = self.buffer.place(r.start)..self.buffer.place(r.end);
            let part = self.in_line(&places, line);
            // A place without width is shown at the sign behind it.
            if places.is_empty() && places.start.line == line { part.start..part.start + 1 } else { part }
        });
        let selected_end = selected.end == usize::MAX;
        let style = LineStyle { base, spans, selected, selected_end, wrong, theme };
        let end = self.draw_graphemes(buf, y, line, &style);
        let text_end = self.buffer.line_end(line);
        if self.exact && line + 1 < self.lines().len() {
            let crlf = text_end < self.lines()[line].len();
            let mark = if crlf { "␍⏎" } else { "⏎" };
            if let Some(at) = self.cell(end, y) {
                let room = self.area.right().saturating_sub(at.x);
                paint::put(buf, at.x, y, room, mark, base.patch(theme.style("text.dim")));
            }
        }
        if here && self.cursor.byte >= text_end {
            self.caret = self.cell(end, y);
        }
        if let Some(at) = self.cell(end, y) {
            let cell = Rect { x: at.x, y, width: 1, height: 1 };
            if style.selected_end {
                paint::tint(buf, cell, theme.style("editor.selection"));
            }
            // An error at the end of the text has no character to stand under.
            if style.wrong.start >= text_end && !style.wrong.is_empty() {
                paint::tint(buf, cell, theme.style("sql.error").add_modifier(Modifier::UNDERLINED));
            }
        }
        if let Some(at) = self.caret.filter(|_| here && focused) {
            paint::tint(buf, Rect { x: at.x, y, width: 1, height: 1 }, theme.style("input.cursor"));
        }
    }

    /// Draws a line's signs; returns the column behind the last.
    fn draw_graphemes(&mut self, buf: &mut Buffer, y: u16, line: usize, style: &LineStyle<'_>) -> usize {
        let end = self.buffer.line_end(line);
        let room = self.left + self.area.width.saturating_sub(self.gutter) as usize;
        let mut column = 0;
        let mut caret = None;
        for (byte, g) in self.buffer.lines()[line][..end].grapheme_indices(true) {
            if line == self.cursor.line && byte <= self.cursor.byte && self.cursor.byte < byte + g.len() {
                caret = Some(column);
            }
            let (text, cells) = shown(g, column, self.tab);
            if column >= self.left && column + cells <= room {
                if let Some(at) = self.cell(column, y) {
                    let marked = g != "\t" && matches!(text, Cow::Owned(_));
                    paint::put(buf, at.x, y, cells as u16, &text, style.at(byte, marked));
                    if self.exact && g == "\t" {
                        let dim = style.at(byte, false).patch(style.theme.style("text.dim"));
                        paint::put(buf, at.x, y, 1, "⇥", dim);
                    }
                }
            } else if column < self.left && column + cells > self.left {
                // The rest of a sign that is cut at the left edge.
            } else if column >= room {
                break;
            }
            column += cells;
        }
        if let Some(column) = caret {
            self.caret = self.cell(column, y);
        }
        column
    }

    /// The screen cell of a column, if it shows.
    fn cell(&self, column: usize, y: u16) -> Option<Position> {
        let x = column.checked_sub(self.left)? + (self.area.x + self.gutter) as usize;
        (x < self.area.right() as usize).then_some(Position { x: x as u16, y })
    }
}
