//! Why a row matched, why a word did not, which index would serve, and what was probably meant.

use super::{Search, run::statement, tables::Table};
use crate::{
    core::{
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::{Cx, Popup, Tone},
    },
    data::search::{Config, Keeper, lexemes_of, nearest, put_right},
    sql::{
        page::table as table_sql,
        quote::{ident, literal},
        search::{MOST_COUNTED, Reach, Word, configurations, explain, index_key, lexemes, look_up, measure},
    },
    text::units,
};
use std::time::Duration;

/// Bytes of an answer.
const CREDIT: u64 = 8 << 20;
/// How long nothing is typed before a sample is read for what was meant.
const PAUSE: Duration = Duration::from_millis(300);

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Words,
    Rows,
    Positions,
    Configurations,
    Measure,
    Plan,
    Lexemes,
}

/// Questions about a search.
#[derive(Debug)]
pub(super) struct Inquiry {
    pub job: JobId,
    parts: Vec<Part>,
    at: usize,
    got: Vec<(Part, Vec<Vec<Option<String>>>)>,
    /// Number of the table, and the row's title.
    table: usize,
    title: String,
    /// The query as the server printed it.
    query: String,
    /// The row only has similar words.
    stands_in: bool,
}

impl Inquiry {
    fn rows(&self, part: Part) -> &[Vec<Option<String>>] {
        self.got.iter().find(|(p, _)| *p == part).map_or(&[], |(_, rows)| rows)
    }
}

impl Search {
    fn inquire(&mut self, parts: Vec<(Part, Statement)>, table: usize, title: String, cx: &mut Cx<'_>) {
        if let Some(old) = self.inquiry.take() {
            cx.ask(Effect::Cancel { job: old.job });
        }
        let (parts, statements): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let lane = Lane::Read(cx.world.active);
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT });
        let query = self.shown.as_ref().and_then(|s| s.words.as_ref()).map(|w| w.query.clone());
        let stands_in = self.shown.as_ref().is_some_and(|s| s.similar.is_some_and(|n| n > 0));
        let query = query.unwrap_or_default();
        self.inquiry = Some(Inquiry { job, parts, at: 0, got: vec![], table, title, query, stands_in });
    }

    /// Why does the row under the cursor match, and what became of each word?
    pub(super) fn ask_why(&mut self, cx: &mut Cx<'_>) {
        let text = self.input.text().to_owned();
        let at = self.chosen().map_or(0, |(hit, _)| hit.table);
        let Some(table) = self.tables.get(at).filter(|_| !text.trim().is_empty()) else {
            return cx.toast(Tone::Note, "Type what to search for first");
        };
        let Some(target) = table.target(table.reach()) else { return };
        let ask = self.ask(&text, 0);
        let hit = self.chosen().map(|(hit, _)| hit);
        let mut parts = vec![
            (Part::Words, statement(target.words_of(&ask, hit.map(|h| &h.key)), true)),
            (Part::Rows, statement(target.lexeme_rows(&ask), true)),
        ];
        if let Some(query) = hit.and_then(|h| target.positions(&ask, &h.key)) {
            parts.push((Part::Positions, statement(query, true)));
        }
        parts.push((Part::Configurations, statement(configurations(&ask), true)));
        let title = hit
            .map(|h| format!("{} {}  {}", table.name, self.key_of(h), h.title.clone().unwrap_or_default()));
        self.inquire(parts, at, title.unwrap_or_default(), cx);
    }

    /// Which index would serve?
    pub(super) fn ask_advice(&mut self, cx: &mut Cx<'_>) {
        let at = self.chosen().map_or(0, |(hit, _)| hit.table);
        let Some(table) = self.tables.get(at) else {
            return cx.toast(Tone::Note, "Choose what is searched first (F3)");
        };
        let Some(target) = table.target(Reach::Everything) else { return };
        let text = self.input.text().to_owned();
        let mut parts = vec![(Part::Measure, statement(measure(&target), true))];
        if !text.trim().is_empty()
            && let Ok(query) = target.search(&self.ask(&text, 1))
        {
            parts.push((Part::Plan, statement(explain(&query), true)));
        }
        self.inquire(parts, at, String::new(), cx);
    }

    /// Nothing was found: what is in the documents is looked at once the typing pauses.
    pub(super) fn nothing_found(&mut self, cx: &Cx<'_>) {
        let missing = self
            .shown
            .as_ref()
            .is_some_and(|s| s.is_missed() && s.words.as_ref().is_some_and(|w| w.nodes > 0));
        let unknown = self.tables.first().is_some_and(|t| t.lexemes.is_none());
        if missing && (unknown || self.may_be_similar()) {
            self.sample_due = Some(cx.world.now + PAUSE);
        }
    }

    /// Reads the sample.
    pub(super) fn sample(&mut self, cx: &mut Cx<'_>) {
        self.sample_due = None;
        if self.run.is_some() || self.inquiry.is_some() {
            return;
        }
        if self.may_be_similar() {
            return self.find_similar(cx);
        }
        let Some(target) = self.tables.first().and_then(|t| t.target(t.reach())) else { return };
        let parts = vec![(Part::Lexemes, statement(lexemes(&target), true))];
        self.inquire(parts, 0, String::new(), cx);
    }

    /// Finds the lexemes of the line that nothing has, each with what was probably meant.
    pub(super) fn find_meant(&mut self) {
        let known = self.tables.first().and_then(|t| t.lexemes.as_ref());
        let Some(shown) = &mut self.shown else { return };
        let words = shown.words.as_ref().filter(|_| shown.is_missed());
        shown.meant = match (known, words) {
            (Some(known), Some(words)) => (lexemes_of(&words.query).into_iter())
                .filter_map(|(lexeme, prefix)| {
                    let meant = nearest(&lexeme, prefix, known)?.to_owned();
                    Some((lexeme, meant))
                })
                .collect(),
            _ => vec![],
        };
    }

    /// The line as it was probably meant.
    pub(super) fn take_meant(&mut self, cx: &mut Cx<'_>) {
        let meant = self.shown.as_ref().map(|s| s.meant.clone()).unwrap_or_default();
        let mut line = self.input.text().to_owned();
        for (lexeme, right) in &meant {
            line = put_right(&line, lexeme, right).unwrap_or(line);
        }
        if line == self.input.text() {
            return cx.toast(Tone::Note, "Nothing that was found is near to these words");
        }
        self.input.set(&line);
        self.changed(cx);
    }

    /// News of an inquiry; `false`: of something else.
    pub(super) fn inquiry_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(inquiry) = self.inquiry.as_mut().filter(|i| i.job == job) else { return false };
        match news {
            News::Started(n) => {
                inquiry.at = *n;
                if let Some(part) = inquiry.parts.get(*n) {
                    inquiry.got.push((*part, vec![]));
                }
            }
            News::Rows(batch) => {
                let text = |c: &[u8]| String::from_utf8_lossy(c).into_owned();
                if let Some((_, rows)) = inquiry.got.last_mut() {
                    rows.extend((0..batch.len()).map(|r| batch.row(r).map(|c| c.map(text)).collect()));
                }
            }
            News::Done(summary) if summary.last => {
                if let Some(inquiry) = self.inquiry.take() {
                    self.answered(&inquiry, cx);
                }
            }
            News::Failed(_, error, _) => {
                let asked = self.inquiry.take();
                let sample = asked.is_some_and(|i| i.parts == [Part::Lexemes]);
                if sample {
                    // Not asked for by anybody: once is enough.
                    if let Some(table) = self.tables.first_mut().filter(|_| !error.is_cancel()) {
                        table.lexemes = Some(vec![]);
                    }
                } else {
                    cx.toast(Tone::Warning, format!("It could not be found out: {}", error.message));
                }
            }
            _ => {}
        }
        true
    }

    fn answered(&mut self, inquiry: &Inquiry, cx: &mut Cx<'_>) {
        let Some(table) = self.tables.get_mut(inquiry.table) else { return };
        match inquiry.parts.first() {
            Some(Part::Lexemes) => {
                let pair = |row: &Vec<Option<String>>| {
                    Some((row.first()?.clone()?, row.get(1)?.as_deref()?.parse().ok()?))
                };
                table.lexemes = Some(inquiry.rows(Part::Lexemes).iter().filter_map(pair).collect());
                self.find_meant();
            }
            Some(Part::Measure) => {
                let text = advice(table, inquiry);
                cx.popup(Popup::Page { title: format!("Index for {}", table.name), text });
            }
            _ => {
                let text = reasons(table, inquiry);
                let title = match (inquiry.title.is_empty(), inquiry.stands_in) {
                    (true, _) => "What became of the words",
                    (false, false) => "Why it matched",
                    (false, true) => "Why it does not match",
                };
                cx.popup(Popup::Page { title: title.into(), text });
            }
        }
    }
}

fn cell(row: &[Option<String>], n: usize) -> &str {
    row.get(n).and_then(Option::as_deref).unwrap_or_default()
}

/// `3A 15B` of positions and weights.
fn places(positions: &str, weights: &str) -> String {
    let each = positions
        .split(' ')
        .zip(weights.chars())
        .map(|(p, w)| if w == 'D' { p.to_owned() } else { format!("{p}{w}") });
    each.collect::<Vec<_>>().join(" ")
}

fn reasons(table: &Table, inquiry: &Inquiry) -> String {
    let mut out = String::new();
    if !inquiry.title.is_empty() {
        out.push_str(&format!("{}\n\n", inquiry.title));
        let rows = inquiry.rows(Part::Positions);
        if rows.is_empty() {
            out.push_str("Its vector could not be looked at: the row cannot be found again.\n");
        }
        let mut last = "";
        for row in rows {
            let (asked, lexeme) = (cell(row, 0), cell(row, 1));
            let unwanted = inquiry.query.contains(&format!("!'{}'", asked.replace('\'', "''")));
            if lexeme.is_empty() {
                let as_asked = if unwanted { ", as asked" } else { "" };
                out.push_str(&format!("  '{asked}'  is not in this row{as_asked}\n"));
                continue;
            }
            let name = if asked == last { String::new() } else { format!("'{asked}'") };
            last = asked;
            let beginning = if asked == lexeme { String::new() } else { format!(" as '{lexeme}'") };
            let at = places(cell(row, 2), cell(row, 3));
            let at = if at.is_empty() { "without positions".to_owned() } else { format!("at {at}") };
            let against = if unwanted { ", but is to be absent" } else { "" };
            out.push_str(&format!("  {name:<18}{beginning} {at}{against}\n"));
        }
        out.push_str("\nPositions count words; A, B and C are weights, others are D.\n\n");
    }
    let config = match table.languages.as_slice() {
        [] => table.config.clone(),
        [first, ..] if inquiry.title.is_empty() => first.clone(),
        _ => "the row's own configuration".to_owned(),
    };
    out.push_str(&format!("What {config} makes of the line\n\n"));
    let counted = |lexeme: &str| {
        let rows = inquiry.rows(Part::Rows);
        let row = rows.iter().find(|r| cell(r, 0) == lexeme)?;
        let n: u64 = cell(row, 2).parse().ok()?;
        let most = if n > MOST_COUNTED { "more than " } else { "" };
        let prefix = if cell(row, 1) == "t" { " or a word that begins so" } else { "" };
        Some(format!("{most}{}{prefix}", units::counted(n.min(MOST_COUNTED), "row", "rows")))
    };
    for word in look_up(inquiry.rows(Part::Words)) {
        out.push_str(&format!("  {:<18} {}\n", word.token, fate(&word, &counted)));
    }
    out.push_str("\nWhat other configurations make of it\n\n");
    for row in inquiry.rows(Part::Configurations) {
        out.push_str(&format!(
            "  {}\n    {}\n",
            if cell(row, 1).is_empty() { "(nothing)" } else { cell(row, 1) },
            cell(row, 0)
        ));
    }
    out.push_str("\nA word is found only where document and query were made by the same configuration.\n");
    let no_parser = look_up(inquiry.rows(Part::Words)).iter().any(|w| w.token.chars().any(is_unspaced));
    if no_parser {
        out.push_str(
            "\nThe server's parser cuts words at blanks. Text without blanks (Chinese, Japanese, Thai) is one long word to it:\nonly its beginning can be found (raw: 'word':*). Word by word needs an extension (zhparser, pg_bigm, PGroonga).\n",
        );
    }
    out
}

/// A letter of a script that is written without blanks between words.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c as u32, 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

/// What became of a token.
fn fate(word: &Word, counted: &impl Fn(&str) -> Option<String>) -> String {
    match (&word.lexemes, &word.dictionary) {
        (None, _) => format!("{}: no dictionary looks at these", word.kind),
        (Some(lexemes), dictionary) if lexemes.is_empty() => {
            format!("stop word of {}: in no document", dictionary.as_deref().unwrap_or("the dictionary"))
        }
        (Some(lexemes), dictionary) => {
            let each: Vec<String> = (lexemes.iter())
                .map(|l| match counted(l) {
                    Some(rows) => format!("'{l}' in {rows}"),
                    None => format!("'{l}'"),
                })
                .collect();
            format!("{} ({})", each.join(", "), dictionary.as_deref().unwrap_or(&word.kind))
        }
    }
}

/// What index would serve, what it would cost, and the statements.
fn advice(table: &Table, inquiry: &Inquiry) -> String {
    let Some(detail) = &table.detail else { return String::new() };
    let source = &table.source;
    let mut out = String::new();
    let sample = inquiry.rows(Part::Measure).first();
    let figure = |n: usize| sample.and_then(|r| cell(r, n).parse::<f64>().ok());
    let rows = table.rows();
    match source.index() {
        Some(index) => out.push_str(&format!(
            "{} serves ({}{}).\n",
            index.name,
            index.method,
            if index.bytes == 0 { String::new() } else { format!(", {}", units::bytes(index.bytes)) }
        )),
        None => out.push_str("No index serves: rows are read, and their texts parsed, one by one.\n"),
    }
    let plan = inquiry.rows(Part::Plan).first().map(|r| cell(r, 0).to_owned());
    let cost = plan.as_deref().and_then(|text| {
        let reading = crate::data::plan::read(text).ok()?;
        reading.plans.first()?.nodes.first()?.estimate.map(|e| e.total_cost)
    });
    if let Some(cost) = cost.filter(|_| source.index().is_none()) {
        out.push_str(&format!(
            "The plan now: a scan of the whole table, cost {}.\n",
            units::count(cost as u64)
        ));
    }
    if let (Some(rows), Some(lexemes), Some(bytes)) = (rows, figure(1), figure(2)) {
        // Measured with GIN on English posts: 1.7 to 2.8 bytes a lexeme, in tables of 20,000 and of 1,000,000 rows.
        out.push_str(&format!(
            "By a sample, a row has {lexemes:.0} lexemes: a GIN index on ~{} rows takes about {}, a stored vector {}.\n",
            units::count(rows),
            units::bytes((rows as f64 * lexemes * 2.3) as u64),
            units::bytes((rows as f64 * bytes) as u64)
        ));
    }
    let relation = table_sql(detail);
    // The server finds the index a name that is free.
    let vector = index_key(source);
    if source.index().is_none() {
        out.push_str(&format!(
            "\nAn index without changing the table; searching is fast, ranking computes each vector once more:\n\nCREATE INDEX CONCURRENTLY ON {relation} USING gin ({vector});\n\nCtrl+T (T in the results) tries it: made, planned with, rolled back. hypopg cannot (\"access method gin is not supported\").\n"
        ));
    }
    if !source.keeper.is_stored() {
        out.push_str(&format!(
            "\nA stored vector with weights; ranking is about twenty times faster. ALTER TABLE rewrites the table and lets\nnobody read it meanwhile:\n\n{}\n",
            generated(table, &relation)
        ));
    }
    out.push_str(
        "\nMany inserts: GIN keeps new rows in a pending list that every search reads until VACUUM (gin_pending_list_limit).\nAccents: a configuration with the unaccent dictionary, as unaccent() itself cannot stand in an index.\nSubstrings and slips: CREATE EXTENSION pg_trgm, and an index USING gin (column gin_trgm_ops).\n\ny copies this page.\n",
    );
    out
}

/// The generated column variant, the title before the rest.
fn generated(table: &Table, relation: &str) -> String {
    let config = match &table.source.config {
        Some(Config::Column(column)) => ident(column),
        _ => literal(&table.config),
    };
    let one = |column: &str, weight: char| {
        format!("setweight(to_tsvector({config}, coalesce({}, '')), '{weight}')", ident(column))
    };
    let columns = table.title.iter().map(|t| one(t, 'A')).chain(table.body.iter().map(|b| one(b, 'B')));
    let whole = columns.collect::<Vec<_>>().join("\n    || ");
    let keeper = if table.source.keeper == Keeper::Expression { "search" } else { "search_vector" };
    format!(
        "ALTER TABLE {relation} ADD COLUMN {keeper} tsvector GENERATED ALWAYS AS (\n    {whole}\n  ) STORED;\nCREATE INDEX CONCURRENTLY ON {relation} USING gin ({keeper});"
    )
}
