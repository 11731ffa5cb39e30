//! `pgdeck demo` in a terminal: however the console ends, its server and folder go with it.

use crate::{Home, server, tty::Tty};
use std::{fs, path::PathBuf, time::Duration};

/// The demo's console, with the folder of its server.
fn demo(home: &Home) -> (Tty, PathBuf) {
    let bins = server::cluster().bins().folder.display().to_string();
    let cache = home.0.path().join("cache").display().to_string();
    let env =
        [("PGDECK_PG_BIN", bins.as_str()), ("PGDECK_CACHE", cache.as_str()), ("PGDECK_DEBUG_PANIC", "1")];
    let mut tty = home.start_with(&["demo", "--rows", "500"], &env, 120, 40);
    tty.see("users").see("posts").see("@example.");
    let mine = format!("pgdeck-{}-", tty.pid());
    let mut names = fs::read_dir("/tmp").unwrap().map(|e| e.unwrap());
    let folder = names.find(|e| e.file_name().to_string_lossy().starts_with(&mine)).expect("its folder");
    (tty, folder.path())
}

/// Waits until the folder and every process that names it are gone.
fn gone(folder: &std::path::Path, what: &str) {
    let name = folder.display().to_string();
    let named = || {
        let lines = fs::read_dir("/proc").into_iter().flatten().flatten();
        lines
            .filter_map(|e| fs::read(e.path().join("cmdline")).ok())
            .any(|l| String::from_utf8_lossy(&l).contains(&name))
    };
    for _ in 0..600 {
        if !folder.exists() && !named() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{name} is still there after {what}");
}

#[test]
fn it_goes_however_the_console_ends() {
    let home = Home::new();
    let (mut t, folder) = demo(&home);
    t.send("q");
    assert_eq!(t.end(), 0);
    assert!(!folder.exists(), "gone before the program is");
    gone(&folder, "q");
    for name in ["INT", "TERM", "HUP"] {
        let (mut t, folder) = demo(&home);
        t.signal(name);
        assert_eq!(t.end(), 0, "{name}");
        assert!(!t.alternate(), "{name}");
        gone(&folder, name);
    }
    let (mut t, folder) = demo(&home);
    t.signal("KILL");
    t.end();
    gone(&folder, "KILL");
    let (mut t, folder) = demo(&home);
    t.send("\x1b[24~");
    assert_ne!(t.end(), 0, "the panic");
    assert!(!t.alternate());
    gone(&folder, "a panic");
}
