//! Health: what a server's own figures mean. Answers of the monitoring session in, lines out: each with its value, how bad
//! it is and from when on and why, what to do, and where to look next. Everything here is pure.

mod advice;
mod bouncer;
mod log;
mod rules;
mod server;
mod vacuum;
mod vitals;

pub use rules::{Level, RULES, Rule, Unit, rule};
pub use vitals::{Known, Part, Row, Table, Trouble, Vitals};

use super::live::{Micros, Names, Probe, Sampled, Weighed, heap, kept};
use crate::text::units;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What lines are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The server itself.
    #[default]
    Server,
    /// Pools of PgBouncer.
    Pools,
    /// Who is connected and what they wait for.
    Connections,
    /// Transactions, blocks, files.
    Work,
    /// Checkpoints, write-ahead log, archive.
    Log,
    /// Standbys and slots.
    Replication,
    /// Wraparound, old snapshots, vacuum.
    Vacuum,
    /// Long operations.
    Progress,
    /// Tables, indexes, sequences that want something done.
    Advice,
    /// Settings.
    Settings,
}

impl Section {
    /// Its heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Pools => "PgBouncer",
            Self::Connections => "Connections",
            Self::Work => "Work",
            Self::Log => "Log and checkpoints",
            Self::Replication => "Replication",
            Self::Vacuum => "Vacuum",
            Self::Progress => "In progress",
            Self::Advice => "Advice",
            Self::Settings => "Settings",
        }
    }
}

/// Where to look next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Go {
    /// Sessions.
    Activity,
    /// Who waits for whom.
    Locks,
    /// What statements cost.
    Statements,
    /// A relation of this database, by OID.
    Relation(u32),
    /// A saved query, by name.
    Saved(&'static str),
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What it is, the same in every sample.
    pub key: String,
    /// What it is about.
    pub section: Section,
    /// Its name.
    pub name: String,
    /// Its value for people.
    pub value: String,
    /// Its value as a number, for the trend.
    pub figure: Option<f64>,
    /// How bad it is.
    pub level: Level,
    /// From when on it is bad, nothing when it has no threshold.
    pub limits: String,
    /// Why just there.
    pub reason: &'static str,
    /// What belongs to it, a line each.
    pub details: Vec<String>,
    /// What to do.
    pub advice: String,
    /// SQL that does it. It is never run by itself.
    pub sql: Option<String>,
    /// Where to look next.
    pub go: Option<Go>,
}

impl Line {
    fn new(section: Section, key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { section, key: key.into(), name: name.into(), level: Level::Plain, ..Self::default() }
    }

    fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    /// Judged by a rule.
    fn judged(mut self, id: &str, figure: f64) -> Self {
        self.figure = Some(figure);
        if let Some(rule) = rule(id) {
            self.level = rule.judge(figure);
            self.limits = limits(rule);
            self.reason = rule.reason;
        }
        self
    }

    /// Judged, where there is a figure; before there is one it is only told.
    fn maybe(mut self, id: &str, figure: Option<f64>) -> Self {
        if let Some(figure) = figure {
            return self.judged(id, figure);
        }
        if let Some(rule) = rule(id) {
            self.limits = limits(rule);
            self.reason = rule.reason;
        }
        self
    }

    fn figure(self, figure: Option<f64>) -> Self {
        Self { figure, ..self }
    }

    fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    fn detail(mut self, text: impl Into<String>) -> Self {
        self.details.push(text.into());
        self
    }

    fn details(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(texts);
        self
    }

    fn advice(self, text: impl Into<String>) -> Self {
        Self { advice: text.into(), ..self }
    }

    fn sql(self, sql: impl Into<String>) -> Self {
        let sql: String = sql.into();
        Self { sql: (!sql.is_empty()).then_some(sql), ..self }
    }

    fn go(self, go: Go) -> Self {
        Self { go: Some(go), ..self }
    }

    /// Bytes on the heap, in an `Arc`.
    fn weight(&self) -> usize {
        let texts = [&self.key, &self.name, &self.value, &self.limits, &self.advice];
        let texts = texts.into_iter().chain(&self.details).chain(&self.sql);
        heap(size_of::<Self>() + 2 * size_of::<usize>())
            + heap(self.details.capacity() * size_of::<String>())
            + texts.map(|text| heap(text.capacity())).sum::<usize>()
    }
}

/// All lines of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkup {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took.
    pub took: Duration,
    /// The lines in the order of their sections.
    pub lines: Vec<Arc<Line>>,
}

impl Checkup {
    /// Of everything known.
    #[must_use]
    pub fn of(known: &Known, names: &Names, at: Micros, took: Duration) -> Self {
        let role = known.row("server").map_or("…", |row| row.text("role"));
        let view = View { known, names, role };
        let mut lines = vec![];
        if known.part("pools").is_some() {
            lines.extend(bouncer::lines(&view));
        } else {
            lines.extend(server::lines(&view));
            lines.extend(log::lines(&view));
            lines.extend(vacuum::lines(&view));
            lines.extend(advice::lines(&view));
        }
        lines.sort_by_key(|line| line.section);
        Self { at, took, lines: lines.into_iter().map(Arc::new).collect() }
    }

    /// What did not change is kept once.
    #[must_use]
    pub fn sharing(mut self, before: &Self) -> Self {
        let known: BTreeMap<&str, &Arc<Line>> = before.lines.iter().map(|l| (&*l.key, l)).collect();
        for line in &mut self.lines {
            if let Some(same) = known.get(&*line.key).filter(|same| same.as_ref() == line.as_ref()) {
                *line = Arc::clone(same);
            }
        }
        self
    }

    /// A line by its key.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<&Arc<Line>> {
        self.lines.iter().find(|line| line.key == key)
    }

    /// How many lines are this bad.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.lines.iter().filter(|line| line.level == level).count()
    }
}

impl Sampled for Checkup {
    fn at(&self) -> Micros {
        self.at
    }

    fn took(&self) -> Duration {
        self.took
    }
}

impl Weighed for Checkup {
    const BUDGET: usize = 8 << 20;
    const MOST: usize = kept(Probe::Health);

    fn weight(&self, before: Option<&Self>) -> usize {
        let known: BTreeSet<*const Line> =
            before.into_iter().flat_map(|b| &b.lines).map(Arc::as_ptr).collect();
        let new = self.lines.iter().filter(|line| !known.contains(&Arc::as_ptr(line)));
        heap(self.lines.capacity() * size_of::<usize>()) + new.map(|line| line.weight()).sum::<usize>()
    }
}

/// What lines are made of.
struct View<'k> {
    known: &'k Known,
    names: &'k Names,
    role: &'k str,
}

impl<'k> View<'k> {
    /// `role@database` of a row that has both as OIDs.
    fn whom(&self, row: &Row<'_>) -> String {
        let role = self.names.role(row.count("role") as u32);
        let database = self.names.database(row.count("database") as u32);
        match (role.is_empty(), database.is_empty()) {
            (true, true) => String::new(),
            (_, true) => role,
            _ => format!("{role}@{database}"),
        }
    }

    /// The row of a part, or a line that says why it cannot be seen. Nothing while it has not been asked.
    fn row(&self, part: &'static str, line: impl Fn() -> Line) -> Result<Row<'k>, Option<Line>> {
        match self.known.row(part) {
            Some(row) => Ok(row),
            None => Err(self.known.trouble(part).map(|trouble| self.hidden(line(), trouble))),
        }
    }

    /// A line that cannot be told.
    fn hidden(&self, line: Line, trouble: &Trouble) -> Line {
        let line = line.level(Level::Hidden);
        if trouble.code == "42501" {
            return self.grant(line.value("not visible to this role"), "pg_monitor");
        }
        line.value("no answer").advice(format!("The server says: {}", trouble.message))
    }

    /// What would show it.
    fn grant(&self, line: Line, to_grant: &str) -> Line {
        let sql = format!("GRANT {to_grant} TO {};", self.role);
        line.advice("A superuser, or who may grant it, can show it:").sql(sql)
    }

    /// How many sessions and processes of the server do what this role may not see.
    fn masked(&self) -> f64 {
        self.known.rows("connections").filter_map(|r| r.number("masked")).sum()
    }

    /// A line about all sessions, of which some may not be seen: what calls for somebody does so all the same, but nothing
    /// else is known to be good.
    fn partly(&self, line: Line, masked: f64) -> Line {
        if masked == 0.0 || line.level.calls() {
            return line;
        }
        let value = match line.figure {
            Some(figure) if figure > 0.0 => format!("{}; {} not visible", line.value, count(masked)),
            _ => "not visible to this role".to_owned(),
        };
        self.grant(line.figure(None).level(Level::Hidden).value(value), "pg_read_all_stats")
    }

    /// What is said of lines whose newest answer failed: they are older.
    fn stale(&self, part: &str) -> Option<String> {
        let part = self.known.part(part)?;
        let trouble = part.trouble.as_ref().filter(|_| part.at > 0)?;
        Some(format!("Older than the rest: asked anew, the server said: {}", trouble.message))
    }
}

fn limits(rule: &Rule) -> String {
    let side = if rule.low { "<" } else { "≥" };
    let shown = [rule.warning, rule.critical].into_iter().filter(|limit| limit.is_finite() && *limit > 0.0);
    let shown: Vec<String> = shown.map(|limit| in_unit(rule.unit, limit)).collect();
    format!("{side} {}", shown.join(" / "))
}

/// A figure for people.
fn in_unit(unit: Unit, figure: f64) -> String {
    match unit {
        Unit::Percent => percent(figure),
        Unit::Seconds if figure >= 3600.0 => format!("{:.0} h", figure / 3600.0),
        Unit::Seconds if figure >= 60.0 => format!("{:.0} min", figure / 60.0),
        Unit::Seconds => format!("{figure:.0} s"),
        Unit::Bytes => bytes(figure),
        Unit::Rate => format!("{}/s", bytes(figure)),
        Unit::Count if figure < 1.0 => "any".into(),
        Unit::Count => count(figure),
        Unit::Transactions => units::about(figure.max(0.0) as u64).trim_start_matches('~').to_owned(),
    }
}

fn percent(figure: f64) -> String {
    if figure.fract() == 0.0 || figure >= 99.95 { format!("{figure:.0} %") } else { format!("{figure:.1} %") }
}

fn seconds(figure: f64) -> String {
    let age = Duration::try_from_secs_f64(figure.max(0.0)).unwrap_or_default();
    // Tenths of milliseconds say nothing about a server.
    if figure < 1.0 { format!("{} ms", age.as_millis()) } else { units::duration(age) }
}

fn bytes(figure: f64) -> String {
    units::bytes(figure.max(0.0) as u64)
}

fn count(figure: f64) -> String {
    units::count(figure.max(0.0) as u64)
}

/// `12.3/s`, `1,234/s`.
fn rate(figure: f64) -> String {
    if figure < 10.0 { format!("{figure:.1}/s") } else { format!("{}/s", count(figure)) }
}

/// How large a part is of a whole, in percent; `None` for a part of nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| 100.0 * part / whole)
}

#[cfg(test)]
mod tests;
