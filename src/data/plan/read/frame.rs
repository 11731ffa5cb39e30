//! psql's frames of every line style and border, and those of clients alike: headers, rules, borders, the marks where a
//! line goes on.

use crate::text::width;
use std::borrow::Cow;

const BORDERS: [char; 3] = ['|', '│', '║'];
const RULES: &str = "-+=─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬╞╡╪╟╢╫╤╧╥╨|:";

/// What is known of the frame around the lines that are being read.
#[derive(Default)]
pub(super) struct Frame {
    /// Under a header.
    inside: bool,
    /// Only on the right, as DBeaver draws it.
    right: bool,
    /// Cells of the rule under the header.
    rule: usize,
    /// In expanded display: cells before the value.
    value: Option<usize>,
    /// Inside, every line begins with a space.
    padded: Option<bool>,
    /// The last line ended with the mark that it goes on.
    pub goes_on: bool,
}

impl Frame {
    /// Takes the frame off a line; false: it goes on where the former line ended.
    pub fn strip(&mut self, line: &mut Cow<'_, str>, ends: &mut bool) -> bool {
        let whole = line.trim_end();
        let bare = whole.trim_start();
        // Most lines of most texts, soon told: no frame, and nothing of one begins so.
        let plain = bare.starts_with(|c: char| c.is_ascii_alphabetic() && c != 'Q') || bare.starts_with("->");
        if !self.inside && self.value.is_none() && !self.goes_on && (plain || bare.is_empty()) {
            return true;
        }
        let record = bare.trim_start_matches(|c| RULES.contains(c)).starts_with("[ ")
            && bare.ends_with(['-', '─', '═', '+', '┐', '┤', '╗', '╣', '╢']);
        if record || bare.strip_prefix("* ").is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()))
        {
            self.value.get_or_insert(0);
            *line = Cow::Borrowed("");
            return true;
        }
        if bare.chars().count() > 2 && bare.chars().all(|c| RULES.contains(c)) {
            if self.inside && self.rule == 0 {
                self.rule = width::width(whole);
            } else if self.inside && !bare.starts_with(['|', '├', '╟', '╠', '╞']) {
                *ends = self.value.is_none();
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
        let goes_on = std::mem::take(&mut self.goes_on);
        let mut text = self.bordered(line);
        if self.inside || self.value.is_some() {
            let full = self.rule == 0 || width::width(line.trim_end()) >= self.rule;
            if let Some(before) = text.strip_suffix(['+', '↵']).filter(|_| full) {
                text = before;
            } else if let Some(before) = text.strip_suffix(['.', '…']).filter(|_| full && self.rule > 0) {
                text = before;
                self.goes_on = true;
            }
            if !text.trim().is_empty() {
                let padded = *self.padded.get_or_insert(text.starts_with(' '));
                text = text
                    .strip_prefix(' ')
                    .filter(|_| padded && !goes_on && self.value.is_none())
                    .unwrap_or(text);
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
    fn bordered<'a>(&mut self, line: &'a str) -> &'a str {
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
        let Some(value) = self.value.as_mut() else { return text };
        // Expanded display: `QUERY PLAN | …`, and the lines after it have nothing in the place of the name.
        if let Some(rest) = text.trim_start_matches(' ').strip_prefix("QUERY PLAN") {
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            let rest = rest.strip_prefix(BORDERS).unwrap_or(rest);
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            *value = text.chars().count() - rest.chars().count();
            return rest;
        }
        let head = text.char_indices().nth(*value).map_or(text.len(), |(at, _)| at);
        if *value > 0 && text[..head].chars().all(|c| c == ' ' || BORDERS.contains(&c)) {
            &text[head..]
        } else {
            text
        }
    }
}

/// `(3 rows)`, in any language psql speaks.
fn is_count(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return false };
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let word = inner[digits..].trim();
    digits > 0 && !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || c == '.')
}
