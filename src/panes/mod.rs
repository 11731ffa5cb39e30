//! EVERY PANE, one row: kind and how it is made. Popups have no row: the app opens them.

pub mod activity;
pub mod browse;
pub mod changes;
pub mod confirm;
pub mod delete;
pub mod document;
pub mod edit;
pub mod form;
pub mod health;
pub mod help;
pub mod line;
pub mod locks;
pub mod menu;
pub mod page;
pub mod palette;
pub mod password;
pub mod pick;
pub mod plan;
pub mod saved;
pub mod search;
pub mod sql;
pub mod statements;
pub mod typed;
pub mod upsert;

use crate::{
    core::pane::{Cx, Pane, PaneKind, Popup, Tone},
    views::value::Done,
};

/// One pane of the tab line.
#[derive(Clone, Copy)]
pub struct Row {
    /// Which.
    pub kind: PaneKind,
    /// Makes it, once, at the start.
    pub make: fn() -> Box<dyn Pane>,
}

/// The panes in the order of the tab line.
pub const TABLE: &[Row] = &[
    Row { kind: PaneKind::Browse, make: || Box::<browse::Browse>::default() },
    Row { kind: PaneKind::Sql, make: || Box::<sql::Sql>::default() },
    Row { kind: PaneKind::Search, make: || Box::<search::Search>::default() },
    Row { kind: PaneKind::Plan, make: || Box::<plan::PlanPane>::default() },
    Row { kind: PaneKind::Activity, make: || Box::<activity::Activity>::default() },
    Row { kind: PaneKind::Locks, make: || Box::<locks::Locks>::default() },
    Row { kind: PaneKind::Statements, make: || Box::<statements::Statements>::default() },
    Row { kind: PaneKind::Health, make: || Box::<health::Health>::default() },
    Row { kind: PaneKind::Saved, make: || Box::<saved::Saved>::default() },
];

/// What a value view wants of every pane alike; given back: what is the pane's own to do. `question`: of the text to find.
pub(crate) fn value_said(done: Done, question: &'static str, cx: &mut Cx<'_>) -> Option<Done> {
    match done {
        Done::Copy(text, what) => cx.copy(text, format!("Copied {what}")),
        Done::AskFind => cx.popup(Popup::Line {
            question,
            title: "Find in this value".into(),
            text: String::new(),
            hint: "n and N go to the next and the previous match".into(),
        }),
        Done::Say(what) => cx.toast(Tone::Note, what),
        done => return Some(done),
    }
    None
}
