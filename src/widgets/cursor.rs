//! The cursor of a list of lines of which only those on the screen are drawn.

use crate::core::command::Command;
use ratatui::layout::Rect;

/// Where the cursor is, and what the screen shows.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Number of the line under the cursor.
    pub at: usize,
    top: usize,
    area: Rect,
}

impl Cursor {
    /// Moves in a list of so many lines; `false`: not a command of moving.
    pub fn command(&mut self, command: Command, len: usize) -> bool {
        let last = len.saturating_sub(1);
        let page = usize::from(self.area.height.max(2)) - 1;
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at + 1,
            Command::HalfUp => self.at.saturating_sub(page.div_ceil(2)),
            Command::HalfDown => self.at + page.div_ceil(2),
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => self.at + page,
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// The wheel.
    pub fn wheel(&mut self, by: i32, len: usize) {
        self.at = self.at.saturating_add_signed(by as isize).min(len.saturating_sub(1));
    }

    /// A click; true: on a line, now under the cursor.
    pub fn click(&mut self, x: u16, y: u16, len: usize) -> bool {
        let hit = self.area.contains((x, y).into()) && self.top + usize::from(y - self.area.y) < len;
        if hit {
            self.at = self.top + usize::from(y - self.area.y);
        }
        hit
    }

    /// Nothing of it is on the screen.
    pub fn hide(&mut self) {
        self.area = Rect::default();
    }

    /// The lines on the screen: number and place. Scrolls so that the cursor is among them.
    pub fn lines(&mut self, area: Rect, len: usize) -> impl Iterator<Item = (usize, Rect)> + use<> {
        self.area = area;
        let height = usize::from(area.height);
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.clamp((self.at + 1).saturating_sub(height), self.at);
        self.top = self.top.min(len.saturating_sub(height));
        let top = self.top;
        (top..len.min(top + height))
            .map(move |n| (n, Rect { y: area.y + (n - top) as u16, height: 1, ..area }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_on_the_screen() {
        let mut l = Cursor::default();
        let area = Rect::new(0, 5, 10, 4);
        assert_eq!(
            l.lines(area, 10).map(|(n, r)| (n, r.y)).collect::<Vec<_>>(),
            [(0, 5), (1, 6), (2, 7), (3, 8)]
        );
        l.command(Command::Last, 10);
        assert_eq!(l.lines(area, 10).next().map(|(n, _)| n), Some(6));
        l.command(Command::PageUp, 10);
        assert_eq!((l.at, l.lines(area, 10).next().map(|(n, _)| n)), (6, Some(6)));
        assert!(l.click(3, 7, 10) && !l.click(3, 4, 10));
        assert_eq!(l.at, 8);
        assert_eq!(l.lines(area, 2).count(), 2);
        assert_eq!((l.lines(area, 0).count(), l.at), (0, 0));
    }
}
