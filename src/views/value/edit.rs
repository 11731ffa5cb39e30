//! Editing in the value view: a line in the tree, or an editor over it. What is typed stays until it is valid.

use super::{Body, Done, Question, ValueView, document::Document};
use crate::{
    core::{command::Command, key::Chord, pane::EditTarget},
    data::{
        json::{Json, JsonError, JsonKind, quoted},
        value::Kind,
    },
    text::units,
    widgets::{editor::Editor, input::Input},
};
use std::sync::Arc;

/// Longer texts are not put into an editor.
const MOST_TEXT: usize = 8 << 20;
/// Longer scalars are edited in an editor.
const LONG: usize = 400;

/// What the line being typed is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The value of this node.
    Value(usize),
    /// The key of a new entry of an object, before a node or at its end.
    Key(usize, Option<usize>),
    /// The value of a new entry or element.
    New(usize, Option<usize>, Option<String>),
    /// Another key for this node.
    Rename(usize),
}

/// What is being typed.
#[derive(Debug)]
pub enum Draft {
    /// A line in the tree.
    Line {
        /// The line.
        input: Input,
        /// What it is for.
        place: Place,
        /// Why it is not taken.
        fault: Option<JsonError>,
    },
    /// Many lines.
    Text {
        /// The editor.
        editor: Box<Editor>,
        /// The node, 0 for the whole.
        node: usize,
        /// The text it began with.
        began: String,
        /// Why it is not taken.
        fault: Option<JsonError>,
    },
}

/// The JSON that a typed line means: JSON as it is, and a bare word as a string.
pub fn meant(text: &str) -> Result<String, JsonError> {
    let trimmed = text.trim();
    match Json::parse(text.to_owned()) {
        Ok(_) => Ok(trimmed.to_owned()),
        Err(e) if trimmed.is_empty() || trimmed.starts_with(['{', '[', '"']) => Err(e),
        Err(_) => Ok(quoted(trimmed)),
    }
}

impl ValueView {
    /// Is text being typed here?
    #[must_use]
    pub fn typing(&self) -> bool {
        self.draft.is_some()
    }

    /// Can this be done now? `None`: it is not about changing what is shown.
    #[must_use]
    pub fn can(&self, command: Command) -> Option<bool> {
        use Command as C;
        let (able, tree) = (self.why_not().is_none(), self.node());
        Some(match command {
            C::Take | C::TakeLong | C::Leave => self.draft.is_some(),
            C::PickValue | C::SetNull => {
                matches!(self.draft, Some(Draft::Line { place: Place::Value(_) | Place::New(..), .. }))
            }
            C::EditOutside => false,
            C::EditNode => able,
            C::AddNode => able && tree.is_some(),
            C::RenameKey => able && tree.is_some_and(|(json, node)| json.raw_key(node).is_some()),
            C::RemoveNode => able && tree.is_some_and(|(_, node)| node > 0),
            C::NodeDown | C::NodeUp => {
                let in_array = |(json, node): (&Json, usize)| {
                    json.parent(node).is_some_and(|p| json.kind(p) == JsonKind::Array)
                };
                able && tree.is_some_and(in_array)
            }
            C::UndoNode => able && self.has_steps(),
            C::StageValue => able && self.is_dirty(),
            C::FilterPath => self.is_stored() && tree.is_some() && !self.is_dirty(),
            _ => return None,
        })
    }

    /// Is it the value of a row that the server has?
    fn is_stored(&self) -> bool {
        matches!(&self.home, Ok(home) if matches!(home.row, EditTarget::Row { .. }))
    }

    fn has_steps(&self) -> bool {
        match &self.body {
            Body::Json(doc) => doc.state() > 0,
            Body::Text(plain) => !plain.past.is_empty(),
            _ => false,
        }
    }

    /// Is there typed text that is not taken over?
    #[must_use]
    pub fn has_draft(&self) -> bool {
        match &self.draft {
            Some(Draft::Text { editor, began, .. }) => editor.text() != *began,
            Some(Draft::Line { .. }) | None => false,
        }
    }

    /// A key that is no command.
    pub fn typed(&mut self, chord: Chord) {
        match &mut self.draft {
            Some(Draft::Line { input, fault, .. }) => {
                input.key(chord);
                *fault = None;
            }
            Some(Draft::Text { editor, .. }) => {
                editor.key(chord);
            }
            None => {}
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) {
        match &mut self.draft {
            Some(Draft::Line { input, fault, .. }) => {
                input.paste(text);
                *fault = None;
            }
            Some(Draft::Text { editor, .. }) => editor.paste(text),
            None => {}
        }
    }

    /// A command while text is being typed.
    pub(super) fn typing_command(&mut self, command: Command) -> Done {
        let text = matches!(self.draft, Some(Draft::Text { .. }));
        match command {
            Command::Take if text => self.typed(Chord::plain(crate::core::key::Key::Enter)),
            Command::Take | Command::TakeLong | Command::StageValue => return self.take(),
            Command::Leave | Command::Back => return self.leave_draft(),
            Command::PickValue | Command::NextPart if text => {
                self.typed(Chord::plain(crate::core::key::Key::Tab));
            }
            Command::PreviousPart if text => self.typed(Chord::plain(crate::core::key::Key::BackTab)),
            Command::PickValue => self.cycle(),
            Command::SetNull if !text => {
                if let Some(Draft::Line { input, place: Place::Value(_) | Place::New(..), .. }) =
                    &mut self.draft
                {
                    input.set("null");
                }
            }
            Command::NextPart | Command::PreviousPart => {}
            Command::SetNull | Command::EditOutside => {
                return Done::Say("only in the editor of a cell (e in the grid)".into());
            }
            _ => return Done::No,
        }
        Done::Yes
    }

    /// `true`, `false`, `null` in turn.
    fn cycle(&mut self) {
        if let Some(Draft::Line { input, place: Place::Value(_) | Place::New(..), fault }) = &mut self.draft {
            let next = match input.text().trim() {
                "true" => "false",
                "false" => "null",
                _ => "true",
            };
            input.set(next);
            *fault = None;
        }
    }

    fn leave_draft(&mut self) -> Done {
        if let Some(Draft::Text { editor, began, .. }) = &self.draft
            && editor.text() != *began
        {
            return Done::Ask {
                question: Question::DropText,
                title: "Typed text".into(),
                text: "The text was changed and not taken over (Ctrl+S or F2 does).".into(),
                buttons: vec!["Throw it away".into(), "Go on typing".into()],
            };
        }
        self.draft = None;
        Done::Yes
    }

    /// Why nothing here can be edited.
    fn why_not(&self) -> Option<String> {
        match &self.body {
            Body::Waiting(_) | Body::Parsing(_) => Some("the value is still on its way".into()),
            Body::Failed(_) => Some("there is no value".into()),
            Body::Bytes(_) => Some("bytes are not edited here: e in the grid takes them as \\x…".into()),
            _ => self.home.as_ref().err().cloned(),
        }
    }

    fn too_long(what: &str, bytes: usize) -> Done {
        let size = units::bytes(bytes as u64);
        Done::Say(format!("{what} takes {size}, too long for the editor: unfold it and edit a part"))
    }

    /// A command that changes the document; `Done::No`: it is none.
    pub(super) fn edit_command(&mut self, command: Command) -> Done {
        let edits = matches!(
            command,
            Command::EditNode
                | Command::AddNode
                | Command::RenameKey
                | Command::RemoveNode
                | Command::NodeDown
                | Command::NodeUp
                | Command::UndoNode
                | Command::StageValue
        );
        if !edits {
            return Done::No;
        }
        if let Some(why) = self.why_not() {
            return Done::Say(why);
        }
        match command {
            Command::EditNode => return self.edit(),
            Command::StageValue => return self.stage(false),
            Command::UndoNode => return self.undo(),
            _ => {}
        }
        if self.as_text {
            return Done::Say("in text mode e edits the whole; t goes to the tree".into());
        }
        let row = self.row;
        let Body::Json(doc) = &mut self.body else {
            return Done::Say("this value is no JSON document: e edits it".into());
        };
        let Some(node) = doc.rows.node(row) else { return Done::Yes };
        match command {
            Command::AddNode => self.add(node),
            Command::RenameKey => match doc.json.key(node) {
                Some(key) => {
                    let input = Input::new(&key);
                    self.draft = Some(Draft::Line { input, place: Place::Rename(node), fault: None });
                    Done::Yes
                }
                None => Done::Say("only what stands under a key can be renamed".into()),
            },
            Command::RemoveNode => match doc.json.removing(node) {
                Some(patch) => {
                    doc.change(patch);
                    self.changed();
                    Done::Yes
                }
                None => Done::Say("the document itself cannot be removed (e edits it)".into()),
            },
            _ => {
                let down = command == Command::NodeDown;
                let other = if down {
                    node
                } else {
                    doc.json.parent(node).map_or(0, |p| doc.json.before(node, p).unwrap_or(0))
                };
                match doc.json.moving(node, down) {
                    Some(patch) => {
                        doc.change(patch);
                        let at = if down { doc.json.next(other) } else { other };
                        self.row = doc.rows.row_of(at);
                        self.changed();
                        Done::Yes
                    }
                    None => Done::Say("only elements of an array change places, within it".into()),
                }
            }
        }
    }

    /// The document changed: what was made of it is out of date.
    pub(super) fn changed(&mut self) {
        self.pretty = None;
        self.lines.forget();
        if self.as_text {
            self.make_pretty();
        }
    }

    pub(super) fn edit(&mut self) -> Done {
        let editor = |text: String, node: usize| Draft::Text {
            editor: Box::new(Editor::new(&text)),
            node,
            began: text,
            fault: None,
        };
        let draft = match &self.body {
            Body::Null => {
                let json = matches!(self.kind, Kind::Json | Kind::Jsonb);
                let what = if json { "an empty document {}" } else { "an empty text" };
                return Done::Ask {
                    question: Question::StartEmpty,
                    title: "NULL".into(),
                    text: format!("This cell is NULL: there is no value. Start {what} in its place?"),
                    buttons: vec!["Start".into(), "Leave it NULL".into()],
                };
            }
            Body::Text(plain) if self.kind == Kind::Text => {
                if plain.now.len() > MOST_TEXT {
                    return Self::too_long("this text", plain.now.len());
                }
                editor(plain.now.to_string(), 0)
            }
            Body::Json(doc) if self.as_text => {
                if doc.json.text().len() > MOST_TEXT {
                    return Self::too_long("this document", doc.json.text().len());
                }
                let text =
                    if self.kind == Kind::Jsonb { doc.json.pretty(0) } else { doc.json.text().to_owned() };
                editor(text, 0)
            }
            Body::Json(doc) => {
                let Some(node) = doc.rows.node(self.row) else { return Done::Yes };
                let raw = doc.json.raw(node);
                if raw.len() > MOST_TEXT {
                    return Self::too_long("this part", raw.len());
                }
                if doc.json.count(node) > 0 {
                    editor(doc.json.pretty(node), node)
                } else if raw.len() > LONG {
                    editor(raw.to_owned(), node)
                } else {
                    Draft::Line { input: Input::new(raw), place: Place::Value(node), fault: None }
                }
            }
            _ => return Done::Say("e in the grid edits this value (Esc goes there)".into()),
        };
        self.draft = Some(draft);
        Done::Yes
    }

    /// A new entry: into an unfolded or empty container under the cursor, otherwise behind the node.
    fn add(&mut self, node: usize) -> Done {
        let Body::Json(doc) = &self.body else { return Done::No };
        let json = &doc.json;
        let container = matches!(json.kind(node), JsonKind::Object | JsonKind::Array);
        let into = container && (json.count(node) == 0 || doc.rows.is_open(node));
        let (parent, before) = match json.parent(node).filter(|_| !into) {
            Some(parent) => (parent, Some(json.next(node)).filter(|n| *n < json.next(parent))),
            None if container => (node, None),
            None => return Done::Say("a single value has no entries: e changes it".into()),
        };
        let place = match json.kind(parent) {
            JsonKind::Object => Place::Key(parent, before),
            _ => Place::New(parent, before, None),
        };
        self.row = self.row_of_new(parent, before).saturating_sub(1);
        self.draft = Some(Draft::Line { input: Input::default(), place, fault: None });
        Done::Yes
    }

    /// The line on which a new entry will stand.
    pub(super) fn row_of_new(&self, parent: usize, before: Option<usize>) -> usize {
        let Body::Json(doc) = &self.body else { return 0 };
        let next = before.unwrap_or_else(|| doc.json.next(parent));
        doc.rows.row_of(next.saturating_sub(1)) + 1
    }

    fn undo(&mut self) -> Done {
        let done = match &mut self.body {
            Body::Json(doc) => match doc.undo() {
                Some(node) => {
                    if !self.as_text {
                        self.row = doc.rows.reveal(&doc.json, node);
                    }
                    true
                }
                None => false,
            },
            Body::Text(plain) => match plain.past.pop() {
                Some(text) => {
                    plain.now = text;
                    true
                }
                None => false,
            },
            _ => false,
        };
        if !done {
            return Done::Say("nothing was changed here that could be taken back".into());
        }
        self.changed();
        Done::Yes
    }

    /// Takes over what was typed, or says why not.
    fn take(&mut self) -> Done {
        match self.draft.take() {
            Some(Draft::Line { input, place, .. }) => {
                let at = input.text().len();
                match self.take_line(input.text(), place.clone()) {
                    Ok(()) => {}
                    Err(mut e) => {
                        e.offset = e.offset.min(at);
                        self.draft = Some(Draft::Line { input, place, fault: Some(e) });
                    }
                }
            }
            Some(Draft::Text { mut editor, node, began, .. }) => {
                let text = editor.text();
                if let Err(e) = self.take_text(&text, node) {
                    let from = e.offset.min(text.len());
                    let to = text[from..].chars().next().map_or(from, |c| from + c.len_utf8());
                    editor.go(from);
                    editor.set_error(Some(from..to));
                    self.draft = Some(Draft::Text { editor, node, began, fault: Some(e) });
                }
            }
            None => {}
        }
        Done::Yes
    }

    fn take_line(&mut self, text: &str, place: Place) -> Result<(), JsonError> {
        let Body::Json(doc) = &mut self.body else { return Ok(()) };
        let taken = |doc: &Document, object: usize, key: &str, but: Option<usize>| {
            let there = doc
                .json
                .children(object)
                .any(|c| Some(c) != but && doc.json.key(c).is_some_and(|k| k == key));
            if there { Err(fault(text, format!("there is a key \"{key}\" already"))) } else { Ok(()) }
        };
        match place {
            Place::Value(node) => {
                let json = meant(text)?;
                if json != doc.json.raw(node) {
                    let patch = doc.json.replacing(node, &json)?;
                    doc.change(patch);
                }
            }
            Place::Key(parent, before) => {
                taken(doc, parent, text, None)?;
                let place = Place::New(parent, before, Some(text.to_owned()));
                self.draft = Some(Draft::Line { input: Input::default(), place, fault: None });
                return Ok(());
            }
            Place::New(parent, before, key) => {
                let json = meant(text)?;
                let patch = doc.json.inserting(parent, before, key.as_deref(), &json)?;
                let node = patch.gone().start;
                doc.change(patch);
                self.row = doc.rows.reveal(&doc.json, node);
            }
            Place::Rename(node) => {
                let parent = doc.json.parent(node).unwrap_or(0);
                taken(doc, parent, text, Some(node))?;
                if doc.json.key(node).is_some_and(|k| k != text)
                    && let Some(patch) = doc.json.renaming(node, text)
                {
                    doc.change(patch);
                }
            }
        }
        self.changed();
        Ok(())
    }

    fn take_text(&mut self, text: &str, node: usize) -> Result<(), JsonError> {
        match &mut self.body {
            Body::Text(plain) if *plain.now != text => {
                plain.past.push(std::mem::replace(&mut plain.now, Arc::new(text.to_owned())));
            }
            Body::Json(doc) => {
                let mut typed = Json::parse(text.to_owned())?;
                if node == 0 && self.kind != Kind::Jsonb {
                    // The text itself is what such a column keeps.
                    if typed.raw(0) != doc.json.raw(0) {
                        let patch = doc.json.replacing(0, text)?;
                        doc.change(patch);
                    }
                } else {
                    if self.kind == Kind::Jsonb {
                        typed = Json::parse(typed.compact(0))?;
                    }
                    doc.merge(node, &typed)?;
                }
            }
            _ => {}
        }
        self.changed();
        Ok(())
    }
}

fn fault(text: &str, message: String) -> JsonError {
    JsonError {
        offset: 0,
        line: 1,
        column: 1,
        message: if text.is_empty() { format!("{message} (an empty one)") } else { message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_are_strings() {
        for (typed, want) in [
            ("dark", Ok("\"dark\"")),
            (" 12.50 ", Ok("12.50")),
            ("2024-01-01", Ok("\"2024-01-01\"")),
            ("say \"x\"", Ok("\"say \\\"x\\\"\"")),
            ("true", Ok("true")),
            ("\"\"", Ok("\"\"")),
            ("{\"a\": ", Err(1)),
            ("\"open", Err(1)),
            ("", Err(1)),
        ] {
            match (meant(typed), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want),
                (Err(e), Err(line)) => assert_eq!(e.line, line),
                (got, _) => panic!("{typed}: {got:?}"),
            }
        }
    }
}
