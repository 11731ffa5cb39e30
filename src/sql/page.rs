//! The SQL that browses one relation: pages by key in any order, counts, single rows and cells.
//!
//! Rows are paged by *keyset*: the next page is what comes after the last row's sort values, so that a
//! page costs the same at the start and after ten million rows. The order is total, because the columns
//! of a NOT NULL unique key stand at its end. Neither `OFFSET` nor `count(*)` is ever sent unasked.

use super::{
    filter::{self, BYTEA, Filter, JSON, JSONB, Query, TEXT, XML},
    quote::ident,
};
use crate::data::{
    catalog::{ColumnInfo, Detail},
    edits::Where,
};

/// A column of the sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Column name, unquoted.
    pub column: String,
    /// Largest first; NULLs come first then, as the server does by default.
    pub descending: bool,
}

/// What is looked at of a relation: which rows in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Which rows.
    pub filter: Filter,
    /// In which order, before the key.
    pub sort: Vec<SortBy>,
}

/// Which way from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Rows after it, nearest first.
    Forward,
    /// Rows before it, nearest first: the page arrives upside down.
    Backward,
}

/// How a page's columns are to be read: the visible ones stand first, helpers behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Number of visible columns.
    pub visible: usize,
    /// Per visible column: cut after so many characters (bytes for bytea); `None`: whole.
    pub cut: Vec<Option<u32>>,
    /// Per visible column: the helper column that tells the value's size in bytes.
    pub sizes: Vec<Option<usize>>,
    /// Where the exact values of the order's columns stand.
    pub order: Vec<usize>,
    /// Where the exact values of the key's columns stand; empty without a key.
    pub key: Vec<usize>,
    /// Number of all columns.
    pub width: usize,
}

#[derive(Clone, Debug)]
struct OrderColumn {
    index: usize,
    descending: bool,
}

/// Builds the statements for one view of one relation.
#[derive(Clone, Debug)]
pub struct PageSql<'a> {
    detail: &'a Detail,
    view: &'a View,
    order: Vec<OrderColumn>,
    key: Vec<usize>,
    shape: Shape,
    list: String,
}

/// The server takes at most 1,664 columns in a row; helpers are left out before that.
const MOST_COLUMNS: usize = 1_600;

impl<'a> PageSql<'a> {
    /// Prepares the builder. `prefix`: characters of a wide value that a cell fetches.
    ///
    /// # Errors
    /// Says which sort column does not exist or cannot be sorted by.
    pub fn new(detail: &'a Detail, view: &'a View, prefix: u32) -> Result<Self, String> {
        let mut order = vec![];
        for by in &view.sort {
            let index = (detail.columns.iter().position(|c| c.name == by.column))
                .ok_or_else(|| format!("there is no column \"{}\" to sort by (any more)", by.column))?;
            if !sortable(&detail.columns[index]) {
                return Err(format!(
                    "\"{}\" is {}, which the server cannot sort",
                    by.column, detail.columns[index].type_name
                ));
            }
            if !order.iter().any(|o: &OrderColumn| o.index == index) {
                order.push(OrderColumn { index, descending: by.descending });
            }
        }
        let key = key_columns(detail);
        // The key follows the direction of the last sort column, so that one row comparison can do.
        let descending = order.last().is_some_and(|o| o.descending);
        for index in &key {
            if !order.iter().any(|o| o.index == *index) {
                order.push(OrderColumn { index: *index, descending });
            }
        }
        let mut this = Self { detail, view, order, key, shape: Shape::default(), list: String::new() };
        this.select_list(prefix);
        Ok(this)
    }

    /// Rows can be paged and addressed by a key.
    #[must_use]
    pub fn keyed(&self) -> bool {
        !self.key.is_empty()
    }

    /// How the columns of a page are to be read.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    fn select_list(&mut self, prefix: u32) {
        let columns = &self.detail.columns;
        let keyed = self.keyed();
        // Without a key a cut value could never be fetched whole: then everything comes whole.
        let wide: Vec<Option<Wide>> = columns.iter().map(|c| Wide::of(c).filter(|_| keyed)).collect();
        let mut list: Vec<String> = vec![];
        let shape = &mut self.shape;
        for (column, wide) in columns.iter().zip(&wide) {
            let name = ident(&column.name);
            shape.cut.push(wide.map(|_| prefix));
            list.push(match wide {
                Some(w) => format!("{} AS {name}", w.prefix(&column.name, prefix.saturating_add(1))),
                None => name.to_string(),
            });
        }
        shape.visible = list.len();
        if keyed {
            // Values for the next page must be exact whatever DateStyle says and however long they are.
            let exact = |index: usize, list: &mut Vec<String>| -> usize {
                let column = &columns[index];
                let text = exact_text(column);
                if text == ident(&column.name) && wide[index].is_none() {
                    return index;
                }
                if let Some(at) = list.iter().skip(shape.visible).position(|t| *t == text) {
                    return shape.visible + at;
                }
                list.push(text);
                list.len() - 1
            };
            let order: Vec<usize> = self.order.iter().map(|o| exact(o.index, &mut list)).collect();
            let key: Vec<usize> = self.key.iter().map(|k| exact(*k, &mut list)).collect();
            (shape.order, shape.key) = (order, key);
        }
        let sizes = wide.iter().filter(|w| w.is_some()).count();
        let room = list.len() + sizes <= MOST_COLUMNS;
        for (column, wide) in columns.iter().zip(&wide) {
            let size = wide.filter(|_| room).map(|w| w.size(&column.name));
            shape.sizes.push(size.map(|text| {
                list.push(text);
                list.len() - 1
            }));
        }
        shape.width = list.len();
        self.list = list.join(", ");
    }

    /// `qualified`: a bare name would mean the output column of that name, which may be a cut value.
    fn order_by(&self, flip: bool, qualified: bool) -> String {
        let table = ident(&self.detail.relation.name);
        let parts: Vec<String> = (self.order.iter())
            .map(|o| {
                let direction = if o.descending != flip { " DESC" } else { "" };
                let name = ident(&self.detail.columns[o.index].name);
                if qualified { format!("{table}.{name}{direction}") } else { format!("{name}{direction}") }
            })
            .collect();
        if parts.is_empty() { String::new() } else { format!("\nORDER BY {}", parts.join(", ")) }
    }

    fn page(
        &self,
        extra: Option<&dyn Fn(&mut Query) -> String>,
        way: Way,
        limit: usize,
    ) -> Result<Query, String> {
        let mut query =
            Query { sql: format!("SELECT {}\nFROM {}", self.list, table(self.detail)), ..Query::default() };
        let extra = extra.map(|make| make(&mut query));
        filter::where_clause(self.detail, &self.view.filter, extra, &mut query)?;
        query.sql.push_str(&self.order_by(way == Way::Backward, true));
        query.sql.push_str(&format!("\nLIMIT {limit}"));
        Ok(query)
    }

    /// The first page (`Forward`), or the last one upside down (`Backward`).
    ///
    /// # Errors
    /// When a filter names a missing column or the raw condition cannot stand.
    pub fn edge(&self, way: Way, limit: usize) -> Result<Query, String> {
        self.page(None, way, limit)
    }

    /// The rows that follow (or precede) a row given by the exact values of its order columns
    /// (`Shape::order`). Mostly one statement; two when NULLs of the first sort column make a second
    /// stretch: send the second only when the first gave fewer rows than wanted.
    ///
    /// # Errors
    /// As `edge`.
    pub fn beyond(
        &self,
        values: &[Option<String>],
        way: Way,
        inclusive: bool,
        limit: usize,
    ) -> Result<Vec<Query>, String> {
        let after = After { page: self, values, flip: way == Way::Backward, inclusive };
        let mut out = vec![self.page(Some(&|q: &mut Query| after.first_stretch(q)), way, limit)?];
        if let Some(second) = after.second_stretch() {
            out.push(self.page(Some(&|_: &mut Query| second.clone()), way, limit)?);
        }
        Ok(out)
    }

    /// All rows as one stream, for what has no key.
    ///
    /// # Errors
    /// As `edge`.
    pub fn stream(&self) -> Result<Query, String> {
        let mut query =
            Query { sql: format!("SELECT {}\nFROM {}", self.list, table(self.detail)), ..Query::default() };
        filter::where_clause(self.detail, &self.view.filter, None, &mut query)?;
        query.sql.push_str(&self.order_by(false, true));
        Ok(query)
    }

    /// Counts the rows exactly.
    ///
    /// # Errors
    /// As `edge`.
    pub fn count(&self) -> Result<Query, String> {
        let mut query =
            Query { sql: format!("SELECT count(*)\nFROM {}", table(self.detail)), ..Query::default() };
        filter::where_clause(self.detail, &self.view.filter, None, &mut query)?;
        Ok(query)
    }

    /// The view as a statement to run by hand, its values as literals.
    ///
    /// # Errors
    /// As `edge`.
    pub fn statement(&self, limit: Option<usize>) -> Result<String, String> {
        let names: Vec<String> = self.detail.columns.iter().map(|c| ident(&c.name).to_string()).collect();
        let sql = format!("SELECT {}\nFROM {}", names.join(", "), table(self.detail));
        let mut query = Query { sql, literals: true, ..Query::default() };
        filter::where_clause(self.detail, &self.view.filter, None, &mut query)?;
        let mut sql = query.sql + &self.order_by(false, false);
        if let Some(limit) = limit {
            sql.push_str(&format!("\nLIMIT {limit}"));
        }
        sql.push(';');
        Ok(sql)
    }
}

/// A filter as a condition to write into another statement, its values as literals; none: nothing is filtered.
///
/// # Errors
/// As `PageSql::edge`.
pub fn condition_text(detail: &Detail, filter: &Filter) -> Result<Option<String>, String> {
    let mut query = Query { literals: true, ..Query::default() };
    let parts = filter::conditions(detail, filter, &mut query)?;
    Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
}

/// The schema-qualified, quoted name of a relation.
#[must_use]
pub fn table(detail: &Detail) -> String {
    format!("{}.{}", ident(&detail.relation.schema), ident(&detail.relation.name))
}

/// The columns of the row key as positions in `detail.columns`; empty without one.
#[must_use]
pub fn key_columns(detail: &Detail) -> Vec<usize> {
    let Some(key) = detail.row_key() else { return vec![] };
    key.columns.iter().filter_map(|a| detail.columns.iter().position(|c| c.attnum == *a)).collect()
}

/// `WHERE key = …` for the exact values of the key columns.
fn key_is(detail: &Detail, key: &[Option<String>], query: &mut Query) -> Result<String, String> {
    let columns = key_columns(detail);
    if columns.is_empty() || columns.len() != key.len() {
        return Err("this row has no key to fetch it by".into());
    }
    let parts: Vec<String> = (columns.iter().zip(key))
        .map(|(at, value)| {
            let column = &detail.columns[*at];
            format!("{} = {}", ident(&column.name), query.bind(value.clone(), column.base_oid))
        })
        .collect();
    Ok(parts.join(" AND "))
}

/// The rows of a filter as a condition on its own, its parameters numbered from `$1`.
///
/// # Errors
/// As `PageSql::edge`.
pub fn rows_of(detail: &Detail, filter: &Filter) -> Result<Where, String> {
    let mut query = Query::default();
    filter::where_clause(detail, filter, None, &mut query)?;
    let sql = query.sql.trim_start().to_owned();
    Ok(Where { text: String::new(), sql, params: query.params, types: query.types })
}

/// Counts the rows of a condition.
#[must_use]
pub fn count_of(detail: &Detail, rows: &Where) -> Query {
    let tail = if rows.sql.is_empty() { String::new() } else { format!("\n{}", rows.sql) };
    let sql = format!("SELECT count(*)\nFROM {}{tail}", table(detail));
    Query { sql, params: rows.params.clone(), types: rows.types.clone(), ..Query::default() }
}

/// One whole row by its key: every column in the server's own text, uncut.
///
/// # Errors
/// When the relation has no key.
pub fn row(detail: &Detail, key: &[Option<String>]) -> Result<Query, String> {
    let names: Vec<String> = detail.columns.iter().map(|c| ident(&c.name).to_string()).collect();
    let mut query =
        Query { sql: format!("SELECT {}\nFROM {}", names.join(", "), table(detail)), ..Query::default() };
    let condition = key_is(detail, key, &mut query)?;
    query.sql.push_str(&format!("\nWHERE {condition}"));
    Ok(query)
}

/// One whole row as `row`, and behind it the times in a zone once more, in a form that is read back as the same time
/// whatever `DateStyle` says; the second value tells where they belong.
///
/// # Errors
/// When the relation has no key.
pub fn row_exact(detail: &Detail, key: &[Option<String>]) -> Result<(Query, Vec<usize>), String> {
    let mut query = row(detail, key)?;
    let times: Vec<usize> =
        (0..detail.columns.len()).filter(|at| detail.columns[*at].base_oid == 1184).collect();
    let room = MOST_COLUMNS.saturating_sub(detail.columns.len());
    let times: Vec<usize> = times.into_iter().take(room).collect();
    let list: String =
        times.iter().map(|at| format!(", to_json({})#>>'{{}}'", ident(&detail.columns[*at].name))).collect();
    if let Some(at) = query.sql.find("\nFROM ") {
        query.sql.insert_str(at, &list);
    }
    Ok((query, times))
}

/// Some values of a row by its key, as `exact_text` reads them.
///
/// # Errors
/// When the relation has no key.
pub fn exact(detail: &Detail, columns: &[usize], key: &[Option<String>]) -> Result<Query, String> {
    let list: Vec<String> = columns.iter().filter_map(|at| detail.columns.get(*at)).map(exact_text).collect();
    let mut query = Query::default();
    let condition = key_is(detail, key, &mut query)?;
    query.sql = format!("SELECT {}\nFROM {}\nWHERE {condition}", list.join(", "), table(detail));
    Ok(query)
}

/// A column as a text that every session reads as the very same, whatever `DateStyle` says; `RowKey` holds it.
pub(super) fn exact_text(column: &ColumnInfo) -> String {
    let name = ident(&column.name);
    exact_of(column.base_oid, &name).unwrap_or(name)
}

/// The same of any expression of this type; none: its own text does.
pub(super) fn exact_of(base_oid: u32, expression: &str) -> Option<String> {
    matches!(base_oid, 1082 | 1114 | 1184).then(|| format!("to_json({expression})#>>'{{}}'"))
}

/// One value by its row's key: its size in bytes, then the value, cut after `limit` characters
/// (bytes of a bytea).
///
/// # Errors
/// When the relation has no key, or no such column.
pub fn cell(detail: &Detail, column: &str, key: &[Option<String>], limit: u32) -> Result<Query, String> {
    let info = (detail.columns.iter().find(|c| c.name == column))
        .ok_or_else(|| format!("there is no column \"{column}\" in this table (any more)"))?;
    let mut query = Query::default();
    let condition = key_is(detail, key, &mut query)?;
    let (inner, outer) = match Wide::of(info) {
        Some(Wide::Bytes) => {
            (ident(column).to_string(), format!("octet_length(v), substring(v from 1 for {limit})"))
        }
        Some(w) => (w.text(column), format!("octet_length(v), left(v, {limit})")),
        None => (ident(column).to_string(), "pg_column_size(v), v".into()),
    };
    query.sql = format!(
        "SELECT {outer}\nFROM (SELECT {inner} AS v FROM {} WHERE {condition}) AS whole",
        table(detail)
    );
    Ok(query)
}

/// A column whose values may be long: fetched as a bounded prefix of the server's own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wide {
    /// `::text` is the output text.
    Cast,
    /// A cast may differ from the output: `format('%s')` asks the type's output function itself.
    Format,
    /// bytea: cut before it is written out in hex.
    Bytes,
}

impl Wide {
    /// Short and fixed types are none of this: they are selected bare.
    fn of(column: &ColumnInfo) -> Option<Self> {
        Some(match column.base_oid {
            BYTEA => Self::Bytes,
            // text varchar json jsonb tsvector tsquery jsonpath path polygon bit varbit
            TEXT | 1043 | JSON | JSONB | 3614 | 3615 | 4072 | 602 | 604 | 1560 | 1562 => Self::Cast,
            XML => Self::Format,
            _ => match column.category {
                'A' => Self::Cast,
                'C' => Self::Format,
                // Types of extensions (hstore, geometry, citext, vector …) have no fixed OID.
                'S' | 'U' | 'G' if column.base_oid >= 16_384 => Self::Format,
                _ => return None,
            },
        })
    }

    fn text(self, name: &str) -> String {
        let name = ident(name);
        match self {
            Self::Cast | Self::Bytes => format!("{name}::text"),
            // num_nulls tells a NULL from a row of NULLs, and format() would write it as ''.
            Self::Format => format!("CASE WHEN num_nulls({name}) = 0 THEN format('%s', {name}) END"),
        }
    }

    fn prefix(self, name: &str, length: u32) -> String {
        match self {
            Self::Bytes => format!("substring({} from 1 for {length})", ident(name)),
            _ => format!("left({}, {length})", self.text(name)),
        }
    }

    /// Bytes as far as they can be told without reading the value.
    fn size(self, name: &str) -> String {
        format!("pg_column_size({})", ident(name))
    }
}

fn sortable(column: &ColumnInfo) -> bool {
    // json, xml, point, line, lseg, box, path, polygon, circle, refcursor-like types have no order.
    !matches!(column.base_oid, JSON | XML | 600..=604 | 628 | 718 | 4072 | 28 | 29)
}

/// The condition "comes after this row".
struct After<'p, 'a> {
    page: &'p PageSql<'a>,
    values: &'p [Option<String>],
    flip: bool,
    inclusive: bool,
}

impl After<'_, '_> {
    fn column(&self, at: usize) -> &ColumnInfo {
        &self.page.detail.columns[self.page.order[at].index]
    }

    fn name(&self, at: usize) -> String {
        ident(&self.column(at).name).to_string()
    }

    fn value(&self, at: usize) -> Option<&String> {
        self.values.get(at).and_then(Option::as_ref)
    }

    /// Larger values come later in this direction; then NULLs are last, otherwise first.
    fn ascending(&self, at: usize) -> bool {
        self.page.order[at].descending == self.flip
    }

    fn bind(&self, at: usize, query: &mut Query) -> String {
        query.bind(self.values.get(at).cloned().flatten(), self.column(at).base_oid)
    }

    fn is_last(&self, at: usize) -> bool {
        at + 1 == self.page.order.len()
    }

    /// The rows after this one on the same side of NULL in the first column.
    fn first_stretch(&self, query: &mut Query) -> String {
        if self.page.order.is_empty() {
            return "true".into();
        }
        if self.value(0).is_none() {
            let rest = if self.is_last(0) { String::new() } else { format!(" AND {}", self.rest(1, query)) };
            return format!("{} IS NULL{rest}", self.name(0));
        }
        self.rest(0, query)
    }

    /// The other side of NULL in the first column, when it comes later.
    fn second_stretch(&self) -> Option<String> {
        if self.page.order.is_empty() || self.column(0).not_null {
            return None;
        }
        match (self.ascending(0), self.value(0)) {
            (true, Some(_)) => Some(format!("{} IS NULL", self.name(0))),
            (false, None) => Some(format!("{} IS NOT NULL", self.name(0))),
            _ => None,
        }
    }

    /// The condition over the columns from `at` on; rows whose first column is on the other side of NULL
    /// are left to the second stretch.
    fn rest(&self, at: usize, query: &mut Query) -> String {
        if self.can_compare_rows(at) {
            return self.row_comparison(at, query);
        }
        let general = self.general(at, query);
        // A bound on the first column alone lets an index start where the page starts.
        match (at, self.value(0)) {
            (0, Some(_)) => {
                let sign = if self.ascending(0) { ">=" } else { "<=" };
                format!("{} {sign} {} AND {general}", self.name(0), self.bind(0, query))
            }
            _ => general,
        }
    }

    /// `(a, b) > ($1, $2)` is right when all go the same way and no NULL can come after.
    fn can_compare_rows(&self, at: usize) -> bool {
        let ascending = self.ascending(at);
        (at..self.page.order.len()).all(|i| {
            self.value(i).is_some()
                && self.ascending(i) == ascending
                && (!ascending || self.column(i).not_null || i == 0)
        })
    }

    fn row_comparison(&self, at: usize, query: &mut Query) -> String {
        let n = self.page.order.len();
        let sign = match (self.ascending(at), self.inclusive) {
            (true, false) => ">",
            (true, true) => ">=",
            (false, false) => "<",
            (false, true) => "<=",
        };
        let names: Vec<String> = (at..n).map(|i| self.name(i)).collect();
        let values: Vec<String> = (at..n).map(|i| self.bind(i, query)).collect();
        match &names[..] {
            [one] => format!("{one} {sign} {}", values[0]),
            _ => format!("({}) {sign} ({})", names.join(", "), values.join(", ")),
        }
    }

    /// Column by column: later in this one, or equal here and later in the next.
    fn general(&self, at: usize, query: &mut Query) -> String {
        let strict = self.strictly_after(at, query);
        let same = match self.value(at) {
            Some(_) => format!("{} = {}", self.name(at), self.bind(at, query)),
            None => format!("{} IS NULL", self.name(at)),
        };
        let same = if self.is_last(at) {
            self.inclusive.then_some(same)
        } else {
            Some(format!("{same} AND {}", self.general(at + 1, query)))
        };
        match (strict, same) {
            (Some(a), Some(b)) => format!("({a} OR ({b}))"),
            (Some(one), None) | (None, Some(one)) => format!("({one})"),
            (None, None) => "false".into(),
        }
    }

    fn strictly_after(&self, at: usize, query: &mut Query) -> Option<String> {
        let name = self.name(at);
        match (self.ascending(at), self.value(at)) {
            (true, Some(_)) => {
                let larger = format!("{name} > {}", self.bind(at, query));
                // NULLs of the first column are the second stretch.
                let nulls_too = at > 0 && !self.column(at).not_null;
                Some(if nulls_too { format!("{larger} OR {name} IS NULL") } else { larger })
            }
            (true, None) => None,
            (false, Some(_)) => Some(format!("{name} < {}", self.bind(at, query))),
            (false, None) => (at > 0).then(|| format!("{name} IS NOT NULL")),
        }
    }
}
