//! Rows of the referenced table to choose from, searched on the server while one types.

use crate::{
    core::{
        command::Command,
        effect::{Effect, Statement},
        event::{Mouse, MouseKind, News},
        ids::{ConnId, JobId, Lane},
        key::Chord,
        pane::{Cx, Running},
        theme::Theme,
    },
    data::{
        catalog::{ColumnInfo, ForeignKey},
        edits::Text,
    },
    sql::pick,
    widgets::{input::Input, paint},
};
use ratatui::{Frame, layout::Rect};
use std::{sync::Arc, time::Duration};

/// Rows shown at most.
const MOST: usize = 50;
/// Typing rests so long before the server is asked.
const REST: Duration = Duration::from_millis(150);
/// Bytes of rows taken.
const CREDIT: u64 = 1 << 20;

/// See the module.
#[derive(Debug)]
pub struct Picker {
    conn: ConnId,
    key: ForeignKey,
    columns: Arc<[ColumnInfo]>,
    main: usize,
    input: Input,
    rows: Vec<(Vec<Text>, String)>,
    coming: Vec<(Vec<Text>, String)>,
    at: usize,
    top: usize,
    area: Rect,
    job: Option<(JobId, Duration)>,
    due: Option<Duration>,
    error: Option<String>,
    /// The server may have more rows than it was asked for.
    more: bool,
}

impl Picker {
    /// Rows for the column `name` of the foreign key.
    #[must_use]
    pub fn new(conn: ConnId, key: ForeignKey, columns: Arc<[ColumnInfo]>, name: &str) -> Self {
        let main = key.from_columns.iter().position(|c| c == name).unwrap_or(0);
        Self {
            conn,
            key,
            columns,
            main,
            input: Input::default(),
            rows: vec![],
            coming: vec![],
            at: 0,
            top: 0,
            area: Rect::default(),
            job: None,
            due: None,
            error: None,
            more: false,
        }
    }

    /// Asks the server for what is typed now; an older question is given up.
    pub fn ask(&mut self, cx: &mut Cx<'_>) {
        self.stop(cx);
        self.due = None;
        let q = pick::candidates(&self.key, &self.columns, self.main, self.input.text().trim(), MOST);
        let statement = Statement::read(q.sql, q.params, q.types);
        let lane = Lane::Read(self.conn);
        let job = cx.start(|job| Effect::Execute { job, lane, statements: vec![statement], credit: CREDIT });
        self.job = Some((job, cx.world.now));
        self.coming.clear();
    }

    /// Gives up what was asked.
    pub fn stop(&mut self, cx: &mut Cx<'_>) {
        if let Some((job, _)) = self.job.take() {
            cx.ask(Effect::Stop { job });
        }
    }

    /// What runs, for the status line.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        let (job, since) = self.job?;
        Some(Running { job, what: format!("searching {}", self.key.to.1), since })
    }

    /// When the server is to be asked.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// News of its question; `false`: not its own.
    pub fn news(&mut self, job: JobId, news: &News) -> bool {
        if self.job.is_none_or(|(mine, _)| mine != job) {
            return false;
        }
        match news {
            News::Rows(batch) => {
                let keys = self.key.to_columns.len();
                for row in 0..batch.len() {
                    // A key that is no text cannot be given back as one.
                    let key: Option<Vec<Text>> = (0..keys)
                        .map(|c| match batch.cell(row, c) {
                            Some(b) => String::from_utf8(b.to_vec()).ok().map(Some),
                            None => Some(None),
                        })
                        .collect();
                    let Some(key) = key else { continue };
                    let title = batch.cell(row, keys).map(String::from_utf8_lossy).unwrap_or_default();
                    if !self.coming.iter().any(|(k, _)| *k == key) {
                        self.coming.push((key, title.into_owned()));
                    }
                }
            }
            News::Done(summary) if summary.last => {
                self.job = None;
                self.more = summary.rows >= MOST as u64;
                self.rows = std::mem::take(&mut self.coming);
                (self.at, self.top, self.error) = (0, 0, None);
            }
            News::Failed(_, error, _) => {
                self.job = None;
                self.error = Some(error.to_string());
            }
            _ => {}
        }
        true
    }

    /// The row under the cursor: the referencing columns with their values.
    #[must_use]
    pub fn chosen(&self) -> Option<Vec<(String, Text)>> {
        let (key, _) = self.rows.get(self.at)?;
        Some(self.key.from_columns.iter().cloned().zip(key.iter().cloned()).collect())
    }

    /// Moves; `false`: none of its own.
    pub fn command(&mut self, command: Command) -> bool {
        let (last, page) = (self.rows.len().saturating_sub(1), usize::from(self.area.height.max(1)));
        self.at = match command {
            Command::ListUp => self.at.checked_sub(1).unwrap_or(last),
            Command::ListDown if self.at >= last => 0,
            Command::ListDown => self.at + 1,
            Command::ListPageUp => self.at.saturating_sub(page),
            Command::ListPageDown => (self.at + page).min(last),
            _ => return false,
        };
        true
    }

    /// Typing narrows, once it rests.
    pub fn typed(&mut self, chord: Chord, now: Duration) {
        if self.input.key(chord) {
            self.due = Some(now + REST);
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str, now: Duration) {
        self.input.paste(text);
        self.due = Some(now + REST);
    }

    /// The mouse; `true` when a row was hit.
    pub fn mouse(&mut self, mouse: Mouse) -> bool {
        match mouse.kind {
            MouseKind::ScrollUp => self.at = self.at.saturating_sub(3),
            MouseKind::ScrollDown => self.at = (self.at + 3).min(self.rows.len().saturating_sub(1)),
            _ if self.area.contains((mouse.x, mouse.y).into()) => {
                let at = self.top + usize::from(mouse.y - self.area.y);
                if at < self.rows.len() {
                    self.at = at;
                    return true;
                }
            }
            _ => {}
        }
        false
    }

    /// Draws the line and the rows.
    pub fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        if area.height == 0 {
            return;
        }
        let count = match self.rows.len() {
            _ if self.job.is_some() || self.due.is_some() => " …".to_owned(),
            n if self.more => format!(" first {n}"),
            n => format!(" {n}"),
        };
        let cells = (count.chars().count() as u16).min(area.width);
        self.input.draw(frame, Rect { height: 1, width: area.width - cells, ..area }, theme, true);
        let buf = frame.buffer_mut();
        paint::put(buf, area.right() - cells, area.y, cells, &count, theme.style("text.dim"));
        self.area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let height = usize::from(self.area.height);
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        let shown = |key: &[Text]| {
            let parts: Vec<&str> = key.iter().map(|k| k.as_deref().unwrap_or("‹null›")).collect();
            parts.join(", ")
        };
        let keys: Vec<String> = self.rows.iter().map(|(k, _)| shown(k)).collect();
        let column = keys.iter().map(|k| crate::text::width::width_to(k, 40)).max().unwrap_or(0) as u16;
        for row in 0..self.area.height {
            let at = self.top + usize::from(row);
            let Some((_, title)) = self.rows.get(at) else { break };
            let here = at == self.at;
            let style = theme.style(if here { "list.cursor" } else { "popup" });
            let line = Rect { y: self.area.y + row, height: 1, ..self.area };
            if here {
                paint::fill(buf, line, style);
            }
            let x = paint::put(buf, line.x, line.y, line.width, if here { "▸ " } else { "  " }, style);
            let room = line.right().saturating_sub(x);
            paint::put_clipped(buf, x, line.y, column.min(room), &keys[at], style);
            let x = x + column + 2;
            paint::put_clipped(buf, x, line.y, line.right().saturating_sub(x), title, style);
        }
        let (text, name) = match &self.error {
            Some(e) => (e.as_str(), "message.error"),
            None if self.rows.is_empty() && self.job.is_none() => ("no row matches", "text.dim"),
            None => return,
        };
        if self.area.height > 0 {
            paint::put_clipped(buf, area.x, area.y + 1, area.width, text, theme.style(name));
        }
    }
}
