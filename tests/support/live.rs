//! A robot whose wishes a real hub performs on a real server. It waits for conditions, never for a time.

use crate::{robot::Robot, server::Database};
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, News},
        ids::JobId,
    },
    data::edits::Change,
    pg::{
        hub::{EVENTS, Hub},
        server::Plan,
        target::{Input, Nothing, Target, resolve},
    },
};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::mpsc, time::timeout};

/// What never comes is given up after this; nothing that comes waits for it.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often time is told to the program while nothing happens.
const STEP: Duration = Duration::from_millis(20);
/// What the program wants to do within this time is waited for.
const DUE: Duration = Duration::from_millis(200);

/// The program on a real server.
pub struct Live {
    pub robot: Robot,
    hub: Hub,
    events: mpsc::Receiver<Event>,
    runtime: Runtime,
    begun: Instant,
    /// What is kept under `draft.edits.…` from last time.
    draft: Option<String>,
    /// Jobs the hub was asked for that have neither ended nor rest.
    busy: HashSet<JobId>,
    /// What failed since it was cleared last.
    pub failures: Vec<String>,
}

impl Live {
    /// Connected to a database, its catalog read. `draft`: staged last time, and taken up.
    pub fn new(db: &Database, draft: &[Change], width: u16, height: u16) -> Self {
        Self::at(&db.url(), draft, width, height)
    }

    /// The same by a connection string.
    pub fn at(url: &str, draft: &[Change], width: u16, height: u16) -> Self {
        let mut live = Self::begin(url, draft, width, height);
        live.until(|r| r.app.world().catalog().is_some_and(|c| c.complete));
        if !draft.is_empty() {
            live.see("Take them up");
            live.keys("t");
        }
        live
    }

    /// Connected so that nothing can be written.
    pub fn read_only(db: &Database, width: u16, height: u16) -> Self {
        let mut live = Self::start(&db.url(), true, &[], width, height);
        live.until(|r| r.app.world().catalog().is_some_and(|c| c.complete));
        live
    }

    /// Started, and nothing waited for.
    pub fn begin(url: &str, draft: &[Change], width: u16, height: u16) -> Self {
        Self::start(url, false, draft, width, height)
    }

    fn start(url: &str, read_only: bool, draft: &[Change], width: u16, height: u16) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (sender, events) = mpsc::channel(EVENTS);
        let url = url.to_owned();
        let resolve_plan = move |_: Option<&Target>, _: Option<&str>| {
            let input = Input { connection: Some(url.clone()), ..Input::default() };
            let target = resolve(&input, &Nothing).expect("a target");
            Ok(Plan { target, read_only, application_name: "live".into() })
        };
        let hub = Hub::new(sender, Box::new(resolve_plan), Duration::from_secs(600));
        let draft = (!draft.is_empty()).then(|| serde_json::to_string(draft).expect("a draft"));
        let robot = Robot::new(width, height);
        Self {
            robot,
            hub,
            events,
            runtime,
            begun: Instant::now(),
            draft,
            busy: HashSet::new(),
            failures: vec![],
        }
    }

    /// Types keys.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        self.robot.keys(keys);
        self.perform();
        self
    }

    /// Something of the test's own beside the sessions, such as a wire that can be cut.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What failed otherwise than by being cancelled, as a search is by the next one.
    pub fn wrong(&self) -> Vec<&str> {
        self.failures.iter().map(String::as_str).filter(|failure| !failure.contains("57014")).collect()
    }

    /// Waits until the screen shows this.
    pub fn see(&mut self, text: &str) -> &mut Self {
        self.wait(&mut |r| r.screen().contains(text), text)
    }

    /// Waits until something holds.
    pub fn until(&mut self, mut holds: impl FnMut(&mut Robot) -> bool) -> &mut Self {
        self.wait(&mut holds, "what the test waits for")
    }

    /// Waits until nothing that was asked for is under way and the program wants nothing more by itself.
    pub fn settle(&mut self) -> &mut Self {
        // A frame tells panes how much they show, and so what they need.
        self.robot.screen();
        self.perform();
        let begun = Instant::now();
        while !self.busy.is_empty() || self.robot.app.next_tick().is_some_and(|at| at < self.robot.at + DUE) {
            assert!(begun.elapsed() < DEADLINE, "never at rest: {:?}\n{}", self.busy, self.robot.screen());
            self.step();
            self.perform();
        }
        self
    }

    fn wait(&mut self, holds: &mut dyn FnMut(&mut Robot) -> bool, what: &str) -> &mut Self {
        let begun = Instant::now();
        loop {
            self.perform();
            if holds(&mut self.robot) {
                return self;
            }
            assert!(begun.elapsed() < DEADLINE, "never came: {what}\n{}", self.robot.screen());
            self.step();
        }
    }

    /// One event, or a tick when none comes.
    fn step(&mut self) {
        let events = &mut self.events;
        let event = self.runtime.block_on(async { timeout(STEP, events.recv()).await });
        self.robot.at = self.begun.elapsed();
        let event = event.map_or(Event::Tick, |event| event.expect("the hub lives"));
        if let Event::News(job, news) = &event {
            match news {
                News::Failed(_, error, _) => self.failures.push(error.to_string()),
                News::Done(summary) if summary.last => {}
                News::Catalog(catalog) if catalog.complete => {}
                News::Detail(_) | News::Resting => {}
                _ => {
                    self.robot.event(event);
                    return;
                }
            }
            self.busy.remove(job);
        }
        self.robot.event(event);
    }

    /// Carries out what was asked; files, history and drafts are answered here.
    fn perform(&mut self) {
        let _inside = self.runtime.enter();
        while !self.robot.effects.is_empty() {
            for effect in std::mem::take(&mut self.robot.effects) {
                match &effect {
                    Effect::Execute { job, .. }
                    | Effect::Apply { job, .. }
                    | Effect::More { job, .. }
                    | Effect::Describe { job, .. }
                    | Effect::LoadCatalog { job, .. } => drop(self.busy.insert(*job)),
                    _ => {}
                }
                let Some(other) = self.hub.perform(effect) else { continue };
                let (job, news): (JobId, News) = match other {
                    Effect::Recall { job, key } if key.starts_with("draft.edits.") => {
                        (job, News::Remembered(self.draft.take()))
                    }
                    Effect::Recall { job, .. } => (job, News::Remembered(None)),
                    Effect::LoadSaved { job } => (job, News::Saved([].into(), vec![])),
                    Effect::LoadHistory { job, .. } => (job, News::History([].into())),
                    _ => continue,
                };
                self.robot.news(job, news);
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The sessions end with the runtime; the database cannot go before.
        let _inside = self.runtime.enter();
        self.robot.effects.clear();
    }
}
