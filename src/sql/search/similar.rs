//! Rows whose words are like those of the line, by pg_trgm: for a line that nothing matches.

use super::{Ask, MOST_TITLE, Target};
use crate::{
    data::search::Mode,
    sql::{
        filter::{Query, TEXT},
        page::table,
        quote::ident,
    },
};

/// How alike words must be: pg_trgm's own threshold for `<%`, which an index serves.
const LEAST: &str = "0.6";
/// The same without an index, where a word with two letters swapped is to be found, too.
const LEAST_READ: &str = "0.4";
/// Rows that are taken out of an index.
const MOST_SIMILAR: u64 = 10_000;
/// Characters of a document that are shown.
const MOST_SHOWN: usize = 200;

/// By what rows are found that are like the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike<'a> {
    /// The schema of pg_trgm.
    pub trgm: &'a str,
    /// The schema of unaccent.
    pub unaccent: Option<&'a str>,
    /// The text, as an SQL expression over a row: exactly that of the index, where one serves.
    pub text: String,
    /// No index serves: so many rows are read.
    pub read: Option<u64>,
}

/// The words of a line that are looked for: without operators, and without what must not be there.
#[must_use]
pub fn bare_words(mode: Mode, text: &str) -> String {
    let wanted = |w: &&str| mode != Mode::Web || (!w.starts_with('-') && !w.eq_ignore_ascii_case("or"));
    let words = text.split_whitespace().filter(wanted);
    words.map(|w| w.trim_matches('"')).filter(|w| !w.is_empty()).take(20).collect::<Vec<_>>().join(" ")
}

impl Target<'_> {
    /// The search for words that are like those of the line. Columns as those of `search`; the rank is pg_trgm's
    /// `word_similarity`, no hits are marked. None when the line has no words.
    ///
    /// # Errors
    /// As `search`.
    pub fn similar(&self, ask: &Ask<'_>, by: &Alike<'_>) -> Result<Option<Query>, String> {
        let words = bare_words(ask.mode, ask.text);
        let keys = self.keys_list("", "");
        if words.is_empty() || keys.is_empty() {
            return Ok(None);
        }
        let mut query = Query::default();
        let line = query.bind(Some(words), TEXT);
        let filter = self.and_filter(&mut query)?;
        let trgm = ident(by.trgm);
        let alike = |line: &str, text: &str| format!("{trgm}.word_similarity({line}, {text})");
        let plain = |of: &str| by.unaccent.map(|schema| format!("{}.unaccent({of})", ident(schema)));
        let (named, from) = (self.keys_named(), table(self.detail));
        let found = match by.read {
            None => {
                let is = |line: &str| format!("{line} OPERATOR({trgm}.<%) {}", by.text);
                let (mut matches, mut rank) = (is(&line), alike(&line, &by.text));
                if let Some(line) = plain(&line) {
                    matches = format!("({matches} OR {})", is(&line));
                    rank = format!("greatest({rank}, {})", alike(&line, &by.text));
                }
                format!("SELECT {named}{rank} AS pgdeck_r FROM {from}\n  WHERE {matches}{filter}")
            }
            Some(rows) => {
                let text = format!("left({}, {MOST_TITLE})", by.text);
                let rank = match (plain(&line), plain(&text)) {
                    (Some(line), Some(text)) => alike(&line, &text),
                    _ => alike(&line, &text),
                };
                format!(
                    "SELECT {keys}, CASE WHEN true{filter} THEN {rank} END AS pgdeck_r\n  FROM {}",
                    self.sampled(&named, rows)
                )
            }
        };
        let least = if by.read.is_some() { LEAST_READ } else { LEAST };
        let read = if by.read.is_some() { "(SELECT count(*) FROM i)" } else { "NULL::int8" };
        let body = self.body_text().map_or("NULL::text".into(), |b| format!("left({b}, {MOST_SHOWN})"));
        let shown: String = (1..=self.keys().len()).map(|n| format!(", {}", self.key_text(n))).collect();
        query.sql = format!(
            "WITH i AS MATERIALIZED (\n  {found}\n), c AS MATERIALIZED (\n  SELECT * FROM i WHERE pgdeck_r >= {least} LIMIT {MOST_SIMILAR}\n), n AS (\n  SELECT count(*) AS pgdeck_n, {read} AS pgdeck_a FROM c\n), o AS MATERIALIZED (\n  SELECT c.*, row_number() OVER (ORDER BY pgdeck_r DESC, {keys}) AS pgdeck_o FROM c ORDER BY pgdeck_r DESC, {keys} LIMIT {}\n)\nSELECT pgdeck_n, pgdeck_a, pgdeck_h.*\nFROM n LEFT JOIN (\n  SELECT pgdeck_o, pgdeck_r, {} AS pgdeck_title, NULL::text AS pgdeck_marked, {body} AS pgdeck_text{shown}\n  FROM o JOIN {}\n) AS pgdeck_h ON true\nORDER BY pgdeck_o",
            ask.limit,
            self.title_text(),
            self.joined()
        );
        Ok(Some(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_are_wanted_are_looked_for() {
        for (mode, text, want) in [
            (Mode::Web, "\"slow qeury\" or vacum -index", "slow qeury vacum"),
            (Mode::Plain, "a -b or", "a -b or"),
            (Mode::Web, "-x \"\"", ""),
        ] {
            assert_eq!(bare_words(mode, text), want);
        }
    }
}
