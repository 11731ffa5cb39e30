//! The lexical state at the start of each line, kept so that typing costs only the lines it changes.

use super::buffer::Touched;
use crate::sql::lex::LineState;
use std::ops::Range;

/// Coloured pieces of a line: byte ranges and style names, ascending.
pub type Spans = Vec<(Range<usize>, &'static str)>;

/// Colours one line: gets the line and the state it starts in, fills the spans, returns the state
/// the next line starts in. `widgets::editor::plain` colours nothing.
pub type Colour<'a> = dyn FnMut(&str, &LineState, &mut Spans) -> LineState + 'a;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct States {
    /// State at the start of each line.
    at: Vec<LineState>,
    /// Lines whose text changed since they were looked at: from the first to the last of them.
    dirty: Option<(usize, usize)>,
}

impl States {
    pub(super) fn new(lines: usize) -> Self {
        Self { at: vec![LineState::default(); lines], dirty: Some((0, lines.saturating_sub(1))) }
    }

    pub(super) fn touched(&mut self, t: Touched) {
        let behind = t.first + 1;
        let gone = behind..(behind + t.gone).min(self.at.len());
        self.at.splice(gone, std::iter::repeat_n(LineState::default(), t.come));
        let last = t.first + t.come;
        self.dirty = Some(match self.dirty {
            None => (t.first, last),
            Some((from, to)) => {
                let to = if to > t.first { (to + t.come).saturating_sub(t.gone) } else { to };
                (from.min(t.first), to.max(last))
            }
        });
    }

    /// All lines are to be looked at anew (a setting that matters for lexing changed).
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.at.len());
    }

    /// Makes the states right up to the start of line `upto`; returns the number of lines looked at.
    pub(super) fn settle(&mut self, lines: &[String], upto: usize, colour: &mut Colour<'_>) -> usize {
        let Some((mut line, last)) = self.dirty else { return 0 };
        let upto = upto.min(lines.len().saturating_sub(1));
        let (mut looked, mut spans) = (0, vec![]);
        while line < upto {
            spans.clear();
            let next = colour(&lines[line], &self.at[line], &mut spans);
            looked += 1;
            line += 1;
            let same = self.at[line] == next;
            self.at[line] = next;
            if same && line > last {
                self.dirty = None;
                return looked;
            }
        }
        // The last line's own end state matters to nobody.
        self.dirty = if line + 1 >= lines.len() { None } else { Some((line, last.max(line))) };
        looked
    }

    pub(super) fn get(&self, line: usize) -> LineState {
        self.at.get(line).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A comment opens with `(` and closes with `)`.
    fn toy(line: &str, state: &LineState, _: &mut Spans) -> LineState {
        match line.chars().rfind(|c| "()".contains(*c)) {
            Some('(') => LineState::Comment(1),
            Some(_) => LineState::Normal,
            None => state.clone(),
        }
    }

    #[test]
    fn only_lines_whose_state_changes_are_looked_at() {
        let mut lines: Vec<String> = (0..5000).map(|n| format!("line {n}")).collect();
        let mut s = States::new(lines.len());
        assert_eq!(s.settle(&lines, 4999, &mut toy), 4999);
        let touch = |s: &mut States, first| s.touched(Touched { first, gone: 0, come: 0 });
        touch(&mut s, 4000);
        assert_eq!(s.settle(&lines, 4999, &mut toy), 1, "the state did not change");
        lines[4000] = "(".into();
        touch(&mut s, 4000);
        assert_eq!(s.settle(&lines, 4020, &mut toy), 20, "only as far as the screen");
        assert_eq!(s.get(4001), LineState::Comment(1));
        lines[4002] = ")".into();
        touch(&mut s, 4002);
        assert_eq!(s.settle(&lines, 4999, &mut toy), 19, "behind what was looked at nothing had changed");
        assert_eq!(s.get(4003), LineState::Normal);
    }

    #[test]
    fn lines_come_and_go() {
        let mut lines: Vec<String> = ["(", "a", ")", "b"].map(String::from).to_vec();
        let mut s = States::new(4);
        s.settle(&lines, 3, &mut toy);
        lines.splice(1..2, ["x".to_owned(), "y".to_owned(), "z".to_owned()]);
        s.touched(Touched { first: 0, gone: 1, come: 3 });
        s.settle(&lines, 5, &mut toy);
        let states: Vec<_> = (0..6).map(|n| s.get(n) == LineState::Normal).collect();
        assert_eq!(states, [true, false, false, false, false, true]);
    }
}
