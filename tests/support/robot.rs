//! A robot that uses the program without terminal, server or clock: keys and news in, effects and screen out.

use pgdeck::{
    app::App,
    core::{
        effect::{Effect, Statement},
        event::{Event, Link, News, ServerInfo, Summary, Tx},
        ids::{ConnId, JobId, Lane},
        key::{Chord, Key},
        keymap::Keymap,
        settings::Settings,
        theme::Theme,
    },
    data::{
        catalog::{Catalog, Detail},
        rows::{Batch, Column},
    },
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use std::{sync::Arc, time::Duration};

/// The program under test and everything it asked for so far.
pub struct Robot {
    pub app: App,
    terminal: Terminal<TestBackend>,
    pub at: Duration,
    /// Every effect asked for and not yet taken by `asked` or answered.
    pub effects: Vec<Effect>,
}

impl Robot {
    /// A program just started on a screen of this size, connected to nothing yet.
    pub fn new(width: u16, height: u16) -> Self {
        Self::with(Settings::default(), vec![Theme::default()], width, height)
    }

    pub fn with(settings: Settings, themes: Vec<Theme>, width: u16, height: u16) -> Self {
        let app = App::new(settings, Keymap::builtin(), themes, (width, height));
        let terminal = Terminal::new(TestBackend::new(width, height)).expect("test screen");
        let mut robot = Self { app, terminal, at: Duration::ZERO, effects: vec![] };
        robot.effects = robot.app.start(robot.at);
        robot
    }

    /// One event.
    pub fn event(&mut self, event: Event) -> &mut Self {
        let asked = self.app.handle(self.at, event);
        self.effects.extend(asked);
        self
    }

    /// Types keys: plain text, with named chords in angle brackets: `select 1<f5><ctrl-c><space>`.
    /// `<<` is a literal `<`.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            if let Some(r) = rest.strip_prefix("<<") {
                self.event(Event::Key(Chord::char('<')));
                rest = r;
            } else if let Some(r) = rest.strip_prefix('<') {
                let end = r.find('>').expect("a chord ends with >");
                let chord = Chord::parse(&r[..end]).unwrap_or_else(|| panic!("no chord <{}>", &r[..end]));
                self.event(Event::Key(chord));
                rest = &r[end + 1..];
            } else {
                let key = if c == '\n' { Key::Enter } else { Key::Char(c) };
                self.event(Event::Key(Chord::plain(key)));
                rest = &rest[c.len_utf8()..];
            }
        }
        self
    }

    /// Lets time pass, ticking as the program wants.
    pub fn wait(&mut self, millis: u64) -> &mut Self {
        let end = self.at + Duration::from_millis(millis);
        while let Some(at) = self.app.next_tick().filter(|at| *at <= end) {
            self.at = at.max(self.at + Duration::from_millis(1));
            self.event(Event::Tick);
        }
        self.at = self.at.max(end);
        self.event(Event::Tick)
    }

    /// News of a job.
    pub fn news(&mut self, job: JobId, news: News) -> &mut Self {
        self.event(Event::News(job, news))
    }

    /// The connection comes up with this catalog.
    pub fn connect(&mut self, catalog: Catalog) -> &mut Self {
        self.connect_to("shop", catalog)
    }

    /// The connection comes up in a database with this catalog.
    pub fn connect_to(&mut self, database: &str, catalog: Catalog) -> &mut Self {
        let info = ServerInfo {
            version: "15.18".into(),
            version_num: 150_018,
            address: "localhost:5432".into(),
            user: "ada".into(),
            database: database.into(),
            pid: 4711,
            time_zone: "UTC".into(),
            ..ServerInfo::default()
        };
        self.event(Event::Link(ConnId(0), Link::Up(Box::new(info))));
        let job = self.take(|e| match e {
            Effect::LoadCatalog { job, .. } => Some(*job),
            _ => None,
        });
        self.news(job, News::Catalog(Arc::new(Catalog { complete: true, ..catalog })))
    }

    /// Takes the first effect that fits out of what was asked.
    pub fn take<R>(&mut self, f: impl Fn(&Effect) -> Option<R>) -> R {
        let at = self.effects.iter().position(|e| f(e).is_some());
        let Some(at) = at else {
            let screen = self.screen();
            panic!("not asked; asked were {:#?}\nscreen:\n{screen}", self.effects)
        };
        let effect = self.effects.remove(at);
        f(&effect).expect("it fits")
    }

    /// The next statements asked for: job, lane, statements.
    pub fn execute(&mut self) -> (JobId, Lane, Vec<Statement>) {
        self.take(|e| match e {
            Effect::Execute { job, lane, statements, .. } => Some((*job, *lane, statements.clone())),
            _ => None,
        })
    }

    /// The next statements that are to be undone: job, statements, what undoes them, whether within a transaction.
    pub fn rehearse(&mut self) -> (JobId, Vec<Statement>, Vec<String>, bool) {
        self.take(|e| match e {
            Effect::Rehearse { job, statements, after, open, .. } => {
                Some((*job, statements.clone(), after.clone(), *open))
            }
            _ => None,
        })
    }

    /// Answers a description.
    pub fn describe(&mut self, detail: Detail) -> &mut Self {
        let job = self.take(|e| match e {
            Effect::Describe { job, .. } => Some(*job),
            _ => None,
        });
        self.news(job, News::Detail(Some(Arc::new(detail))))
    }

    /// A whole result of text columns as the only statement of a job.
    pub fn result(&mut self, job: JobId, columns: &[&str], rows: &[&[Option<&str>]], tag: &str) -> &mut Self {
        let columns: Vec<Column> = columns.iter().map(|c| Column::text(c)).collect();
        self.typed_result(job, columns, rows, tag)
    }

    /// A whole result as the only statement of a job.
    pub fn typed_result(
        &mut self,
        job: JobId,
        columns: Vec<Column>,
        rows: &[&[Option<&str>]],
        tag: &str,
    ) -> &mut Self {
        let mut batch = Batch::new(columns.len());
        for row in rows {
            batch.push(row.iter().map(|c| c.map(str::as_bytes)));
        }
        self.news(job, News::Started(0));
        self.news(job, News::Columns(columns.into()));
        self.news(job, News::Rows(Arc::new(batch)));
        let rows = rows.len() as u64;
        self.done(job, 0, tag, rows, true)
    }

    /// One statement of a job ends well.
    pub fn done(&mut self, job: JobId, statement: usize, tag: &str, rows: u64, last: bool) -> &mut Self {
        let elapsed = Duration::from_millis(12);
        self.news(
            job,
            News::Done(Summary { statement, tag: tag.into(), elapsed, tx: Tx::Idle, rows, cut: None, last }),
        )
    }

    /// Draws and gives the buffer.
    pub fn buffer(&mut self) -> Buffer {
        let app = &mut self.app;
        self.terminal.draw(|f| app.draw(f)).expect("drawn");
        let buffer = self.terminal.backend().buffer().clone();
        // Whatever a server sends: no cell holds what a terminal would obey or hide.
        let bad = buffer.content.iter().find(|cell| !pgdeck::text::clean::drawable(cell.symbol()));
        assert!(bad.is_none(), "{bad:?} came to the screen");
        buffer
    }

    /// Draws and gives the screen as text, lines right-stripped.
    pub fn screen(&mut self) -> String {
        let buffer = self.buffer();
        let area = buffer.area;
        let mut out = String::new();
        for y in 0..area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (pgdeck::text::width::width(symbol) as u16).max(1);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}
