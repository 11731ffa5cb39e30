//! Search: a line typed, the rows that match it with their hits marked, and what the server made of it.

mod draw;
mod facets;
mod further;
mod kept;
mod more;
mod rank;
mod run;
mod said;
mod save;
mod similar;
mod tables;
mod trial;
mod why;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        error::DbError,
        event::{Mouse, MouseKind, News},
        ids::JobId,
        key::Chord,
        pane::{Cx, Pane, Running, Tell, Tone},
        world::World,
    },
    data::search::{Hit, Mode, Ranking, Words, fault},
    sql::search::{Address, Reach, address},
    widgets::input::Input,
};
use further::Fetch;
use ratatui::{Frame, layout::Rect};
use run::{How, Outcome, Run};
use std::time::Duration;
use tables::{Looking, Offer, Table};
use trial::Trial;
use why::Inquiry;

/// A part of the pane that can have the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Line,
    Results,
    Facets,
}

/// The last search that ended well.
#[derive(Debug)]
struct Shown {
    text: String,
    mode: Mode,
    hits: Vec<Hit>,
    /// One for each table.
    outcomes: Vec<Outcome>,
    words: Option<Words>,
    facets: Vec<facets::Value>,
    /// The best rank.
    best: f32,
    /// Results asked for, of each table.
    limit: usize,
    /// Rows with similar words that stand in for hits; none: not looked for.
    similar: Option<u64>,
    /// The lexemes that nothing has, each with what was probably meant.
    meant: Vec<(String, String)>,
}

impl Shown {
    /// Nothing matched.
    fn is_missed(&self) -> bool {
        self.hits.is_empty() || self.similar.is_some()
    }
}

/// What went wrong.
#[derive(Debug)]
struct Trouble {
    what: String,
    error: DbError,
    /// The server's words say nothing more.
    quiet: bool,
    /// The line that is no tsquery.
    syntax: Option<String>,
}

impl Trouble {
    fn new(what: &str, error: &DbError) -> Self {
        Self { what: what.to_owned(), error: error.clone(), quiet: false, syntax: None }
    }
}

/// Where the parts were drawn last.
#[derive(Clone, Copy, Debug, Default)]
struct Areas {
    line: Rect,
    results: Rect,
    facets: Rect,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Search {
    /// Somebody has looked: before that nothing is asked.
    looked_at: bool,
    /// Which database this is about.
    place: Option<String>,
    part: Part,
    input: Input,
    mode: Mode,
    ranking: Ranking,
    offer: Option<Offer>,
    looking: Option<Looking>,
    /// What was chosen last time, being recalled.
    recall: Option<JobId>,
    recalled: Option<String>,
    /// The table Browse asked for, and its filter.
    wanted: Option<(u32, Option<String>)>,
    tables: Vec<Table>,
    /// What was chosen for tables that are not searched now.
    past: Vec<kept::Kept>,
    /// When to search.
    due: Option<Duration>,
    run: Option<Run>,
    fetch: Option<Fetch>,
    inquiry: Option<Inquiry>,
    trial: Option<Trial>,
    /// When to read a sample of what the documents hold.
    sample_due: Option<Duration>,
    facet_at: usize,
    facet_top: usize,
    /// The document column whose key is being asked for.
    facet_asked: Option<String>,
    /// Name and text of the query being saved.
    saving: Option<(String, String)>,
    writing: Option<JobId>,
    shown: Option<Shown>,
    trouble: Option<Trouble>,
    /// The result under the cursor, and the first one on the screen.
    at: usize,
    top: usize,
    areas: Areas,
}

impl Search {
    /// Lines of one result.
    fn lines_each(&self) -> usize {
        if self.tables.iter().all(|t| t.body.is_empty() && t.detail.is_some()) && !self.tables.is_empty() {
            1
        } else {
            3
        }
    }

    /// Results on the screen.
    fn page(&self) -> usize {
        (usize::from(self.areas.results.height) / self.lines_each()).clamp(1, 60)
    }

    /// Cells of a fragment's line.
    fn cells(&self) -> u16 {
        self.areas.results.width.max(40)
    }

    fn hits(&self) -> &[Hit] {
        self.shown.as_ref().map_or(&[], |s| &s.hits)
    }

    fn forget_results(&mut self) {
        self.shown = None;
        self.trouble = None;
        (self.at, self.top) = (0, 0);
    }

    /// The catalog or the connection is another one.
    fn take_world(&mut self, cx: &mut Cx<'_>) {
        let place = cx.world.place();
        if self.place.is_some() && self.place != place {
            self.stop(cx);
            *self = Self {
                input: std::mem::take(&mut self.input),
                areas: self.areas,
                mode: self.mode,
                looked_at: self.looked_at,
                ..Self::default()
            };
        }
        if !self.looked_at || place.is_none() {
            return;
        }
        if self.place.is_none() {
            self.place = place;
            let key = kept::key(cx.world);
            self.recall = Some(cx.start(|job| Effect::Recall { job, key }));
        }
        if cx.world.catalog().is_none() {
            return;
        }
        if self.offer.is_none() && self.looking.is_none() && self.trouble.is_none() {
            self.look(cx);
        }
        self.choose_first(cx);
    }

    /// The cursor moves.
    fn go(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let page = self.page();
        let last = self.hits().len().saturating_sub(1);
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at + 1,
            Command::HalfUp => self.at.saturating_sub(page / 2),
            Command::HalfDown => self.at + page / 2,
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => self.at + page,
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        }
        .min(last);
        self.scroll(cx);
        self.more(cx);
        true
    }

    /// The line, the results, the values beside them.
    fn next_part(&mut self, forward: bool) {
        let facets = !self.facet_values().is_empty();
        self.part = match (self.part, forward) {
            (Part::Line, true) => Part::Results,
            (Part::Line, false) if facets => Part::Facets,
            (Part::Results, true) if facets => Part::Facets,
            (Part::Facets, false) | (Part::Line, false) => Part::Results,
            _ => Part::Line,
        };
    }

    /// Keeps the cursor on the screen, and what is on the screen with its fragments.
    fn scroll(&mut self, cx: &mut Cx<'_>) {
        let page = self.page();
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(page));
        self.fetch_fragments(cx);
    }

    /// The row under the cursor, in Browse.
    fn open(&self, cx: &mut Cx<'_>) {
        let Some((hit, table)) = self.chosen() else { return };
        let Some(detail) = &table.detail else { return };
        let oid = detail.relation.oid;
        match (address(detail), hit.key.as_slice()) {
            (Address::Key, key) => cx.tell(Tell::OpenRow(oid, key.to_vec())),
            (Address::Place, [_, Some(place)]) => {
                cx.tell(Tell::OpenWhere(oid, format!("ctid = {}", crate::sql::quote::literal(place))));
            }
            _ => {
                cx.toast(Tone::Note, "Rows of a view without a key cannot be found again: this is all of it");
                cx.tell(Tell::OpenRelation(oid));
            }
        }
    }

    /// Key of a row as people read it; where it is stored, of a table without one.
    fn key_of(&self, hit: &Hit) -> String {
        let detail = self.tables.get(hit.table).and_then(|t| t.detail.as_deref());
        let stored = detail.is_some_and(|d| address(d) == Address::Place);
        let key: Vec<&str> =
            hit.key.iter().skip(usize::from(stored)).map(|k| k.as_deref().unwrap_or("NULL")).collect();
        key.join(" ")
    }

    fn chosen(&self) -> Option<(&Hit, &Table)> {
        let hit = self.hits().get(self.at)?;
        Some((hit, self.tables.get(hit.table)?))
    }

    /// Title and fragments as plain text.
    fn copy(&self, cx: &mut Cx<'_>) {
        let Some((hit, table)) = self.chosen() else { return };
        let mut text = format!("{} {}", table.name, self.key_of(hit));
        if let Some(title) = &hit.title {
            text.push_str(&format!(": {title}"));
        }
        for fragment in hit.text.iter().flatten() {
            text.push_str(&format!("\n{}", fragment.text()));
        }
        cx.copy(text, "Copied title and fragments");
    }

    /// Where the line typed is no tsquery.
    fn fault(&self) -> Option<crate::data::search::Fault> {
        if self.mode != Mode::Raw { None } else { fault(self.input.text()) }
    }
}

impl Pane for Search {
    fn title(&self, _: &World) -> String {
        "Search".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.part {
            Part::Line => vec![Scope::Query],
            Part::Results | Part::Facets => vec![Scope::Search],
        }
    }

    fn typing(&self) -> bool {
        self.part == Part::Line
    }

    fn can(&self, command: Command, _: &World) -> bool {
        match command {
            Command::CopyHit => self.part == Part::Results && self.chosen().is_some(),
            Command::Open => self.part == Part::Facets || self.chosen().is_some(),
            Command::TakeMeant => self.shown.as_ref().is_some_and(|s| !s.meant.is_empty()),
            Command::ClearFilter => self.tables.iter().any(|t| !t.filter.is_empty()),
            Command::SaveQuery => self.tables.len() == 1,
            Command::ToResults => !self.hits().is_empty(),
            Command::Find => self.part != Part::Line,
            Command::SearchAll => {
                let bounded =
                    |o: &Outcome| matches!(o.reach, Some(Reach::Sample(n)) if o.read.is_none_or(|r| r > n));
                let ended = self.trouble.as_ref().is_some_and(|t| t.error.is_cancel());
                ended || self.shown.as_ref().is_some_and(|s| s.outcomes.iter().any(bounded))
            }
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::NextPart | Command::PreviousPart => self.next_part(command == Command::NextPart),
            Command::ToResults => {
                if self.due.is_some() {
                    self.start(How::Bounded, cx);
                }
                self.part = Part::Results;
            }
            Command::Find => self.part = Part::Line,
            Command::Back if self.part == Part::Facets => self.part = Part::Results,
            Command::Back if self.part == Part::Line && !self.hits().is_empty() => self.part = Part::Results,
            command if self.part == Part::Facets && self.facet_command(command, cx) => {}
            Command::Open => self.open(cx),
            Command::CopyHit => self.copy(cx),
            Command::SearchMode => {
                self.mode = self.mode.next();
                self.keep(cx);
                self.changed(cx);
            }
            Command::SearchTables => self.ask_tables(tables::TABLES, cx),
            Command::SearchAdd => self.ask_tables(tables::ADD, cx),
            Command::SearchRanking => self.ask_ranking(cx),
            Command::SearchFacet => self.ask_facet(cx),
            Command::ClearFilter => self.clear_filter(cx),
            Command::WhyMatched => self.ask_why(cx),
            Command::IndexAdvice => self.ask_advice(cx),
            Command::TrySearchIndex => self.ask_trial(cx),
            Command::TakeMeant => self.take_meant(cx),
            Command::SaveQuery => self.ask_save(cx),
            Command::SearchAll if self.can(command, cx.world) => self.ask_all(cx),
            Command::SearchAll => cx.toast(Tone::Note, "Every row is searched already"),
            Command::Refresh => {
                // What is searched is described anew when that is known, and then searched.
                self.trouble = None;
                self.look(cx);
            }
            other => return self.go(other, cx),
        }
        true
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        if self.part == Part::Line && self.input.key(chord) {
            self.changed(cx);
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.part = Part::Line;
        self.input.paste(text);
        self.changed(cx);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let place = ratatui::layout::Position { x: mouse.x, y: mouse.y };
        match mouse.kind {
            MouseKind::ScrollUp => drop(self.go(Command::Up, cx)),
            MouseKind::ScrollDown => drop(self.go(Command::Down, cx)),
            MouseKind::Press | MouseKind::Double if self.areas.line.contains(place) => self.part = Part::Line,
            MouseKind::Press | MouseKind::Double if self.areas.facets.contains(place) => {
                self.part = Part::Facets;
                let line = usize::from(mouse.y - self.areas.facets.y);
                if let Some(at) = line.checked_sub(1).map(|n| n + self.facet_top)
                    && at < self.facet_values().len()
                {
                    self.facet_at = at;
                    self.facet_command(Command::Open, cx);
                }
            }
            MouseKind::Press | MouseKind::Double if self.areas.results.contains(place) => {
                self.part = Part::Results;
                let at = self.top + usize::from(mouse.y - self.areas.results.y) / self.lines_each();
                if at < self.hits().len() {
                    self.at = at;
                    if mouse.kind == MouseKind::Double {
                        self.open(cx);
                    }
                }
            }
            _ => {}
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if self.recall == Some(job) {
            if let News::Remembered(text) = news {
                self.recalled = text;
            } else if !matches!(news, News::Failed(..)) {
                return;
            }
            self.recall = None;
            self.choose_first(cx);
            return self.take_wanted(cx);
        }
        let _ = self.look_news(job, &news, cx)
            || self.describe_news(job, &news, cx)
            || self.run_news(job, &news, cx)
            || self.fetch_news(job, &news, cx)
            || self.inquiry_news(job, &news, cx)
            || self.trial_news(job, &news, cx)
            || self.save_news(job, &news, cx);
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::Chosen { question: tables::TABLES, index, .. } => self.table_chosen(index, false, cx),
            Tell::Chosen { question: tables::ADD, index, .. } => self.table_chosen(index, true, cx),
            Tell::Chosen { question: facets::FACET, index, .. } => self.facet_chosen(index, cx),
            Tell::Chosen { question: facets::FACET_KEY, text, .. } => self.facet_key(&text, cx),
            Tell::Chosen { question: save::SAVE, text, .. } => self.save_as(&text, cx),
            Tell::Answer { question: save::REPLACE, button: 0 } => self.write(true, cx),
            Tell::Filled { question: rank::RANKING, values } => self.ranking_filled(&values, cx),
            Tell::SearchIn { relation, condition } => self.search_in(relation, condition, cx),
            Tell::Answer { question: run::ALL, button: 0 } => self.start(How::Everything, cx),
            Tell::Answer { question: trial::TRY, button: 0 } => self.begin_trial(cx),
            _ => {}
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.looked_at = true;
        self.take_world(cx);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        self.take_world(cx);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        self.stop(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.due.is_some_and(|due| due <= cx.world.now) {
            self.start(How::Bounded, cx);
        } else if self.sample_due.is_some_and(|due| due <= cx.world.now) {
            self.sample(cx);
        }
    }

    fn wants_tick(&self) -> Option<Duration> {
        [self.due, self.sample_due].into_iter().flatten().min()
    }

    fn running(&self) -> Option<Running> {
        if let Some(trial) = &self.trial {
            return Some(Running { job: trial.job, what: "trying an index".into(), since: trial.since });
        }
        let run = self.run.as_ref()?;
        let what = if run.how == How::Everything { "searching every row" } else { "searching" };
        Some(Running { job: run.job, what: what.into(), since: run.since })
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.draw_all(frame, area, world);
    }
}
