//! The stream of one statement on its way to the screen: batches of a good size, byte credit, rest.

use super::wire::Item;
use crate::core::{
    error::DbError,
    event::{Cut, News},
};
use crate::data::rows::{Batch, Column};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Rows that are sent on at once …
const ROWS: usize = 64;
/// … or bytes …
const BYTES: usize = 64 << 10;
/// … or after this time, whatever there is: at most one frame is drawn per 16 ms anyway.
const WAIT: Duration = Duration::from_millis(16);

/// Longest row that a session of the console keeps, in bytes; twice as many are held for a moment. It must be more than
/// what is fetched of one value.
pub const MOST_ROW: usize = 256 << 20;

/// What to do after an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on.
    Go,
    /// The credit is used up and more rows have come: stop reading.
    Rest,
    /// COPY FROM STDIN wants data that nobody has.
    NoCopyIn,
    /// A row was too long to be kept: the rest is not wanted.
    TooLong,
    /// The statement has ended.
    End,
}

/// What came out of an item.
#[derive(Debug)]
pub struct Out {
    /// To tell, in order.
    pub news: Vec<News>,
    /// What to do then.
    pub then: Step,
}

/// The state of a stream.
#[derive(Debug)]
pub struct Flow {
    credit: u64,
    sent: u64,
    may_rest: bool,
    resting: bool,
    gathered: Option<(Batch, Instant)>,
    began: bool,
    counted: u64,
    tagged: Option<u64>,
    /// Beginning of a line of COPY output whose end has not come yet.
    line: Vec<u8>,
    /// Longest such line.
    longest: usize,
    copying: bool,
    no_copy_in: bool,
    /// The tag or tags so far.
    pub tag: String,
    /// The first error.
    pub error: Option<DbError>,
    /// Why it was ended early.
    pub cut: Option<Cut>,
    /// The user cancelled it.
    pub cancelled: bool,
}

impl Flow {
    /// A stream with so many bytes to send; `may_rest`: it may be stopped for a while.
    pub fn new(credit: u64, may_rest: bool) -> Self {
        Self {
            credit,
            sent: 0,
            may_rest,
            resting: false,
            gathered: None,
            began: false,
            counted: 0,
            tagged: None,
            line: vec![],
            longest: MOST_ROW,
            copying: false,
            no_copy_in: false,
            tag: String::new(),
            error: None,
            cut: None,
            cancelled: false,
        }
    }

    /// True while nothing is read.
    pub fn resting(&self) -> bool {
        self.resting
    }

    /// True when it may be stopped for a while and started again.
    pub fn may_rest(&self) -> bool {
        self.may_rest
    }

    /// COPY FROM STDIN was refused and its error is on the way.
    pub fn copying_in(&self) -> bool {
        self.no_copy_in
    }

    /// True while rows wait to be sent on.
    pub fn deadline_set(&self) -> bool {
        self.gathered.is_some() && !self.resting
    }

    /// When waiting rows are sent on.
    pub fn deadline(&self) -> Instant {
        self.gathered.as_ref().map_or_else(Instant::now, |(_, at)| *at)
    }

    /// Rows the server sent, or changed when it sent none.
    pub fn rows(&self) -> u64 {
        if self.began { self.counted } else { self.tagged.unwrap_or(self.counted) }
    }

    /// Rows the statement met by its tag: returned, changed or deleted.
    pub fn met(&self) -> u64 {
        self.tagged.unwrap_or(self.counted)
    }

    /// More credit: a resting stream goes on with what it held back.
    pub fn more(&mut self, credit: u64) -> Out {
        self.credit = self.credit.saturating_add(credit);
        self.resting = false;
        self.flush()
    }

    /// Sends on what has gathered.
    pub fn flush(&mut self) -> Out {
        let mut news = vec![];
        if let Some((batch, _)) = self.gathered.take() {
            self.sent += batch.text_len() as u64;
            news.push(News::Rows(Arc::new(batch)));
        }
        Out { news, then: Step::Go }
    }

    /// Counts an item that is not sent on.
    pub fn count(&mut self, item: &Item) {
        match item {
            Item::Rows(batch) => self.counted += batch.len() as u64,
            Item::TooLong(_) => self.counted += 1,
            Item::CopyOut(bytes) => self.counted += bytes.iter().filter(|b| **b == b'\n').count() as u64,
            Item::Complete { tag, rows } => self.complete(tag, *rows),
            _ => {}
        }
    }

    fn complete(&mut self, tag: &str, rows: u64) {
        if !self.tag.is_empty() {
            self.tag.push_str("; ");
        }
        self.tag.push_str(tag);
        self.tagged = Some(rows);
    }

    /// One item of the session.
    pub fn take(&mut self, item: Item) -> Out {
        match item {
            Item::Rows(batch) => self.rows_came(batch),
            Item::TooLong(bytes) => self.too_long(bytes),
            Item::CopyOut(bytes) => self.copy_came(&bytes),
            Item::Columns(columns) => self.after_rows(News::Columns(columns)),
            Item::Notice(e) => self.after_rows(News::Notice(Box::new(e))),
            Item::Notification(channel, payload, pid) => {
                self.after_rows(News::Notification(channel, payload, pid))
            }
            Item::Setting(name, value) => self.after_rows(News::Setting(name, value)),
            Item::CopyIn => {
                self.no_copy_in = true;
                Out { news: vec![], then: Step::NoCopyIn }
            }
            Item::Error(e) => {
                let e = if self.no_copy_in { no_copy_in() } else { e };
                self.error = self.error.take().or(Some(e));
                self.flush()
            }
            Item::Complete { tag, rows } => {
                self.complete(&tag, rows);
                self.copying = false;
                let rest = std::mem::take(&mut self.line);
                if rest.is_empty() { self.flush() } else { self.rows_came(lines(&[&rest])) }
            }
            Item::Ready(_) => Out { then: Step::End, ..self.flush() },
        }
    }

    /// A row of so many bytes that it is not kept.
    fn too_long(&mut self, bytes: u64) -> Out {
        self.counted += 1;
        let e = too_long(self.counted, bytes, self.may_rest);
        self.error = self.error.take().or(Some(e));
        Out { then: Step::TooLong, ..self.flush() }
    }

    fn after_rows(&mut self, news: News) -> Out {
        if matches!(news, News::Columns(_)) {
            self.began = true;
        }
        let mut out = self.flush();
        out.news.push(news);
        out
    }

    fn rows_came(&mut self, batch: Batch) -> Out {
        self.counted += batch.len() as u64;
        let used_up = self.sent >= self.credit;
        if used_up && !self.may_rest {
            // What must not be stopped is read to its end, and counted.
            return Out { news: vec![], then: Step::Go };
        }
        // The first rows are shown without delay.
        let first = self.sent == 0 && self.gathered.is_none();
        self.gather(batch);
        if used_up {
            self.resting = true;
            return Out { news: vec![News::Resting], then: Step::Rest };
        }
        match &self.gathered {
            Some((b, _)) if first || b.len() >= ROWS || b.text_len() >= BYTES => self.flush(),
            _ => Out { news: vec![], then: Step::Go },
        }
    }

    fn gather(&mut self, batch: Batch) {
        match &mut self.gathered {
            None => self.gathered = Some((batch, Instant::now() + WAIT)),
            Some((all, _)) => (0..batch.len()).for_each(|r| all.push(batch.row(r))),
        }
    }

    fn copy_came(&mut self, bytes: &[u8]) -> Out {
        let mut news = vec![];
        if !self.copying {
            self.copying = true;
            self.began = true;
            news.push(News::Columns(vec![Column::text("copy")].into()));
        }
        let whole = match bytes.iter().rposition(|b| *b == b'\n') {
            Some(end) => {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(&bytes[..end]);
                self.line = bytes[end + 1..].to_vec();
                whole
            }
            // Lines of COPY in binary are as long as it takes for a byte to look like an end of line.
            None if self.line.len() + bytes.len() > self.longest => {
                let length = std::mem::take(&mut self.line).len() + bytes.len();
                let mut out = self.too_long(length as u64);
                news.append(&mut out.news);
                return Out { news, then: out.then };
            }
            None => {
                self.line.extend_from_slice(bytes);
                return Out { news, then: Step::Go };
            }
        };
        let all: Vec<&[u8]> = whole.split(|b| *b == b'\n').collect();
        let mut out = self.rows_came(lines(&all));
        news.append(&mut out.news);
        Out { news, then: out.then }
    }
}

fn lines(lines: &[&[u8]]) -> Batch {
    let mut batch = Batch::new(1);
    for line in lines {
        batch.push([Some(*line)]);
    }
    batch
}

fn too_long(row: u64, bytes: u64, only_reads: bool) -> DbError {
    let done = if only_reads { "" } else { ". The statement was carried out all the same" };
    let text = format!(
        "row {row} of the result has {} MB, more than is kept of one row ({} MB): it was not read{done}",
        bytes >> 20,
        MOST_ROW >> 20
    );
    let hint = "Ask for a part, such as left(column, 1000), or have it written: \\copy (…) TO 'file', or pgdeck run --format csv --output FILE.";
    DbError { hint: Some(hint.into()), ..DbError::client(text) }
}

fn no_copy_in() -> DbError {
    DbError {
        severity: "ERROR".into(),
        hint: Some(
            "Load a file with \\copy, or give the data to \"pgdeck run\" on its standard input.".into(),
        ),
        ..DbError::client("COPY FROM STDIN needs data, and there is none on the screen; nothing was changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::Tx;

    fn batch(rows: usize, bytes: usize) -> Item {
        let mut b = Batch::new(1);
        for _ in 0..rows {
            b.push([Some(&vec![b'x'; bytes][..])]);
        }
        Item::Rows(b)
    }

    fn sent(out: &Out) -> usize {
        out.news.iter().map(|n| if let News::Rows(b) = n { b.len() } else { 0 }).sum()
    }

    #[test]
    fn the_first_rows_go_at_once_and_later_ones_gather() {
        let mut f = Flow::new(1 << 20, true);
        assert_eq!(sent(&f.take(batch(1, 10))), 1);
        assert_eq!(sent(&f.take(batch(1, 10))), 0);
        assert!(f.deadline_set());
        assert_eq!(sent(&f.take(batch(62, 10))), 0);
        assert_eq!(sent(&f.take(batch(1, 10))), 64);
        assert_eq!(sent(&f.take(batch(1, 70_000))), 1);
        f.take(batch(2, 1));
        let end = f.take(Item::Ready(Tx::Idle));
        assert_eq!((sent(&end), end.then, f.rows()), (2, Step::End, 68));
    }

    #[test]
    fn it_rests_only_when_more_came_than_the_credit() {
        let mut f = Flow::new(100, true);
        assert_eq!(f.take(batch(1, 100)).then, Step::Go);
        let out = f.take(batch(3, 10));
        assert!(matches!(out.news[..], [News::Resting]) && out.then == Step::Rest && f.resting());
        let out = f.more(1000);
        assert_eq!((sent(&out), f.resting()), (3, false));
    }

    #[test]
    fn what_may_not_rest_is_counted() {
        let mut f = Flow::new(10, false);
        f.take(batch(1, 10));
        for _ in 0..5 {
            let out = f.take(batch(100, 100));
            assert!(out.news.is_empty() && out.then == Step::Go);
        }
        assert_eq!(f.rows(), 501);
    }

    #[test]
    fn copy_output_is_cut_into_lines() {
        let mut f = Flow::new(1 << 20, false);
        let mut all = vec![];
        for piece in [&b"one\ntw"[..], b"o", b"\n\nlast"] {
            all.extend(f.take(Item::CopyOut(bytes::Bytes::copy_from_slice(piece))).news);
        }
        all.extend(f.take(Item::Complete { tag: "COPY 4".into(), rows: 4 }).news);
        all.extend(f.flush().news);
        let mut texts = vec![];
        for n in &all {
            if let News::Rows(b) = n {
                texts.extend(
                    (0..b.len()).map(|r| String::from_utf8_lossy(b.cell(r, 0).unwrap()).into_owned()),
                );
            }
        }
        assert_eq!(texts, ["one", "two", "", "last"]);
        assert!(matches!(&all[0], News::Columns(c) if c[0].name == "copy"));
        assert_eq!((f.tag.as_str(), f.rows()), ("COPY 4", 4));
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut f = Flow { longest: 10, ..Flow::new(1 << 20, true) };
        let piece = || Item::CopyOut(bytes::Bytes::from_static(b"1234567"));
        assert_eq!(f.take(Item::CopyOut(bytes::Bytes::from_static(b"one\n"))).then, Step::Go);
        assert_eq!(f.take(piece()).then, Step::Go);
        let out = f.take(piece());
        assert_eq!((out.then, f.rows(), f.line.len()), (Step::TooLong, 2, 0));
        assert!(f.error.is_some_and(|e| e.message.starts_with("row 2 of the result")));
    }
}
