//! What a pane may ask the user in a popup.

use super::{command::Command, event::ServerInfo, ids::ConnId};
use crate::data::{
    catalog::Detail,
    edits::{RowKey, Text, Value},
    json::Step,
};
use std::sync::Arc;

/// A popup a pane may ask for. The answer comes back to the asking pane by `told`.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// A question with buttons. Answer: `Tell::Answer`; Esc answers with the last button.
    Confirm {
        /// Name of the question, comes back with the answer.
        question: &'static str,
        /// Title.
        title: String,
        /// The text, may have several lines.
        text: String,
        /// Buttons, the default first, the harmless way out last.
        buttons: Vec<String>,
    },
    /// The same at the bottom, while something is open on the server: since when is shown.
    Decide {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// The text, may have several lines.
        text: String,
        /// Buttons, the harmless way out last.
        buttons: Vec<String>,
        /// When it was opened, as `World::now`.
        since: std::time::Duration,
    },
    /// A word that must be typed to go on. Answer: `Tell::Answer` with button 0 when it was, 1 for Esc.
    Typed {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// What it is about, may have several lines.
        text: String,
        /// The word.
        word: String,
    },
    /// A line of text. Answer: `Tell::Chosen`; Esc gives no answer.
    Line {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// Text to begin with.
        text: String,
        /// A hint under the line.
        hint: String,
    },
    /// A list with fuzzy search. Answer: `Tell::Chosen`.
    Pick {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// Items: text and a dim remark.
        items: Vec<(String, String)>,
    },
    /// Fields to fill in. Answer: `Tell::Filled`; Esc gives no answer.
    Form {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// A text above the fields, may be empty.
        text: String,
        /// The fields.
        fields: Vec<FormField>,
    },
    /// One value to edit: the popup stages it by itself. Nothing is answered.
    Edit(Box<EditAsk>),
    /// A document to edit by node: the popup stages it by itself. Nothing is answered.
    Document(Box<DocumentAsk>),
    /// Rows to delete: shows what goes with them, and stages it. Nothing is answered.
    Delete(Box<DeleteAsk>),
    /// What a new row does when its key is there already. Nothing is answered.
    Upsert {
        /// The relation.
        detail: Arc<Detail>,
        /// The new row.
        id: u64,
    },
    /// All staged changes: list, SQL, apply, conflicts. Nothing is answered.
    Changes,
    /// A page to read.
    Page {
        /// Title.
        title: String,
        /// Text.
        text: String,
    },
}

/// Lines of what is written in the question of production.
const MOST_WRITES: usize = 6;

impl Popup {
    /// The question before something is written on a server of production; `None`: it is none, or takes no writes.
    #[must_use]
    pub fn production(question: &'static str, info: &ServerInfo, writes: &[String]) -> Option<Self> {
        if !info.production || info.held_read_only || info.standby || writes.is_empty() {
            return None;
        }
        let name = info.profile.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
        let mut text = format!("This is production{name}: {} on {}\n", info.database, info.address);
        for write in writes.iter().take(MOST_WRITES) {
            text.push_str(&format!("\n  {write}"));
        }
        if writes.len() > MOST_WRITES {
            text.push_str(&format!("\n  and {} more", writes.len() - MOST_WRITES));
        }
        let (title, word) = ("Write on production?".to_owned(), info.database.clone());
        Some(Self::Typed { question, title, text, word })
    }
}

/// Which row a value to edit belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditTarget {
    /// A stored row: its key, and the columns that tell whether it was changed, as seen.
    Row {
        /// The key.
        key: RowKey,
        /// See `What::Update::version`.
        version: Vec<(String, Text)>,
    },
    /// A new row, by its number.
    New(u64),
}

/// One value to edit.
#[derive(Clone, Debug, PartialEq)]
pub struct EditAsk {
    /// Of which connection.
    pub conn: ConnId,
    /// The relation.
    pub detail: Arc<Detail>,
    /// The row.
    pub target: EditTarget,
    /// The column, as a position in `detail.columns`.
    pub column: usize,
    /// What the server holds as far as it was seen (`None`: NULL; nothing for a new row).
    pub seen: Text,
    /// What is staged for it already.
    pub staged: Option<Value>,
    /// Only the menu of NULL, empty, DEFAULT and now().
    pub special: bool,
}

/// A document to edit by node.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentAsk {
    /// Which value.
    pub ask: EditAsk,
    /// The node to begin at; when there is none, the whole.
    pub at: Vec<Step>,
    /// The command of the value view to begin with; `OpenValue`: only show it.
    pub begin: Command,
}

/// Rows to delete.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAsk {
    /// Of which connection.
    pub conn: ConnId,
    /// The relation.
    pub detail: Arc<Detail>,
    /// Per row its key, and all columns that were seen whole.
    pub rows: Vec<(RowKey, Vec<(String, Text)>)>,
}

/// A field of `Popup::Form`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub label: String,
    /// SQL type name, which says what is checked; may be empty.
    pub type_name: String,
    /// What it means.
    pub help: String,
    /// What stands in it at first; `None` is NULL.
    pub value: Option<String>,
    /// What one may choose from.
    pub choices: Vec<String>,
    /// Nothing but the choices will do.
    pub only_choices: bool,
}
