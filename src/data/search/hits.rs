//! What a search gave.

use super::{
    DELIMITER,
    fragments::{Fragment, fragments},
};
use crate::data::{edits::RowKey, rows::Batch};

/// A row that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hit {
    /// Number of its table among those searched.
    pub table: usize,
    /// Its rank.
    pub rank: f32,
    /// The title's beginning; none: NULL, or the table has no such column.
    pub title: Option<String>,
    /// The title with its hits, where they could be marked in it.
    pub marked: Option<Fragment>,
    /// Fragments of the text; none: not fetched.
    pub text: Option<Vec<Fragment>>,
    /// Finds the row again; empty: nothing does.
    pub key: RowKey,
}

impl Hit {
    /// Takes what the server marked. A title in which the parser left something out (tags) is shown as it is.
    pub fn take_marked(&mut self, marked: Option<&str>, text: Option<&str>) {
        let one = marked.map(fragments).and_then(|f| f.into_iter().next());
        let plain = self.title.as_deref().map(|t| t.split_whitespace().collect::<Vec<_>>().join(" "));
        self.marked = one.filter(|f| Some(f.text()) == plain);
        self.text = Some(text.map(fragments).unwrap_or_default());
    }
}

/// The answer of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// Hits counted.
    pub count: u64,
    /// Rows looked at, where not all were.
    pub read: Option<u64>,
    /// The best ones.
    pub rows: Vec<Hit>,
}

impl Hits {
    /// Adds rows of the answer; `table`: the number of the table; `before`: columns before those of the key.
    pub fn take(&mut self, batch: &Batch, table: usize, before: usize) {
        let text = |row, n| batch.cell(row, n).map(|b| String::from_utf8_lossy(b).into_owned());
        for row in 0..batch.len() {
            self.count = text(row, 0).and_then(|t| t.parse().ok()).unwrap_or(self.count);
            self.read = text(row, 1).and_then(|t| t.parse().ok()).or(self.read);
            let Some(rank) = text(row, 3) else { continue };
            let key = (before..batch.width()).map(|n| text(row, n)).collect();
            let rank = rank.parse().unwrap_or(0.0);
            let mut hit = Hit { table, rank, title: text(row, 4), key, ..Hit::default() };
            let (marked, found) = (text(row, 5), text(row, 6));
            if marked.is_some() || found.is_some() {
                hit.take_marked(marked.as_deref(), found.as_deref());
            }
            self.rows.push(hit);
        }
    }
}

/// What became of the words typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The tsquery as the server prints it.
    pub query: String,
    /// Nodes of it; 0: nothing to search for.
    pub nodes: u32,
    /// An index can serve it: it is not all negations.
    pub servable: bool,
    /// Words that were left out because a dictionary has them for stop words.
    pub stopped: Vec<String>,
}

impl Words {
    /// Reads the answer's one row.
    #[must_use]
    pub fn read(batch: &Batch) -> Self {
        let text = |n| batch.cell(0, n).map(|b| String::from_utf8_lossy(b).into_owned());
        let tree = text(2).unwrap_or_default();
        let stopped = text(3).unwrap_or_default();
        Self {
            query: text(0).unwrap_or_default(),
            nodes: text(1).and_then(|t| t.parse().ok()).unwrap_or(0),
            servable: !tree.is_empty() && tree != "T",
            stopped: stopped.split(DELIMITER).filter(|w| !w.is_empty()).map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[&[Option<&str>]]) -> Batch {
        let mut batch = Batch::new(rows.first().map_or(0, |r| r.len()));
        rows.iter().for_each(|row| batch.push(row.iter().map(|c| c.map(str::as_bytes))));
        batch
    }

    #[test]
    fn a_count_without_rows_and_rows_with_their_keys() {
        let mut hits = Hits::default();
        hits.take(&batch(&[&[Some("0"), None, None, None, None, None, None, None]]), 0, 7);
        assert_eq!(hits, Hits::default());
        hits.take(
            &batch(&[
                &[
                    Some("2"),
                    Some("9"),
                    Some("1"),
                    Some("0.5"),
                    Some("A  vacuum"),
                    Some("A  \u{1}vacuum\u{2}"),
                    Some("x"),
                    Some("7"),
                ],
                &[Some("2"), Some("9"), Some("2"), Some("0.25"), None, None, None, Some("8")],
            ]),
            3,
            7,
        );
        assert_eq!((hits.count, hits.read, hits.rows.len()), (2, Some(9), 2));
        let first = &hits.rows[0];
        assert_eq!((first.table, first.rank, &first.key), (3, 0.5, &vec![Some("7".to_owned())]));
        assert_eq!(first.marked.as_ref().map(Fragment::text).as_deref(), Some("A vacuum"));
        assert_eq!(hits.rows[1].text, None);
    }

    #[test]
    fn a_title_that_lost_something_is_shown_as_it_is() {
        let mut hit = Hit { title: Some("<b>vacuum</b>".into()), ..Hit::default() };
        hit.take_marked(Some(" \u{1}vacuum\u{2} "), None);
        assert_eq!((hit.marked, hit.text), (None, Some(vec![])));
    }

    #[test]
    fn words_and_stop_words() {
        let words = Words::read(&batch(&[&[Some("'cat'"), Some("1"), Some("'cat'"), Some("The\u{3}in")]]));
        assert!(words.servable);
        assert_eq!(words.stopped, ["The", "in"]);
        assert!(!Words::read(&batch(&[&[Some("!'cat'"), Some("2"), Some("T"), None]])).servable);
    }
}
