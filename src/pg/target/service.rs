//! Service files, read as libpq 18 reads them: they fill what the connection string left open.

use super::{
    Refusal,
    env::{Environment, Found},
    params::{Source, Values, index},
};
use std::path::PathBuf;

/// Where the system's file is when `PGSYSCONFDIR` does not say: packages put it in one of these.
const SYSTEM: [&str; 2] = ["/etc/postgresql-common", "/etc"];

/// Finds the service that the connection or `PGSERVICE` names and fills in what it says.
///
/// # Errors
/// The service is nowhere, or its file cannot be understood.
pub fn fill(values: &mut Values, env: &dyn Environment) -> Result<(), Refusal> {
    let Some(service) = values.get("service").map(str::to_owned).or_else(|| env.var("PGSERVICE")) else {
        return Ok(());
    };
    for (path, must) in &files(env) {
        let name = path.display().to_string();
        match env.file(path) {
            Found::Missing if *must => {
                return Err(Refusal::new(format!("service file \"{name}\" not found")));
            }
            Found::Missing => {}
            Found::NotPlain => {
                return Err(Refusal::new(format!("service file \"{name}\" is not a plain file")));
            }
            Found::Unreadable(why) => {
                return Err(Refusal::new(format!("service file \"{name}\" could not be read: {why}")));
            }
            Found::File(_, bytes) => {
                let Ok(text) = String::from_utf8(bytes) else {
                    return Err(Refusal::new(format!("service file \"{name}\" is not UTF-8")));
                };
                if read(&text, &service, &name, values)? {
                    return Ok(());
                }
            }
        }
    }
    Err(Refusal::new(format!("definition of service \"{service}\" not found")))
}

/// The services that there are, with the file of each: what can be read of them.
#[must_use]
pub fn services(env: &dyn Environment) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    for (path, _) in files(env) {
        let Found::File(_, bytes) = env.file(&path) else { continue };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let name = line.trim().strip_prefix('[').and_then(|l| l.split_once(']')).map(|(name, _)| name);
            if let Some(name) = name.filter(|n| found.iter().all(|(known, _)| known != n)) {
                found.push((name.to_owned(), path.display().to_string()));
            }
        }
    }
    found
}

/// The files to look into, in order; true: it must be there.
fn files(env: &dyn Environment) -> Vec<(PathBuf, bool)> {
    let own = env.var("PGSERVICEFILE");
    let mut files: Vec<(PathBuf, bool)> = vec![];
    if let Some(path) = own {
        files.push((path.into(), true));
    } else if let Some(home) = env.home() {
        files.push((home.join(".pg_service.conf"), false));
    }
    match env.var("PGSYSCONFDIR") {
        Some(dir) => files.push((PathBuf::from(dir).join("pg_service.conf"), false)),
        None => files.extend(SYSTEM.iter().map(|d| (PathBuf::from(d).join("pg_service.conf"), false))),
    }
    files
}

/// Reads one file; whether the service was in it. Only the first section of that name counts.
fn read(text: &str, service: &str, file: &str, values: &mut Values) -> Result<bool, Refusal> {
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || format!("in service file \"{file}\", line {}", number + 1);
        if let Some(name) = line.strip_prefix('[') {
            if inside {
                return Ok(true);
            }
            inside = name.strip_prefix(service).is_some_and(|rest| rest.starts_with(']'));
            continue;
        }
        if !inside {
            continue;
        }
        if line.starts_with("ldap") {
            return Err(Refusal::new(format!("LDAP look-ups are not supported {}", place())));
        }
        let (key, value) = match line.split_once('=') {
            Some(("service", _)) => {
                return Err(Refusal::new(format!(
                    "nested \"service\" specifications not supported {}",
                    place()
                )));
            }
            Some((key, value)) if index(key).is_some() => (key, value),
            Some((key, _)) => {
                let hint = if index(key.trim_end()).is_some() {
                    "no blank may stand before the \"=\"".to_owned()
                } else {
                    format!("\"{key}\" is not a connection parameter")
                };
                return Err(Refusal::new(format!("syntax error {} ({hint})", place())));
            }
            None => return Err(Refusal::new(format!("syntax error {} (no \"=\")", place()))),
        };
        if values.get(key).is_none() {
            values.set(key, value, Source::Service(service.into(), file.into()));
        }
    }
    Ok(inside)
}
