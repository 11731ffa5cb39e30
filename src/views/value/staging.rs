//! What leaves the view: the change to be staged, and the questions before something would be lost.

use super::{Body, Done, Plain, Question, ValueView, document::Document};
use crate::data::{edits::Value, value::Kind};

impl ValueView {
    /// Is something changed that is not staged?
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        match &self.body {
            Body::Json(doc) => doc.is_dirty(),
            Body::Text(plain) => plain.now != plain.staged,
            _ => false,
        }
    }

    /// What has to be asked before the view goes away; `None`: nothing would be lost.
    #[must_use]
    pub fn leave(&self) -> Option<Done> {
        self.is_dirty().then(|| Done::Ask {
            question: Question::Leave,
            title: "Not staged yet".into(),
            text: format!("{} was changed here, and the change is not staged.", self.title),
            buttons: vec!["Stage it".into(), "Throw it away".into(), "Stay".into()],
        })
    }

    /// The change, to be staged.
    pub fn stage(&mut self, close: bool) -> Done {
        if !self.is_dirty() {
            return Done::Say("nothing was changed here since it was staged".into());
        }
        let (value, seen) = match &mut self.body {
            Body::Json(doc) => {
                let out = doc.value(self.kind);
                doc.was_staged();
                out
            }
            Body::Text(plain) => {
                plain.staged.clone_from(&plain.now);
                (Value::Text(plain.now.to_string()), plain.seen.as_deref().cloned())
            }
            _ => return Done::No,
        };
        Done::Stage { value, seen, close }
    }

    /// The answer to `Done::Ask`: number of the button.
    pub fn answer(&mut self, question: Question, button: usize) -> Done {
        match (question, button) {
            (Question::StartEmpty, 0) if matches!(self.body, Body::Null) => {
                self.body = match (self.kind, Document::empty()) {
                    (Kind::Json | Kind::Jsonb, Ok(doc)) => Body::Json(Box::new(doc)),
                    _ => Body::Text(Plain::empty()),
                };
                if matches!(self.body, Body::Text(_)) { self.edit() } else { Done::Yes }
            }
            (Question::DropText, 0) => {
                self.draft = None;
                Done::Yes
            }
            (Question::Leave, 0) => self.stage(true),
            (Question::Leave, 1) => Done::Close,
            _ => Done::Yes,
        }
    }
}
