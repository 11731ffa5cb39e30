//! The real binary on a real server in a pseudo-terminal: a few whole runs.
#![allow(dead_code, reason = "the support files serve every test program")]

#[path = "../support/emulator.rs"]
mod emulator;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/signal.rs"]
mod signal;
#[path = "../support/strict.rs"]
mod strict;
#[path = "../support/tty.rs"]
mod tty;

mod browse;
mod demo;
mod drafts;
mod extremes;
mod hostile;
mod look;
mod lost;
mod places;
mod plan;
mod secrets;

use server::Database;
use tty::Tty;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn start(&self, args: &[&str], width: u16, height: u16) -> Tty {
        self.start_with(args, &[], width, height)
    }

    /// Waits until a kept draft of staged changes is like this.
    fn kept(&self, is: impl Fn(&str) -> bool) {
        let folder = self.0.path().join("pgdeck/kept");
        let read = |e: std::fs::DirEntry| {
            let name = e.file_name().to_string_lossy().into_owned();
            // The file that is being written beside it is not kept before it has its name.
            let draft = name.starts_with("draft.edits") && !name.ends_with(".tmp");
            std::fs::read_to_string(e.path()).ok().filter(|_| draft)
        };
        for _ in 0..3_000 {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            if files.filter_map(read).any(|text| is(&text)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("never kept in {}", folder.display());
    }

    fn start_with(&self, args: &[&str], more: &[(&str, &str)], width: u16, height: u16) -> Tty {
        let home = self.0.path().display().to_string();
        let names = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
        let mut env: Vec<(&str, &str)> = names.iter().map(|n| (*n, home.as_str())).collect();
        env.push(("EDITOR", "sed -i s/1/2/"));
        env.extend(more);
        Tty::start(args, &env, width, height)
    }
}

fn console(db: &Database) -> (Home, Tty) {
    let home = Home::new();
    let tty = home.start(&[&db.url()], 120, 40);
    (home, tty)
}

const F5: &str = "\x1b[15~";
const ALT_2: &str = "\x1b2";

#[test]
fn users_and_posts_come_up_and_q_restores_the_terminal() {
    let db = server::database_with_posts();
    let (_home, mut t) = console(&db);
    t.see("users").see("posts").see("email");
    assert!(t.alternate());
    t.send("q");
    assert_eq!(t.end(), 0);
    assert!(!t.alternate(), "the alternate screen is left");
    let raw = String::from_utf8_lossy(&t.raw()).into_owned();
    assert!(raw.ends_with("\x1b[?25h") || raw.contains("\x1b[?1049l"), "cursor and screen restored");
}

#[test]
fn a_statement_runs_an_error_is_placed_and_a_cancel_frees_the_server() {
    let db = server::database();
    let (_home, mut t) = console(&db);
    t.see(&db.name).send(ALT_2).send("select 40 + 2 as answer").send(F5).see("· 1 row");
    t.send("\x15").send("\x1b").send("i");
    t.send(";\nselec 1").send(F5).see("42601");
    t.send("\n;select pg_sleep(600)").send(F5).see("Ctrl+C cancels").send("\x03").see("57014");
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and query not like 'do %' and pid <> pg_backend_pid()";
    db.execute(&format!("do $$ begin if ({busy}) <> 0 then raise 'it still runs'; end if; end $$"));
    t.send("\x11");
    assert_eq!(t.end(), 0);
}

#[test]
fn sigterm_and_a_vanished_terminal_leave_nothing_behind() {
    let db = server::database();
    let (_home, mut t) = console(&db);
    t.see(&db.name).signal("TERM");
    assert_eq!(t.end(), 0);
    assert!(!t.alternate());
}

#[test]
fn a_panic_restores_the_terminal_first() {
    let db = server::database();
    let home = Home::new();
    let url = db.url();
    let path = home.0.path().display().to_string();
    let mut t = Tty::start(
        &[&url],
        &[("HOME", &path), ("XDG_STATE_HOME", &path), ("PGDECK_DEBUG_PANIC", "1")],
        80,
        24,
    );
    t.see(&db.name).send("\x1b[24~");
    assert_ne!(t.end(), 0);
    assert!(!t.alternate());
    assert!(String::from_utf8_lossy(&t.raw()).contains("mistake of its own"));
}

#[test]
fn a_lost_server_is_said_and_reconnected_on_demand() {
    let db = server::database();
    let (_home, mut t) = console(&db);
    t.see(&db.name).send(ALT_2).send("select 'bef'||'ore' as w").send(F5).see("before");
    db.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    t.see("lost");
    t.send("\x1bi").send(";\nselect 'aft'||'er' as w").send(F5).see("after");
}

#[test]
fn resizing_down_and_up_keeps_working() {
    let db = server::database_with_posts();
    let (_home, mut t) = console(&db);
    t.see("email").resize(80, 24).see("email");
    t.resize(30, 8).see("needs").resize(200, 60).see("email");
    t.send("q");
    assert_eq!(t.end(), 0);
}

/// The hang-up reaches the first process of the terminal's session, and that one may keep it for itself.
#[test]
fn a_terminal_that_is_gone_ends_the_program_without_a_signal() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::Read;
    let db = server::database_with_posts();
    let home = Home::new();
    let size = PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new("/bin/sh");
    command.args(["-c", "trap '' HUP; \"$0\" \"$1\"; exit 7", env!("CARGO_BIN_EXE_pgdeck"), &db.url()]);
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        command.env(name, home.0.path());
    }
    let mut child = pair.slave.spawn_command(command).expect("the shell starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let (mut screen, mut buf) = (vec![], [0; 4096]);
    while !String::from_utf8_lossy(&screen).contains("@example.") {
        let n = reader.read(&mut buf).expect("it draws");
        screen.extend_from_slice(&buf[..n]);
    }
    drop((reader, pair.master));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while child.try_wait().expect("waited").is_none() {
        assert!(std::time::Instant::now() < end, "it goes on without a terminal");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn the_external_editor_changes_the_text() {
    let db = server::database();
    let (_home, mut t) = console(&db);
    t.see(&db.name)
        .send(ALT_2)
        .send("select 1 as one")
        .send("\x0f")
        .see("select 2 as one")
        .send(F5)
        .see("one");
}
