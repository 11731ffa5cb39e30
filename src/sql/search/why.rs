//! Why a row matched and why a word did not.

use super::{Ask, Reach, Target, configured, tsquery};
use crate::{
    data::edits::RowKey,
    sql::{
        filter::{Filter, Query, TEXT},
        page::table,
        quote::literal,
    },
};

/// Lexemes of a sample that are fetched, the most frequent ones.
const MOST_LEXEMES: usize = 20_000;
/// Rows of that sample.
const SAMPLE: u64 = 2_000;
/// Rows that a lexeme is counted up to.
const MOST: u64 = super::MOST_COUNTED + 1;

/// A token of the line as the dictionaries see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// What it is to the parser: `asciiword`, `url`, `tag` …
    pub kind: String,
    /// As typed.
    pub token: String,
    /// The dictionary that knew it.
    pub dictionary: Option<String>,
    /// What became of it: none: nothing looks at such tokens; empty: a stop word.
    pub lexemes: Option<Vec<String>>,
}

/// The lexemes of a query with their being prefixes, as `pgdeck_w` and `pgdeck_p`.
fn of_query(q: &str) -> String {
    format!(
        "(SELECT DISTINCT replace(replace(m[1], '''''', ''''), '\\\\', '\\') AS pgdeck_w, coalesce(m[2], '') LIKE '%*%' AS pgdeck_p\n    FROM regexp_matches({q}::text, '''((?:[^'']|'''')+)''(:[*ABCD]+)?', 'g') AS m) AS pgdeck_q"
    )
}

/// What each configuration of the server makes of the line. Columns: configurations, lexemes.
#[must_use]
pub fn configurations(ask: &Ask<'_>) -> Query {
    let mut query = Query::default();
    let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
    query.sql = format!(
        "SELECT string_agg(pgdeck_c, ', ' ORDER BY pgdeck_c), pgdeck_l\nFROM (SELECT oid::regconfig::text AS pgdeck_c, strip(to_tsvector(oid::regconfig, left({parameter}, 1000)))::text AS pgdeck_l FROM pg_ts_config) AS pgdeck_t\nGROUP BY 2 ORDER BY count(*) DESC, 1"
    );
    query
}

impl Target<'_> {
    /// What the parser and the dictionaries make of the line, with the configuration of this row where rows have their
    /// own. Columns: kind, token, dictionary, lexemes (a blank between).
    #[must_use]
    pub fn words_of(&self, ask: &Ask<'_>, row: Option<&RowKey>) -> Query {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let config = row
            .and_then(|row| self.config_of(row, &mut query))
            .unwrap_or_else(|| configured(self.languages.first().map_or(self.config, String::as_str)));
        query.sql = format!(
            "SELECT alias, token, dictionary::text, array_to_string(lexemes, ' ')\nFROM ts_debug({config}, left({parameter}, 1000))\nWHERE alias <> 'blank' LIMIT 60"
        );
        query
    }

    /// The condition that it is this row.
    fn is_row(&self, row: &RowKey, query: &mut Query) -> Option<String> {
        let keys = self.keys();
        if keys.is_empty() || keys.len() != row.len() {
            return None;
        }
        let is: Vec<String> = (keys.iter().zip(row))
            .map(|((key, oid), value)| format!("{key} = {}", query.bind(value.clone(), *oid)))
            .collect();
        Some(is.join(" AND "))
    }

    /// The configuration of this row, where rows have their own.
    fn config_of(&self, row: &RowKey, query: &mut Query) -> Option<String> {
        let column = self.config_column()?;
        let is = self.is_row(row, query)?;
        Some(format!("(SELECT {column} FROM {} WHERE {is})", table(self.detail)))
    }

    /// The rows that hold each lexeme of the query, counted by the index as far as hits are. Columns: lexeme, whether it
    /// is a prefix, rows. Without an index only the first two.
    #[must_use]
    pub fn lexeme_rows(&self, ask: &Ask<'_>) -> Query {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let each: Vec<String> =
            self.asked(ask, &parameter).each.into_iter().map(|(_, q)| format!("{q}::text")).collect();
        let q = format!("concat_ws(' ', {})", each.join(", "));
        let one = "(''''  || replace(replace(pgdeck_w, '\\', '\\\\'), '''', '''''') || '''' || CASE WHEN pgdeck_p THEN ':*' ELSE '' END)::tsquery";
        let count = match self.source.index() {
            Some(index) => {
                let partial = index.predicate.as_ref().map(|p| format!(" AND ({p})")).unwrap_or_default();
                format!(
                    "(SELECT count(*) FROM (SELECT FROM {} WHERE {} @@ {one}{partial} LIMIT {MOST}) AS pgdeck_s)",
                    table(self.detail),
                    self.source.vector
                )
            }
            None => "NULL::int8".into(),
        };
        query.sql = format!("SELECT pgdeck_w, pgdeck_p, {count}\nFROM {}\nORDER BY 1", of_query(&q));
        query
    }

    /// Where a row holds the query's lexemes. Columns: lexeme of the query, of the row, positions, weights. None when the
    /// row cannot be found again.
    #[must_use]
    pub fn positions(&self, ask: &Ask<'_>, row: &RowKey) -> Option<Query> {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let config = self.config_of(row, &mut query).unwrap_or_else(|| self.config());
        let q = tsquery(ask.mode, &config, &parameter, ask.text);
        let is = self.is_row(row, &mut query)?;
        query.sql = format!(
            "SELECT pgdeck_w, v.lexeme, array_to_string(v.positions, ' '), array_to_string(v.weights, '')\nFROM {}\nLEFT JOIN LATERAL unnest((SELECT {} FROM {} WHERE {})) AS v\n  ON v.lexeme = pgdeck_w OR (pgdeck_p AND starts_with(v.lexeme, pgdeck_w))\nORDER BY 1, 2 LIMIT 100",
            of_query(&q),
            self.source.vector,
            table(self.detail),
            is
        );
        Some(query)
    }
}

/// The most frequent lexemes of some rows, for "did you mean". Columns: lexeme, rows of the sample.
#[must_use]
pub fn lexemes(target: &Target<'_>) -> Query {
    let nothing = Filter::default();
    let sample = Target { reach: Reach::Sample(SAMPLE), filter: &nothing, ..target.clone() };
    let inner = format!("SELECT {} FROM {}", sample.source.vector, sample.sampled("", SAMPLE));
    let sql = format!(
        "SELECT word, ndoc FROM ts_stat({}) WHERE length(word) BETWEEN 3 AND 40 ORDER BY ndoc DESC LIMIT {MOST_LEXEMES}",
        literal(&inner)
    );
    Query { sql, ..Query::default() }
}

/// What an index would hold. Columns: rows of the sample, lexemes a row, bytes of a vector.
#[must_use]
pub fn measure(target: &Target<'_>) -> Query {
    let nothing = Filter::default();
    let sample = Target { filter: &nothing, ..target.clone() };
    let sql = format!(
        "SELECT count(*), avg(length(pgdeck_v)), avg(pg_column_size(pgdeck_v))\nFROM (SELECT {} AS pgdeck_v FROM {}) AS pgdeck_s",
        sample.source.vector,
        sample.sampled("", 1_000)
    );
    Query { sql, ..Query::default() }
}

/// The words of an answer of [`words_of`].
#[must_use]
pub fn look_up(rows: &[Vec<Option<String>>]) -> Vec<Word> {
    let word = |row: &Vec<Option<String>>| {
        let text = |n: usize| row.get(n).cloned().flatten();
        Some(Word {
            kind: text(0)?,
            token: text(1)?,
            dictionary: text(2),
            lexemes: text(3).map(|l| l.split_whitespace().map(str::to_owned).collect()),
        })
    };
    rows.iter().filter_map(word).collect()
}
