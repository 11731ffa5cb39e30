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
mod similar;
pub mod sources;
mod trial;
mod why;

use super::{
    filter::{self, Filter, Query, TEXT},
    page::{exact_of, key_columns, table},
    quote::{ident, literal},
};
use crate::data::{
    catalog::{Detail, RelKind},
    edits::RowKey,
    search::{Config, DELIMITER, Mode, Ranking, START, STOP, Source},
};
pub use facets::Facet;
pub use line::{completes, tsquery};
pub use saved::saved_query;
pub use similar::Alike;
pub use trial::{TRIAL, create_trial, index_key, size_of_trial};
pub use why::{Word, configurations, lexemes, look_up, measure};

/// Hits that are counted: more are "more than".
pub const MOST_COUNTED: u64 = 10_000;
/// The same where each hit's vector has to be computed to know that it is one.
pub const MOST_CHECKED: u64 = 1_000;
/// Rows that are ranked where the vector has to be computed for it.
pub const MOST_COMPUTED: u64 = 300;
/// Configurations of one table's rows.
const MOST_LANGUAGES: usize = 24;
/// Characters of a document that fragments are looked for in.
const MOST_TEXT: usize = 500_000;
/// Characters of a title.
const MOST_TITLE: usize = 300;
/// Characters of a document that comes along where it could not be looked up again.
const MOST_CARRIED: usize = 20_000;

/// The extensions that help when nothing matches.
pub const EXTENSIONS: &str = include_str!("../../../queries/search/extensions.sql");
/// The configurations of the server.
pub const CONFIGURATIONS: &str = include_str!("../../../queries/search/configurations.sql");

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All rows, through an index. A query that no index can serve finds nothing.
    Index,
    /// The same, of the last hits by key: for a query with more hits than are counted. `walk`: rows are read by key
    /// from the last one on; else all hits come out of the index and are sorted. See [`walks`].
    Newest {
        /// By key.
        walk: bool,
    },
    /// So many rows (one more, to know whether there are more): the last ones by key, or those that come first.
    Sample(u64),
    /// Every row, however long it takes.
    Everything,
}

impl Reach {
    /// An index is to serve.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(self, Self::Index | Self::Newest { .. })
    }
}

/// Are the last hits by key found sooner by reading rows from the last one on than by sorting all hits? `hits` and
/// `rows`: as the planner estimates them; `stored`: the vector need not be computed.
///
/// Walking reads `wanted / (hits / rows)` rows, gathering all hits. What a row costs more than a hit was measured on
/// 300,000 posts: 0.24 ms against 7 µs where `to_tsvector` is computed, about the same where the vector is stored.
#[must_use]
pub fn walks(hits: f64, rows: f64, stored: bool) -> bool {
    let (wanted, dearer) = if stored { (MOST_COUNTED, 1.0) } else { (MOST_COMPUTED, 35.0) };
    hits > 0.0 && wanted as f64 * rows.max(hits) * dearer < hits * hits
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
    /// The configurations of its rows, where each row has its own in a column; else none.
    pub languages: &'a [String],
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

/// The line as a query. Where rows have configurations of their own it is another one for each of them.
struct Asked {
    /// The configuration, as an expression over a row.
    config: String,
    /// The query for a row.
    row: String,
    /// The constant queries that an index can serve, each with the condition on its rows.
    each: Vec<(Option<String>, String)>,
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
    /// The column of each row's configuration, as an identifier.
    fn config_column(&self) -> Option<String> {
        match &self.source.config {
            Some(Config::Column(name)) if !self.languages.is_empty() => Some(ident(name)),
            _ => None,
        }
    }

    /// The query's configuration as an expression over a row.
    fn config(&self) -> String {
        self.config_column().unwrap_or_else(|| configured(self.config))
    }

    fn asked(&self, ask: &Ask<'_>, parameter: &str) -> Asked {
        let query = |config: &str| tsquery(ask.mode, config, parameter, ask.text);
        let config = self.config();
        let row = query(&config);
        let each = match self.config_column() {
            None => vec![(None, row.clone())],
            Some(column) => (self.languages.iter())
                .map(|language| configured(language))
                .map(|language| (Some(format!("{column} = {language}")), query(&language)))
                .collect(),
        };
        Asked { config, row, each }
    }

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
    fn headline(ask: &Ask<'_>, text: &str, (config, q): (&str, &str), whole: bool) -> String {
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
        let of = |q: &str| {
            format!(
                "ts_headline({config}, translate(left({text}, {MOST_TEXT}), E'{marks}', '???'), {q}, E'StartSel=\\x{start:02x},StopSel=\\x{stop:02x},{how}')"
            )
        };
        if whole {
            return of(q);
        }
        // A text that has only some of the words, the title having the others, has no fragment with all of them.
        format!(
            "(SELECT CASE WHEN strpos(pgdeck_y, E'\\x{start:02x}') > 0 THEN pgdeck_y ELSE {} END FROM (SELECT {} AS pgdeck_y OFFSET 0) AS pgdeck_x)",
            of(&format!("replace({q}::text, ' & ', ' | ')::tsquery")),
            of(q)
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
    fn matches(&self, asked: &Asked, filter: &str) -> String {
        let vector = &self.source.vector;
        if !self.reach.is_served() {
            return format!("{vector} @@ {}{filter}", asked.row);
        }
        let one = |(of, q): &(Option<String>, String)| {
            let of = of.as_ref().map(|of| format!("{of} AND ")).unwrap_or_default();
            format!("{of}{vector} @@ {q}\n    AND querytree({q}) NOT IN ('', 'T')")
        };
        match asked.each.as_slice() {
            [only] => format!("{}{filter}", one(only)),
            several => {
                let each: Vec<String> = several.iter().map(|e| format!("({})", one(e))).collect();
                format!("({}){filter}", each.join("\n    OR "))
            }
        }
    }

    /// How many hits are counted, as an expression. An index has no positions and no weights, so whatever asks for them
    /// is looked up in the row, whose vector may have to be computed.
    fn most_counted(&self, asked: &Asked) -> String {
        let most = MOST_COUNTED.to_string();
        let Some((_, q)) = asked.each.first().filter(|_| !self.source.keeper.is_stored()) else {
            return most;
        };
        format!("CASE WHEN {q}::text ~ '<|:[*]?[A-D]' THEN {MOST_CHECKED} ELSE {most} END")
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

    /// The search. Columns: hits (at most one more than are counted), rows read of a sample and otherwise how many hits
    /// are counted, number in the order, rank, title, title with marks, fragments, then the key. Without a hit: one row with the first two.
    ///
    /// # Errors
    /// When a filter names a missing column or the raw condition cannot stand.
    pub fn search(&self, ask: &Ask<'_>) -> Result<Query, String> {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let asked = self.asked(ask, &parameter);
        let q = &asked.row;
        let (vector, from) = (&self.source.vector, table(self.detail));
        let (named, keys) = (self.keys_named(), self.keys_list("", ""));
        let carried = address(self.detail) == Address::None;
        let carry = if carried {
            let body = self.body_text().unwrap_or_else(|| "NULL::text".into());
            let config = &asked.config;
            format!(
                "{} AS pgdeck_t, left({body}, {MOST_CARRIED}) AS pgdeck_b, {config} AS pgdeck_c, ",
                self.title_text()
            )
        } else {
            String::new()
        };
        let rank = self.rank(ask, q);
        let filter = self.and_filter(&mut query)?;
        let late = self.reach.is_served() && !self.source.keeper.is_stored() && !carried;
        let gather = self.reach == (Reach::Newest { walk: false }) && !keys.is_empty();
        let found = match self.reach {
            Reach::Sample(rows) => {
                let named_keys = if keys.is_empty() { String::new() } else { format!("{keys}, ") };
                format!(
                    "SELECT {named_keys}{carry}CASE WHEN {vector} @@ {q}{filter} THEN {rank} END AS pgdeck_r\n  FROM {}",
                    self.sampled(&named, rows)
                )
            }
            _ => {
                let rank = if late || gather { "NULL::float4".to_owned() } else { rank.clone() };
                let last = if self.reach == (Reach::Newest { walk: true }) && !keys.is_empty() {
                    let most = if late { MOST_COMPUTED } else { MOST_COUNTED };
                    format!("\n  ORDER BY {} LIMIT {most}", self.keys_list("", " DESC"))
                } else {
                    String::new()
                };
                format!(
                    "SELECT {named}{carry}{rank} AS pgdeck_r\n  FROM {from}\n  WHERE {}{last}",
                    self.matches(&asked, &filter)
                )
            }
        };
        let taken = match self.reach {
            Reach::Index => format!("SELECT * FROM i LIMIT ({}) + 1", self.most_counted(&asked)),
            Reach::Newest { .. } | Reach::Everything => "SELECT * FROM i".into(),
            Reach::Sample(_) => "SELECT * FROM i WHERE pgdeck_r IS NOT NULL".into(),
        };
        let read = match self.reach {
            Reach::Sample(_) => "(SELECT count(*) FROM i)".to_owned(),
            Reach::Index => format!("({})::int8", self.most_counted(&asked)),
            _ => "NULL::int8".to_owned(),
        };
        let order =
            if keys.is_empty() { "pgdeck_r DESC".to_owned() } else { format!("pgdeck_r DESC, {keys}") };
        let limits = format!("LIMIT {} OFFSET {}", ask.limit, ask.offset);
        let kept = if late || gather {
            let most = if late { MOST_COMPUTED } else { MOST_COUNTED };
            format!(
                "SELECT {keys}, {rank} AS pgdeck_r\n  FROM (SELECT {keys} FROM c ORDER BY {} LIMIT {most}) AS pgdeck_j\n  JOIN {}\n  ORDER BY {order} {limits}",
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
        let made = if carried {
            ("pgdeck_c".to_owned(), tsquery(ask.mode, "pgdeck_c", &parameter, ask.text))
        } else {
            (asked.config.clone(), q.clone())
        };
        let made = (made.0.as_str(), made.1.as_str());
        let marked = on_page(Self::headline(ask, &title, made, true));
        let fragments = body.map_or("NULL::text".into(), |b| on_page(Self::headline(ask, &b, made, false)));
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
        let text = exact_of(oid, &format!("pgdeck_k{n}")).unwrap_or_else(|| format!("pgdeck_k{n}::text"));
        format!("{text} AS pgdeck_v{n}")
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
        let asked = self.asked(ask, &parameter);
        let made = (asked.config.as_str(), asked.row.as_str());
        let mut values = vec![];
        for (n, row) in rows.iter().enumerate() {
            let cells = keys.iter().zip(row).map(|((_, oid), value)| query.bind(value.clone(), *oid));
            values.push(format!("({n}, {})", cells.collect::<Vec<_>>().join(", ")));
        }
        let marked = Self::headline(ask, &self.title_text(), made, true);
        let body = self.body_text().map(|b| Self::headline(ask, &b, made, false));
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

/// The same, run: how long it took, too.
#[must_use]
pub fn run_and_explain(query: &Query) -> Query {
    Query { sql: format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", query.sql), ..query.clone() }
}

/// What became of the words typed. Columns: the tsquery, its number of nodes, what of it an index can serve, the words
/// that a dictionary knows for stop words (a list with `DELIMITER` between). Of several configurations all queries that
/// differ, and the stop words of the first.
#[must_use]
pub fn words(ask: &Ask<'_>, configs: &[&str]) -> Query {
    let mut query = Query::default();
    let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
    let each: Vec<String> = (configs.iter())
        .map(|config| format!("({})", tsquery(ask.mode, &configured(config), &parameter, ask.text)))
        .collect();
    query.sql = format!(
        "SELECT string_agg(DISTINCT pgdeck_q::text, '  /  ') FILTER (WHERE numnode(pgdeck_q) > 0), max(numnode(pgdeck_q)),\n  max(nullif(nullif(querytree(pgdeck_q), 'T'), '')),\n  (SELECT string_agg(DISTINCT token, E'\\x{:02x}') FROM ts_debug({}, left({parameter}, 2000)) WHERE lexemes = '{{}}')\nFROM (VALUES {}) AS pgdeck_t (pgdeck_q)",
        DELIMITER as u32,
        configured(configs.first().unwrap_or(&"simple")),
        each.join(", ")
    );
    query
}

/// A configuration as an SQL expression.
fn configured(config: &str) -> String {
    format!("{}::regconfig", literal(config))
}

/// The configurations that rows have in this column: of the statistics and of some rows. Column: its name.
#[must_use]
pub fn languages(detail: &Detail, column: &str) -> Query {
    let mut query = Query::default();
    let (schema, name) = (&detail.relation.schema, &detail.relation.name);
    let bound = [schema.to_string(), name.to_string(), column.to_owned()].map(|v| query.bind(Some(v), TEXT));
    let (column, from) = (ident(column), table(detail));
    let keys: Vec<String> =
        key_columns(detail).iter().map(|n| format!("{} DESC", ident(&detail.columns[*n].name))).collect();
    let last = if keys.is_empty() {
        String::new()
    } else {
        format!(
            "\n  UNION ALL (SELECT {column}::text FROM (SELECT {column} FROM {from} ORDER BY {} LIMIT 2000) AS pgdeck_b)",
            keys.join(", ")
        )
    };
    query.sql = format!(
        "SELECT DISTINCT pgdeck_l FROM (\n  SELECT unnest(most_common_vals::text::text[]) AS pgdeck_l FROM pg_catalog.pg_stats\n  WHERE schemaname = {} AND tablename = {} AND attname = {}\n  UNION ALL (SELECT {column}::text FROM (SELECT {column} FROM {from} LIMIT 2000) AS pgdeck_a){last}\n) AS pgdeck_t\nWHERE pgdeck_l !~ '^[0-9]+$' ORDER BY 1 LIMIT {MOST_LANGUAGES}",
        bound[0], bound[1], bound[2]
    );
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hits_are_walked_to_when_they_are_many() {
        let million = 1e6;
        assert!(walks(333_000.0, million, false), "900 texts are parsed instead of 333,000 hits sorted");
        assert!(!walks(20_000.0, million, false), "15,000 texts would be parsed");
        assert!(walks(333_000.0, million, true));
        assert!(!walks(43_000.0, million, true));
        assert!(!walks(0.0, 0.0, true) && !walks(0.0, million, false), "nobody knows");
    }
}
