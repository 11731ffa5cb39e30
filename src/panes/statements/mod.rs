//! Statements: what each statement cost, between samples, since a marked moment, and since the counters began.

mod columns;
mod detail;
mod draw;
mod steps;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        event::{Mouse, News},
        ids::JobId,
        pane::{Cx, Home, Pane, Popup, Tell, Tone},
        world::World,
    },
    data::live::{
        Probe,
        export::Export,
        statements::{Counters, Figures, Full, History, Key, Measure, Span},
    },
    views::live::{
        self, Moment,
        export::Exports,
        list::{Hit, List},
    },
};
use detail::Detail;
use ratatui::{Frame, layout::Rect};
use std::collections::BTreeSet;

const FILTER: &str = "statements-filter";
/// Rows around the cursor whose texts are fetched together: the server reads all texts for each question.
const AROUND: usize = 200;

/// What the rows were made of; made anew when it changed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamp {
    number: u64,
    at: i64,
    span: Span,
    order: Measure,
    filter: String,
    mark: Option<i64>,
    texts: u64,
}

/// The list of statements.
#[derive(Default)]
pub struct Statements {
    moment: Moment,
    list: List<Key>,
    order: Measure,
    span: Span,
    filter: String,
    mark: Option<Full>,
    /// The first sample of this number or a later one is to be marked, once it is there.
    marking: Option<u64>,
    wanted: bool,
    stamp: Option<Stamp>,
    /// The rows of the list, in its order.
    figures: Figures,
    /// How many there would be without the filter.
    all: usize,
    /// While there is a filter: all of those whose text is not known, so that it may be in there.
    unread: BTreeSet<(u32, i64)>,
    open: Option<Detail>,
    texts: Texts,
    exports: Exports,
    /// To be explained once its whole text is there.
    explain: Option<Key>,
}

/// What was asked of the server, so that nothing is asked twice.
#[derive(Default)]
struct Texts {
    /// `History::texts_came` when the last question went out; none: nothing is on its way.
    waiting: Option<u64>,
    asked: Vec<(u32, i64)>,
    /// The server has no text for these.
    without: BTreeSet<(u32, i64)>,
    /// The end of the samples when texts could not be read: they are asked for again with the next one.
    failed: Option<u64>,
}

impl Statements {
    fn history<'w>(&self, world: &'w World) -> Option<&'w History> {
        Some(&world.server()?.live.statements)
    }

    /// The span that can be shown: before the second sample there is no interval.
    fn span(&self, history: &History) -> Span {
        let first = self.moment.shown(&history.intervals).is_none_or(|(shown, _)| shown.from.is_none());
        match self.span {
            Span::Interval if first => Span::Reset,
            Span::Mark if self.mark.is_none() => Span::Interval,
            span => span,
        }
    }

    /// Makes the rows, unless they are made.
    fn settle(&mut self, world: &World) {
        let Some(history) = self.history(world) else { return };
        let Some(number) = self.moment.number(&history.intervals) else {
            self.stamp = None;
            self.figures = Figures::default();
            return self.list.settle(vec![]);
        };
        let span = self.span(history);
        let stamp = Stamp {
            number,
            at: history.intervals.at(number).map_or(0, |i| i.at),
            span,
            order: self.order,
            filter: self.filter.clone(),
            mark: self.mark.as_ref().map(|m| m.at),
            texts: if self.filter.is_empty() { 0 } else { history.texts_came },
        };
        if self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        let mut figures = history.figures(number, span, self.mark.as_ref());
        self.all = figures.rows.len();
        let needle = self.filter.to_lowercase();
        self.unread.clear();
        if !needle.is_empty() {
            let unread = figures.rows.iter().filter(|(key, _)| history.text(*key).is_none());
            self.unread = unread.filter_map(|(key, _)| key.text()).collect();
            figures.rows.retain(|(key, _)| self.haystack(*key, history, world).contains(&needle));
        }
        let order = self.order;
        figures.rows.sort_by(|(a, x), (b, y)| order.rank(y).total_cmp(&order.rank(x)).then(a.cmp(b)));
        self.list.settle(figures.rows.iter().map(|(key, _)| *key).collect());
        self.figures = figures;
        self.stamp = Some(stamp);
        if let Some(detail) = &mut self.open {
            detail.settle(history, number, self.mark.as_ref());
        }
    }

    fn haystack(&self, key: Key, history: &History, world: &World) -> String {
        let text = history.text(key).map_or("", |t| &t.text);
        format!("{} {} {text}", key.id.unwrap_or(0), whose(key, world)).to_lowercase()
    }

    /// The row under the cursor.
    fn chosen(&self) -> Option<(Key, Counters)> {
        self.figures.rows.get(self.list.at()).copied()
    }

    /// The statement that commands are about.
    fn subject(&self) -> Option<Key> {
        self.open.as_ref().map(|d| d.key).or(self.chosen().map(|(key, _)| key))
    }

    fn watch(&self, cx: &mut Cx<'_>) {
        if let Some(effect) = live::watch(cx.world, Probe::Statements).filter(|_| self.wanted) {
            cx.ask(effect);
        }
    }

    // ---- texts ------------------------------------------------------------------------------

    /// Asks for the texts that are missing: of the rows around the cursor, of all there are while a filter looks through
    /// them, the whole one of what is opened or to be explained.
    fn ask_texts(&mut self, cx: &mut Cx<'_>) {
        let Some(history) = self.history(cx.world) else { return };
        let newest = history.intervals.numbers().end;
        if let Some(then) = self.texts.waiting {
            if history.texts_came == then {
                return;
            }
            self.texts.waiting = None;
            let asked = std::mem::take(&mut self.texts.asked);
            if let Some(why) = &history.no_texts {
                // It may be over with the next sample.
                self.texts.failed = Some(newest);
                if self.explain.take().is_some() {
                    cx.toast(Tone::Warning, format!("Its text cannot be read: {why}"));
                }
            } else {
                let key = |(database, id)| Key { database, id: Some(id), ..Key::default() };
                let missing = asked.into_iter().filter(|id| history.text(key(*id)).is_none());
                self.texts.without.extend(missing);
            }
        }
        if self.texts.failed == Some(newest) {
            return;
        }
        self.texts.failed = None;
        let whole = self.open.as_ref().map(|d| d.key).or(self.explain);
        let whole = whole.filter(|key| history.text(*key).is_none_or(|t| t.cut));
        let ids: Vec<(u32, i64)> = match whole.and_then(Key::text) {
            Some(id) if !self.texts.without.contains(&id) => vec![id],
            _ => {
                let keys = self.list.keys();
                let near = self.list.at().saturating_sub(AROUND / 2);
                let near = &keys[near.min(keys.len())..(near + AROUND).min(keys.len())];
                let near =
                    near.iter().filter(|key| history.text(**key).is_none()).filter_map(|key| key.text());
                let wanted: BTreeSet<(u32, i64)> = near.chain(self.unread.iter().copied()).collect();
                wanted.difference(&self.texts.without).copied().collect()
            }
        };
        if ids.is_empty() {
            return;
        }
        self.texts.waiting = Some(history.texts_came);
        self.texts.asked.clone_from(&ids);
        cx.ask(Effect::Texts { conn: cx.world.active, ids, whole: whole.is_some() });
    }

    /// The plan of a statement with parameters: only in its own database, and of its whole text.
    fn explain(&mut self, cx: &mut Cx<'_>) {
        let Some(key) = self.explain.take().or(self.subject()) else { return };
        let Some(server) = cx.world.server() else { return };
        let missing = key.text().is_none_or(|id| self.texts.without.contains(&id));
        match server.live.statements.text(key) {
            _ if key.database != server.live.names.database => {
                cx.toast(Tone::Warning, "It ran in another database: connect there to see its plan");
            }
            Some(text) if !text.cut => {
                let text = text.text.to_string();
                cx.explain(&text, Home { database: key.database, search_path: None });
            }
            _ if missing => cx.toast(Tone::Warning, "Its text may not be seen, or is gone"),
            _ => {
                self.explain = Some(key);
                self.ask_texts(cx);
            }
        }
    }

    // ---- moments ----------------------------------------------------------------------------

    /// Marks now, by a sample that is asked for, as the newest one may be seconds old; while paused the moment shown. The
    /// same one again takes the mark away.
    fn mark(&mut self, cx: &mut Cx<'_>) {
        let Some(history) = self.history(cx.world) else { return };
        if self.marking.take().is_some() {
            return cx.toast(Tone::Note, "No new mark is set");
        }
        let number = self.moment.number(&history.intervals);
        let shown = number.and_then(|number| history.intervals.at(number)).map(|shown| shown.at);
        if self.mark.take_if(|mark| Some(mark.at) == shown).is_some() {
            self.span = Span::Interval;
            return cx.toast(Tone::Note, "The mark is taken away");
        }
        if let Some(number) = number.filter(|_| self.moment.paused()) {
            return self.mark_at(number, cx);
        }
        self.marking = Some(history.intervals.numbers().end);
        self.watch(cx);
        cx.toast(Tone::Note, "The next sample, asked for now, will be the mark");
    }

    /// Marks the sample that was asked for, once it is there.
    fn marked(&mut self, cx: &mut Cx<'_>) {
        let Some(history) = self.history(cx.world) else { return };
        let numbers = history.intervals.numbers();
        if let Some(number) = self.marking.take_if(|number| *number < numbers.end) {
            self.mark_at(number.max(numbers.start), cx);
        }
    }

    fn mark_at(&mut self, number: u64, cx: &mut Cx<'_>) {
        let Some(history) = self.history(cx.world) else { return };
        let full = history.at(number);
        let at = live::clock(full.at);
        (self.mark, self.span) = (Some(full), Span::Mark);
        // A statement is counted when it ends, whenever it began.
        cx.toast(
            Tone::Ok,
            format!("Marked {at}: what ends after that is counted since then (a: other times)"),
        );
    }

    /// The interval in which most time was spent.
    fn worst(&mut self, cx: &mut Cx<'_>) {
        let Some(history) = self.history(cx.world) else { return };
        let busy = |n: u64| {
            let figures = history.figures(n, Span::Interval, None);
            figures.seconds().map_or(0.0, |seconds| figures.total.time_ms() / seconds)
        };
        let busiest = history.intervals.numbers().map(|n| (n, busy(n))).max_by(|a, b| a.1.total_cmp(&b.1));
        match busiest.filter(|(_, busy)| *busy > 0.0) {
            Some((number, _)) => {
                self.moment.stop_at(number);
                self.span = Span::Interval;
            }
            None => cx.toast(Tone::Note, "Nothing ran in the samples kept"),
        }
    }

    fn open(&mut self, world: &World) {
        let (Some((key, _)), Some(history)) = (self.chosen(), self.history(world)) else { return };
        let Some(number) = self.moment.number(&history.intervals) else { return };
        let mut detail = Detail::new(key);
        detail.settle(history, number, self.mark.as_ref());
        self.open = Some(detail);
    }
}

/// `ada@shop`.
fn whose(key: Key, world: &World) -> String {
    world.server().map_or_else(String::new, |s| {
        format!("{}@{}", s.live.names.role(key.role), s.live.names.database(key.database))
    })
}

impl Pane for Statements {
    fn title(&self, _: &World) -> String {
        "Statements".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Statements)
    }

    fn can(&self, command: Command, _: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend | Command::GoToRow | Command::ToLocks => false,
            Command::WhoHoldsVacuum | Command::StepToSql => false,
            Command::OpenSession | Command::ExplainIt | Command::CopyText => self.subject().is_some(),
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        self.settle(cx.world);
        let Some(history) = self.history(cx.world) else { return false };
        if let Some(done) = self.moment.command(command, &history.intervals) {
            if let Err(why) = done {
                cx.toast(Tone::Note, why);
            }
            self.settle(cx.world);
            self.ask_texts(cx);
            return true;
        }
        match command {
            Command::WorstMoment => self.worst(cx),
            Command::MarkMoment => self.mark(cx),
            Command::WriteSamples => {
                let at = history.intervals.last().map_or(0, |i| i.at);
                cx.popup(self.exports.ask("statements", at, live::export_hint(&history.intervals)));
            }
            Command::SortBy => self.order = self.order.step(false),
            Command::SortBack => self.order = self.order.step(true),
            Command::ShowWhich => {
                self.span = match self.span(history) {
                    Span::Interval if self.mark.is_some() => Span::Mark,
                    Span::Interval | Span::Mark => Span::Reset,
                    Span::Reset => Span::Interval,
                };
            }
            Command::Find => cx.popup(Popup::Line {
                question: FILTER,
                title: "Show only statements with".into(),
                text: self.filter.clone(),
                hint: "Part of the text (its first 500 characters), role@database or query id; empty: all"
                    .into(),
            }),
            Command::Back if self.open.is_some() => self.open = None,
            Command::Back if !self.filter.is_empty() => self.filter.clear(),
            Command::OpenSession if self.open.is_none() => self.open(cx.world),
            Command::ExplainIt => self.explain(cx),
            Command::CopyText => {
                let Some(key) = self.subject() else { return true };
                match history.text(key) {
                    Some(text) => {
                        cx.ask(Effect::Copy(text.text.to_string()));
                        cx.toast(
                            Tone::Ok,
                            if text.cut { "Copied its beginning; Enter fetches all of it" } else { "Copied" },
                        );
                    }
                    None => cx.toast(Tone::Warning, "Its text is not known"),
                }
            }
            Command::Refresh => {
                self.wanted = true;
                self.texts = Texts::default();
                self.watch(cx);
            }
            other => match &mut self.open {
                Some(detail) => return detail.command(other),
                None if !self.list.command(other) => return false,
                None => {}
            },
        }
        self.settle(cx.world);
        self.ask_texts(cx);
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        if let Some(detail) = &mut self.open {
            return detail.mouse(mouse);
        }
        match self.list.mouse(mouse) {
            Hit::Open => drop(self.command(Command::OpenSession, cx)),
            Hit::Column(column) => {
                self.order = columns::measure(column).unwrap_or(self.order);
                self.settle(cx.world);
                self.ask_texts(cx);
            }
            Hit::Moved => {}
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if let Some((tone, text)) = self.exports.news(job, &news) {
            cx.toast(tone, text);
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        if let Some(path) = self.exports.told(&tell)
            && let Some(server) = cx.world.server()
        {
            let what = Export::statements(&server.live.statements, server.live.names.clone());
            let job = cx.start(|job| Effect::Export { job, path, what });
            self.exports.started(job);
        }
        match tell {
            Tell::Chosen { question: FILTER, text, .. } => self.filter = text.trim().to_owned(),
            Tell::ShowNow(_) => {
                (self.moment, self.open) = (Moment::default(), None);
                if !self.filter.is_empty() {
                    let filter = std::mem::take(&mut self.filter);
                    cx.toast(Tone::Note, format!("All statements are shown: the filter “{filter}” is off"));
                }
            }
            _ => return,
        }
        self.settle(cx.world);
        self.ask_texts(cx);
    }

    fn sampled(&mut self, cx: &mut Cx<'_>) {
        self.marked(cx);
        self.settle(cx.world);
        if let Some(detail) = &mut self.open
            && let Some(history) = cx.world.server().map(|s| &s.live.statements)
        {
            detail.text(history);
        }
        self.ask_texts(cx);
        if self.explain.is_some() && self.texts.waiting.is_none() {
            self.explain(cx);
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        // It may have come while another pane was looked at.
        self.marked(cx);
        if !self.wanted {
            self.wanted = true;
            self.watch(cx);
        }
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        if self.history(cx.world).is_none_or(|h| h.intervals.is_empty()) {
            // Another server: what was stopped at and marked is gone.
            (self.moment, self.mark, self.open) = (Moment::default(), None, None);
            (self.texts, self.explain, self.marking) = (Texts::default(), None, None);
        }
        self.watch(cx);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.settle(world);
        self.draw_all(frame, area, world);
    }
}
