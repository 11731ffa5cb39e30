//! Opens the console: what the command line and the config say becomes settings, keys, themes and a hub.

use super::{Start, files::Places, run};
use crate::{
    core::{error::DbError, keymap::Keymap, settings::Profile, theme::Theme},
    data::saved::Origin,
    pg::{
        hub::{Hub, Resolver},
        server::Plan,
        target::{Input, Machine, Target, resolve},
    },
    settings::{config::Config, paths::Paths, profiles, themes},
};
use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

/// What the console is opened with.
pub struct Open {
    /// The config, read.
    pub config: Config,
    /// `--theme`.
    pub theme: Option<String>,
    /// What was said about the connection.
    pub input: Input,
    /// Where to connect instead of what `input` says: the demo.
    pub target: Option<Target>,
    /// `--read-only`.
    pub read_only: bool,
    /// The usual folders.
    pub paths: Option<Paths>,
    /// Folders with saved queries.
    pub saved: Vec<(Origin, PathBuf)>,
}

/// Opens the console and stays until it is left.
///
/// # Errors
/// In plain words: a refused connection string, an unknown theme, no terminal.
pub fn open(open: Open) -> Result<(), String> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err("the console needs a terminal; for scripts there is pgdeck run".into());
    }
    let first = match open.target {
        Some(target) => target,
        None => {
            let target = resolve(&open.input, &Machine).map_err(|e| e.message)?;
            target.check().map_err(|e| e.message)?;
            target
        }
    };
    let mut settings = open.config.settings;
    if let Some(theme) = open.theme {
        settings.theme = theme;
    }
    let themes = themes_of(&settings.theme, &open.config.profiles, open.paths.as_ref())?;
    let mut keymap = Keymap::builtin();
    let mut warnings = keymap.overlay(&settings.keys);
    warnings.extend(open.config.problems);
    warnings.extend(first.warnings.iter().cloned());
    warnings.extend(first.unheeded());
    let rest = Duration::from_secs(settings.rest_seconds);
    let places = Places {
        paths: open.paths,
        saved: open.saved,
        history_size: settings.history_size,
        profiles: open.config.profiles,
    };
    let before = first.clone();
    let resolver = resolver(first, open.input, open.read_only);
    let start = Start { settings, keymap, themes, places, warnings };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    if before.outside.ssh.is_some() {
        // While there is no screen yet ssh may ask what it has to ask. What goes wrong is told on the screen.
        let _ = runtime.block_on(before.outside.way(&before, 0));
        before.outside.ask_nothing();
    }
    drop(before);
    let ended = runtime.block_on(run(start, |events| Hub::new(events, resolver, rest)));
    // A name look-up that hangs must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended.map_err(|e| format!("the terminal cannot be used: {e}"))
}

/// The theme in force first, then the others one may switch to.
fn themes_of(wanted: &str, profiles: &[Profile], paths: Option<&Paths>) -> Result<Vec<Theme>, String> {
    let nowhere = Path::new("/nonexistent");
    let folder = paths.map_or(nowhere, |p| p.themes.as_path());
    let colours = themes::colours(|name| std::env::var(name).ok());
    let mut all = vec![themes::load(wanted, folder, colours)?];
    for name in themes::names(folder) {
        if name != wanted
            && let Ok(theme) = themes::load(&name, folder, colours)
        {
            all.push(theme);
        }
    }
    for theme in &mut all {
        theme.overlay(profiles::styles(profiles, colours));
    }
    Ok(all)
}

/// What `:c` means: nothing is where one is, the start at first; a database's name is that database on the
/// same server; anything else is resolved as on the command line.
fn resolver(first: Target, input: Input, read_only: bool) -> Resolver {
    // It holds the tunnel of its profile open, so it is not kept longer than it is needed.
    let mut first = Some(first);
    Box::new(move |here, spec| {
        let first = first.take();
        let Some(mut there) = here.cloned().or(first) else {
            return Err(DbError::client("there is no place to connect to"));
        };
        match spec {
            None => {}
            Some(spec) if is_database(spec, &input) => {
                there.set("dbname", spec);
            }
            Some(spec) => {
                let input = Input {
                    connection: Some(spec.to_owned()),
                    flags: vec![],
                    profile: None,
                    profiles: input.profiles.clone(),
                    prompt: input.prompt,
                };
                let target = resolve(&input, &Machine).map_err(|e| DbError::client(e.message))?;
                target.outside.ask_nothing();
                there = target;
            }
        }
        let read_only = read_only || there.read_only;
        Ok(Plan { target: there, read_only, application_name: "pgdeck".into() })
    })
}

fn is_database(spec: &str, input: &Input) -> bool {
    !spec.contains('=') && !spec.contains("://") && !input.profiles.iter().any(|p| p.name == spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_that_of_the_present_server() {
        let input = |connection: &str| Input { connection: Some(connection.into()), ..Input::default() };
        let first = resolve(&input("host=first user=u dbname=a"), &Machine).expect("resolved");
        let mut go = resolver(first, input("host=first user=u dbname=a"), false);
        let mut here = None;
        let mut at = |spec: Option<&str>| {
            let target = go(here.as_ref(), spec).map_err(|e| e.message)?.target;
            let there = format!("{} {}", target.get("host").unwrap_or_default(), target.dbname());
            here = Some(target);
            Ok::<_, String>(there)
        };
        assert_eq!(at(None), Ok("first a".into()));
        assert_eq!(at(Some("b")), Ok("first b".into()));
        assert_eq!(at(Some("host=second user=u dbname=c")), Ok("second c".into()));
        assert_eq!(at(None), Ok("second c".into()));
        assert_eq!(at(Some("d")), Ok("second d".into()));
        assert!(at(Some("host=third nonsense=1")).is_err());
        assert_eq!(at(None), Ok("second d".into()));
    }
}
