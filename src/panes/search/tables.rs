//! What is searched: tables, what of each makes its document, how its rows are shown.

use super::{
    Search, facets,
    kept::{Kept, KeptAll},
    run::{How, statement},
};
use crate::{
    core::{
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::{Cx, Popup, Tone},
        world::World,
    },
    data::{
        catalog::{ColumnInfo, Detail, Relation, is_system},
        search::{Config, Keeper, Mode, Source, title_like},
    },
    sql::{
        filter::Filter,
        page::key_columns,
        search::{
            CONFIGURATIONS, EXTENSIONS, Facet, Reach, Target, languages,
            sources::{Found, SOURCES, again, chosen, columns_of, found},
        },
    },
    text::units,
};
use std::sync::Arc;

/// The question of which table.
pub(super) const TABLES: &str = "search-tables";
/// The same, for one more.
pub(super) const ADD: &str = "search-add";
/// Tables searched at once.
const MOST_TABLES: usize = 8;
/// Bytes of the answers about what is searchable.
const CREDIT: u64 = 16 << 20;
/// Rows read without an index where the vector is stored, and where it is computed.
const SAMPLE_STORED: u64 = 50_000;
const SAMPLE_COMPUTED: u64 = 2_000;
/// Columns that fragments are taken from, and that make a document where none is kept.
const MOST_BODY: usize = 8;

/// What a database offers.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub found: Found,
    /// Text search configurations, the default one first.
    pub configs: Vec<String>,
    /// Extensions that help when nothing matches, each with its schema.
    pub extensions: Vec<(String, String)>,
}

/// The offer on its way.
#[derive(Debug)]
pub(super) struct Looking {
    pub job: JobId,
    at: usize,
    rows: Vec<Vec<Option<String>>>,
    configs: Vec<String>,
    extensions: Vec<(String, String)>,
}

/// A table that is searched.
#[derive(Debug)]
pub(super) struct Table {
    pub source: Source,
    /// As people call it.
    pub name: String,
    pub detail: Option<Arc<Detail>>,
    pub describing: Option<JobId>,
    pub config: String,
    /// The configurations of its rows, where each has its own in a column.
    pub languages: Vec<String>,
    pub title: Option<String>,
    pub body: Vec<String>,
    /// What rows must meet: what Browse filtered, and the values picked beside the results.
    pub filter: Filter,
    pub facet: Option<Facet>,
    /// Lexemes of a sample with their rows; none: not read.
    pub lexemes: Option<Vec<(String, u64)>>,
    /// What the user chose instead of what is chosen by itself.
    pub kept: Kept,
}

impl Table {
    fn new(source: Source, relation: &Relation, world: &World, config: &str) -> Self {
        let config = match &source.config {
            Some(Config::Fixed(name)) => name.clone(),
            _ => config.to_owned(),
        };
        let name = name_of(relation, world);
        Self {
            source,
            name,
            detail: None,
            describing: None,
            config,
            languages: vec![],
            title: None,
            body: vec![],
            filter: Filter::default(),
            facet: None,
            lexemes: None,
            kept: Kept::default(),
        }
    }

    fn described(&mut self, detail: Arc<Detail>, indexed: &[(u32, String)]) {
        let key = key_columns(&detail);
        let texts: Vec<&str> = (detail.columns.iter().enumerate())
            .filter(|(n, c)| is_text(c) && !key.contains(n))
            .map(|(_, c)| c.name.as_str())
            .collect();
        let all: Vec<&str> = detail.columns.iter().map(|c| c.name.as_str()).collect();
        let of_source = columns_of(&self.source, &all);
        let title = title_like(&of_source).or_else(|| title_like(&texts));
        let body = if of_source.is_empty() { texts } else { of_source };
        self.body =
            body.into_iter().filter(|c| Some(*c) != title).take(MOST_BODY).map(str::to_owned).collect();
        self.title = title.map(str::to_owned);
        self.detail = Some(detail);
        self.facet = match self.kept.facet.clone() {
            None => facets::by_itself(self, indexed),
            Some((column, key)) => self
                .detail
                .iter()
                .flat_map(|d| &d.columns)
                .find(|c| c.name == column)
                .and_then(Facet::of)
                .map(|f| if let Facet::Json(c, _) = f { Facet::Json(c, key.clone()) } else { f }),
        };
        self.take_kept();
    }

    /// What was chosen goes over what is chosen by itself.
    fn take_kept(&mut self) {
        if let Some(config) = &self.kept.config {
            self.config.clone_from(config);
            if self.source.keeper == Keeper::Chosen {
                // Document and line are made by the same configuration, or nothing matches.
                self.source = chosen(self.source.relation, &self.source.chosen, config);
                self.lexemes = None;
            }
        }
        let there = |c: &&String| self.detail.iter().any(|d| d.columns.iter().any(|i| i.name == **c));
        if let Some(title) = &self.kept.title {
            self.title = Some(title).filter(there).cloned();
        }
        if let Some(body) = &self.kept.body {
            self.body = body.iter().filter(there).cloned().collect();
        }
    }

    /// How the user wants it searched and shown.
    pub fn choose(&mut self, config: String, title: Option<String>, body: Vec<String>) {
        let kept = &mut self.kept;
        if self.languages.is_empty() {
            kept.config = Some(config).filter(|c| *c != self.config).or(kept.config.take());
        }
        if title != self.title {
            kept.title = Some(title.unwrap_or_default());
        }
        if body != self.body {
            kept.body = Some(body);
        }
        self.take_kept();
    }

    /// How far a search goes unasked.
    pub fn reach(&self) -> Reach {
        if self.source.index().is_some() { Reach::Index } else { self.sample() }
    }

    /// A bounded search.
    pub fn sample(&self) -> Reach {
        Reach::Sample(if self.source.keeper.is_stored() { SAMPLE_STORED } else { SAMPLE_COMPUTED })
    }

    /// For a search that goes so far; none before it is described.
    pub fn target(&self, reach: Reach) -> Option<Target<'_>> {
        Some(Target {
            detail: self.detail.as_deref()?,
            source: &self.source,
            config: &self.config,
            languages: &self.languages,
            reach,
            filter: &self.filter,
            title: self.title.as_deref(),
            body: &self.body,
        })
    }

    /// The configurations a line is read with.
    pub fn configs(&self) -> Vec<&str> {
        match self.languages.as_slice() {
            [] => vec![&self.config],
            several => several.iter().map(String::as_str).collect(),
        }
    }

    /// Is this what is searched?
    pub fn is_of(&self, source: &Source) -> bool {
        let same = if self.source.keeper == Keeper::Chosen {
            // The vector's configuration may have been chosen since.
            source.keeper == Keeper::Chosen && self.source.chosen == source.chosen
        } else {
            self.source.vector == source.vector
        };
        same && self.source.relation == source.relation
    }

    /// Takes up what the database offers now.
    fn renew(&mut self, found: &Found) {
        let all: Vec<&str> =
            self.detail.iter().flat_map(|d| d.columns.iter().map(|c| c.name.as_str())).collect();
        self.source = again(&self.source, &self.config, found, &all);
        self.lexemes = None;
    }

    /// Estimated rows.
    pub fn rows(&self) -> Option<u64> {
        let rows = self.detail.as_ref()?.relation.rows;
        (rows >= 0.0).then_some(rows as u64)
    }

    /// `title, content · english · posts_search_idx (gin, 1.6 MB)`
    pub fn describe(&self) -> String {
        let all: Vec<&str> =
            self.detail.iter().flat_map(|d| d.columns.iter().map(|c| c.name.as_str())).collect();
        let config = match &self.source.config {
            Some(Config::Column(column)) if !self.languages.is_empty() => {
                format!("{} by {column}", self.languages.join(", "))
            }
            _ => self.config.clone(),
        };
        format!("{} · {}", what_of(&self.source, &all), how_of(&self.source, &config))
    }
}

/// The columns that are searched, or the vector.
fn what_of(source: &Source, columns: &[&str]) -> String {
    let of = columns_of(source, columns);
    match &source.column {
        _ if !of.is_empty() => of.join(", "),
        Some(column) => column.clone(),
        None => source.vector.clone(),
    }
}

/// What makes it searchable.
fn how_of(source: &Source, config: &str) -> String {
    let index = match source.index() {
        None => "no index".to_owned(),
        Some(i) => {
            let size = if i.bytes == 0 { String::new() } else { format!(", {}", units::bytes(i.bytes)) };
            let partial = if i.predicate.is_some() { ", partial" } else { "" };
            format!("{} ({}{size}{partial})", i.name, i.method)
        }
    };
    format!("{config} · {index}")
}

/// A name without its schema where that is the first of the search path.
fn name_of(relation: &Relation, world: &World) -> String {
    let first = world.catalog().and_then(|c| c.search_path.iter().find(|s| !s.starts_with("pg_")));
    if first.is_some_and(|f| **f == *relation.schema) {
        relation.name.to_string()
    } else {
        format!("{}.{}", relation.schema, relation.name)
    }
}

fn is_text(column: &ColumnInfo) -> bool {
    column.category == 'S' || matches!(column.base_oid, 25 | 1042 | 1043)
}

impl Search {
    /// Asks what is searchable.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) {
        let lane = Lane::Read(cx.world.active);
        let short = |sql: &str| Statement { short: true, ..Statement::read(sql, vec![], vec![]) };
        let statements = vec![short(SOURCES), short(CONFIGURATIONS), short(EXTENSIONS)];
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT });
        self.looking = Some(Looking { job, at: 0, rows: vec![], configs: vec![], extensions: vec![] });
    }

    /// News of the offer; `false`: of something else.
    pub(super) fn look_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(looking) = self.looking.as_mut().filter(|l| l.job == job) else { return false };
        match news {
            News::Started(n) => looking.at = *n,
            News::Rows(batch) => {
                let text = |c: &[u8]| String::from_utf8_lossy(c).into_owned();
                for row in 0..batch.len() {
                    let mut cells: Vec<Option<String>> = batch.row(row).map(|c| c.map(text)).collect();
                    match looking.at {
                        0 => looking.rows.push(cells),
                        1 => looking.configs.extend(cells.first_mut().and_then(Option::take)),
                        _ => {
                            if let [Some(name), Some(schema)] = cells.as_slice() {
                                looking.extensions.push((name.clone(), schema.clone()));
                            }
                        }
                    }
                }
            }
            News::Done(summary) if summary.last => {
                if let Some(looking) = self.looking.take() {
                    let found = found(&looking.rows);
                    self.tables.iter_mut().for_each(|t| t.renew(&found));
                    self.offer =
                        Some(Offer { found, configs: looking.configs, extensions: looking.extensions });
                    self.describe_again(cx);
                    self.choose_first(cx);
                    self.take_wanted(cx);
                }
            }
            News::Failed(_, error, _) => {
                self.looking = None;
                self.trouble = Some(super::Trouble::new("What is searchable could not be read", error));
            }
            _ => {}
        }
        true
    }

    /// The configuration of what has none of its own.
    pub(super) fn default_config(&self) -> String {
        self.offer.as_ref().and_then(|o| o.configs.first()).cloned().unwrap_or_else(|| "simple".into())
    }

    /// What was chosen last time, or what an index serves best.
    pub(super) fn choose_first(&mut self, cx: &mut Cx<'_>) {
        let (Some(offer), Some(catalog)) = (&self.offer, cx.world.catalog().cloned()) else { return };
        if !self.tables.is_empty() || self.recall.is_some() {
            return;
        }
        let kept: KeptAll =
            self.recalled.take().and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default();
        self.past = kept.past;
        if let Some(mode) = Mode::parse(&kept.mode) {
            self.mode = mode;
            self.ranking.cover = kept.cover;
            self.ranking.normalisation = kept.normalisation.unwrap_or(self.ranking.normalisation);
            self.ranking.weights = kept.weights.unwrap_or(self.ranking.weights);
        }
        let mut sources: Vec<(Source, Kept)> =
            kept.tables.into_iter().filter_map(|k| Some((self.kept_source(&k, &catalog)?, k))).collect();
        if sources.is_empty() {
            let served =
                offer.found.sources.iter().filter(|s| s.index().is_some_and(|i| i.predicate.is_none()));
            let rows = |s: &&Source| catalog.relation(s.relation).map_or(0, |r| r.rows.max(0.0) as u64);
            let best = served.max_by_key(|s| (rows(s), std::cmp::Reverse(s.relation))).cloned();
            sources.extend(best.map(|s| (s, Kept::default())));
        }
        self.choose(sources, cx);
    }

    /// These are searched from now on.
    fn choose(&mut self, sources: Vec<(Source, Kept)>, cx: &mut Cx<'_>) {
        self.remember(cx);
        self.tables.clear();
        for (source, kept) in sources {
            self.add(source, kept, cx);
        }
        self.forget_results();
    }

    /// The tables as they are now; searched when they are described.
    fn describe_again(&mut self, cx: &mut Cx<'_>) {
        let conn = cx.world.active;
        for table in &mut self.tables {
            let relation = table.source.relation;
            table.describing = Some(cx.start(|job| Effect::Describe { job, conn, relation }));
        }
    }

    /// This is searched, too.
    fn add(&mut self, source: Source, kept: Kept, cx: &mut Cx<'_>) {
        let (config, conn, oid) = (self.default_config(), cx.world.active, source.relation);
        let Some(relation) = cx.world.catalog().and_then(|c| c.relation(oid)) else { return };
        let mut table = Table::new(source, relation, cx.world, &config);
        table.kept = kept;
        table.describing = Some(cx.start(|job| Effect::Describe { job, conn, relation: oid }));
        self.tables.push(table);
    }

    /// Browse asks for its table, as it is filtered there.
    pub(super) fn search_in(&mut self, relation: u32, condition: Option<String>, cx: &mut Cx<'_>) {
        self.part = super::Part::Line;
        self.wanted = Some((relation, condition));
        self.take_wanted(cx);
    }

    /// Opens what Browse asked for, once it is known what can be searched.
    pub(super) fn take_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.offer.is_none() || self.recall.is_some() {
            return;
        }
        let Some((relation, condition)) = self.wanted.take() else { return };
        let known = |t: &Table| t.source.relation == relation;
        if self.tables.len() != 1 || !self.tables.iter().all(known) {
            let choices = self.choices(cx.world);
            let Some((source, _)) = choices.into_iter().find(|(s, _)| s.relation == relation) else {
                return cx.toast(Tone::Note, "This table has no text to search in");
            };
            let kept = self.remembered_of(&source, cx);
            self.choose(vec![(source, kept)], cx);
            self.keep(cx);
        }
        if let Some(table) = self.tables.first_mut() {
            table.filter = Filter { conditions: vec![], raw: condition };
        }
        self.changed(cx);
    }

    /// News of a description; `false`: of something else.
    pub(super) fn describe_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(at) = self.tables.iter().position(|t| t.describing == Some(job)) else { return false };
        let indexed = self.offer.as_ref().map(|o| o.found.tags.clone()).unwrap_or_default();
        let table = &mut self.tables[at];
        match news {
            News::Detail(Some(detail)) => {
                table.describing = None;
                table.described(Arc::clone(detail), &indexed);
                table.languages.clear();
                if let Some(Config::Column(column)) = &table.source.config {
                    let lane = Lane::Read(cx.world.active);
                    let statements = vec![statement(languages(detail, column), true)];
                    table.describing =
                        Some(cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT }));
                }
            }
            News::Rows(batch) => {
                let text = |row| batch.cell(row, 0).map(|b| String::from_utf8_lossy(b).into_owned());
                table.languages.extend((0..batch.len()).filter_map(text));
                return true;
            }
            News::Done(summary) if summary.last => table.describing = None,
            News::Detail(None) => {
                let gone = self.tables.remove(at);
                // Results know their table by its number.
                self.stop(cx);
                self.forget_results();
                cx.toast(Tone::Warning, format!("{} was dropped since: F5 looks again", gone.name));
            }
            News::Failed(_, error, _) => {
                self.tables[at].describing = None;
                let name = format!("{} could not be described", self.tables[at].name);
                self.trouble = Some(super::Trouble::new(&name, error));
            }
            _ => return true,
        }
        if self.tables.iter().all(|t| t.describing.is_none()) {
            self.changed(cx);
        }
        true
    }

    /// Everything that can be searched, to choose from.
    fn choices(&self, world: &World) -> Vec<(Source, (String, String))> {
        let (Some(offer), Some(catalog)) = (&self.offer, world.catalog()) else { return vec![] };
        let config = self.default_config();
        let mut out = vec![];
        for source in &offer.found.sources {
            let Some(relation) = catalog.relation(source.relation) else { continue };
            let columns = catalog.columns.get(&source.relation);
            let names: Vec<&str> = columns.iter().flat_map(|c| c.iter().map(|c| c.name.as_str())).collect();
            let config = match &source.config {
                Some(Config::Fixed(name)) => name.as_str(),
                Some(Config::Column(_)) => "configuration of each row",
                None => config.as_str(),
            };
            let text = format!("{}  {}", name_of(relation, world), what_of(source, &names));
            out.push((
                source.clone(),
                (text, format!("{} · {}", how_of(source, config), source.keeper.words())),
            ));
        }
        for relation in catalog.relations.iter().filter(|r| !is_system(&r.schema)) {
            let Some(columns) = catalog.columns.get(&relation.oid) else { continue };
            let texts: Vec<String> =
                columns.iter().filter(|c| is_text(c)).take(MOST_BODY).map(|c| c.name.clone()).collect();
            if texts.is_empty() {
                continue;
            }
            let rows = if relation.rows > 0.0 {
                format!("~{} rows · ", units::count(relation.rows as u64))
            } else {
                String::new()
            };
            let text = format!("{}  {}", name_of(relation, world), texts.join(", "));
            let source = chosen(relation.oid, &texts, &config);
            out.push((source, (text, format!("{rows}{config} · no index"))));
        }
        out
    }

    /// Opens the list of what can be searched.
    pub(super) fn ask_tables(&mut self, question: &'static str, cx: &mut Cx<'_>) {
        let chosen = |s: &Source| self.tables.iter().any(|t| t.is_of(s));
        let mark = |s: &Source| if question == ADD && chosen(s) { "✓ " } else { "" };
        let items: Vec<(String, String)> = (self.choices(cx.world).into_iter())
            .map(|(source, (text, remark))| (format!("{}{text}", mark(&source)), remark))
            .collect();
        if items.is_empty() {
            let why = if self.offer.is_none() {
                "Still reading what is searchable"
            } else {
                "No table here has text"
            };
            return cx.toast(Tone::Note, why);
        }
        let title = if question == ADD { "Search in as well, or no more" } else { "Search in" };
        cx.popup(Popup::Pick { question, title: title.into(), items });
    }

    /// One of the list was chosen.
    pub(super) fn table_chosen(&mut self, index: usize, more: bool, cx: &mut Cx<'_>) {
        let Some((source, _)) = self.choices(cx.world).into_iter().nth(index) else { return };
        if !more {
            // What comes next is typed.
            self.part = super::Part::Line;
            let kept = self.remembered_of(&source, cx);
            self.choose(vec![(source, kept)], cx);
            return self.keep(cx);
        }
        match self.tables.iter().position(|t| t.is_of(&source)) {
            Some(at) => {
                self.remember(cx);
                self.tables.remove(at);
            }
            None if self.tables.len() >= MOST_TABLES => {
                return cx.toast(Tone::Note, format!("At most {MOST_TABLES} tables are searched at once"));
            }
            None => {
                let kept = self.remembered_of(&source, cx);
                self.add(source, kept, cx);
            }
        }
        self.stop(cx);
        self.forget_results();
        self.keep(cx);
        self.start(How::Bounded, cx);
    }
}
