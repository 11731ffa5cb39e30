//! The outside: the loop that turns what happens into events, and wishes into deeds.

mod clipboard;
mod editor;
mod files;
mod gate;
mod input;
mod open;
mod places;
mod terminal;

pub use open::{Open, open};

use crate::{
    app::App,
    core::{
        effect::Effect,
        event::{Event, News},
        ids::JobId,
        keymap::Keymap,
        settings::Settings,
        theme::Theme,
    },
    pg::hub::Hub,
};
use crossterm::event::EventStream;
use files::{Files, Places};
use futures_util::StreamExt;
use std::{
    io,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::sleep_until,
};

/// The time between two frames while much happens …
const FRAME: Duration = Duration::from_millis(16);
/// … of which so much is forgiven after a rest: what comes in a few steps is seen as it comes.
const FORGIVEN: Duration = Duration::from_millis(160);
/// Events that may wait; a full channel stops the sessions, and so the server.
const EVENTS: usize = 64;

/// What the console is started with.
#[derive(Debug)]
pub struct Start {
    /// Settings.
    pub settings: Settings,
    /// Keys.
    pub keymap: Keymap,
    /// Themes; the first is in force.
    pub themes: Vec<Theme>,
    /// Where the user's files are.
    pub places: Places,
    /// Told to the user once at the start.
    pub warnings: Vec<String>,
}

/// Runs the console until it is left. `hub` makes the hub, given the channel for its events.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(start: Start, hub: impl FnOnce(mpsc::Sender<Event>) -> Hub) -> io::Result<()> {
    terminal::leave_on_panic();
    let (events, mut inbox) = mpsc::channel(EVENTS);
    let screen = terminal::enter(start.settings.mouse)?;
    let size = screen.size().map(|s| (s.width, s.height)).unwrap_or((80, 24));
    let outside = Outside {
        began: Instant::now(),
        mouse: start.settings.mouse,
        screen,
        hub: hub(events.clone()),
        files: Files::start(start.places, events.clone()),
        events,
        keys: Some(EventStream::new()),
        input: input::Input::default(),
        paid: Instant::now(),
    };
    let app = App::new(start.settings, start.keymap, start.themes, size);
    let ended = outside.turn(app, &mut inbox, start.warnings).await;
    terminal::leave();
    ended
}

struct Outside {
    began: Instant,
    mouse: bool,
    screen: terminal::Screen,
    hub: Hub,
    files: Files,
    events: mpsc::Sender<Event>,
    /// Dropped while another program has the terminal, or it would eat that program's keys.
    keys: Option<EventStream>,
    input: input::Input,
    /// Until when the frames drawn so far last, at one per [`FRAME`].
    paid: Instant,
}

impl Outside {
    async fn turn(
        mut self,
        mut app: App,
        inbox: &mut mpsc::Receiver<Event>,
        warnings: Vec<String>,
    ) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let events = self.events.clone();
        terminal::when_gone(move || drop(events.blocking_send(Event::Terminate)));
        let mut wishes = app.start(self.now());
        if let Some(first) = warnings.first() {
            app.warn(first);
        }
        loop {
            if self.perform(std::mem::take(&mut wishes), &mut app).await? {
                terminal::leave();
                self.hub.shutdown().await;
                self.files.finish(inbox).await;
                return Ok(());
            }
            if self.draw(&mut app).is_err() {
                // Nobody looks any more; what is to be kept is kept all the same.
                wishes = app.handle(self.now(), Event::Terminate);
                continue;
            }
            let wake = self.wake(&app);
            let keys = async {
                match self.keys.as_mut() {
                    Some(k) => k.next().await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                biased;
                key = keys => match key {
                    Some(Ok(event)) => self.input.event(event, Instant::now()),
                    // The terminal is gone: nothing to draw on and nobody to ask.
                    Some(Err(_)) | None => Some(Event::Terminate),
                },
                _ = terminate.recv() => Some(Event::Terminate),
                _ = hangup.recv() => Some(Event::Terminate),
                _ = interrupt.recv() => Some(Event::Terminate),
                event = inbox.recv() => event,
                () = sleep_until(wake.into()) => Some(Event::Tick),
            };
            let Some(event) = event else { continue };
            if cfg!(debug_assertions)
                && matches!(&event, Event::Key(c) if c.key == crate::core::key::Key::F(12))
            {
                // Lets a test see that a panic leaves the terminal as it was.
                assert!(std::env::var_os("PGDECK_DEBUG_PANIC").is_none(), "asked for by PGDECK_DEBUG_PANIC");
            }
            let quiet = matches!(event, Event::Tick);
            // A tick that only serves a late frame moves nothing.
            if !quiet || app.next_tick().is_some_and(|at| at <= self.now()) {
                wishes = app.handle(self.now(), event);
                self.drain(&mut app, inbox, &mut wishes);
            }
        }
    }

    /// Takes what else is waiting before a frame is drawn, but not for long.
    fn drain(&mut self, app: &mut App, inbox: &mut mpsc::Receiver<Event>, wishes: &mut Vec<Effect>) {
        let until = Instant::now() + FRAME / 4;
        while Instant::now() < until {
            let Ok(event) = inbox.try_recv() else { break };
            wishes.extend(app.handle(self.now(), event));
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// When to wake without an event: for a tick, or for a frame that was put off.
    fn wake(&self, app: &App) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let tick = app.next_tick().map_or(far, |at| self.began + at);
        let frame = if app.is_dirty() { self.paid.checked_sub(FORGIVEN).unwrap_or(self.paid) } else { far };
        tick.min(frame)
    }

    fn draw(&mut self, app: &mut App) -> io::Result<()> {
        let now = Instant::now();
        if self.paid <= now + FORGIVEN && app.take_dirty() {
            let out = self.screen.backend_mut();
            crossterm::queue!(out, crossterm::terminal::BeginSynchronizedUpdate)?;
            self.screen.draw(|frame| app.draw(frame))?;
            crossterm::execute!(self.screen.backend_mut(), crossterm::terminal::EndSynchronizedUpdate)?;
            self.paid = self.paid.max(now) + FRAME;
        }
        Ok(())
    }

    /// Carries out wishes. True: leave.
    async fn perform(&mut self, wishes: Vec<Effect>, app: &mut App) -> io::Result<bool> {
        for wish in wishes {
            match wish {
                Effect::Quit => return Ok(true),
                Effect::Redraw => {
                    self.screen = terminal::fresh()?;
                    app.redraw();
                }
                Effect::Suspend => {
                    self.away(suspend)?;
                    app.redraw();
                }
                Effect::Copy(text) => {
                    if let Some(warning) = clipboard::copy(&text) {
                        app.warn(&format!("Copied, but {warning}"));
                    }
                }
                Effect::Edit { job, text, suffix } => {
                    let left = self.away(|| editor::edit(&text, suffix))?;
                    app.redraw();
                    self.tell(job, News::Edited(left));
                }
                Effect::Write { .. }
                | Effect::Export { .. }
                | Effect::Read { .. }
                | Effect::FindServers { .. }
                | Effect::LoadSaved { .. }
                | Effect::LoadHistory { .. }
                | Effect::Remember(_)
                | Effect::Keep { .. }
                | Effect::Recall { .. } => self.files.perform(wish),
                other => {
                    // Nothing is left over: all other effects are the hub's.
                    self.hub.perform(other);
                }
            }
        }
        Ok(false)
    }

    fn tell(&self, job: JobId, news: News) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _ = events.send(Event::News(job, news)).await;
        });
    }

    /// Hands the terminal to another program and takes it back.
    fn away<R>(&mut self, f: impl FnOnce() -> R) -> io::Result<R> {
        self.keys = None;
        terminal::leave();
        let answer = tokio::task::block_in_place(f);
        self.screen = terminal::enter(self.mouse)?;
        self.keys = Some(EventStream::new());
        self.paid = Instant::now();
        Ok(answer)
    }
}

/// Stops this process as Ctrl+Z does; comes back when the shell continues it.
fn suspend() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}
