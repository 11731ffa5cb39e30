//! A value that came: what it is, and what is staged for it put over it. Long documents are read piece by piece.

use super::{Body, Plain, ValueView, document::Document};
use crate::data::{edits::Value, json::Parsing, value::Kind};
use std::sync::Arc;

/// Bytes shown in hexadecimal at most.
const MOST_HEX: usize = 64 << 20;
/// Bytes of JSON read at one go, so that keys are not held up.
const PIECE: usize = 2 << 20;

impl ValueView {
    /// The value came. `remark`: said beside the title, such as that only a part is shown.
    pub fn set(&mut self, value: Option<String>, remark: String) {
        self.begin(value, remark);
        while self.is_parsing() {
            self.step();
        }
    }

    /// As `set`, but a long document is read piece by piece: see `step`.
    pub fn begin(&mut self, value: Option<String>, remark: String) {
        if !remark.is_empty() {
            self.home = Err(format!("{remark} is here: it cannot be edited"));
        }
        self.remark = remark;
        (self.row, self.top) = (0, 0);
        let Some(text) = value else {
            self.body = Body::Null;
            if let Some(value) = self.staged.take() {
                self.take_staged_over_null(value);
            }
            return;
        };
        self.body = match self.kind {
            Kind::Bytes => match from_hex(&text) {
                Some(bytes) => Body::Bytes(bytes),
                None => Body::Text(Plain::new(text)),
            },
            Kind::Json | Kind::Jsonb => Body::Parsing(Box::new(Parsing::new(text))),
            Kind::Text if text.trim_start().starts_with(['{', '[']) && text.len() < 1 << 20 => {
                // A text column that holds a document: shown as one, and still copied byte for byte.
                Body::Parsing(Box::new(Parsing::new(text)))
            }
            _ => Body::Text(Plain::new(text)),
        };
        match &mut self.body {
            Body::Parsing(_) => self.step(),
            Body::Text(_) => self.stage_text(),
            _ => {}
        }
    }

    /// Is a document still being read?
    #[must_use]
    pub fn is_parsing(&self) -> bool {
        matches!(self.body, Body::Parsing(_))
    }

    /// Reads on in a long document, or prepares it to be changed: a piece of the work at each call.
    pub fn step(&mut self) {
        let ended = match &mut self.body {
            Body::Parsing(parsing) => parsing.step(PIECE),
            Body::Json(doc) if self.foot.wants_step() => {
                self.foot.step(&doc.json, doc.state());
                false
            }
            Body::Json(doc) => {
                doc.idle(self.home.is_ok());
                false
            }
            _ => false,
        };
        if ended {
            self.parsed();
        }
    }

    /// Is there something for `step`?
    #[must_use]
    pub fn wants_step(&self) -> bool {
        match &self.body {
            Body::Parsing(_) => true,
            Body::Json(doc) => self.foot.wants_step() || doc.wants_idle(self.home.is_ok()),
            _ => false,
        }
    }

    /// The column's name.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    fn parsed(&mut self) {
        let Body::Parsing(parsing) = std::mem::replace(&mut self.body, Body::Null) else { return };
        let json = matches!(self.kind, Kind::Json | Kind::Jsonb);
        self.body = match parsing.finish() {
            Ok(tree) if json || tree.len() > 1 => Body::Json(Box::new(Document::new(tree))),
            Ok(tree) => Body::Text(Plain::new(tree.into_text())),
            Err((e, text)) => {
                // Only a value that was cut is no document.
                if json && self.remark.is_empty() {
                    self.remark = e.to_string();
                }
                Body::Text(Plain::new(text))
            }
        };
        match (&mut self.body, &self.staged) {
            (Body::Json(_), Some(value @ (Value::Null | Value::Default | Value::Now))) => {
                let word = match value {
                    Value::Null => "NULL",
                    Value::Default => "DEFAULT",
                    _ => "now()",
                };
                self.remark = format!("{word} is staged in its place; an edit here takes its place");
            }
            (Body::Json(doc), Some(value)) => {
                let fits = doc.take_staged(value).is_ok();
                if !fits {
                    self.remark = "what is staged does not fit this document any more".into();
                }
            }
            (Body::Text(_), _) => self.stage_text(),
            _ => {}
        }
    }

    /// A staged text in place of the one that was seen.
    fn stage_text(&mut self) {
        if let (Body::Text(plain), Some(Value::Text(text))) = (&mut self.body, &self.staged) {
            plain.now = Arc::new(text.clone());
            plain.staged = Arc::clone(&plain.now);
        }
    }

    fn take_staged_over_null(&mut self, value: Value) {
        let Value::Text(text) = value else { return };
        let json = matches!(self.kind, Kind::Json | Kind::Jsonb);
        self.body = match Document::empty() {
            Ok(mut doc) if json => match doc.json.replacing(0, &text) {
                Ok(patch) => {
                    doc.change(patch);
                    doc.was_staged();
                    Body::Json(Box::new(doc))
                }
                Err(_) => Body::Null,
            },
            _ => {
                let text = Arc::new(text);
                Body::Text(Plain { seen: None, now: Arc::clone(&text), staged: text, past: vec![] })
            }
        };
    }
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
