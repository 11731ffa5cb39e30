//! The terminal: entered, left, and left again on a panic or a signal.

use super::gate::Gate;
use crossterm::{
    cursor,
    event::{
        DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
        KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
    },
    execute,
    terminal::{self, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{
    Terminal,
    backend::{Backend, ClearType, CrosstermBackend},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use std::{
    io::{self, BufWriter, Stdout, Write},
    sync::atomic::{AtomicBool, Ordering},
};

/// The screen to draw on.
pub type Screen = Terminal<Gate<CrosstermBackend<BufWriter<Stdout>>>>;

/// Bytes written at once: a whole frame of a large screen.
const BUFFER: usize = 64 << 10;

/// Raw mode is on, so it must be left.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Enters raw mode and the alternate screen.
///
/// # Errors
/// When standard output is no terminal.
pub fn enter(mouse: bool) -> io::Result<Screen> {
    terminal::enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    // What a terminal draws wider than it is counted here must not run on into the next line.
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap)?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    // Told apart only where the terminal offers it; no key of ours depends on it.
    let _ = execute!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES));
    fresh()
}

/// A screen whose every cell will be drawn. Made anew because `Terminal::clear` asks the terminal for
/// its cursor and waits seconds for those that never answer.
///
/// # Errors
/// When the terminal cannot be written.
pub fn fresh() -> io::Result<Screen> {
    let out = BufWriter::with_capacity(BUFFER, io::stdout());
    let mut screen = Terminal::new(Gate::new(CrosstermBackend::new(out)))?;
    screen.backend_mut().clear_region(ClearType::All)?;
    Ok(screen)
}

/// Leaves the screen as it was. May be called any number of times.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        PopKeyboardEnhancementFlags,
        DisableMouseCapture,
        DisableBracketedPaste,
        EnableLineWrap,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

/// Calls once the terminal is gone. A hang-up is a signal to the first process of a session only, and the reader of
/// keys takes the end of its input for nothing: it would read on and on.
pub fn when_gone(then: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        let input = io::stdin();
        // Nothing is waited for but what is always told: the end.
        let mut watched = [PollFd::new(&input, PollFlags::empty())];
        loop {
            match poll(&mut watched, None) {
                Ok(_) if !watched[0].revents().is_empty() => return then(),
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    });
}

/// Makes a panic leave the screen before it speaks.
pub fn leave_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        leave();
        before(info);
        eprintln!(
            "pgdeck ended by a mistake of its own. What was typed in the SQL editor is kept and offered at the next start."
        );
    }));
}
