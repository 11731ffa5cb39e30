//! Array literals of one dimension as a list of elements, and back. Everything else stays raw text.

use crate::{
    core::{command::Command, theme::Theme},
    text::width,
    widgets::{editor::Editor, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// The blanks of the server's array syntax.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

/// The elements of a literal of one dimension with plain bounds; `None` for every other text.
#[must_use]
pub fn parse(text: &str, delimiter: char) -> Option<Vec<Option<String>>> {
    let inner = text.trim_matches(BLANKS).strip_prefix('{')?;
    let mut chars = inner.chars().peekable();
    let mut out = vec![];
    loop {
        while chars.next_if(|c| BLANKS.contains(c)).is_some() {}
        if chars.peek() == Some(&'}') && out.is_empty() {
            chars.next();
            break;
        }
        let quoted = chars.next_if_eq(&'"').is_some();
        let (mut element, mut kept) = (String::new(), 0);
        let mut escaped = false;
        let end = loop {
            match chars.next()? {
                '\\' => {
                    element.push(chars.next()?);
                    (escaped, kept) = (true, element.len());
                }
                '"' if quoted => {
                    while chars.next_if(|c| BLANKS.contains(c)).is_some() {}
                    break chars.next()?;
                }
                '"' | '{' if !quoted => return None,
                c if !quoted && (c == delimiter || c == '}') => break c,
                c => element.push(c),
            }
        };
        if !quoted {
            let trimmed = element.trim_end_matches(BLANKS).len().max(kept);
            element.truncate(trimmed);
            if element.is_empty() && !escaped {
                return None;
            }
        }
        let null = !quoted && !escaped && element.eq_ignore_ascii_case("null");
        out.push((!null).then_some(element));
        match end {
            '}' => break,
            c if c == delimiter => {}
            _ => return None,
        }
    }
    chars.next().is_none().then_some(out)
}

/// The literal as the server itself would write it.
#[must_use]
pub fn assemble(elements: &[Option<String>], delimiter: char) -> String {
    let mut out = String::from("{");
    for (n, element) in elements.iter().enumerate() {
        if n > 0 {
            out.push(delimiter);
        }
        let Some(text) = element else {
            out.push_str("NULL");
            continue;
        };
        let special = |c| matches!(c, '"' | '\\' | '{' | '}') || c == delimiter || BLANKS.contains(&c);
        if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
            out.push_str(text);
            continue;
        }
        out.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push('}');
    out
}

/// The list being edited. One place behind the last element waits for a new one.
#[derive(Debug)]
pub struct Elements {
    items: Vec<Option<String>>,
    delimiter: char,
    at: usize,
    top: usize,
    editor: Editor,
    /// The literal it came from, which is kept to the letter while no element changes.
    from: (String, Vec<Option<String>>),
    area: Rect,
}

impl Elements {
    /// A list of the literal's elements, if it is one.
    #[must_use]
    pub fn new(literal: &str, delimiter: char) -> Option<Self> {
        let items = if literal.is_empty() { vec![] } else { parse(literal, delimiter)? };
        let from = (literal.to_owned(), items.clone());
        let mut list =
            Self { items, delimiter, at: 0, top: 0, editor: Editor::default(), from, area: Rect::default() };
        list.go(0);
        Some(list)
    }

    /// The literal.
    #[must_use]
    pub fn text(&self) -> String {
        if self.items == self.from.1 && !self.from.0.is_empty() {
            return self.from.0.clone();
        }
        assemble(&self.items, self.delimiter)
    }

    /// What separates the elements.
    #[must_use]
    pub fn delimiter(&self) -> char {
        self.delimiter
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// There is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn go(&mut self, at: usize) {
        self.at = at.min(self.items.len());
        let text = self.items.get(self.at).cloned().flatten().unwrap_or_default();
        self.editor = Editor::new(&text);
        self.editor.exact = true;
        self.editor.numbers = false;
        self.editor.go(text.len());
    }

    /// The element's editor; what it leaves is taken over by `typed`.
    pub fn editor(&mut self) -> &mut Editor {
        &mut self.editor
    }

    /// The text of the element changed.
    pub fn typed(&mut self) {
        let text = Some(self.editor.text());
        match self.items.get_mut(self.at) {
            Some(item) => *item = text,
            None => self.items.push(text),
        }
    }

    /// The element becomes this.
    pub fn set(&mut self, text: Option<String>) {
        match self.items.get_mut(self.at) {
            Some(item) => *item = text,
            None => self.items.push(text),
        }
        self.go(self.at);
    }

    /// Moves and changes of the list; `false`: none of its own.
    pub fn command(&mut self, command: Command) -> bool {
        let page = usize::from(self.area.height.max(2) - 1);
        match command {
            Command::ListUp => self.go(self.at.saturating_sub(1)),
            Command::ListDown => self.go(self.at + 1),
            Command::ListPageUp => self.go(self.at.saturating_sub(page)),
            Command::ListPageDown => self.go(self.at + page),
            Command::AddElement => {
                self.items.insert(self.at, Some(String::new()));
                self.go(self.at);
            }
            Command::RemoveElement if self.at < self.items.len() => {
                self.items.remove(self.at);
                self.go(self.at.min(self.items.len().saturating_sub(1)));
            }
            Command::ElementUp if self.at > 0 && self.at < self.items.len() => {
                self.items.swap(self.at, self.at - 1);
                self.go(self.at - 1);
            }
            Command::ElementDown if self.at + 1 < self.items.len() => {
                self.items.swap(self.at, self.at + 1);
                self.go(self.at + 1);
            }
            Command::RemoveElement | Command::ElementUp | Command::ElementDown => {}
            _ => return false,
        }
        true
    }

    /// The cursor to the element at this line of the screen.
    pub fn click(&mut self, x: u16, y: u16) {
        if self.area.contains((x, y).into()) {
            let at = self.top + usize::from(y - self.area.y);
            if at == self.at {
                self.editor.click(x, y, false);
            } else {
                self.go(at);
            }
        }
    }

    /// Draws the elements around the cursor.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        self.area = area;
        let height = usize::from(area.height);
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        let digits = width::width(&self.items.len().to_string()) as u16;
        for row in 0..area.height {
            let at = self.top + usize::from(row);
            let y = area.y + row;
            if at > self.items.len() {
                break;
            }
            let here = at == self.at;
            let sign = if here { "▸" } else { " " };
            paint::put(buf, area.x, y, area.width, sign, theme.style("text.strong"));
            let number = if at < self.items.len() { (at + 1).to_string() } else { "+".into() };
            paint::put_right(buf, area.x + 2, y, digits, &number, theme.style("text.dim"));
            let x = area.x + digits + 4;
            let place = Rect { x, y, width: area.right().saturating_sub(x), height: 1 };
            let item = self.items.get(at);
            if here {
                self.editor.placeholder = match item {
                    Some(None) => "‹null›".into(),
                    Some(Some(_)) => "‹empty text›".into(),
                    None => "type to add an element".into(),
                };
                paint::fill(buf, place, theme.style("input"));
                self.editor.draw(buf, place, theme, true, &mut crate::widgets::editor::plain);
                continue;
            }
            let (text, style) = match item {
                Some(Some(t)) if t.is_empty() => ("‹empty text›", "grid.cell.empty"),
                Some(Some(t)) => (t.as_str(), "popup"),
                Some(None) => ("‹null›", "grid.cell.null"),
                None => ("", "text.dim"),
            };
            paint::put_clipped(buf, x, y, place.width, text, theme.style(style));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|t| Some((*t).to_owned())).collect()
    }

    #[test]
    fn literals_of_the_server() {
        for (text, want) in [
            ("{}", Some(vec![])),
            ("{a,b}", Some(some(&["a", "b"]))),
            ("{NULL,\"NULL\",\"\"}", Some(vec![None, Some("NULL".into()), Some(String::new())])),
            ("{\"a b\",\"c\\\"d\\\\\"}", Some(some(&["a b", "c\"d\\"]))),
            (" { a , b c } ", Some(some(&["a", "b c"]))),
            ("{a\\ }", Some(some(&["a "]))),
            ("{\"(1,\\\"x y\\\")\"}", Some(some(&["(1,\"x y\")"]))),
            ("{{1,2},{3,4}}", None),
            ("[0:2]={1,2,3}", None),
            ("{a", None),
            ("{a,}", None),
            ("{,a}", None),
            ("{a}b", None),
            ("{\"a\"b}", None),
            ("{a\"b}", None),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(parse(text, ','), want, "{text}");
        }
        assert_eq!(parse("{(1,2),(0,0);(3,4),(1,1)}", ';'), Some(some(&["(1,2),(0,0)", "(3,4),(1,1)"])));
    }

    #[test]
    fn what_is_not_changed_stays_to_the_letter() {
        let mut list = Elements::new("{ a , NULL,\"b\"}", ',').expect("a list");
        assert_eq!(list.text(), "{ a , NULL,\"b\"}");
        list.command(Command::ListDown);
        list.set(Some("c d".into()));
        assert_eq!(list.text(), "{a,\"c d\",b}");
        list.set(None);
        assert_eq!(list.text(), "{ a , NULL,\"b\"}");
        list.command(Command::AddElement);
        list.command(Command::ElementUp);
        assert_eq!(list.text(), "{\"\",a,NULL,b}");
        list.command(Command::RemoveElement);
        list.command(Command::RemoveElement);
        assert_eq!(list.text(), "{NULL,b}");
        let mut list = Elements::new("", ',').expect("a list");
        list.editor().insert("x");
        list.typed();
        assert_eq!(list.text(), "{x}");
    }

    proptest! {
        #[test]
        fn a_list_comes_back(elements in prop::collection::vec(
            prop::option::of("[ a-cN{},;\\\\\"\n\t\u{b}é]{0,6}|null|NULL"), 0..8), semicolon in any::<bool>())
        {
            let delimiter = if semicolon { ';' } else { ',' };
            let text = assemble(&elements, delimiter);
            prop_assert_eq!(parse(&text, delimiter), Some(elements));
        }

        #[test]
        fn nonsense_is_read_or_left(text in "[\\[\\]{},=\" \\\\aN0-9:]{0,20}") {
            if let Some(elements) = parse(&text, ',') {
                prop_assert_eq!(parse(&assemble(&elements, ','), ','), Some(elements));
            }
        }
    }
}
