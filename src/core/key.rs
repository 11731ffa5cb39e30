//! A key chord: read from and written as `ctrl-r`, `alt-1`, `f5`, `g`, `G`, `space`.

use std::fmt;

/// A key without modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A character as typed (`G` is `Char('G')`, no shift flag).
    Char(char),
    /// Function key.
    F(u8),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift+Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
}

/// A key with its modifiers. Shift is kept only for keys that are not characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// Control.
    pub ctrl: bool,
    /// Alt (Meta).
    pub alt: bool,
    /// Shift, for non-character keys.
    pub shift: bool,
}

const NAMES: &[(&str, Key)] = &[
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("backtab", Key::BackTab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("insert", Key::Insert),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
    ("space", Key::Char(' ')),
];

impl Chord {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false, shift: false }
    }

    /// A character without modifiers.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(Key::Char(c))
    }

    /// Reads `ctrl-r`, `shift-tab`, `alt-1`, `f5`, `space`, `G`, `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut chord = Self::char(' ');
        let mut rest = text;
        loop {
            if let Some(r) = rest.strip_prefix("ctrl-").filter(|r| !r.is_empty()) {
                chord.ctrl = true;
                rest = r;
            } else if let Some(r) = rest.strip_prefix("alt-").filter(|r| !r.is_empty()) {
                chord.alt = true;
                rest = r;
            } else if let Some(r) = rest.strip_prefix("shift-").filter(|r| !r.is_empty()) {
                chord.shift = true;
                rest = r;
            } else {
                break;
            }
        }
        chord.key = if let Some((_, k)) = NAMES.iter().find(|(n, _)| *n == rest) {
            *k
        } else if let Some(n) = rest.strip_prefix('f').and_then(|n| n.parse().ok()) {
            Key::F(n)
        } else {
            let mut chars = rest.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Key::Char(c),
                _ => return None,
            }
        };
        if chord.shift && chord.key == Key::Tab {
            chord.key = Key::BackTab;
            chord.shift = false;
        }
        Some(chord)
    }

    /// Reads a sequence of chords separated by blanks: `g g`, `space p`.
    #[must_use]
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        let all: Option<Vec<_>> = text.split_whitespace().map(Self::parse).collect();
        all.filter(|v| !v.is_empty())
    }

    /// The character this chord types into a text, if it types one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.key {
            Key::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if on {
                f.write_str(name)?;
            }
        }
        if self.key == Key::BackTab {
            return f.write_str("shift-tab");
        }
        if let Some((n, _)) = NAMES.iter().find(|(_, k)| *k == self.key) {
            return f.write_str(n);
        }
        match self.key {
            Key::Char(c) => write!(f, "{c}"),
            Key::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A chord as people read it: `Ctrl+R`, `Alt+1`, `F5`, `Space`.
#[must_use]
pub fn pretty(chord: Chord) -> String {
    let mut out = String::new();
    for part in chord.to_string().split_inclusive('-') {
        match part {
            "ctrl-" => out.push_str("Ctrl+"),
            "alt-" => out.push_str("Alt+"),
            "shift-" => out.push_str("Shift+"),
            p if p.chars().count() > 1 => {
                let mut c = p.chars();
                out.extend(c.next().map(|c| c.to_ascii_uppercase()));
                out.push_str(c.as_str());
            }
            p if chord.ctrl => out.push_str(&p.to_uppercase()),
            p => out.push_str(p),
        }
    }
    out.replace("Pageup", "PgUp").replace("Pagedown", "PgDn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_read_back_as_written() {
        for t in [
            "ctrl-r",
            "alt-1",
            "f5",
            "space",
            "G",
            "-",
            "ctrl--",
            "shift-tab",
            "pageup",
            "|",
            "ctrl-space",
            "f12",
            "f",
        ] {
            let c = Chord::parse(t).unwrap_or_else(|| panic!("{t}"));
            assert_eq!(c.to_string(), t);
        }
        assert_eq!(Chord::parse("hello"), None);
        assert_eq!(Chord::parse_all("g g").map(|v| v.len()), Some(2));
    }

    #[test]
    fn chords_for_people() {
        for (t, p) in [
            ("ctrl-r", "Ctrl+R"),
            ("f5", "F5"),
            ("shift-tab", "Shift+Tab"),
            ("g", "g"),
            ("pageup", "PgUp"),
            ("ctrl-space", "Ctrl+Space"),
            ("-", "-"),
        ] {
            assert_eq!(pretty(Chord::parse(t).expect(t)), p);
        }
    }
}
