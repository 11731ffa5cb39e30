//! A text to read: wrapped or sideways, with find and colours. Only the lines on the screen are drawn.

use super::{grid::Needle, paint};
use crate::{
    core::{command::Command, theme::Theme},
    text::{clean, units, width},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use std::ops::Range;

/// Coloured pieces of one line: byte ranges and style names, ascending.
pub type LineSpans = Vec<(Range<usize>, &'static str)>;

/// Longest line wrapped as one; longer ones are cut into pieces of this many bytes first, so that
/// one endless line costs no more than many short ones.
const PIECE: usize = 4096;

/// The state of a text view.
#[derive(Clone, Debug, Default)]
pub struct TextView {
    /// The lines, cleaned.
    lines: Vec<String>,
    spans: Vec<LineSpans>,
    /// Number of the line at the top, and which row of it when wrapped.
    top: (usize, usize),
    left: usize,
    wrap: bool,
    needle: Needle,
    /// The match last gone to: line and byte.
    found: Option<(usize, usize)>,
    message: Option<String>,
    area: Rect,
}

impl TextView {
    /// A view of this text (cleaned here), wrapped at blanks.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut view = Self { wrap: true, ..Self::default() };
        view.set(text);
        view
    }

    /// Another text; the scroll position stays as far as it can.
    pub fn set(&mut self, text: &str) {
        self.lines.clear();
        self.spans.clear();
        self.found = None;
        for line in clean::text(text).split('\n') {
            let mut rest = line;
            while rest.len() > PIECE {
                let cut = (1..=PIECE).rev().find(|n| rest.is_char_boundary(*n)).unwrap_or(rest.len());
                self.lines.push(rest[..cut].to_owned());
                rest = &rest[cut..];
            }
            self.lines.push(rest.to_owned());
        }
        self.top.0 = self.top.0.min(self.lines.len() - 1);
        self.top.1 = 0;
    }

    /// Colours the lines as they are shown: one list a line; see `syntax` for what makes them.
    pub fn colour(&mut self, spans: Vec<LineSpans>) {
        self.spans = spans;
    }

    /// The lines as they are shown.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Are long lines wrapped?
    #[must_use]
    pub fn wraps(&self) -> bool {
        self.wrap
    }

    /// Wraps long lines, or lets them run out at the right.
    pub fn set_wrap(&mut self, wrap: bool) {
        self.wrap = wrap;
        self.left = 0;
        self.top.1 = 0;
    }

    /// Scrolls, and finds; `false`: not the view's. (`Find` asks for a text, which is the pane's part.)
    pub fn command(&mut self, command: Command) -> bool {
        let page = i64::from(self.area.height.max(2) - 1);
        match command {
            Command::Up => self.scroll(-1),
            Command::Down => self.scroll(1),
            Command::HalfUp => self.scroll(-(page + 1) / 2),
            Command::HalfDown => self.scroll((page + 1) / 2),
            Command::PageUp => self.scroll(-page),
            Command::PageDown => self.scroll(page),
            Command::First => self.top = (0, 0),
            Command::Last => {
                self.top = (self.lines.len().saturating_sub(1), usize::MAX);
                self.scroll(-page);
            }
            Command::Left if !self.wrap => self.left = self.left.saturating_sub(8),
            Command::Right if !self.wrap => self.left += 8,
            Command::FindNext => self.find_next(true),
            Command::FindPrevious => self.find_next(false),
            _ => return false,
        }
        true
    }

    /// The wheel and the arrows: by rows of the screen.
    pub fn scroll(&mut self, by: i64) {
        let mut left = by;
        self.top.1 = self.top.1.min(self.rows_of(self.top.0).saturating_sub(1));
        while left > 0 && !self.at_end() {
            if self.top.1 + 1 < self.rows_of(self.top.0) {
                self.top.1 += 1;
            } else {
                self.top = (self.top.0 + 1, 0);
            }
            left -= 1;
        }
        while left < 0 && self.top != (0, 0) {
            if self.top.1 > 0 {
                self.top.1 -= 1;
            } else {
                self.top.0 -= 1;
                self.top.1 = self.rows_of(self.top.0) - 1;
            }
            left += 1;
        }
    }

    /// The last row is on the screen already.
    fn at_end(&self) -> bool {
        let height = self.area.height.max(1) as usize;
        let mut rows = 0;
        for line in self.top.0..self.lines.len() {
            rows += self.rows_of(line);
            if rows > height + self.top.1 {
                return false;
            }
        }
        true
    }

    fn rows_of(&self, line: usize) -> usize {
        let cells = self.area.width.max(1) as usize;
        match self.lines.get(line) {
            Some(text) if self.wrap && text.len() > cells => width::wrap(text, cells).len(),
            _ => 1,
        }
    }

    /// Sets the text to find and goes to the first match from the top of the screen on.
    pub fn find(&mut self, text: &str) {
        self.needle = Needle::new(text);
        self.found = self.top.0.checked_sub(1).map(|l| (l, usize::MAX));
        if self.needle.is_empty() {
            self.message = None;
        } else {
            self.find_next(true);
        }
    }

    /// What is looked for.
    #[must_use]
    pub fn finding(&self) -> &str {
        self.needle.text()
    }

    /// What the search has to say, if anything.
    #[must_use]
    pub fn find_message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    fn find_next(&mut self, forward: bool) {
        if self.needle.is_empty() {
            self.message = Some("nothing to find: type / first".into());
            return;
        }
        let count = self.lines.len();
        let (line, byte) = self.found.unwrap_or(if forward { (0, 0) } else { (count - 1, usize::MAX) });
        let started = self.found.is_some();
        let mut hit = None;
        // The line itself comes first (what is behind the last match) and last (what is before it).
        for step in 0..=count {
            let at = if forward { (line + step) % count } else { (line + count - step % count) % count };
            let places = self.needle.places(&self.lines[at]);
            let fits = |p: &usize| match (step, forward) {
                (0, true) => *p > byte || (!started && *p >= byte),
                (0, false) => *p < byte,
                _ => true,
            };
            let mut starts = places.into_iter().map(|r| r.start).filter(fits);
            let place = if forward { starts.next() } else { starts.next_back() };
            if let Some(place) = place {
                hit = Some((at, place));
                break;
            }
        }
        let shown = clean::line(self.needle.text()).into_owned();
        self.message = match hit {
            None => Some(format!("/{shown} · not found")),
            Some(at) if started && ((forward && at < (line, byte)) || (!forward && at > (line, byte))) => {
                Some(format!("/{shown} · from the other end"))
            }
            Some(_) => None,
        };
        if let Some((line, byte)) = hit {
            self.found = Some((line, byte));
            self.show(line, byte);
        }
    }

    /// Scrolls so that a place of the text is on the screen.
    pub fn show(&mut self, line: usize, byte: usize) {
        let line = line.min(self.lines.len() - 1);
        let cells = self.area.width.max(1) as usize;
        let text = &self.lines[line];
        if self.wrap {
            let row = width::wrap(text, cells).iter().position(|r| byte < r.end).unwrap_or(0);
            self.top = (line, row);
        } else {
            self.top = (line, 0);
            let before = width::width(text.get(..byte).unwrap_or(text));
            if before < self.left || before + 4 > self.left + cells {
                self.left = before.saturating_sub(cells / 2);
            }
        }
        self.scroll(-i64::from(self.area.height / 3));
    }

    /// `lines 1-20 of 340`.
    #[must_use]
    pub fn position(&self) -> String {
        let last = (self.top.0 + self.area.height.max(1) as usize).min(self.lines.len());
        format!("line {} of {}", units::count(last as u64), units::count(self.lines.len() as u64))
    }

    /// Draws what fits.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let area = area.intersection(buf.area);
        self.area = area;
        paint::fill(buf, area, Style::default());
        if area.is_empty() {
            return;
        }
        self.left = if self.wrap { 0 } else { self.left };
        let (mut line, mut row) = (self.top.0, self.top.1.min(self.rows_of(self.top.0).saturating_sub(1)));
        let mut y = area.y;
        while y < area.bottom() && line < self.lines.len() {
            let cells = area.width as usize;
            let pieces = if self.wrap {
                width::wrap(&self.lines[line], cells)
            } else {
                std::iter::once(0..self.lines[line].len()).collect()
            };
            for piece in pieces.into_iter().skip(row) {
                if y < area.bottom() {
                    self.draw_piece(buf, Rect { y, height: 1, ..area }, line, piece, theme);
                    y += 1;
                }
            }
            line += 1;
            row = 0;
        }
    }

    fn draw_piece(&self, buf: &mut Buffer, area: Rect, line: usize, piece: Range<usize>, theme: &Theme) {
        let text = &self.lines[line][piece.clone()];
        let (shown, blanks) = width::skip(text, self.left);
        let start = piece.start + text.len() - shown.len();
        let x = area.x + blanks as u16;
        let room = area.width.saturating_sub(blanks as u16);
        paint::put(buf, x, area.y, room, shown, theme.style("text"));
        let mut tint = |range: &Range<usize>, style: Style| {
            let from = range.start.clamp(start, piece.end) - start;
            let to = range.end.clamp(start, piece.end) - start;
            if let (Some(before), Some(inside)) = (shown.get(..from), shown.get(from..to))
                && !inside.is_empty()
            {
                let at = x.saturating_add(width::width(before).min(room as usize) as u16);
                let cells = width::width(inside).min(area.right().saturating_sub(at) as usize);
                paint::tint(buf, Rect { x: at, width: cells as u16, ..area }, style);
            }
        };
        for (range, name) in self.spans.get(line).into_iter().flatten() {
            tint(range, theme.style(name));
        }
        for range in self.needle.places(&self.lines[line]) {
            let here = self.found == Some((line, range.start));
            tint(&range, theme.style(if here { "grid.cursor" } else { "grid.match" }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(v: &mut TextView, width: u16, height: u16) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buf.area;
        v.draw(&mut buf, area, &Theme::default());
        let line = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn wraps_and_scrolls_by_rows() {
        let mut v = TextView::new("one two three four\nfive\nsix");
        assert_eq!(screen(&mut v, 9, 3), "one two\nthree\nfour");
        v.command(Command::Down);
        assert_eq!(screen(&mut v, 9, 3), "three\nfour\nfive");
        v.command(Command::Last);
        assert_eq!(screen(&mut v, 9, 3), "four\nfive\nsix");
        v.command(Command::PageDown);
        assert_eq!(screen(&mut v, 9, 3), "four\nfive\nsix");
        v.command(Command::First);
        assert_eq!(screen(&mut v, 9, 3), "one two\nthree\nfour");
        v.set_wrap(false);
        v.command(Command::Right);
        assert_eq!(screen(&mut v, 9, 3), "three fou\n\n");
    }

    #[test]
    fn finds_around() {
        let mut v = TextView::new("a needle\nb\nc\nNEEDLE needle");
        screen(&mut v, 20, 2);
        v.find("needle");
        assert_eq!(v.found, Some((0, 2)));
        v.command(Command::FindNext);
        assert_eq!(v.found, Some((3, 0)));
        v.command(Command::FindNext);
        assert_eq!(v.found, Some((3, 7)));
        v.command(Command::FindNext);
        assert_eq!((v.found, v.find_message()), (Some((0, 2)), Some("/needle · from the other end")));
        v.command(Command::FindPrevious);
        assert_eq!(v.found, Some((3, 7)));
        v.find("zzz");
        assert_eq!(v.find_message(), Some("/zzz · not found"));
        assert_eq!(v.position(), "line 4 of 4");
    }

    #[test]
    fn endless_lines_and_hostile_text() {
        let mut v = TextView::new(&format!("{}\x1b[2J\u{202e}", "ž".repeat(100_000)));
        assert!(v.lines().len() > 40);
        for (w, h) in [(1, 1), (7, 3), (80, 24)] {
            v.command(Command::Last);
            let s = screen(&mut v, w, h);
            assert!(!s.contains('\x1b') && !s.contains('\u{202e}'));
        }
        screen(&mut TextView::new(""), 5, 2);
        TextView::new("").command(Command::FindNext);
    }
}
