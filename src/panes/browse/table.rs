//! One view of one relation: what it shows, which rows are here, where the cursor is.

use super::{
    fetch::Fetch,
    kept::Kept,
    overlay::Overlay,
    window::{Anchor, Window},
};
use crate::{
    core::{
        error::DbError,
        ids::{ConnId, JobId, Lane},
        pane::Running,
        world::World,
    },
    data::{
        catalog::{ColumnInfo, Detail, ForeignKey},
        check,
        edits::RowKey,
        rows::Column,
        value::Kind,
    },
    sql::page::{PageSql, Shape, SortBy, View, key_columns},
    text::units,
    widgets::grid::{GridCell, GridColumn, GridLayout, GridSource, GridState, Sorted, Touch},
};
use std::{borrow::Cow, collections::HashSet, sync::Arc, time::Duration};

/// Something that went wrong, and during what.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// `reading rows`, `counting` …
    pub doing: &'static str,
    /// What the server or the connection said.
    pub error: DbError,
}

/// An exact count: asked for, or known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Count {
    /// Nobody asked.
    #[default]
    Unasked,
    /// Being counted.
    Running(JobId, Duration),
    /// So many at the time of asking.
    Known(u64),
}

/// See the module.
#[derive(Debug)]
pub struct Table {
    /// Of which connection.
    pub conn: ConnId,
    /// `pg_class.oid`.
    pub oid: u32,
    /// `schema.name` for people.
    pub name: String,
    /// The description, once here.
    pub detail: Option<Arc<Detail>>,
    /// Rows can be paged and addressed by a key.
    pub keyed: bool,
    /// What is looked at.
    pub view: View,
    /// What the rows on screen belong to: the way back when a new view fails.
    pub good: View,
    /// Do not restore the remembered filter: this table was opened with one of its own.
    pub given: bool,
    /// So many conditions come from the row above and stay when the filter is cleared.
    pub pinned: usize,
    /// It was decided whether rows are shown below.
    pub settled: bool,
    /// Cursor, scroll, columns.
    pub grid: GridState,
    /// The rows here.
    pub window: Window,
    /// How rows are to be read.
    pub shape: Shape,
    /// Description asked for: job and since when.
    pub describing: Option<(JobId, Duration)>,
    /// Remembered state asked for.
    pub recalling: Option<JobId>,
    /// What is remembered.
    pub kept: Kept,
    /// The page under way.
    pub fetch: Option<Fetch>,
    /// Exact count.
    pub count: Count,
    /// What went wrong last.
    pub trouble: Option<Trouble>,
    /// The rows on screen belong to something else by now: not to be shown for long.
    pub stale: Option<Duration>,
    /// Rows down (below 0: up) that a movement did not get, because they were not loaded yet.
    pub owed: i64,
    /// The condition in SQL typed last, while it is not in force: to be mended, not typed again.
    pub draft: Option<String>,
    /// With a stream: go on reading to the end.
    pub to_end: bool,
    /// Only the row of this key is wanted: becomes a filter once the key is known.
    pub to_key: Option<RowKey>,
    /// What is staged for it.
    pub overlay: Overlay,
    /// The keys of marked rows, loaded or not.
    pub marked: HashSet<RowKey>,
    prefix: u32,
}

impl Table {
    /// A relation to be described and read; see `open`.
    #[must_use]
    pub fn new(world: &World, oid: u32) -> Self {
        let name = world
            .catalog()
            .and_then(|c| c.relation(oid))
            .map_or_else(|| format!("relation {oid}"), |r| format!("{}.{}", r.schema, r.name));
        let mut this = Self {
            conn: world.active,
            oid,
            name,
            detail: None,
            keyed: false,
            view: View::default(),
            good: View::default(),
            given: false,
            pinned: 0,
            settled: false,
            grid: GridState::new(world.settings.column_width),
            window: Window::default(),
            shape: Shape::default(),
            describing: None,
            recalling: None,
            kept: Kept::default(),
            fetch: None,
            count: Count::Unasked,
            trouble: None,
            stale: None,
            owed: 0,
            draft: None,
            to_end: false,
            to_key: None,
            overlay: Overlay::new(GridState::new(world.settings.column_width)),
            marked: HashSet::new(),
            prefix: world.settings.cell_prefix.max(16),
        };
        if let Some(staged) = world.staged() {
            this.take_staged(staged);
        }
        this
    }

    /// The lane rows are read on.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane::Read(self.conn)
    }

    /// Builds the statements of the wanted view.
    ///
    /// # Errors
    /// What is wrong with the view, in plain words.
    pub fn with_sql<R>(&self, f: impl FnOnce(&PageSql<'_>) -> Result<R, String>) -> Result<R, String> {
        let detail = self.detail.as_deref().ok_or("the table is still being described")?;
        f(&PageSql::new(detail, &self.view, self.prefix)?)
    }

    /// The column under the cursor.
    #[must_use]
    pub fn column_info(&self) -> Option<&ColumnInfo> {
        self.detail.as_ref()?.columns.get(self.grid.column())
    }

    /// The key values of a row.
    #[must_use]
    pub fn key_of(&self, row: u64) -> Option<Vec<Option<String>>> {
        self.window.texts(row, &self.shape.key).filter(|k| !k.is_empty())
    }

    /// The exact value of a column, unless only its beginning is here, or a time in a style that not every session
    /// reads as the same one: see `time_here`.
    #[must_use]
    pub fn exact(&self, row: u64, column: usize) -> Option<Option<String>> {
        let detail = self.detail.as_ref()?;
        // Key columns are here exactly, whatever the cell shows.
        if let Some(at) = key_columns(detail).iter().position(|c| *c == column) {
            return self.key_of(row)?.get(at).cloned();
        }
        match GridSource::cell(self, row, column) {
            GridCell::Null => Some(None),
            GridCell::Text(_) if self.time_here(row, column) => None,
            GridCell::Text(b) => Some(Some(String::from_utf8_lossy(b).into_owned())),
            GridCell::Cut(..) | GridCell::Loading | GridCell::Word(_) => None,
        }
    }

    /// Does this cell show a date or time in another style than ISO? The exact one is to be had by the row's key.
    #[must_use]
    pub fn time_here(&self, row: u64, column: usize) -> bool {
        let base = self.detail.as_ref().and_then(|d| d.columns.get(column)).map_or(0, |c| c.base_oid);
        let text = GridSource::cell(self, row, column);
        matches!((base, text), (1082 | 1114 | 1184, GridCell::Text(b))
            if !std::str::from_utf8(b).is_ok_and(check::is_iso))
    }

    /// As `exact`, and a time as it is printed where this session reads it back as the same one.
    #[must_use]
    pub fn here(&self, row: u64, column: usize) -> Option<Option<String>> {
        let printed = || match GridSource::cell(self, row, column) {
            GridCell::Text(b) if self.time_here(row, column) => Some(String::from_utf8_lossy(b).into_owned()),
            _ => None,
        };
        self.exact(row, column).or_else(|| printed().filter(|t| check::zone_word(t).is_none()).map(Some))
    }

    /// Position of a column by name.
    #[must_use]
    pub fn column_named(&self, name: &str) -> Option<usize> {
        self.detail.as_ref()?.columns.iter().position(|c| c.name == name)
    }

    /// Foreign keys that use the column under the cursor.
    #[must_use]
    pub fn references_here(&self) -> Vec<ForeignKey> {
        let (Some(detail), Some(column)) = (&self.detail, self.column_info()) else { return vec![] };
        detail.references.iter().filter(|f| f.from_columns.contains(&column.name)).cloned().collect()
    }

    /// Visible columns as output formats want them: the table's own types, not those of cut prefixes.
    #[must_use]
    pub fn out_columns(&self, which: &[usize]) -> Vec<Column> {
        let Some(detail) = &self.detail else { return vec![] };
        (which.iter())
            .filter_map(|c| detail.columns.get(*c))
            .map(|c| Column {
                name: c.name.clone(),
                type_oid: c.base_oid,
                typmod: -1,
                table_oid: self.oid,
                attnum: c.attnum,
            })
            .collect()
    }

    /// What runs for this table, for the status line and for cancel.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        let name = &self.name;
        if let Some(f) = self.fetch.as_ref().filter(|f| !f.resting) {
            return Some(Running { job: f.job, what: format!("reading {name}"), since: f.since });
        }
        if let Count::Running(job, since) = self.count {
            return Some(Running { job, what: format!("counting {name}"), since });
        }
        let (job, since) = self.describing?;
        Some(Running { job, what: format!("describing {name}"), since })
    }

    /// The next sort of a column: ascending, descending, none. `add`: beside the others.
    pub fn cycle_sort(&mut self, column: &str, add: bool) {
        let sort = &mut self.view.sort;
        let at = sort.iter().position(|s| s.column == column);
        let next = match at.map(|i| sort[i].descending) {
            None => Some(false),
            Some(false) => Some(true),
            Some(true) => None,
        };
        if !add {
            sort.clear();
        }
        match (at.filter(|_| add), next) {
            (Some(i), Some(descending)) => sort[i].descending = descending,
            (Some(i), None) => {
                sort.remove(i);
            }
            (None, Some(descending)) => sort.push(SortBy { column: column.into(), descending }),
            (None, None) => {}
        }
    }

    /// Layout, filter and sort as they are to be remembered.
    #[must_use]
    pub fn to_keep(&self) -> Kept {
        let mut kept = self.kept.clone();
        let Some(detail) = &self.detail else { return kept };
        let layout = self.grid.layout();
        let name = |c: &usize| detail.columns.get(*c).map(|c| c.name.clone());
        let plain = layout.order.iter().enumerate().all(|(i, c)| i == *c);
        kept.order = if plain { vec![] } else { layout.order.iter().filter_map(name).collect() };
        kept.hidden = layout.hidden.iter().filter_map(name).collect();
        kept.widths = layout.widths.iter().filter_map(|(c, w)| Some((name(c)?, *w))).collect();
        kept.frozen = (layout.frozen != self.key_frozen()).then_some(layout.frozen);
        if !self.given {
            kept.set_view(&self.view);
        }
        kept
    }

    /// Puts remembered columns back.
    pub fn restore_layout(&mut self) {
        let Some(detail) = self.detail.clone() else { return };
        let at = |name: &String| detail.columns.iter().position(|c| c.name == *name);
        let layout = GridLayout {
            order: self.kept.order.iter().filter_map(at).collect(),
            hidden: self.kept.hidden.iter().filter_map(at).collect(),
            widths: self.kept.widths.iter().filter_map(|(n, w)| Some((at(n)?, *w))).collect(),
            frozen: self.kept.frozen.unwrap_or_else(|| self.key_frozen()),
        };
        let mut grid = std::mem::take(&mut self.grid);
        grid.set_layout(&layout, self);
        self.grid = grid;
    }

    /// How many columns to freeze by themselves: the key, when it stands at the left.
    fn key_frozen(&self) -> usize {
        let Some(detail) = &self.detail else { return 0 };
        let mut key = key_columns(detail);
        key.sort_unstable();
        let leading = key.iter().enumerate().all(|(i, c)| i == *c);
        if leading && key.len() < detail.columns.len() { key.len() } else { 0 }
    }

    /// Runs a grid command on this table.
    pub fn grid_command(&mut self, command: crate::core::command::Command) -> bool {
        let mut grid = std::mem::take(&mut self.grid);
        let done = grid.command(command, self);
        self.grid = grid;
        done
    }

    /// Lends the grid out together with the table as its source.
    pub fn with_grid<R>(&mut self, f: impl FnOnce(&mut GridState, &Self) -> R) -> R {
        let mut grid = std::mem::take(&mut self.grid);
        let out = f(&mut grid, self);
        self.grid = grid;
        out
    }

    /// How many rows there are, as far as it is known: exact, estimated, or nothing.
    #[must_use]
    pub fn total(&self) -> Option<String> {
        let known = match self.count {
            Count::Known(n) => Some(n),
            _ => self.window.total(),
        };
        if let Some(n) = known {
            return Some(units::count(n));
        }
        let rows = self.detail.as_ref().map(|d| d.relation.rows)?;
        (self.good.filter.is_empty() && rows >= 0.0).then(|| {
            // What has been seen is a better estimate than an old statistic.
            let least = if self.window.anchor == Anchor::Start { self.window.end() } else { 0 };
            units::about((rows as u64).max(least))
        })
    }

    /// `row 12 of ~20 k`.
    #[must_use]
    pub fn position(&self) -> String {
        if self.window.is_empty() {
            return self
                .total()
                .filter(|_| !self.window.at_end)
                .map_or_else(String::new, |t| format!("{t} rows"));
        }
        let row = match self.window.before_end(self.grid.row()) {
            Some(n) => format!("row −{}", units::count(n)),
            None => format!("row {}", units::count(self.grid.row() + 1)),
        };
        let mut out = match self.total() {
            Some(total) => format!("{row} of {total}"),
            None => row,
        };
        if let Count::Running(..) = self.count {
            out.push_str(" (counting …)");
        }
        let (here, all) = (self.grid.shown().len(), GridSource::columns(self));
        if here < all {
            out.push_str(&format!(" · {} hidden", units::counted((all - here) as u64, "column", "columns")));
        }
        let rows = self.chosen();
        if rows > 0 {
            let word = if self.grid.selecting() { "selected" } else { "marked" };
            out.push_str(&format!(" · {} {word}", units::counted(rows, "row", "rows")));
        }
        out
    }

    /// Filter and sort in a few words.
    #[must_use]
    pub fn describe_view(&self) -> String {
        let own = self.view.filter.conditions.iter().skip(self.pinned);
        let mut parts: Vec<String> = own.map(|c| c.describe()).collect();
        parts.extend(self.view.filter.raw.clone());
        let sort: Vec<String> = (self.view.sort.iter())
            .map(|s| format!("{} {}", s.column, if s.descending { "↓" } else { "↑" }))
            .collect();
        let mut out = parts.join(" and ");
        if !sort.is_empty() {
            if !out.is_empty() {
                out.push_str(" · ");
            }
            out.push_str("by ");
            out.push_str(&sort.join(", "));
        }
        out
    }

    fn column_detail(&self, at: usize, info: &ColumnInfo) -> Cow<'_, str> {
        let Some(detail) = &self.detail else { return Cow::Borrowed("") };
        let target = detail.references.iter().find(|f| f.from_columns.contains(&info.name));
        let short = short_type(&info.type_name);
        Cow::Owned(match target {
            Some(f) => format!("→ {}", f.to.1),
            None if key_columns(detail).contains(&at) => format!("pk {short}"),
            None => short.into_owned(),
        })
    }

    /// A cell as the server has it.
    #[must_use]
    pub fn stored_cell(&self, row: u64, column: usize) -> GridCell<'_> {
        let Some(bytes) = self.window.cell(row, column) else { return GridCell::Null };
        let Some(limit) = self.shape.cut.get(column).copied().flatten() else { return GridCell::Text(bytes) };
        let hex = self.detail.as_ref().and_then(|d| d.columns.get(column)).is_some_and(|c| c.base_oid == 17);
        let end = if hex {
            Some(2 + 2 * limit as usize).filter(|n| bytes.len() > *n)
        } else {
            cut_at(bytes, limit)
        };
        let Some(end) = end else { return GridCell::Text(bytes) };
        let size = self.shape.sizes.get(column).copied().flatten();
        let size = size
            .and_then(|at| self.window.cell(row, at))
            .and_then(|b| std::str::from_utf8(b).ok()?.parse().ok());
        GridCell::Cut(&bytes[..end], size.unwrap_or(0))
    }

    /// Nothing but a stream can read it: said on the screen.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.detail.is_some() && !self.keyed
    }
}

/// What a column's type means.
#[must_use]
pub fn kind_of(info: &ColumnInfo) -> Kind {
    if info.category == 'A' { Kind::Array } else { Kind::of(info.base_oid) }
}

/// Type names people know by a shorter one.
#[must_use]
pub fn short_type(name: &str) -> Cow<'_, str> {
    for (long, short) in [
        ("timestamp with time zone", "timestamptz"),
        ("timestamp without time zone", "timestamp"),
        ("time without time zone", "time"),
        ("time with time zone", "timetz"),
        ("character varying", "varchar"),
        ("double precision", "float8"),
    ] {
        if name.contains(long) {
            return Cow::Owned(name.replace(long, short));
        }
    }
    Cow::Borrowed(name)
}

impl GridSource for Table {
    fn columns(&self) -> usize {
        self.detail.as_ref().map_or(0, |d| d.columns.len())
    }

    fn column(&self, column: usize) -> GridColumn<'_> {
        let Some((detail, info)) = self.detail.as_ref().and_then(|d| Some((d, d.columns.get(column)?)))
        else {
            return GridColumn::new("", Kind::Text);
        };
        let many = self.good.sort.len() > 1;
        let sort = self.good.sort.iter().position(|s| s.column == info.name).map(|i| Sorted {
            rank: if many { (i + 1).min(9) as u8 } else { 0 },
            descending: self.good.sort[i].descending,
        });
        GridColumn {
            name: &info.name,
            detail: self.column_detail(column, info),
            kind: kind_of(info),
            key: key_columns(detail).contains(&column),
            sort,
        }
    }

    fn first(&self) -> u64 {
        self.window.first()
    }

    fn end(&self) -> u64 {
        self.window.end()
    }

    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        self.staged_cell(row, column).unwrap_or_else(|| self.stored_cell(row, column))
    }

    fn row_touch(&self, row: u64) -> Touch {
        self.touch_of(row)
    }

    fn touch(&self, row: u64, column: usize) -> Touch {
        match self.touch_of(row) {
            Touch::Changed if self.staged_value(row, column).is_none() => Touch::None,
            touch => touch,
        }
    }

    fn more_before(&self) -> bool {
        self.keyed && !self.window.at_start && !self.window.is_empty()
    }

    fn more_after(&self) -> bool {
        !self.window.at_end && !self.window.is_empty()
    }

    fn when_empty(&self) -> Cow<'_, str> {
        if self.trouble.is_some() {
            return Cow::Borrowed("");
        }
        if self.describing.is_some()
            || self.recalling.is_some()
            || self.fetch.is_some()
            || self.detail.is_none()
        {
            return Cow::Borrowed("reading …");
        }
        if self.view.filter.is_empty() {
            Cow::Borrowed("no rows")
        } else if self.given {
            Cow::Borrowed("no rows here")
        } else {
            Cow::Borrowed("no rows fit the filter (X clears it)")
        }
    }
}

/// Where a text is to be cut after so many characters; `None`: it is not longer.
fn cut_at(bytes: &[u8], characters: u32) -> Option<usize> {
    let limit = characters as usize;
    if bytes.len() <= limit {
        return None;
    }
    // A character starts at every byte that is no continuation byte.
    let mut starts = bytes.iter().enumerate().filter(|(_, b)| **b & 0xc0 != 0x80);
    starts.nth(limit).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_stand_between_characters() {
        assert_eq!(cut_at(b"abc", 3), None);
        assert_eq!(cut_at(b"abcd", 3), Some(3));
        assert_eq!(cut_at("äöü".as_bytes(), 3), None);
        assert_eq!(cut_at("äöüß".as_bytes(), 3), Some(6));
    }

    #[test]
    fn type_names_are_short() {
        assert_eq!(short_type("timestamp(3) with time zone"), "timestamp(3) with time zone");
        assert_eq!(short_type("timestamp with time zone[]"), "timestamptz[]");
        assert_eq!(short_type("character varying(20)"), "varchar(20)");
    }
}
