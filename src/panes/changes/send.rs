//! Applying: the statements under way, what they return, what takes them back, what is worth saying afterwards.

use super::{
    fault::Details,
    list::{Planned, row_name, short, text},
};
use crate::{
    core::{
        effect::{Checked, Statement},
        error::DbError,
        ids::JobId,
    },
    data::{
        catalog::{ColumnInfo, Detail},
        edits::{Change, Text, Value, What, diff},
        json::Json,
        rows::Batch,
    },
    sql::{
        edit::{MOST_KEPT, Returned, inverse},
        filter::Query,
    },
    text::units,
};
use std::time::Duration;

/// Lines said about changes at most.
const NOTES: usize = 40;

/// An apply under way.
#[derive(Debug)]
pub struct Applying {
    /// Answers carry it.
    pub job: JobId,
    /// When it began.
    pub since: Duration,
    /// When the present statement was sent.
    pub step: Duration,
    /// What was sent.
    pub plan: Vec<Planned>,
    /// Per statement: the number of its change, and of the statement in it.
    places: Vec<(usize, usize)>,
    /// Per statement its rows.
    rows: Vec<Vec<Vec<Text>>>,
    /// The present statement.
    pub at: usize,
    /// What the server said meanwhile, and what became of a COMMIT that nobody answered.
    notices: Vec<String>,
}

/// A statement as the server gets it.
#[must_use]
pub fn statement(query: &Query, pure_read: bool) -> Statement {
    let Query { sql, params, types, .. } = query.clone();
    Statement { sql, params, types, pure_read, simple: false, ..Statement::default() }
}

/// All statements of a plan.
///
/// # Errors
/// Why one cannot be made, and the number of its change.
pub fn checked(plan: &[Planned]) -> Result<Vec<Checked>, (usize, String)> {
    let mut out = vec![];
    for (n, planned) in plan.iter().enumerate() {
        let sent = planned.sent.as_ref().map_err(|why| (n, why.clone()))?;
        out.extend(sent.iter().map(|s| Checked { statement: statement(&s.query, false), rows: s.rows }));
    }
    Ok(out)
}

impl Applying {
    /// The plan was sent under this number.
    #[must_use]
    pub fn new(job: JobId, now: Duration, plan: Vec<Planned>) -> Self {
        let count = |p: &Planned| p.sent.as_ref().map_or(0, Vec::len);
        let places: Vec<(usize, usize)> =
            plan.iter().enumerate().flat_map(|(n, p)| (0..count(p)).map(move |s| (n, s))).collect();
        let rows = vec![vec![]; places.len()];
        Self { job, since: now, step: now, plan, places, rows, at: 0, notices: vec![] }
    }

    /// The change a statement belongs to; none at COMMIT.
    #[must_use]
    pub fn change(&self, statement: usize) -> Option<usize> {
        Some(self.places.get(statement)?.0)
    }

    /// The next statement was sent.
    pub fn started(&mut self, statement: usize, now: Duration) {
        self.at = statement;
        self.step = now;
    }

    /// Rows of the present statement.
    pub fn came(&mut self, batch: &Batch) {
        let Some(rows) = self.rows.get_mut(self.at) else { return };
        rows.extend((0..batch.len()).map(|r| {
            batch.row(r).map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned())).collect::<Vec<_>>()
        }));
    }

    /// A notice came.
    pub fn said(&mut self, notice: &DbError) {
        if self.notices.len() < NOTES {
            self.notices.push(format!("{}: {}", notice.severity, notice.message));
            self.notices.extend(notice.detail.iter().map(|d| format!("Detail: {d}")));
        }
    }

    /// What is being done, for people.
    #[must_use]
    pub fn what(&self) -> String {
        match self.change(self.at) {
            Some(n) => {
                format!(
                    "applying {} of {}: {}",
                    self.at + 1,
                    self.places.len(),
                    row_name(&self.plan[n].change)
                )
            }
            None => "COMMIT".into(),
        }
    }

    fn answers(&self, change: usize) -> Vec<Vec<Vec<Text>>> {
        let mine = self.places.iter().zip(&self.rows).filter(|((n, _), _)| *n == change);
        mine.map(|(_, rows)| rows.clone()).collect()
    }

    /// All is written: the changes that take it back, the last one first, and what is worth saying.
    #[must_use]
    pub fn finish(&self, details: &Details) -> (Vec<Change>, Vec<String>) {
        let (mut back, mut notes) = (vec![], vec![]);
        for n in (0..self.plan.len()).rev() {
            let planned = &self.plan[n];
            let (Some(Ok(detail)), Ok(sent)) = (details.get(&planned.change.table.oid), &planned.sent) else {
                continue;
            };
            let answers = self.answers(n);
            let mine = inverse(&planned.change, detail, sent, &answers);
            if let Some(why) = no_way_back(&planned.change, detail, mine.is_empty()) {
                notes.push(why);
            }
            back.extend(mine);
            for (s, rows) in sent.iter().zip(&answers) {
                if let Some(row) = rows.first() {
                    notes.extend(other_values(&planned.change, detail, &s.returned, row));
                }
            }
        }
        notes.reverse();
        let more = notes.len().saturating_sub(NOTES);
        notes.truncate(NOTES);
        if more > 0 {
            notes.push(format!("… and {more} more"));
        }
        notes.splice(0..0, self.notices.iter().cloned());
        (back, notes)
    }
}

/// What an apply cannot take back of a change, although it was written.
fn no_way_back(change: &Change, detail: &Detail, nothing: bool) -> Option<String> {
    let name = row_name(change);
    let goes = match &change.what {
        What::Delete { .. } => true,
        What::Bulk { set, .. } => set.is_empty(),
        _ => false,
    };
    if nothing {
        let why = match &change.what {
            What::Bulk { count, .. } if *count > MOST_KEPT => {
                format!("more than {} rows are not kept", units::count(MOST_KEPT))
            }
            What::Insert { upsert: Some(_), .. } => "what an upsert found is not known".into(),
            What::Update { .. } | What::Delete { .. } => {
                "a time in it names a zone that would be read as another one".into()
            }
            What::Insert { .. } | What::Bulk { .. } => {
                "the server returned nothing that tells the rows".into()
            }
        };
        return Some(format!("{name}: cannot be taken back, {why}"));
    }
    let mut along: Vec<&str> = detail
        .referenced_by
        .iter()
        .filter(|f| goes && matches!(f.on_delete, 'c' | 'n' | 'd'))
        .map(|f| &*f.from.1)
        .collect();
    along.sort_unstable();
    along.dedup();
    (!along.is_empty()).then(|| {
        format!("{name}: U brings the row back, not what went or changed with it in {}", along.join(", "))
    })
}

/// Columns that hold another value than the one that was sent.
fn other_values(change: &Change, detail: &Detail, returned: &[Returned], row: &[Text]) -> Vec<String> {
    if !matches!(change.what, What::Update { .. } | What::Insert { .. }) {
        return vec![];
    }
    let differs = |what: &Returned, is: &Text| {
        let Returned::Column(column) = what else { return None };
        let info = detail.columns.iter().find(|c| c.name == *column)?;
        let sent = match change.value(column)? {
            Value::Text(t) => Some(t.clone()),
            Value::Null => None,
            Value::Default | Value::Now | Value::Json(_) => return None,
        };
        (!same(info, &sent, is)).then(|| {
            format!("{}, {column}: sent {}, the server stored {}", row_name(change), text(&sent), text(is))
        })
    };
    returned.iter().zip(row).filter_map(|(what, is)| differs(what, is)).collect()
}

/// Do two texts mean the same value of this type? The server prints a value in a form of its own.
fn same(column: &ColumnInfo, sent: &Text, stored: &Text) -> bool {
    let (a, b) = match (sent, stored) {
        (None, None) => return true,
        (Some(a), Some(b)) => (a, b),
        _ => return false,
    };
    if a == b {
        return true;
    }
    let plain = |t: &str| t.chars().filter(|c| !c.is_whitespace() && *c != '"').collect::<String>();
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    match (column.base_oid, column.category) {
        (1042, _) => a.trim_end_matches(' ') == b.trim_end_matches(' '),
        (114 | 3802, _) => match (Json::parse(a.clone()), Json::parse(b.clone())) {
            (Ok(a), Ok(b)) => diff(&a, &b).is_empty(),
            _ => false,
        },
        (_, 'B') => truth(a) == truth(b),
        (_, 'S' | 'E') => false,
        (_, 'N') => number(a) == number(b),
        // Zone, era and separators are the server's way of writing.
        (_, 'D' | 'T') => {
            let (sent, stored) = (digits(a), digits(b));
            let zeros = |rest: &str| rest.bytes().all(|d| d == b'0');
            // What this program wrote to be read back exactly is not compared with another style.
            let ours = a.as_bytes().get(10) == Some(&b'T') && b.as_bytes().get(4) != Some(&b'-');
            ours || sent.is_empty()
                || stored.starts_with(&sent)
                || sent.strip_prefix(&stored).is_some_and(zeros)
        }
        _ => plain(&a.to_lowercase()) == plain(&b.to_lowercase()),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A decimal number without needless zeros; other forms as they are.
fn number(text: &str) -> String {
    let text = text.trim().trim_start_matches('+');
    if text.contains(['e', 'E']) {
        return text.parse::<f64>().map_or_else(|_| text.to_owned(), |v| v.to_string());
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |d| ("-", d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// A parameter as the preview lists it.
#[must_use]
pub fn parameter(number: usize, value: &Text, type_name: &str) -> String {
    let value = value.as_ref().map_or_else(|| "NULL".into(), |t| format!("'{}'", short(t)));
    let type_name = if type_name.is_empty() { String::new() } else { format!(" ({type_name})") };
    format!("${number} = {value}{type_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_value_is_told() {
        let is = |oid, category, a: &str, b: &str| {
            let column = ColumnInfo { base_oid: oid, category, ..ColumnInfo::default() };
            same(&column, &Some(a.into()), &Some(b.into()))
        };
        assert!(
            is(1700, 'N', "1.5", "1.50") && is(1700, 'N', "-0.10", "-0.1") && !is(1700, 'N', "1.55", "1.6")
        );
        assert!(is(16, 'B', "true", "t") && !is(16, 'B', "true", "f"));
        assert!(
            is(1184, 'D', "2026-01-02", "2026-01-02 00:00:00+00") && is(1184, 'D', "today", "2026-01-02")
        );
        assert!(!is(1184, 'D', "2026-01-02", "2027-01-02 00:00:00+00"));
        assert!(is(1184, 'D', "2026-05-30T16:13:51.851+00:00", "2026-05-30 16:13:51.851+00"));
        assert!(!is(1184, 'D', "2026-05-30T16:13:51+00:00", "2026-05-30 18:13:51+00"));
        assert!(is(3802, 'U', r#"{"b":1,"a":2}"#, r#"{"a": 2, "b": 1}"#) && !is(3802, 'U', "1", "2"));
        assert!(!is(25, 'S', "Eva", "eva") && is(1042, 'S', "a", "a  "));
        assert!(is(1009, 'A', "{a, b}", "{a,b}"));
    }
}
