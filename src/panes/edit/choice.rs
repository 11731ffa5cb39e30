//! One of a few values: true and false, the labels of an enum. Typing goes to what begins so.

use crate::{
    core::{
        command::Command,
        key::{Chord, Key},
        theme::Theme,
    },
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect};

/// The values and the one that is chosen.
#[derive(Debug)]
pub struct Choice {
    /// Value and what is shown for it; `None` is NULL.
    items: Vec<(Option<String>, String)>,
    at: usize,
    typed: String,
    toggles: bool,
    top: usize,
    area: Rect,
}

impl Choice {
    /// True and false, and NULL where it may be.
    #[must_use]
    pub fn boolean(now: Option<&str>, null: bool) -> Self {
        let items =
            vec![(Some("t".to_owned()), "true".to_owned()), (Some("f".to_owned()), "false".to_owned())];
        Self::new(items, now, null, true)
    }

    /// The labels, and NULL where it may be. A value that is none of them stays choosable.
    #[must_use]
    pub fn labels(labels: &[String], now: Option<&str>, null: bool) -> Self {
        let mut items: Vec<_> = labels.iter().map(|l| (Some(l.clone()), l.clone())).collect();
        if let Some(now) = now.filter(|n| !labels.iter().any(|l| l == n)) {
            items.insert(0, (Some(now.to_owned()), now.to_owned()));
        }
        Self::new(items, now, null, false)
    }

    fn new(mut items: Vec<(Option<String>, String)>, now: Option<&str>, null: bool, toggles: bool) -> Self {
        if null || now.is_none() {
            items.push((None, "‹null›".into()));
        }
        let at = items.iter().position(|(v, _)| v.as_deref() == now).unwrap_or(0);
        Self { items, at, typed: String::new(), toggles, top: 0, area: Rect::default() }
    }

    /// The chosen value.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.items.get(self.at).and_then(|(v, _)| v.as_deref())
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// To this value; `false`: it is not to be chosen.
    pub fn set(&mut self, value: Option<&str>) -> bool {
        let at = self.items.iter().position(|(v, _)| v.as_deref() == value);
        self.at = at.unwrap_or(self.at);
        self.typed.clear();
        at.is_some()
    }

    /// Moves; `false`: none of its own.
    pub fn command(&mut self, command: Command) -> bool {
        let (last, page) = (self.items.len().saturating_sub(1), usize::from(self.area.height.max(1)));
        self.at = match command {
            Command::ListUp => self.at.checked_sub(1).unwrap_or(last),
            Command::ListDown if self.at >= last => 0,
            Command::ListDown => self.at + 1,
            Command::ListPageUp => self.at.saturating_sub(page),
            Command::ListPageDown => (self.at + page).min(last),
            _ => return false,
        };
        self.typed.clear();
        true
    }

    /// A key: the blank goes on to the next value of a pair, letters go to what begins so.
    pub fn key(&mut self, chord: Chord) {
        match (chord.key, chord.typed()) {
            (Key::Left, _) => drop(self.command(Command::ListUp)),
            (Key::Right, _) => drop(self.command(Command::ListDown)),
            // No answer begins with these: they move, as everywhere.
            (Key::Char('j' | ' '), Some(_)) if self.toggles => drop(self.command(Command::ListDown)),
            (Key::Char('k'), Some(_)) if self.toggles => drop(self.command(Command::ListUp)),
            (Key::Backspace, _) => drop(self.typed.pop()),
            (_, Some(c)) if self.toggles => drop(match c.to_ascii_lowercase() {
                't' | 'y' | '1' => self.set(Some("t")),
                'f' | '0' => self.set(Some("f")),
                'n' => self.set(None),
                _ => false,
            }),
            (_, Some(c)) => {
                self.typed.push(c);
                if !self.find() {
                    // A letter that leads nowhere begins anew.
                    self.typed = c.to_string();
                    if !self.find() {
                        self.typed.clear();
                    }
                }
            }
            _ => {}
        }
    }

    fn find(&mut self) -> bool {
        let typed = self.typed.to_lowercase();
        let lower = |(_, shown): &(Option<String>, String)| shown.to_lowercase();
        let begins = self.items.iter().position(|i| lower(i).starts_with(&typed));
        let hit = begins.or_else(|| self.items.iter().position(|i| lower(i).contains(&typed)));
        self.at = hit.unwrap_or(self.at);
        hit.is_some()
    }

    /// The cursor to the value at this place of the screen; `true` when there is one.
    pub fn click(&mut self, x: u16, y: u16) -> bool {
        let at = self.top + usize::from(y.saturating_sub(self.area.y));
        let hit = self.area.contains((x, y).into()) && at < self.items.len();
        if hit {
            self.at = at;
        }
        hit
    }

    /// Draws the values around the chosen one.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        self.area = area;
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(usize::from(area.height)));
        for row in 0..area.height {
            let at = self.top + usize::from(row);
            let Some((value, shown)) = self.items.get(at) else { break };
            let here = at == self.at;
            let line = Rect { y: area.y + row, height: 1, ..area };
            let style = match (here, value) {
                (true, _) => theme.style("list.cursor"),
                (false, Some(_)) => theme.style("popup"),
                (false, None) => theme.style("grid.cell.null"),
            };
            if here {
                paint::fill(buf, line, style);
            }
            let x = paint::put(buf, line.x, line.y, line.width, if here { "▸ " } else { "  " }, style);
            let shown = if shown.is_empty() { "‹empty text›" } else { shown };
            paint::put_clipped(buf, x, line.y, line.right().saturating_sub(x), shown, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(choice: &mut Choice, keys: &str) {
        for k in keys.split(' ') {
            choice.key(Chord::parse(k).expect(k));
        }
    }

    #[test]
    fn a_pair_toggles() {
        let mut c = Choice::boolean(Some("t"), true);
        for want in [Some("f"), None, Some("t")] {
            keys(&mut c, "space");
            assert_eq!(c.value(), want);
        }
        keys(&mut c, "f");
        assert_eq!(c.value(), Some("f"));
        let mut c = Choice::boolean(Some("f"), false);
        keys(&mut c, "n x");
        assert_eq!((c.value(), c.len()), (Some("f"), 2), "NOT NULL");
    }

    #[test]
    fn typing_finds_a_label() {
        let labels = ["open", "in progress", "closed"].map(String::from);
        let mut c = Choice::labels(&labels, Some("gone"), true);
        assert_eq!((c.value(), c.len()), (Some("gone"), 5));
        keys(&mut c, "c l");
        assert_eq!(c.value(), Some("closed"));
        keys(&mut c, "p");
        assert_eq!(c.value(), Some("open"));
        keys(&mut c, "r o");
        assert_eq!(c.value(), Some("in progress"), "anywhere in the label");
        assert!(c.set(None) && c.value().is_none());
    }
}
