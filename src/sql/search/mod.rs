//! The SQL of full-text search.
//!
//! One statement gives the count, the ranks, the titles and the fragments of the first page. What it costs is bounded by
//! its shape: the hits come out of a materialised `i` without LIMIT, so that the planner does not bet on finding enough
//! of them in a scan, but only as many of them are taken out of it as are counted; ranks that need `to_tsvector` are
//! computed for a few hundred rows; `ts_headline` runs behind the LIMIT. The query is an immutable expression over one
//! parameter, so the server folds it into a constant before it plans.

pub mod expression;
mod facets;
mod line;
mod saved;
pub mod sources;
mod why;

use super::{
    filter::{self, Filter, Query, TEXT},
    page::{key_columns, table},
    quote::{ident, literal},
};
use crate::data::{
    catalog::{Detail, RelKind},
    edits::RowKey,
    search::{DELIMITER, Mode, Ranking, START, STOP, Source},
};
pub use facets::Facet;
pub use line::{completes, tsquery};
pub use saved::saved_query;
pub use why::{Word, configurations, lexemes, look_up, measure, words_of};

/// Hits that are counted: more are "more than".
pub const MOST_COUNTED: u64 = 10_000;
/// Rows that are ranked where the vector has to be computed for it.
pub const MOST_COMPUTED: u64 = 300;
/// Characters of a document that fragments are looked for in.
const MOST_TEXT: usize = 500_000;
/// Characters of a title.
const MOST_TITLE: usize = 300;
/// Characters of a document that comes along where it could not be looked up again.
const MOST_CARRIED: usize = 20_000;

/// The configurations of the server.
pub const CONFIGURATIONS: &str = include_str!("../../../queries/search/configurations.sql");

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All rows, through an index. A query that no index can serve finds nothing.
    Index,
    /// The same, of the last hits by key: for a query with more hits than are counted.
    Newest,
    /// So many rows (one more, to know whether there are more): the last ones by key, or those that come first.
    Sample(u64),
    /// Every row, however long it takes.
    Everything,
}

impl Reach {
    /// An index is to serve.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(self, Self::Index | Self::Newest)
    }
}

/// A table as it is to be searched.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The relation.
    pub detail: &'a Detail,
    /// How.
    pub source: &'a Source,
    /// The query's configuration, as `regconfig` reads it.
    pub config: &'a str,
    /// How far.
    pub reach: Reach,
    /// What rows must meet.
    pub filter: &'a Filter,
    /// The title's column.
    pub title: Option<&'a str>,
    /// The columns fragments are taken from.
    pub body: &'a [String],
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The line typed.
    pub text: &'a str,
    /// How it is read.
    pub mode: Mode,
    /// How results are ranked.
    pub ranking: &'a Ranking,
    /// Rows wanted.
    pub limit: usize,
    /// Rows before them.
    pub offset: usize,
    /// Rows that get fragments at once.
    pub page: usize,
    /// Words of a fragment.
    pub words: usize,
}

/// Columns before those of the key in the answer of [`Target::search`].
pub const BEFORE_KEY: usize = 7;

/// How rows of a relation are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// By a key.
    Key,
    /// By where they are stored: true until somebody changes them.
    Place,
    /// Not at all.
    None,
}

/// How rows of this relation are found again.
#[must_use]
pub fn address(detail: &Detail) -> Address {
    if !key_columns(detail).is_empty() {
        return Address::Key;
    }
    match detail.relation.kind {
        RelKind::Table | RelKind::Partitioned | RelKind::MaterializedView => Address::Place,
        _ => Address::None,
    }
}

impl Target<'_> {
    /// Name and expression of each column by which a row is found again.
    fn keys(&self) -> Vec<(String, u32)> {
        match address(self.detail) {
            Address::Key => {
                let columns = key_columns(self.detail);
                let column = |n: &usize| {
                    let info = &self.detail.columns[*n];
                    (ident(&info.name), info.base_oid)
                };
                columns.iter().map(column).collect()
            }
            Address::Place => vec![("tableoid".into(), 26), ("ctid".into(), 27)],
            Address::None => vec![],
        }
    }

    /// `a AS pgdeck_k1, b AS pgdeck_k2, `
    fn keys_named(&self) -> String {
        let named = self.keys().into_iter().enumerate();
        named.map(|(n, (key, _))| format!("{key} AS pgdeck_k{}, ", n + 1)).collect()
    }

    /// `pgdeck_k1 DESC, pgdeck_k2 DESC` with this in front of each and behind each.
    fn keys_list(&self, before: &str, after: &str) -> String {
        let names = (1..=self.keys().len()).map(|n| format!("{before}pgdeck_k{n}{after}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// `table JOIN … ON a = pgdeck_k1 AND …`
    fn joined(&self) -> String {
        let on = self.keys().into_iter().enumerate();
        let on: Vec<String> =
            on.map(|(n, (key, _))| format!("{}.{key} = pgdeck_k{}", self.alias(), n + 1)).collect();
        format!("{} ON {}", table(self.detail), on.join(" AND "))
    }

    /// The name under which the table's columns go.
    fn alias(&self) -> String {
        ident(&self.detail.relation.name)
    }

    fn rank(&self, ask: &Ask<'_>, q: &str) -> String {
        let weights = if ask.ranking.weights == Ranking::WEIGHTS {
            String::new()
        } else {
            let each: Vec<String> = ask.ranking.weights.iter().map(|w| format!("{w}")).collect();
            format!("'{{{}}}'::float4[], ", each.join(","))
        };
        format!(
            "{}({weights}{}, {q}, {})",
            ask.ranking.function(),
            self.source.vector,
            ask.ranking.normalisation
        )
    }

    fn body_text(&self) -> Option<String> {
        match self.body {
            [] => None,
            [one] => Some(format!("{}::text", ident(one))),
            several => {
                let each: Vec<String> = several.iter().map(|c| format!("{}::text", ident(c))).collect();
                Some(format!("concat_ws(E'\\n', {})", each.join(", ")))
            }
        }
    }

    fn title_text(&self) -> String {
        self.title.map_or("NULL::text".into(), |t| format!("left({}::text, {MOST_TITLE})", ident(t)))
    }

    /// Fragments of a text, or all of it with marks.
    fn headline(&self, ask: &Ask<'_>, text: &str, q: &str, whole: bool) -> String {
        let (start, stop, between) = (START as u32, STOP as u32, DELIMITER as u32);
        let marks = format!("\\x{start:02x}\\x{stop:02x}\\x{between:02x}");
        let how = if whole {
            "HighlightAll=true".to_owned()
        } else {
            let most = ask.words.max(6);
            format!(
                "MaxFragments=2,MaxWords={most},MinWords={},FragmentDelimiter=\\x{between:02x}",
                (most / 2).max(4)
            )
        };
        format!(
            "ts_headline({}::regconfig, translate(left({text}, {MOST_TEXT}), E'{marks}', '???'), {q}, E'StartSel=\\x{start:02x},StopSel=\\x{stop:02x},{how}')",
            literal(self.config)
        )
    }

    /// The condition on rows beside the query.
    fn and_filter(&self, query: &mut Query) -> Result<String, String> {
        let index = self.source.index().filter(|_| self.reach.is_served());
        let predicate = index.and_then(|i| i.predicate.as_deref());
        let mut parts: Vec<String> = predicate.map(|p| format!("({p})")).into_iter().collect();
        parts.extend(filter::conditions(self.detail, self.filter, query)?);
        Ok(parts.into_iter().map(|p| format!("\n    AND {p}")).collect())
    }

    /// The condition that a row is a hit, for an index; nothing is found by a query that none can serve.
    fn matches(&self, q: &str, filter: &str) -> String {
        let served = if self.reach.is_served() {
            format!("\n    AND querytree({q}) NOT IN ('', 'T')")
        } else {
            String::new()
        };
        format!("{} @@ {q}{served}{filter}", self.source.vector)
    }

    /// A bounded number of rows under the table's own name.
    fn sampled(&self, named: &str, rows: u64) -> String {
        let last = if address(self.detail) == Address::Key {
            let keys: Vec<String> = self.keys().into_iter().map(|(key, _)| format!("{key} DESC")).collect();
            format!(" ORDER BY {}", keys.join(", "))
        } else {
            String::new()
        };
        format!(
            "(SELECT {named}* FROM {}{last} LIMIT {}) AS {}",
            table(self.detail),
            rows.saturating_add(1),
            self.alias()
        )
    }

    /// The search. Columns: hits (at most one more than are counted), rows read where they were counted, number in the
    /// order, rank, title, title with marks, fragments, then the key. Without a hit: one row with the first two.
    ///
    /// # Errors
    /// When a filter names a missing column or the raw condition cannot stand.
    pub fn search(&self, ask: &Ask<'_>) -> Result<Query, String> {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let q = tsquery(ask.mode, self.config, &parameter, ask.text);
        let (vector, from) = (&self.source.vector, table(self.detail));
        let (named, keys) = (self.keys_named(), self.keys_list("", ""));
        let carried = address(self.detail) == Address::None;
        let carry = if carried {
            let body = self.body_text().unwrap_or_else(|| "NULL::text".into());
            format!("{} AS pgdeck_t, left({body}, {MOST_CARRIED}) AS pgdeck_b, ", self.title_text())
        } else {
            String::new()
        };
        let rank = self.rank(ask, &q);
        let filter = self.and_filter(&mut query)?;
        let late = self.reach.is_served() && !self.source.keeper.is_stored() && !carried;
        let found = match self.reach {
            Reach::Sample(rows) => {
                let named_keys = if keys.is_empty() { String::new() } else { format!("{keys}, ") };
                format!(
                    "SELECT {named_keys}{carry}CASE WHEN {vector} @@ {q}{filter} THEN {rank} END AS pgdeck_r\n  FROM {}",
                    self.sampled(&named, rows)
                )
            }
            _ => {
                let rank = if late { "NULL::float4".to_owned() } else { rank.clone() };
                let last = if self.reach == Reach::Newest && !keys.is_empty() {
                    let most = if late { MOST_COMPUTED } else { MOST_COUNTED };
                    format!("\n  ORDER BY {} LIMIT {most}", self.keys_list("", " DESC"))
                } else {
                    String::new()
                };
                format!(
                    "SELECT {named}{carry}{rank} AS pgdeck_r\n  FROM {from}\n  WHERE {}{last}",
                    self.matches(&q, &filter)
                )
            }
        };
        let taken = match self.reach {
            Reach::Index => format!("SELECT * FROM i LIMIT {}", MOST_COUNTED + 1),
            Reach::Newest | Reach::Everything => "SELECT * FROM i".into(),
            Reach::Sample(_) => "SELECT * FROM i WHERE pgdeck_r IS NOT NULL".into(),
        };
        let read =
            if matches!(self.reach, Reach::Sample(_)) { "(SELECT count(*) FROM i)" } else { "NULL::int8" };
        let order =
            if keys.is_empty() { "pgdeck_r DESC".to_owned() } else { format!("pgdeck_r DESC, {keys}") };
        let limits = format!("LIMIT {} OFFSET {}", ask.limit, ask.offset);
        let kept = if late {
            format!(
                "SELECT {keys}, {rank} AS pgdeck_r\n  FROM (SELECT {keys} FROM c ORDER BY {} LIMIT {MOST_COMPUTED}) AS pgdeck_j\n  JOIN {}\n  ORDER BY {order} {limits}",
                self.keys_list("", " DESC"),
                self.joined()
            )
        } else {
            format!("SELECT * FROM c ORDER BY {order} {limits}")
        };
        let (title, body) = if carried {
            ("pgdeck_t".to_owned(), Some("pgdeck_b".to_owned()))
        } else {
            (self.title_text(), self.body_text())
        };
        let on_page = |text: String| format!("CASE WHEN pgdeck_o <= {} THEN {text} END", ask.page);
        let marked = on_page(self.headline(ask, &title, &q, true));
        let fragments = body.map_or("NULL::text".into(), |b| on_page(self.headline(ask, &b, &q, false)));
        let shown: String = (1..=self.keys().len()).map(|n| format!(", {}", self.key_text(n))).collect();
        let rows = if carried { "o".to_owned() } else { format!("o JOIN {}", self.joined()) };
        query.sql = format!(
            "WITH i AS MATERIALIZED (\n  {found}\n), c AS MATERIALIZED (\n  {taken}\n), n AS (\n  SELECT count(*) AS pgdeck_n, {read} AS pgdeck_a FROM c\n), k AS MATERIALIZED (\n  {kept}\n), o AS MATERIALIZED (\n  SELECT k.*, row_number() OVER (ORDER BY {order}) AS pgdeck_o FROM k\n)\nSELECT pgdeck_n, pgdeck_a, pgdeck_h.*\nFROM n LEFT JOIN (\n  SELECT pgdeck_o, pgdeck_r, {title} AS pgdeck_title, {marked} AS pgdeck_marked, {fragments} AS pgdeck_text{shown}\n  FROM {rows}\n) AS pgdeck_h ON true\nORDER BY pgdeck_o"
        );
        Ok(query)
    }

    /// A key value as the text that finds the row again whatever DateStyle says.
    fn key_text(&self, n: usize) -> String {
        let oid = self.keys().get(n - 1).map_or(0, |(_, oid)| *oid);
        match oid {
            1082 | 1114 | 1184 => format!("to_json(pgdeck_k{n})#>>'{{}}' AS pgdeck_v{n}"),
            _ => format!("pgdeck_k{n}::text AS pgdeck_v{n}"),
        }
    }

    /// Titles with marks and fragments of rows given by their keys. Columns: number of the row in `rows`, title with
    /// marks, fragments. None when rows cannot be found again.
    #[must_use]
    pub fn fragments(&self, ask: &Ask<'_>, rows: &[RowKey]) -> Option<Query> {
        let keys = self.keys();
        if keys.is_empty() || rows.is_empty() {
            return None;
        }
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let q = tsquery(ask.mode, self.config, &parameter, ask.text);
        let mut values = vec![];
        for (n, row) in rows.iter().enumerate() {
            let cells = keys.iter().zip(row).map(|((_, oid), value)| query.bind(value.clone(), *oid));
            values.push(format!("({n}, {})", cells.collect::<Vec<_>>().join(", ")));
        }
        let marked = self.headline(ask, &self.title_text(), &q, true);
        let body = self.body_text().map(|b| self.headline(ask, &b, &q, false));
        query.sql = format!(
            "SELECT pgdeck_o, {marked}, {}\nFROM (VALUES {}) AS pgdeck_h (pgdeck_o, {})\nJOIN {}",
            body.unwrap_or_else(|| "NULL::text".into()),
            values.join(", "),
            self.keys_list("", ""),
            self.joined()
        );
        Some(query)
    }
}

/// How a statement of ours is planned, as JSON.
#[must_use]
pub fn explain(query: &Query) -> Query {
    Query { sql: format!("EXPLAIN (FORMAT JSON) {}", query.sql), ..query.clone() }
}

/// What became of the words typed. Columns: the tsquery, its number of nodes, what of it an index can serve, the words
/// that a dictionary knows for stop words (a list with `DELIMITER` between).
#[must_use]
pub fn words(ask: &Ask<'_>, config: &str) -> Query {
    let mut query = Query::default();
    let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
    let q = tsquery(ask.mode, config, &parameter, ask.text);
    query.sql = format!(
        "SELECT {q}::text, numnode({q}), querytree({q}),\n  (SELECT string_agg(DISTINCT token, E'\\x{:02x}') FROM ts_debug({}::regconfig, left({parameter}, 2000)) WHERE lexemes = '{{}}')",
        DELIMITER as u32,
        literal(config)
    );
    query
}
