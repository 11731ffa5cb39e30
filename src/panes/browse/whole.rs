//! Fetching one whole value (or a definition) for the value view.

use super::{Browse, Over, document, filter::Ask, table::kind_of};
use crate::{
    core::{
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::{Cx, Popup, Running, Tone},
    },
    data::value::Kind,
    sql::page,
    text::units,
    views::value::ValueView,
    widgets::grid::GridCell,
};
use std::time::Duration;

/// Characters (bytes of a bytea) fetched of one value at most.
const MOST: u32 = 128 << 20;
/// Why bytes that are no text are not edited.
const NOT_TEXT: &str = "this value is not UTF-8: it cannot be edited as text";
/// Larger values are asked about first.
const ASK_FROM: u64 = 5 << 20;

/// A value on its way.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Once sent.
    pub job: Option<JobId>,
    statement: Statement,
    since: Duration,
    what: String,
    came: bool,
}

impl Whole {
    fn new(sql: &str, params: Vec<Option<String>>, types: Vec<u32>) -> Self {
        Self {
            job: None,
            statement: Statement::read(sql, params, types),
            since: Duration::ZERO,
            what: "reading the whole value".into(),
            came: false,
        }
    }

    /// The definition of a function.
    #[must_use]
    pub fn function(oid: u32) -> Self {
        Self::new(include_str!("../../../queries/browse/function.sql"), vec![Some(oid.to_string())], vec![26])
    }

    /// What a type consists of.
    #[must_use]
    pub fn type_of(oid: u32) -> Self {
        Self::new(include_str!("../../../queries/browse/type.sql"), vec![Some(oid.to_string())], vec![26])
    }

    /// For the status line and for cancel.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        Some(Running { job: self.job?, what: self.what.clone(), since: self.since })
    }
}

impl Browse {
    /// The value view of the current cell.
    pub(super) fn open_value(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table().filter(|t| !t.window.is_empty()) else { return };
        let (row, column) = (table.grid.row(), table.grid.column());
        let Some(info) = table.column_info() else { return };
        let short = table.name.strip_prefix("public.").unwrap_or(&table.name);
        let title = format!("{short}.{}", info.name);
        let name = info.name.clone();
        let mut view = ValueView::waiting(title, name.clone(), kind_of(info), "reading …".into());
        (view.home, view.staged) = document::home(table, row, column);
        match table.stored_cell(row, column) {
            GridCell::Cut(_, size) => {
                let (Some(detail), Some(key)) = (table.detail.clone(), table.key_of(row)) else { return };
                match page::cell(&detail, &name, &key, MOST) {
                    Ok(q) => {
                        let statement = Statement::read(q.sql, q.params, q.types);
                        self.over.push(Over::Value(Box::new(view)));
                        self.whole = Some(Whole { statement, ..Whole::new("", vec![], vec![]) });
                        self.ask_or_send(size, cx);
                    }
                    Err(what) => cx.toast(Tone::Error, what),
                }
            }
            cell => {
                let bytes = cell.bytes();
                if bytes.is_some_and(|b| std::str::from_utf8(b).is_err()) {
                    view.home = Err(NOT_TEXT.into());
                }
                view.begin(bytes.map(|b| String::from_utf8_lossy(b).into_owned()), String::new());
                self.over.push(Over::Value(Box::new(view)));
            }
        }
    }

    fn ask_or_send(&mut self, size: u64, cx: &mut Cx<'_>) {
        if size < ASK_FROM {
            return self.send_whole(cx);
        }
        self.ask = Some(Ask::Big);
        cx.popup(Popup::Confirm {
            question: "browse",
            title: "A large value".into(),
            text: format!("This value takes {} on the server. Fetch it?", units::bytes(size)),
            buttons: vec!["Fetch".into(), "Leave it".into()],
        });
    }

    /// The answer to the question before a large value.
    pub(super) fn big_answered(&mut self, yes: bool, cx: &mut Cx<'_>) {
        if yes {
            self.send_whole(cx);
        } else {
            self.whole = None;
            if matches!(self.over.last(), Some(Over::Value(v)) if v.is_waiting()) {
                self.over.pop();
            }
        }
    }

    fn send_whole(&mut self, cx: &mut Cx<'_>) {
        let lane = Lane::Read(cx.world.active);
        if let Some(whole) = &mut self.whole {
            let statements = vec![whole.statement.clone()];
            let credit = 4 * u64::from(MOST);
            whole.job = Some(cx.start(|job| Effect::Execute { job, lane, statements, credit }));
            whole.since = cx.world.now;
        }
    }

    /// Shows a definition in the value view.
    pub(super) fn show_definition(&mut self, mut whole: Whole, title: String, cx: &mut Cx<'_>) {
        let view = ValueView::waiting(title, "definition".into(), Kind::Text, "reading …".into());
        whole.what = "reading a definition".into();
        self.over.push(Over::Value(Box::new(view)));
        self.whole = Some(whole);
        self.send_whole(cx);
    }

    pub(super) fn whole_news(&mut self, news: News, _cx: &mut Cx<'_>) {
        let view = self.over.iter_mut().rev().find_map(|o| match o {
            Over::Value(v) if v.is_waiting() => Some(v),
            _ => None,
        });
        match news {
            News::Rows(batch) if !batch.is_empty() => {
                if let Some(w) = &mut self.whole {
                    w.came = true;
                }
                let text = |c: usize| batch.cell(0, c).map(|b| String::from_utf8_lossy(b).into_owned());
                let broken = batch.cell(0, 1).is_some_and(|b| std::str::from_utf8(b).is_err());
                let value = text(1);
                let size: u64 = text(0).and_then(|t| t.parse().ok()).unwrap_or(0);
                let cut = value.as_ref().is_some_and(|v| (v.len() as u64) < size);
                let remark =
                    if cut { format!("only the beginning of {}", units::bytes(size)) } else { String::new() };
                if let Some(view) = view {
                    if broken {
                        view.home = Err(NOT_TEXT.into());
                    }
                    view.begin(value, remark);
                }
            }
            News::Done(_) => {
                let came = self.whole.take().is_some_and(|w| w.came);
                if let Some(view) = view.filter(|_| !came) {
                    view.fail("This row does not exist any more (F5 in the grid reads anew).".into());
                }
            }
            News::Failed(_, error, _) => {
                self.whole = None;
                if let Some(view) = view {
                    let hint = error.hint.as_ref().map_or_else(String::new, |h| format!("\n{h}"));
                    view.fail(format!("{error}{hint}"));
                }
            }
            _ => {}
        }
    }

    /// Ends what is fetched for a view that was closed.
    pub(super) fn drop_whole(&mut self, cx: &mut Cx<'_>) {
        let waiting = self.over.iter().any(|o| matches!(o, Over::Value(v) if v.is_waiting()));
        if !waiting && let Some(job) = self.whole.take().and_then(|w| w.job) {
            cx.ask(Effect::Stop { job });
        }
    }
}
