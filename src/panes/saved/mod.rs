//! Saved queries: find one, see its text, fill in its parameters, run it in the SQL pane.

mod draw;
mod values;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        error::DbError,
        event::{Mouse, MouseKind, News},
        ids::{JobId, Lane},
        key::Chord,
        pane::{Cx, Pane, Popup, Running, Tell, Tone},
        world::World,
    },
    data::saved::SavedQuery,
    sql::kind,
    text::clean,
    widgets::finder::{Finder, Item},
};
use ratatui::{Frame, layout::Rect};
use std::{sync::Arc, time::Duration};

const FORM: &str = "saved-form";
const WATCH: &str = "saved-watch";
/// Values offered from a parameter's own query.
const MOST_CHOICES: usize = 500;
/// Bytes read of them.
const CHOICES_CREDIT: u64 = 64 << 10;

/// The list of saved queries.
pub struct Saved {
    known: Option<Arc<[SavedQuery]>>,
    finder: Finder,
    /// The line of the list takes what is typed.
    filtering: bool,
    /// Lines the preview is scrolled.
    top: usize,
    asking: Option<Asking>,
    /// A query to open as soon as the list is there.
    wanted: Option<String>,
    list: Rect,
    preview: Rect,
}

/// A query about to be run: what its form still waits for.
#[derive(Debug)]
struct Asking {
    query: SavedQuery,
    watch: Option<u64>,
    since: Duration,
    /// The values of the last time.
    recall: Option<JobId>,
    kept: Option<String>,
    /// Parameter numbers whose choices are being read.
    choices: Vec<(JobId, usize)>,
    found: Vec<Vec<String>>,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            known: None,
            finder: Finder::new(vec![]),
            filtering: false,
            top: 0,
            asking: None,
            wanted: None,
            list: Rect::default(),
            preview: Rect::default(),
        }
    }
}

impl Pane for Saved {
    fn title(&self, _: &World) -> String {
        "Saved".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.filtering { vec![Scope::List, Scope::Saved] } else { vec![Scope::Saved] }
    }

    fn typing(&self) -> bool {
        self.filtering
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::RunSaved | Command::Open | Command::Watch => {
                self.chosen().is_some() && world.server().is_some_and(|s| s.info.is_some())
            }
            Command::EditSql | Command::EditResult => self.chosen().is_some(),
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Open | Command::RunSaved => self.start(None, cx),
            Command::Accept => {
                self.filtering = false;
                self.start(None, cx);
            }
            Command::Dismiss => {
                self.filtering = false;
                self.clear_filter();
            }
            Command::Back if !self.finder.typed().is_empty() => self.clear_filter(),
            Command::Find => self.filtering = true,
            Command::Watch => cx.popup(Popup::Line {
                question: WATCH,
                title: "Watch: run again every … seconds".into(),
                text: "2".into(),
                hint: "Whole seconds; W in the SQL pane stops it".into(),
            }),
            Command::EditSql | Command::EditResult => {
                if let Some(q) = self.chosen() {
                    cx.tell(Tell::EditSql { text: q.text.clone(), run: false });
                }
            }
            Command::Refresh => cx.tell(Tell::ReloadSaved),
            Command::HalfDown => self.top += 5,
            Command::HalfUp => self.top = self.top.saturating_sub(5),
            other => return self.move_list(other),
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        if self.filtering {
            self.finder.key(chord);
            self.top = 0;
        }
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        if self.filtering {
            self.finder.paste(text);
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let at = ratatui::layout::Position { x: mouse.x, y: mouse.y };
        if self.preview.contains(at) {
            match mouse.kind {
                MouseKind::ScrollUp => self.top = self.top.saturating_sub(3),
                MouseKind::ScrollDown => self.top += 3,
                _ => {}
            }
        } else if self.finder.mouse(mouse) {
            self.top = 0;
            if mouse.kind == MouseKind::Double {
                self.start(None, cx);
            }
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        self.form_news(job, news, cx);
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::OpenSaved(name) => {
                self.wanted = Some(name);
                self.take(cx.world);
                self.open_wanted(cx);
            }
            Tell::Filled { question: FORM, values } => self.filled(&values, cx),
            Tell::Chosen { question: WATCH, text, .. } => match text.trim().parse::<u64>() {
                Ok(s) if (1..=86_400).contains(&s) => self.start(Some(s), cx),
                _ => cx.toast(Tone::Warning, "Whole seconds from 1 to 86400"),
            },
            _ => {}
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.take(cx.world);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        self.take(cx.world);
        self.open_wanted(cx);
    }

    fn running(&self) -> Option<Running> {
        let asking = self.asking.as_ref()?;
        let (job, _) = asking.choices.first()?;
        Some(Running { job: *job, what: "reading choices".into(), since: asking.since })
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.draw_all(frame, area, world);
    }
}

impl Saved {
    /// Takes over the queries found.
    fn take(&mut self, world: &World) {
        let same = match (&self.known, &world.saved) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let chosen = self.chosen().map(|q| q.name.clone());
        self.known.clone_from(&world.saved);
        let items = self.known.iter().flat_map(|k| k.iter()).map(|q| Item {
            text: q.name.clone(),
            remark: if q.title == q.name { String::new() } else { q.title.clone() },
            tag: q.origin.word(),
        });
        self.finder.set(items.collect());
        if let Some(name) = chosen {
            self.go_to(&name);
        }
    }

    fn chosen(&self) -> Option<&SavedQuery> {
        self.known.as_ref()?.get(self.finder.chosen()?.0)
    }

    /// The cursor to this query; `false`: there is none of that name.
    fn go_to(&mut self, name: &str) -> bool {
        for _ in 0..self.finder.len() {
            if self.finder.chosen().is_some_and(|(_, i)| i.text == name) {
                return true;
            }
            self.finder.command(Command::ListDown);
        }
        false
    }

    fn clear_filter(&mut self) {
        let name = self.chosen().map(|q| q.name.clone());
        let items = self.known.iter().flat_map(|k| k.iter()).count();
        let mut typed = self.finder.typed().chars().count();
        while typed > 0 {
            self.finder.key(Chord::plain(crate::core::key::Key::Backspace));
            typed -= 1;
        }
        if let Some(name) = name.filter(|_| items > 0) {
            self.go_to(&name);
        }
    }

    fn move_list(&mut self, command: Command) -> bool {
        let command = match command {
            Command::Up => Command::ListUp,
            Command::Down => Command::ListDown,
            Command::PageUp | Command::First => Command::ListPageUp,
            Command::PageDown | Command::Last => Command::ListPageDown,
            other => other,
        };
        let moved = self.finder.command(command);
        if moved {
            self.top = 0;
        }
        moved
    }

    fn open_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.known.is_none() {
            return;
        }
        let Some(name) = self.wanted.take() else { return };
        self.filtering = false;
        self.clear_filter();
        if self.go_to(&name) {
            self.start(None, cx);
        } else {
            cx.toast(Tone::Warning, format!("There is no saved query \"{}\"", clean::line(&name)));
        }
    }

    // ---- running ----------------------------------------------------------------------------

    /// Runs the chosen query, asking for its parameters first.
    fn start(&mut self, watch: Option<u64>, cx: &mut Cx<'_>) {
        let Some(query) = self.chosen().cloned() else { return };
        let Some(info) = cx.world.server().and_then(|s| s.info.as_ref()) else {
            return cx.toast(Tone::Warning, "Not connected (:c connects)");
        };
        let major = info.version_num / 10_000;
        if major < query.since {
            let text =
                format!("This query needs PostgreSQL {} or newer; this is {}", query.since, info.version);
            return cx.toast(Tone::Warning, clean::line(&text));
        }
        let count = query.parameters.len();
        let mut asking = Asking {
            query,
            watch,
            since: cx.world.now,
            recall: None,
            kept: None,
            choices: vec![],
            found: vec![vec![]; count],
        };
        if count > 0 {
            let key = values::key(&asking.query.name);
            asking.recall = Some(cx.start(|job| Effect::Recall { job, key }));
            let lane = Lane::Read(cx.world.active);
            for (n, p) in asking.query.parameters.iter().enumerate() {
                let Some(sql) = p.choices_query.clone() else { continue };
                let statements = vec![crate::core::effect::Statement {
                    pure_read: kind::pure_read(&sql),
                    sql,
                    ..Default::default()
                }];
                let credit = CHOICES_CREDIT;
                asking.choices.push((cx.start(|job| Effect::Execute { job, lane, statements, credit }), n));
            }
        }
        self.asking = Some(asking);
        if count == 0 {
            self.filled(&[], cx);
        }
    }

    fn form_news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let Some(asking) = self.asking.as_mut() else { return };
        if asking.recall == Some(job) {
            if let News::Remembered(text) = news {
                asking.recall = None;
                asking.kept = text;
            }
        } else if let Some(at) = asking.choices.iter().position(|(j, _)| *j == job) {
            let number = asking.choices[at].1;
            match news {
                News::Rows(batch) => {
                    let found = &mut asking.found[number];
                    let room = MOST_CHOICES.saturating_sub(found.len());
                    found.extend(
                        (0..batch.len()).take(room).filter_map(|r| {
                            batch.cell(r, 0).map(|c| String::from_utf8_lossy(c).into_owned())
                        }),
                    );
                }
                News::Resting => cx.ask(Effect::Stop { job }),
                News::Done(s) if s.last => {
                    asking.choices.remove(at);
                }
                News::Failed(_, error, _) => {
                    asking.choices.remove(at);
                    let name = asking.query.parameters.get(number).map_or("", |p| p.name.as_str());
                    let why = format!("No choices for {name}: {}", first_line(&error));
                    cx.toast(Tone::Warning, clean::line(&why));
                }
                _ => {}
            }
        } else {
            return;
        }
        self.ask(cx);
    }

    /// Opens the form once all it needs is there.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        let Some(asking) = self.asking.as_ref().filter(|a| a.recall.is_none() && a.choices.is_empty()) else {
            return;
        };
        let q = &asking.query;
        let fields = values::fields(&q.parameters, asking.kept.as_deref(), &asking.found);
        cx.popup(Popup::Form { question: FORM, title: q.title.clone(), text: q.description.clone(), fields });
    }

    /// The values are there: bind and run.
    fn filled(&mut self, filled: &[Option<String>], cx: &mut Cx<'_>) {
        let Some(asking) = self.asking.take() else { return };
        let q = asking.query;
        if !q.parameters.is_empty() {
            let value = values::keep(&q.parameters, filled);
            cx.ask(Effect::Keep { key: values::key(&q.name), value });
        }
        match values::bind(&q, filled) {
            Ok(statements) if statements.is_empty() => cx.toast(Tone::Note, "This query has no statement"),
            Ok(statements) => cx.tell(Tell::RunQuery {
                name: q.name,
                statements,
                title: q.title,
                read_only: q.read_only,
                watch: asking.watch,
            }),
            Err(why) => cx.toast(Tone::Error, clean::line(&why)),
        }
    }
}

fn first_line(error: &DbError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
