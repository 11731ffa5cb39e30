//! The value view: one whole value, as a JSON tree, as text, or as bytes in hexadecimal.

mod document;
mod draw;
mod edit;
mod foot;
mod lines;
mod load;
mod staging;

use crate::{
    core::{command::Command, pane::EditTarget},
    data::{
        edits::{Field, Stage, TableRef, Text, Value},
        json::{Json, JsonKind, Parsing, Step},
        value::Kind,
    },
    sql::quote::{ident, literal},
};
use document::Document;
use edit::Draft;
pub use edit::meant;
use foot::Foot;
use lines::Lines;
use ratatui::layout::Rect;
use std::sync::Arc;

/// Text mode indents documents up to this size; larger ones show as they are.
const MOST_PRETTY: usize = 16 << 20;
/// A filter takes parts of a document up to this size.
const MOST_FILTER: usize = 2_000;

/// The cell a value stands in: where its change is staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The relation.
    pub table: TableRef,
    /// The row.
    pub row: EditTarget,
}

impl Home {
    /// The change of a column of this row.
    #[must_use]
    pub fn stage(self, column: String, seen: Text, value: Value) -> Stage {
        match self.row {
            EditTarget::New(id) => Stage::SetNew { id, column, value: Some(value) },
            EditTarget::Row { key, version } => {
                Stage::Set { table: self.table, key, field: Field { column, seen, value }, version }
            }
        }
    }
}

/// A question about what was changed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Start a value where there is NULL?
    StartEmpty,
    /// Throw typed text away?
    DropText,
    /// Leave with changes that are not staged?
    Leave,
}

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
    /// Ask this; the number of the button goes to `ValueView::answer`.
    Ask {
        /// Which question.
        question: Question,
        /// Title.
        title: String,
        /// The text.
        text: String,
        /// Buttons, the harmless one last.
        buttons: Vec<String>,
    },
    /// Stage this.
    Stage {
        /// What the column is to become.
        value: Value,
        /// What was seen of it.
        seen: Text,
        /// Then close the view.
        close: bool,
    },
    /// Close the view.
    Close,
    /// Filter the table by rows whose document contains this one.
    Filter(String),
}

/// A text being edited.
#[derive(Debug)]
struct Plain {
    // One copy for all three until something is changed: the text may be a hundred megabytes.
    seen: Option<Arc<String>>,
    now: Arc<String>,
    /// As it was last staged.
    staged: Arc<String>,
    past: Vec<Arc<String>>,
}

impl Plain {
    fn new(text: String) -> Self {
        let text = Arc::new(text);
        Self { seen: Some(Arc::clone(&text)), staged: Arc::clone(&text), now: text, past: vec![] }
    }

    /// In place of NULL.
    fn empty() -> Self {
        Self { seen: None, now: Arc::default(), staged: Arc::default(), past: vec![] }
    }
}

#[derive(Debug)]
enum Body {
    Waiting(String),
    Parsing(Box<Parsing>),
    Null,
    Json(Box<Document>),
    Text(Plain),
    Bytes(Vec<u8>),
    Failed(String),
}

/// The state of the view.
#[derive(Debug)]
pub struct ValueView {
    /// `table.column`, for the border.
    pub title: String,
    /// Where changes are staged, or why there can be none.
    pub home: Result<Home, String>,
    /// What is staged for the cell already.
    pub staged: Option<Value>,
    column: String,
    kind: Kind,
    body: Body,
    /// The text on screen lines.
    lines: Lines,
    /// The document indented, for text mode.
    pretty: Option<String>,
    draft: Option<Draft>,
    /// The path shown at the bottom.
    foot: Foot,
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
            home: Err("this is no cell of a table: it cannot be edited here".into()),
            staged: None,
            column,
            kind,
            body: Body::Waiting(what),
            lines: Lines::default(),
            pretty: None,
            draft: None,
            foot: Foot::default(),
            remark: String::new(),
            as_text: false,
            row: 0,
            top: 0,
            needle: String::new(),
            area: Rect::default(),
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

    /// Is there no value, and none staged?
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    fn rows(&self) -> usize {
        match &self.body {
            Body::Json(doc) if !self.as_text => doc.rows.len(),
            Body::Json(_) | Body::Text(_) => self.lines.len(),
            Body::Bytes(b) => b.len().div_ceil(16),
            _ => 0,
        }
    }

    fn node(&self) -> Option<(&Json, usize)> {
        match &self.body {
            Body::Json(doc) if !self.as_text => Some((&doc.json, doc.rows.node(self.row)?)),
            _ => None,
        }
    }

    /// Tells one state of the document from another.
    fn steps(&self) -> u64 {
        match &self.body {
            Body::Json(doc) => doc.state(),
            _ => 0,
        }
    }

    fn is_staged(&self) -> bool {
        match &self.body {
            Body::Json(doc) => doc.is_staged(),
            Body::Text(plain) => plain.seen.as_ref() != Some(&plain.staged),
            _ => false,
        }
    }

    /// The text that is shown as text.
    fn text(&self) -> &str {
        match &self.body {
            Body::Json(doc) => self.pretty.as_deref().unwrap_or(doc.json.text()),
            Body::Text(plain) => &plain.now,
            _ => "",
        }
    }

    /// Breaks the text into lines as wide as the screen.
    fn fit_lines(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.fit(self.text(), usize::from(self.area.width.max(41)) - 1);
        self.lines = lines;
    }

    /// Text mode: indented, unless the document is long or has lines of its own.
    fn make_pretty(&mut self) {
        if let Body::Json(doc) = &self.body {
            let text = doc.json.text();
            let own = self.kind != Kind::Jsonb && text.trim_end().contains('\n');
            self.pretty = (text.len() <= MOST_PRETTY && !own).then(|| doc.json.pretty(0));
        }
    }

    /// Does a command.
    pub fn command(&mut self, command: Command) -> Done {
        if self.draft.is_some() {
            return self.typing_command(command);
        }
        if matches!(self.body, Body::Text(_)) || self.as_text {
            self.fit_lines();
        }
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
            Command::FilterPath => return self.filter(),
            other => return self.edit_command(other),
        }
        Done::Yes
    }

    fn toggle(&mut self) {
        let row = self.row;
        if let Body::Json(doc) = &mut self.body
            && let Document { json, rows, .. } = &mut **doc
            && let Some(node) = rows.node(row)
        {
            let open = rows.is_open(node);
            rows.fold(json, node, !open);
        }
    }

    fn fold_or_leave(&mut self) {
        let row = self.row;
        if let Body::Json(doc) = &mut self.body
            && let Document { json, rows, .. } = &mut **doc
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
        if let Body::Json(doc) = &mut self.body
            && let Document { json, rows, .. } = &mut **doc
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
        if let Body::Json(doc) = &mut self.body {
            let Document { json, rows, .. } = &mut **doc;
            let node = rows.node(row).unwrap_or(0);
            rows.fold_all(json, open);
            self.row = rows.row_of(node);
        }
    }

    /// The cursor to the node at this path, if it is there.
    pub fn go(&mut self, path: &[Step]) {
        if let Body::Json(doc) = &mut self.body
            && let Document { json, rows, .. } = &mut **doc
            && let Some(node) = json.at(path)
        {
            self.row = rows.reveal(json, node);
        }
    }

    /// The path of the node under the cursor.
    #[must_use]
    pub fn path(&self) -> Vec<Step> {
        self.node().map(|(json, node)| json.path(node)).unwrap_or_default()
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
            Body::Json(doc) if !self.as_text => {
                let Document { json, rows, .. } = &mut **doc;
                let from = rows.node(row).unwrap_or(0);
                json.find(&self.needle, from, !forward).map(|node| rows.reveal(json, node))
            }
            Body::Json(_) | Body::Text(_) => self.lines.find(self.text(), &self.needle, row, forward),
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
        if !matches!(self.body, Body::Json(_)) {
            return Done::Say("this value is no JSON document".into());
        }
        self.as_text = !self.as_text;
        if self.as_text && self.lines.is_empty() {
            self.make_pretty();
        }
        (self.row, self.top) = (0, 0);
        Done::Yes
    }

    fn copy(&self) -> Done {
        match &self.body {
            Body::Waiting(_) | Body::Parsing(_) | Body::Failed(_) => {
                Done::Say("there is no value to copy yet".into())
            }
            Body::Null => Done::Copy(String::new(), "NULL as the empty text"),
            Body::Json(doc) if !self.as_text && self.row > 0 => {
                let node = doc.rows.node(self.row).unwrap_or(0);
                Done::Copy(doc.json.value(node).into_owned(), "the value of this node")
            }
            Body::Json(doc) => Done::Copy(doc.json.text().to_owned(), "the whole value"),
            Body::Text(plain) => Done::Copy(plain.now.to_string(), "the whole value"),
            Body::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                Done::Copy(format!("\\x{hex}"), "the whole value")
            }
        }
    }

    /// The path and value under the cursor as a document that the rows wanted contain.
    fn filter(&self) -> Done {
        if self.is_dirty() {
            return Done::Say("the document was changed: stage it (Ctrl+S) or take it back (u) first".into());
        }
        let Some((json, node)) = self.node().filter(|_| matches!(self.kind, Kind::Json | Kind::Jsonb)) else {
            return Done::Say("only a node of a JSON column can be filtered by".into());
        };
        if json.raw(node).len() > MOST_FILTER {
            return Done::Say("this part is too long to filter by: choose a part of it".into());
        }
        let mut document = json.compact(node);
        for step in json.path(node).iter().rev() {
            document = match step {
                Step::Key(key) => format!("{{{}: {document}}}", crate::data::json::quoted(key)),
                Step::Index(_) => format!("[{document}]"),
            };
        }
        Done::Filter(document)
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
        v.command(Command::Down);
        assert!(v.rows() > 5);
    }

    #[test]
    fn bytes_and_what_is_not_json() {
        assert!(matches!(view(Kind::Bytes, "\\x00ff10").body, Body::Bytes(b) if b == [0, 255, 16]));
        assert!(matches!(view(Kind::Bytes, "abc\\000").body, Body::Text(_)));
        let v = view(Kind::Jsonb, "{\"a\": ");
        assert!(matches!(v.body, Body::Text(_)) && v.remark.contains("line 1"), "{}", v.remark);
    }
}
