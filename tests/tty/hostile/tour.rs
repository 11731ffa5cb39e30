//! Going through the screens and noting which of the tagged texts were on them.

use super::world::World;
use crate::{
    F5, Home,
    emulator::{Count, Emulator},
    strict,
    tty::Tty,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

pub const PAGE_DOWN: &str = "\x1b[6~";
pub const PAGE_UP: &str = "\x1b[5~";
pub const CTRL_P: &str = "\x10";
/// When going through a list is given up; generous, machines are slow at times.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes behind which a frame is whole.
const FRAME_END: &[u8] = b"\x1b[?2026l";
const SIZE: (u16, u16) = (150, 45);

pub struct Tour {
    pub t: Tty,
    emulator: Emulator,
    /// Bytes the emulator was given.
    read: usize,
    seen: BTreeMap<char, BTreeSet<usize>>,
    _home: Home,
}

impl Tour {
    pub fn start(world: &World, profile: &str) -> Self {
        let home = world.home();
        let t = home.start(&["--profile", profile], SIZE.0, SIZE.1);
        let emulator = Emulator::new(SIZE.0, SIZE.1, Count::Graphemes);
        Self { t, emulator, read: 0, seen: BTreeMap::new(), _home: home }
    }

    /// The screen as of the last whole frame.
    pub fn screen(&mut self) -> String {
        let new = self.t.raw_since(self.read);
        let end = new.windows(FRAME_END.len()).rposition(|w| w == FRAME_END);
        if let Some(end) = end.map(|at| at + FRAME_END.len()) {
            self.emulator.write(&new[..end]);
            self.read += end;
        }
        self.emulator.text()
    }

    /// Presses keys and looks at what comes of them; keys that change nothing are only waited for a little.
    pub fn press(&mut self, keys: &str) -> bool {
        let before = self.screen();
        self.t.send(keys);
        let end = Instant::now() + Duration::from_millis(200);
        let mut changed = false;
        while !changed && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(3));
            changed = self.screen() != before;
        }
        self.look();
        changed
    }

    /// Notes the tags on the screen: a letter and three digits at the beginning of a word.
    pub fn look(&mut self) {
        let screen = self.screen();
        let chars: Vec<char> = screen.chars().collect();
        for at in 0..chars.len().saturating_sub(3) {
            let number: String = chars[at + 1..at + 4].iter().collect();
            let begins = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
            if chars[at].is_ascii_lowercase() && begins && number.bytes().all(|b| b.is_ascii_digit()) {
                self.seen.entry(chars[at]).or_default().insert(number.parse().unwrap_or_default());
            }
        }
    }

    pub fn see(&mut self, text: &str) {
        self.until(text, |s| s.contains(text));
    }

    /// Waits until the screen is like this, and looks at it.
    pub fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is(&screen) {
                return self.look();
            }
            assert!(Instant::now() < end, "waited for {what}; the screen was\n{screen}");
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// The same key, from the beginning again when it moves nothing any more, until so many of a kind were seen: what was
    /// loaded only when the screen had moved on is seen in the next round.
    pub fn through(&mut self, keys: &str, home: &str, letter: char, wanted: usize) {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen.get(&letter).map_or(0, BTreeSet::len);
            if seen >= wanted {
                return;
            }
            let all = self.seen.get(&letter).cloned().unwrap_or_default();
            let lacks: Vec<usize> = (0..wanted).filter(|n| !all.contains(n)).take(20).collect();
            assert!(
                Instant::now() < end,
                "only {seen} of {wanted} “{letter}” were on the screen, not {lacks:?}; it was\n{}",
                self.screen()
            );
            if !self.press(keys) && !self.press(keys) {
                self.press(home);
            }
        }
    }

    /// The last whole frame as another terminal shows it.
    pub fn other(&self) -> Emulator {
        let mut other = Emulator::new(SIZE.0, SIZE.1, Count::Characters);
        other.write(&self.t.raw()[..self.read]);
        other
    }

    /// The last whole frame.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// A statement in the editor, in place of what was there.
    pub fn run(&mut self, sql: &str) {
        self.t.send("\x1bi").send("\x1b[1;5F").send(&format!("\x1b[200~;\n{sql}\x1b[201~"));
        self.press(F5);
    }

    /// A key that may be pressed once too often, until a text is there.
    pub fn press_until(&mut self, keys: &str, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(Instant::now() < end, "{text} never came; the screen was\n{}", self.screen());
            self.press(keys);
        }
        self.look();
    }

    /// Leaves whatever is open above the pane. An Esc and the next key must not come as one.
    pub fn leave(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.screen().contains('╭') {
            assert!(Instant::now() < end, "it stays; the screen was\n{}", self.screen());
            self.press("\x1b");
            let soon = Instant::now() + Duration::from_secs(1);
            while self.screen().contains('╭') && Instant::now() < soon {
                std::thread::sleep(Duration::from_millis(3));
            }
        }
    }

    /// Goes to a pane, out of whatever is open.
    pub fn pane(&mut self, digit: char) {
        let (key, shown) = (format!("\x1b{digit}"), format!("▌{digit} "));
        let end = Instant::now() + PATIENCE;
        // What an earlier key opens may come late.
        while !self.screen().contains(&shown) {
            assert!(Instant::now() < end, "{shown} never came; the screen was\n{}", self.screen());
            self.leave();
            self.press(&key);
        }
        self.look();
    }

    /// A table in Browse, by psql's word.
    pub fn open(&mut self, table: &str) {
        self.pane('1');
        self.press(":");
        self.press(&format!("\\d {table}\r"));
        self.see(&format!("▌{table}"));
        self.see("row 1");
    }

    /// Ends the program and judges every byte it wrote.
    pub fn judge(mut self) {
        self.t.signal("TERM");
        self.t.end();
        let raw = self.t.raw();
        // Nothing came to the last gate either: every widget had cleaned what it drew.
        let text = String::from_utf8_lossy(&raw);
        let forgot = text.find('\u{fffd}').map(|at| text[..at].chars().rev().take(200).collect::<Vec<_>>());
        assert!(forgot.is_none(), "{:?}", forgot.map(|c| c.into_iter().rev().collect::<String>()));
        let faults = strict::faults(&raw, strict::Place::Screen);
        assert!(raw.len() > 20_000 && faults.is_empty(), "{} bytes\n{}", raw.len(), faults.join("\n"));
    }
}
