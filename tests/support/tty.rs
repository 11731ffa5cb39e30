//! The real binary in a pseudo-terminal: keys in, screen out.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take before the test gives up; generous, machines are slow at times.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program and the screen it drew.
pub struct Tty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
}

impl Tty {
    /// Starts the binary under test.
    pub fn start(args: &[&str], env: &[(&str, &str)], width: u16, height: u16) -> Self {
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_pgdeck"));
        command.args(args);
        command.env("TERM", "xterm-256color");
        for name in [
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGPASSWORD",
            "PGSERVICE",
            "NO_COLOR",
            "TMUX",
            "DISPLAY",
            "WAYLAND_DISPLAY",
        ] {
            command.env_remove(name);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(height, width, 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: vec![], closed: false }), Condvar::new()));
        let sink = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buf = [0; 8192];
            while let Ok(n) = reader.read(&mut buf) {
                if n == 0 {
                    break;
                }
                let mut seen = sink.0.lock().expect("not poisoned");
                seen.parser.process(&buf[..n]);
                seen.raw.extend_from_slice(&buf[..n]);
                sink.1.notify_all();
            }
            sink.0.lock().expect("not poisoned").closed = true;
            sink.1.notify_all();
        });
        Self { child, master: pair.master, writer, seen }
    }

    /// Sends bytes as a keyboard would.
    pub fn send(&mut self, bytes: &str) -> &mut Self {
        self.writer
            .write_all(bytes.as_bytes())
            .and_then(|()| self.writer.flush())
            .expect("the terminal is open");
        self
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().expect("not poisoned")
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.seen().parser.screen().contents()
    }

    /// All bytes the program wrote.
    pub fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// Those it wrote behind the first so many.
    pub fn raw_since(&self, at: usize) -> Vec<u8> {
        self.seen().raw[at..].to_vec()
    }

    /// True while the alternate screen is on.
    pub fn alternate(&self) -> bool {
        self.seen().parser.screen().alternate_screen()
    }

    /// Waits until the screen satisfies the predicate.
    pub fn until(&mut self, what: &str, f: impl Fn(&str) -> bool) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        let shared = Arc::clone(&self.seen);
        let mut seen = self.seen();
        loop {
            let (screen, closed) = (seen.parser.screen().contents(), seen.closed);
            if f(&screen) {
                break;
            }
            assert!(
                !closed && Instant::now() < end,
                "waited for {what}; closed: {closed}; the screen was\n{screen}"
            );
            // Woken by the next bytes; a condition may also look at something else than the screen.
            seen = shared.1.wait_timeout(seen, Duration::from_millis(50)).expect("not poisoned").0;
        }
        drop(seen);
        self
    }

    /// Waits until a text is on the screen.
    pub fn see(&mut self, text: &str) -> &mut Self {
        self.until(text, |s| s.contains(text))
    }

    /// Waits until a text is gone from the screen.
    pub fn gone(&mut self, text: &str) -> &mut Self {
        self.until(&format!("{text} to go"), |s| !s.contains(text))
    }

    /// Another size.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("resized");
        self.seen().parser.screen_mut().set_size(height, width);
        self
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Sends a signal by name.
    pub fn signal(&mut self, name: &str) -> &mut Self {
        crate::signal::send(self.pid(), name);
        self
    }

    /// Waits for the end, and until its last words were read, and gives the exit code.
    pub fn end(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                // Something it left running may hold the terminal open: that is another test's matter.
                let last = Instant::now() + Duration::from_secs(5);
                while !self.seen().closed && Instant::now() < last {
                    thread::sleep(Duration::from_millis(5));
                }
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it did not end; the screen was\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
