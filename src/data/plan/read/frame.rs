//! psql's frames of every line style and border, and those of clients alike: headers, rules, borders, the marks where a
//! line goes on.

use crate::text::width;
use std::borrow::Cow;

const BORDERS: [char; 3] = ['|', '│', '║'];
const RULES: &str = "-+=─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬╞╡╪╟╢╫╤╧╥╨|:";

/// Spaces in a row in a plan are fewer.
const MOST_LOST: usize = 16;

/// What is known of the frame around the lines that are being read.
#[derive(Default)]
pub(super) struct Frame {
    /// Under a header.
    inside: bool,
    /// Only on the right, as DBeaver draws it.
    right: bool,
    /// Cells of the rule under the header.
    rule: usize,
    /// The rule has corners: the lines have borders on both sides.
    boxed: bool,
    /// Expanded display.
    expanded: Option<Expanded>,
    /// Inside, every line begins with a space.
    padded: Option<bool>,
    /// The last line ended with the mark that it goes on.
    pub goes_on: bool,
    /// The last line has no mark of what follows: the cells of space it may have lost at its end. Old-ascii marks
    /// nothing, so there whether the next line is its rest is told by what that looks like.
    pub lost: Option<usize>,
}

/// Expanded display: a line for each column, `QUERY PLAN | …`, below a line for each row.
#[derive(Clone, Copy, Default)]
struct Expanded {
    /// Cells before the value; 0 until the first one.
    start: usize,
    /// The first cell behind the value, where the mark stands; 0: not known.
    end: usize,
}

/// What the start of a line in expanded display says of it.
enum Begin {
    /// A value begins.
    Value,
    /// The value goes on in a new line.
    Line,
    /// It goes on where the former line ended.
    Rest,
}

impl Expanded {
    /// From the line over a row.
    fn of(line: &str, whole: &str) -> Self {
        let cells = width::width(whole);
        let end = match whole.chars().next() {
            // Padded to the end of the values, unless whoever copied it cut the spaces off.
            Some('*') if line.ends_with(' ') => width::width(line) + 1,
            Some('*') => 0,
            Some('-' | '─' | '═') => cells,
            _ => cells.saturating_sub(2),
        };
        Self { start: 0, end }
    }

    /// The value on a line, or its part; none: the line is of no value.
    fn part<'a>(&mut self, line: &'a str) -> Option<(Begin, &'a str)> {
        if let Some(start) = value_start(line) {
            self.start = width::width(&line[..start]);
            return Some((Begin::Value, self.cut(&line[start..])));
        }
        if self.start < 2 {
            return None;
        }
        let before = width::head(line, self.start);
        if width::width(before) < self.start {
            return before.trim().is_empty().then_some((Begin::Line, ""));
        }
        let mut chars = before.chars().rev();
        let (mark, divider) = (chars.next()?, chars.next()?);
        let label = chars.all(|c| c == ' ' || BORDERS.contains(&c));
        let begin = match (divider, mark) {
            _ if !label => return None,
            (_, '.' | '…') | (';', ' ') => Begin::Rest,
            (' ' | ':', ' ') => Begin::Line,
            (c, ' ') if BORDERS.contains(&c) => Begin::Line,
            _ => return None,
        };
        Some((begin, self.cut(&line[before.len()..])))
    }

    /// What stands from the start of the value on, with its mark and without its right border.
    fn cut<'a>(&self, value: &'a str) -> &'a str {
        let bare = value.trim_end();
        let border = bare.strip_suffix(BORDERS).filter(|rest| rest.ends_with([' ', '+', '.', '…', '↵']));
        border.filter(|_| self.end == 0 || width::width(bare) > self.end - self.start).unwrap_or(value)
    }
}

/// The byte where the value begins behind its label.
fn value_start(line: &str) -> Option<usize> {
    let text = line.strip_prefix(BORDERS).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(line);
    let rest = text.trim_start_matches(' ').strip_prefix("QUERY PLAN")?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let rest = rest.strip_prefix(BORDERS).map_or(rest, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    Some(line.len() - rest.len())
}

impl Frame {
    /// Takes the frame off a line; false: it goes on where the former line ended.
    pub fn strip(&mut self, line: &mut Cow<'_, str>, ends: &mut bool) -> bool {
        self.lost = None;
        let whole = line.trim_end();
        let bare = whole.trim_start();
        // Most lines of most texts, soon told: no frame, and nothing of one begins so.
        let plain = bare.starts_with(|c: char| c.is_ascii_alphabetic() && c != 'Q') || bare.starts_with("->");
        if !self.inside && self.expanded.is_none() && !self.goes_on && (plain || bare.is_empty()) {
            return true;
        }
        if is_record(bare) {
            let start = self.expanded.map_or(0, |expanded| expanded.start);
            self.expanded = Some(Expanded { start, ..Expanded::of(line, whole) });
            self.goes_on = false;
            *line = Cow::Borrowed("");
            return true;
        }
        if bare.chars().count() > 2 && bare.chars().all(|c| RULES.contains(c)) {
            if self.inside && self.rule == 0 {
                self.rule = width::width(whole);
                self.boxed = !bare.starts_with(['-', '─', '═']);
            } else if self.inside && !bare.starts_with(['|', '├', '╟', '╠', '╞']) {
                *ends = self.expanded.is_none();
            }
            *line = Cow::Borrowed("");
            return true;
        }
        if bare.trim_matches(|c| BORDERS.contains(&c) || c == ' ') == "QUERY PLAN" {
            let right = !bare.starts_with(BORDERS) && bare.ends_with(BORDERS);
            *self = Self { inside: true, right, ..Self::default() };
            *line = Cow::Borrowed("");
            *ends = true;
            return true;
        }
        if is_count(bare) || bare.starts_with("```") || bare.starts_with("~~~") {
            *self = Self::default();
            *ends = true;
            *line = Cow::Borrowed("");
            return true;
        }
        match self.expanded {
            Some(expanded) => self.value(expanded, line),
            None => self.row(line),
        }
    }

    /// A line of expanded display.
    fn value(&mut self, mut expanded: Expanded, line: &mut Cow<'_, str>) -> bool {
        let goes_on = std::mem::take(&mut self.goes_on);
        let Some((begin, mut text)) = expanded.part(line) else { return true };
        if width::width(text.trim_end()) > (expanded.end + 1).saturating_sub(expanded.start) {
            // A line over the row that somebody shortened.
            expanded.end = 0;
        }
        self.expanded = Some(expanded);
        let cells = expanded.end.saturating_sub(expanded.start);
        let marked = if expanded.end > 0 {
            let inside = width::head(text, cells);
            let mark = text[inside.len()..].chars().next();
            text = inside;
            mark
        } else {
            let mark = text.chars().next_back().filter(|c| ['+', '↵', '.', '…'].contains(c));
            text = mark.and_then(|mark| text.strip_suffix(mark)).unwrap_or(text);
            mark
        };
        match marked {
            Some('.' | '…') => self.goes_on = true,
            Some('+' | '↵') => {}
            _ if expanded.end > 0 => self.lost = lost(cells, text),
            _ => {}
        }
        *line = Cow::Owned(text.to_owned());
        match begin {
            Begin::Value => true,
            Begin::Line => !goes_on,
            Begin::Rest => false,
        }
    }

    /// A line between the rules.
    fn row(&mut self, line: &mut Cow<'_, str>) -> bool {
        let goes_on = std::mem::take(&mut self.goes_on);
        let mut text = self.bordered(line);
        if self.inside {
            let full = self.rule == 0 || width::width(line.trim_end()) >= self.rule;
            let marked = text.strip_suffix(['+', '↵']).filter(|_| full);
            if let Some(before) = marked {
                text = before;
            } else if let Some(before) = text.strip_suffix(['.', '…']).filter(|_| full && self.rule > 0) {
                text = before;
                self.goes_on = true;
            }
            if !text.trim().is_empty() {
                let padded = *self.padded.get_or_insert(text.starts_with(' '));
                text = text.strip_prefix(' ').filter(|_| padded && !goes_on).unwrap_or(text);
            }
            if marked.is_none() && !self.goes_on && self.rule > 0 && !self.right {
                let frame = if self.boxed { 4 } else { 2 * usize::from(self.padded == Some(true)) };
                self.lost = lost(self.rule.saturating_sub(frame), text);
            }
            if goes_on {
                let rest = text.trim_start_matches(' ');
                text = rest.strip_prefix(['.', '…']).unwrap_or(text);
            }
        }
        if text.len() != line.len() {
            *line = Cow::Owned(text.to_owned());
        }
        !goes_on
    }

    /// The line without its borders.
    fn bordered<'a>(&self, line: &'a str) -> &'a str {
        let mut text = line;
        let end = text.trim_end();
        let left =
            text.strip_prefix(BORDERS).filter(|rest| rest.is_empty() || rest.starts_with([' ', '.', '…']));
        if let Some(rest) = left {
            text = rest;
            if let Some(rest) = end.strip_suffix(BORDERS)
                && rest.len() + 1 > line.len() - text.len()
            {
                text = &line[line.len() - text.len()..rest.len()];
            }
        } else if self.right
            && let Some(rest) = end.strip_suffix(BORDERS)
        {
            text = rest;
        }
        text
    }
}

/// The cells a line may have lost at its end. A line that is much shorter than its frame was not wrapped by psql.
fn lost(cells: usize, text: &str) -> Option<usize> {
    cells.checked_sub(width::width(text.trim_end())).filter(|lost| *lost <= MOST_LOST)
}

/// The line over a row in expanded display, in any language: `-[ RECORD 1 ]---`, `* Record 1`.
fn is_record(bare: &str) -> bool {
    let numbered = |text: &str| text.ends_with(|c: char| c.is_ascii_digit());
    let inner = bare.trim_start_matches(|c| RULES.contains(c)).strip_prefix("[ ");
    let inner = inner.and_then(|inner| inner.split_once(" ]"));
    inner.is_some_and(|(name, rest)| numbered(name) && rest.chars().all(|c| RULES.contains(c)))
        || bare.strip_prefix("* ").is_some_and(numbered)
}

/// `(3 rows)`, in any language psql speaks.
fn is_count(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return false };
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let word = inner[digits..].trim();
    digits > 0 && !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || c == '.')
}
