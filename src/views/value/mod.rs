//! The value view: one whole value, as a JSON tree, as text, or as bytes in hexadecimal.

mod draw;
mod lines;

use crate::{
    core::command::Command,
    data::{
        json::{Json, JsonKind, JsonRows, Step},
        value::Kind,
    },
    sql::quote::{ident, literal},
};
use lines::Lines;
use ratatui::layout::Rect;

/// Larger documents open as a tree only; pretty text of them is made when asked for.
const MOST_HEX: usize = 64 << 20;

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Done within the view.
    Yes,
    /// Not the view's command.
    No,
    /// Put this on the clipboard and say what it is.
    Copy(String, &'static str),
    /// A line is to be typed: the text to find.
    AskFind,
    /// Say this.
    Say(String),
}

#[derive(Debug)]
enum Body {
    Waiting(String),
    Null,
    Json(Box<Json>, JsonRows),
    Text,
    Bytes(Vec<u8>),
    Failed(String),
}

/// The state of the view.
#[derive(Debug)]
pub struct ValueView {
    /// `table.column`, for the border.
    pub title: String,
    column: String,
    kind: Kind,
    body: Body,
    /// The value as text, empty for the tree and for bytes until text is wanted.
    lines: Lines,
    /// What `yy` copies.
    raw: String,
    remark: String,
    as_text: bool,
    row: usize,
    top: usize,
    needle: String,
    area: Rect,
}

impl ValueView {
    /// A value that is still on its way.
    #[must_use]
    pub fn waiting(title: String, column: String, kind: Kind, what: String) -> Self {
        Self {
            title,
            column,
            kind,
            body: Body::Waiting(what),
            lines: Lines::default(),
            raw: String::new(),
            remark: String::new(),
            as_text: false,
            row: 0,
            top: 0,
            needle: String::new(),
            area: Rect::default(),
        }
    }

    /// The value came. `remark`: said beside the title, such as that only a part is shown.
    pub fn set(&mut self, value: Option<String>, remark: String) {
        self.remark = remark;
        (self.row, self.top) = (0, 0);
        let Some(text) = value else {
            self.body = Body::Null;
            return;
        };
        self.body = match self.kind {
            Kind::Bytes => match from_hex(&text) {
                Some(bytes) => Body::Bytes(bytes),
                None => Body::Text,
            },
            Kind::Json | Kind::Jsonb => self.as_json(&text),
            Kind::Text if text.trim_start().starts_with(['{', '[']) && text.len() < 1 << 20 => {
                // A text column that holds a document: shown as one, and still copied byte for byte.
                match Json::parse(text.clone()) {
                    Ok(json) if json.len() > 1 => tree(json),
                    _ => Body::Text,
                }
            }
            _ => Body::Text,
        };
        self.raw = text;
        if matches!(self.body, Body::Text) {
            self.lines = Lines::new(self.raw.clone());
        }
    }

    fn as_json(&mut self, text: &str) -> Body {
        match Json::parse(text.to_owned()) {
            Ok(json) => tree(json),
            Err(e) => {
                // Only a value that was cut is no document.
                self.remark = if self.remark.is_empty() { e.to_string() } else { self.remark.clone() };
                Body::Text
            }
        }
    }

    /// It could not be fetched.
    pub fn fail(&mut self, what: String) {
        self.body = Body::Failed(what);
    }

    /// Is it still on its way?
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.body, Body::Waiting(_))
    }

    fn rows(&self) -> usize {
        match &self.body {
            Body::Json(_, rows) if !self.as_text => rows.len(),
            Body::Json(..) | Body::Text => self.lines.len(),
            Body::Bytes(b) => b.len().div_ceil(16),
            _ => 0,
        }
    }

    fn node(&self) -> Option<(&Json, usize)> {
        match &self.body {
            Body::Json(json, rows) if !self.as_text => Some((json, rows.node(self.row)?)),
            _ => None,
        }
    }

    /// Does a command.
    pub fn command(&mut self, command: Command) -> Done {
        let page = usize::from(self.area.height.max(2) - 1);
        let last = self.rows().saturating_sub(1);
        match command {
            Command::Up => self.row = self.row.saturating_sub(1),
            Command::Down => self.row = (self.row + 1).min(last),
            Command::First => self.row = 0,
            Command::Last => self.row = last,
            Command::HalfUp => self.row = self.row.saturating_sub(page.div_ceil(2)),
            Command::HalfDown => self.row = (self.row + page.div_ceil(2)).min(last),
            Command::PageUp => self.row = self.row.saturating_sub(page),
            Command::PageDown => self.row = (self.row + page).min(last),
            Command::Left => self.fold_or_leave(),
            Command::Right => self.unfold_or_enter(),
            Command::ToggleFold => self.toggle(),
            Command::FoldAll | Command::UnfoldAll => self.fold_all(command == Command::UnfoldAll),
            Command::Find => return Done::AskFind,
            Command::FindNext => return self.find_next(true),
            Command::FindPrevious => return self.find_next(false),
            Command::TextMode => return self.text_mode(),
            Command::CopyCell => return self.copy(),
            Command::CopyPath => return self.copy_path(),
            Command::CopyPathSql => return self.copy_sql(),
            _ => return Done::No,
        }
        Done::Yes
    }

    fn toggle(&mut self) {
        let row = self.row;
        if let Body::Json(json, rows) = &mut self.body
            && let Some(node) = rows.node(row)
        {
            let open = rows.is_open(node);
            rows.fold(json, node, !open);
        }
    }

    fn fold_or_leave(&mut self) {
        let row = self.row;
        if let Body::Json(json, rows) = &mut self.body
            && let Some(node) = rows.node(row)
        {
            if rows.is_open(node) && json.count(node) > 0 {
                rows.fold(json, node, false);
            } else if let Some(parent) = json.parent(node) {
                self.row = rows.row_of(parent);
            }
        }
    }

    fn unfold_or_enter(&mut self) {
        let row = self.row;
        if let Body::Json(json, rows) = &mut self.body
            && let Some(node) = rows.node(row)
            && json.count(node) > 0
        {
            if rows.is_open(node) {
                self.row += 1;
            } else {
                rows.fold(json, node, true);
            }
        }
    }

    fn fold_all(&mut self, open: bool) {
        let row = self.row;
        if let Body::Json(json, rows) = &mut self.body {
            let node = rows.node(row).unwrap_or(0);
            rows.fold_all(json, open);
            self.row = rows.row_of(node);
        }
    }

    /// Looks for a text from the cursor on.
    pub fn find(&mut self, text: &str) -> Done {
        text.clone_into(&mut self.needle);
        self.find_next(true)
    }

    fn find_next(&mut self, forward: bool) -> Done {
        if self.needle.is_empty() {
            return Done::AskFind;
        }
        let row = self.row;
        let found = match &mut self.body {
            Body::Json(json, rows) if !self.as_text => {
                let from = rows.node(row).unwrap_or(0);
                json.find(&self.needle, from, !forward).map(|node| rows.reveal(json, node))
            }
            Body::Json(..) | Body::Text => self.lines.find(&self.needle, row, forward),
            _ => None,
        };
        match found {
            Some(row) => {
                self.row = row;
                Done::Yes
            }
            None => Done::Say(format!("\"{}\" is not in this value", self.needle)),
        }
    }

    fn text_mode(&mut self) -> Done {
        let Body::Json(json, _) = &self.body else {
            return Done::Say("this value is no JSON document".into());
        };
        self.as_text = !self.as_text;
        if self.as_text && self.lines.is_empty() {
            self.lines = Lines::new(json.pretty(0));
        }
        (self.row, self.top) = (0, 0);
        Done::Yes
    }

    fn copy(&self) -> Done {
        match &self.body {
            Body::Waiting(_) | Body::Failed(_) => Done::Say("there is no value to copy yet".into()),
            Body::Null => Done::Copy(String::new(), "NULL as the empty text"),
            Body::Json(json, rows) if !self.as_text && self.row > 0 => {
                let node = rows.node(self.row).unwrap_or(0);
                Done::Copy(json.value(node).into_owned(), "the value of this node")
            }
            _ => Done::Copy(self.raw.clone(), "the whole value"),
        }
    }

    fn copy_path(&self) -> Done {
        match self.node() {
            Some((json, node)) => Done::Copy(json.path_text(node), "the path"),
            None => Done::Say("only a JSON tree has paths (t switches to it)".into()),
        }
    }

    fn copy_sql(&self) -> Done {
        match self.node() {
            Some((json, node)) => Done::Copy(sql_path(&self.column, json, node), "the path as SQL"),
            None => Done::Say("only a JSON tree has paths (t switches to it)".into()),
        }
    }

    /// The mouse wheel.
    pub fn wheel(&mut self, by: i64) {
        let last = self.rows().saturating_sub(1);
        self.row = self.row.saturating_add_signed(by as isize).min(last);
    }

    /// A click: to that line; on a fold sign it folds.
    pub fn click(&mut self, x: u16, y: u16) {
        if self.area.contains((x, y).into()) {
            let row = self.top + usize::from(y - self.area.y);
            if row < self.rows() {
                let again = self.row == row;
                self.row = row;
                if again {
                    self.toggle();
                }
            }
        }
    }
}

fn tree(json: Json) -> Body {
    let rows = JsonRows::new(&json);
    Body::Json(Box::new(json), rows)
}

/// The bytes of a bytea in hex form.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    if digits.len() / 2 > MOST_HEX {
        return None;
    }
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    digits.chunks(2).map(|p| Some(digit(p[0])? << 4 | digit(*p.get(1)?)?)).collect()
}

/// `column->'a'->0->>'b'`: the last step gives text where the node is a scalar.
fn sql_path(column: &str, json: &Json, node: usize) -> String {
    let path = json.path(node);
    let scalar = !matches!(json.kind(node), JsonKind::Object | JsonKind::Array);
    let mut out = ident(column);
    for (i, step) in path.iter().enumerate() {
        out.push_str(if scalar && i + 1 == path.len() { "->>" } else { "->" });
        match step {
            Step::Key(k) => out.push_str(&literal(k)),
            Step::Index(n) => out.push_str(&n.to_string()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(kind: Kind, text: &str) -> ValueView {
        let mut v = ValueView::waiting("t.c".into(), "Doc".into(), kind, String::new());
        v.set(Some(text.into()), String::new());
        v
    }

    #[test]
    fn paths_as_sql() {
        let mut v = view(Kind::Jsonb, r#"{"a": [{"it's": 1}], "b": true}"#);
        for (row, want) in [
            (0, "\"Doc\""),
            (1, "\"Doc\"->'a'"),
            (2, "\"Doc\"->'a'->0"),
            (3, "\"Doc\"->'a'->0->>'it''s'"),
            (4, "\"Doc\"->>'b'"),
        ] {
            v.row = row;
            assert_eq!(v.command(Command::CopyPathSql), Done::Copy(want.into(), "the path as SQL"));
        }
        assert_eq!(v.command(Command::CopyPath), Done::Copy("$.b".into(), "the path"));
    }

    #[test]
    fn folding_and_finding() {
        let mut v = view(Kind::Json, r#"{"a": {"b": {"c": "needle"}}, "d": 1}"#);
        v.command(Command::FoldAll);
        assert_eq!(v.rows(), 3);
        assert_eq!(v.find("NEED"), Done::Yes);
        assert_eq!((v.rows(), v.row), (5, 3));
        v.command(Command::Left);
        assert_eq!(v.row, 2);
        v.command(Command::Left);
        assert_eq!(v.rows(), 4);
        assert!(matches!(v.find("zzz"), Done::Say(_)));
        v.command(Command::TextMode);
        assert!(v.rows() > 5);
    }

    #[test]
    fn bytes_and_what_is_not_json() {
        assert!(matches!(view(Kind::Bytes, "\\x00ff10").body, Body::Bytes(b) if b == [0, 255, 16]));
        assert!(matches!(view(Kind::Bytes, "abc\\000").body, Body::Text));
        let v = view(Kind::Jsonb, "{\"a\": ");
        assert!(matches!(v.body, Body::Text) && v.remark.contains("line 1"), "{}", v.remark);
    }
}
