//! The order in which everything said about a connection counts.

use super::{
    Environment, Input, Profile, Refusal, Target, check, hosts, keyword,
    params::{KEYWORDS, STARTUP, Source, Values},
    passfile, service, uri,
};
use crate::pg::outside::Outside;
use std::path::PathBuf;

/// Works out what a connection means.
///
/// # Errors
/// What libpq refuses: text that cannot be read, unknown keywords and services, values that make no sense.
pub fn resolve(input: &Input, env: &dyn Environment) -> Result<Target, Refusal> {
    let mut warnings = vec![];
    let (connection, profile) = choose(input)?;
    let mut values = given(connection, &input.flags, &mut warnings)?;
    if let Some(profile) = profile {
        lay_under(&mut values, profile)?;
    }
    service::fill(&mut values, env)?;
    defaults(&mut values, env);
    let mut hosts = hosts::list(&values, env)?;
    user_and_database(&mut values, env)?;
    let (dbname, user) = (values.get("dbname").unwrap_or(""), values.get("user").unwrap_or(""));
    if values.get("password").is_none_or(str::is_empty)
        && let Some(file) = password_file(&values, env)
        && let Some(bytes) = passfile::read(env, &file, &mut warnings)
    {
        hosts::passwords(&mut hosts, &bytes, dbname, user, &mut warnings);
    }
    check::options(&values)?;
    if values.get("client_encoding") == Some("auto") {
        values.set("client_encoding", locale_encoding(env), Source::Locale);
    }
    let startup = STARTUP.iter().filter_map(|(var, name)| {
        env.var(var).filter(|v| !v.eq_ignore_ascii_case("default")).map(|value| (*name, value))
    });
    Ok(Target {
        startup: startup.collect(),
        values,
        hosts,
        warnings,
        profile: profile.map(|p| p.name.clone()),
        label: profile.and_then(|p| p.label.clone()),
        read_only: profile.is_some_and(|p| p.read_only),
        production: profile.is_some_and(|p| p.production),
        rehearse: profile.and_then(|p| p.rehearse),
        outside: profile.map(outside).unwrap_or_default(),
        prompt: input.prompt,
    })
}

fn outside(profile: &Profile) -> Outside {
    Outside::new(profile.password_command.clone(), profile.ssh.clone(), profile.startup.clone())
}

/// The connection string to read and the profile to lay under it: a bare word that is a profile's name
/// names the profile.
fn choose(input: &Input) -> Result<(Option<&str>, Option<&Profile>), Refusal> {
    let find = |name: &str| input.profiles.iter().find(|p| p.name == name);
    let connection = input.connection.as_deref().filter(|c| !c.is_empty());
    if let Some(name) = &input.profile {
        return match find(name) {
            Some(profile) => Ok((connection, Some(profile))),
            None => Err(Refusal::new(unknown_profile(name, &input.profiles))),
        };
    }
    match connection.and_then(find) {
        Some(profile) => Ok((None, Some(profile))),
        None => Ok((connection, None)),
    }
}

fn unknown_profile(name: &str, profiles: &[Profile]) -> String {
    let names: Vec<_> = profiles.iter().map(|p| p.name.as_str()).collect();
    match names[..] {
        [] => format!("no profile \"{name}\": the config has no [profile.NAME] section"),
        _ => format!("no profile \"{name}\"; the config has: {}", names.join(", ")),
    }
}

/// Whether a text is a connection string rather than a database's name.
fn is_connection_string(text: &str) -> bool {
    uri::rest(text).is_some() || text.contains('=')
}

fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    if uri::rest(text).is_some() { uri::parse(text) } else { keyword::parse(text) }
}

/// Stores one keyword of a connection string; the old name `requiressl` is understood.
fn store(values: &mut Values, name: &str, value: String, source: Source) -> Result<(), Refusal> {
    let (name, value) = match name {
        "requiressl" if value.starts_with('1') => ("sslmode", "require".into()),
        "requiressl" => ("sslmode", "prefer".into()),
        name => (name, value),
    };
    if values.set(name, value, source) {
        return Ok(());
    }
    let near = KEYWORDS.iter().find(|k| k.name.eq_ignore_ascii_case(name)).map(|k| k.name);
    let hint = match (name, near) {
        (_, Some(near)) => format!(" (did you mean \"{near}\"?)"),
        ("database" | "db", None) => " (did you mean \"dbname\"?)".into(),
        ("username", None) => " (did you mean \"user\"?)".into(),
        ("timeout", None) => " (did you mean \"connect_timeout\"?)".into(),
        ("ssl", None) => " (did you mean \"sslmode\"?)".into(),
        (name, None) if name.contains("://") => " (a URI begins with postgresql:// or postgres://)".into(),
        _ => String::new(),
    };
    Err(Refusal::new(format!("invalid connection option \"{name}\"{hint}")))
}

/// Flags and the connection string. As in psql the string comes last and wins, and only the first
/// database name may be a connection string.
fn given(
    connection: Option<&str>,
    flags: &[(String, String)],
    warnings: &mut Vec<String>,
) -> Result<Values, Refusal> {
    let mut values = Values::default();
    let named = flags.iter().find(|(k, v)| k == "dbname" && !v.is_empty()).map(|(_, v)| v.as_str());
    let mut text = named.or(connection).filter(|t| is_connection_string(t)).map(pairs).transpose()?;
    for (name, value) in flags.iter().filter(|(_, v)| !v.is_empty()) {
        match text.take_if(|_| name == "dbname") {
            Some(pairs) => store_all(&mut values, pairs)?,
            None => store(&mut values, name, value.clone(), Source::Flag)?,
        }
    }
    match (connection, text) {
        (Some(_), Some(pairs)) => store_all(&mut values, pairs)?,
        (Some(word), None) => {
            if named.is_some() {
                warnings.push(
                    "WARNING: -d/--dbname and a connection argument were both given; the argument is taken as the name of the database"
                        .into(),
                );
            }
            values.set("dbname", word, Source::Connection);
        }
        (None, _) => {}
    }
    Ok(values)
}

fn store_all(values: &mut Values, pairs: Vec<(String, String)>) -> Result<(), Refusal> {
    for (name, value) in pairs {
        store(values, &name, value, Source::Connection)?;
    }
    Ok(())
}

/// A profile gives what the command line left open.
fn lay_under(values: &mut Values, profile: &Profile) -> Result<(), Refusal> {
    if let Some(problem) = &profile.problem {
        return Err(Refusal::new(format!("profile \"{}\" cannot be used: {problem}", profile.name)));
    }
    let mut own = Values::default();
    let said = |e: Refusal| Refusal::new(format!("profile \"{}\": {}", profile.name, e.message));
    let source = || Source::Profile(profile.name.clone());
    if let Some(text) = &profile.connection {
        if is_connection_string(text) {
            for (name, value) in pairs(text).map_err(said)? {
                store(&mut own, &name, value, source()).map_err(said)?;
            }
        } else {
            own.set("dbname", text.as_str(), source());
        }
    }
    for (name, value) in &profile.params {
        store(&mut own, name, value.clone(), source()).map_err(said)?;
    }
    // Another host on the command line is another server: the profile's address, port and password
    // are not meant for it.
    let elsewhere = values.get("host").is_some() || values.get("hostaddr").is_some();
    for (row, value, source) in own.iter() {
        let of_host = matches!(row.name, "host" | "hostaddr" | "port" | "password" | "passfile");
        if values.get(row.name).is_none() && !(elsewhere && of_host) {
            values.set(row.name, value, source.clone());
        }
    }
    Ok(())
}

/// Environment variables, then defaults.
fn defaults(values: &mut Values, env: &dyn Environment) {
    for row in KEYWORDS {
        if values.get(row.name).is_some() {
            continue;
        }
        if let Some((var, value)) = row.env.and_then(|var| Some((var, env.var(var)?))) {
            values.set(row.name, value, Source::Environment(var));
        } else if row.name == "sslmode" && env.var("PGREQUIRESSL").is_some_and(|v| v.starts_with('1')) {
            values.set("sslmode", "require", Source::Environment("PGREQUIRESSL"));
        } else if let Some(value) = row.default {
            values.set(row.name, value, Source::Default);
        }
    }
    // The system's certificates are only worth something when the name is checked too.
    if values.get("sslrootcert") == Some("system")
        && values.entry("sslmode").is_some_and(|(_, source)| *source == Source::Default)
    {
        values.set("sslmode", "verify-full", Source::Default);
    }
}

fn user_and_database(values: &mut Values, env: &dyn Environment) -> Result<(), Refusal> {
    if values.get("user").is_none_or(str::is_empty) {
        let user = env.user().map_err(|why| {
            Refusal::new(format!("no user name given, and {why}; give one with -U or PGUSER"))
        })?;
        values.set("user", user, Source::OsUser);
    }
    if values.get("dbname").is_none_or(str::is_empty) {
        let user = values.get("user").unwrap_or("").to_owned();
        values.set("dbname", user, Source::UserName);
    }
    Ok(())
}

fn password_file(values: &Values, env: &dyn Environment) -> Option<PathBuf> {
    match values.get("passfile") {
        Some(path) if !path.is_empty() => Some(path.into()),
        _ => Some(env.home()?.join(".pgpass")),
    }
}

/// The encoding of the environment's locale, in the server's words.
fn locale_encoding(env: &dyn Environment) -> &'static str {
    let set = |name| env.var(name).filter(|v| !v.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let codeset = locale.split('.').nth(1).unwrap_or("").split('@').next().unwrap_or("");
    match codeset.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "utf8" => "UTF8",
        "iso88591" => "LATIN1",
        "iso885915" => "LATIN9",
        "eucjp" => "EUC_JP",
        "euckr" => "EUC_KR",
        _ => "SQL_ASCII",
    }
}
