//! Connection URIs, read as libpq 18 reads them.

use super::{
    Refusal,
    params::{KEYWORDS, index},
};

/// The part behind `postgresql://` or `postgres://`.
#[must_use]
pub fn rest(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"))
}

/// Reads a URI into keywords and values, in the order they are to be stored.
///
/// # Errors
/// What is wrong in the text; values of secret keywords are never repeated in it.
pub fn parse(uri: &str) -> Result<Vec<(String, String)>, Refusal> {
    let Some(text) = rest(uri) else {
        return Err(Refusal::new("a connection URI begins with postgresql:// or postgres://"));
    };
    let mut out = vec![];
    let text = credentials(text, &mut out)?;
    let (text, end) = hosts(text, uri, &mut out)?;
    let query = match end {
        Some('/') => {
            let (dbname, query) = text.split_once('?').map_or((text, None), |(d, q)| (d, Some(q)));
            if !dbname.is_empty() {
                out.push(("dbname".into(), decode(dbname, Some("dbname"))?));
            }
            query
        }
        Some(_) => Some(text),
        None => None,
    };
    if let Some(query) = query {
        parameters(query, &mut out)?;
    }
    Ok(out)
}

/// `user:password@`; gives back what follows. Only an `@` before the first `/` counts.
fn credentials<'a>(text: &'a str, out: &mut Vec<(String, String)>) -> Result<&'a str, Refusal> {
    let Some(at) = text.find(['@', '/']).filter(|at| text[*at..].starts_with('@')) else { return Ok(text) };
    let (who, rest) = (&text[..at], &text[at + 1..]);
    let (user, password) = who.split_once(':').map_or((who, ""), |(u, p)| (u, p));
    for (name, value) in [("user", user), ("password", password)] {
        if !value.is_empty() {
            out.push((name.into(), decode(value, Some(name))?));
        }
    }
    Ok(rest)
}

/// The list of hosts with their ports; gives back what follows its terminator, and the terminator.
fn hosts<'a>(
    mut text: &'a str,
    uri: &str,
    out: &mut Vec<(String, String)>,
) -> Result<(&'a str, Option<char>), Refusal> {
    let (mut hosts, mut ports) = (String::new(), String::new());
    let end = loop {
        let host;
        (host, text) = one_host(text, uri)?;
        hosts.push_str(host);
        let mut end = text.chars().next();
        text = text.get(1..).unwrap_or("");
        if end == Some(':') {
            let at = text.find(['/', '?', ',']).unwrap_or(text.len());
            ports.push_str(&text[..at]);
            end = text[at..].chars().next();
            text = text.get(at + 1..).unwrap_or("");
        }
        if end != Some(',') {
            break end;
        }
        hosts.push(',');
        ports.push(',');
    };
    for (name, list) in [("host", hosts), ("port", ports)] {
        if !list.is_empty() {
            out.push((name.into(), decode(&list, Some(name))?));
        }
    }
    Ok((text, end))
}

/// One host, `[…]` taken off; gives back the host and the text from its terminator on.
fn one_host<'a>(text: &'a str, uri: &str) -> Result<(&'a str, &'a str), Refusal> {
    let Some(inner) = text.strip_prefix('[') else {
        let at = text.find([':', '/', '?', ',']).unwrap_or(text.len());
        return Ok(text.split_at(at));
    };
    let Some((host, rest)) = inner.split_once(']') else {
        return Err(Refusal::new(format!(
            "end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"{}\"",
            masked(uri)
        )));
    };
    if host.is_empty() {
        return Err(Refusal::new(format!("IPv6 host address may not be empty in URI: \"{}\"", masked(uri))));
    }
    match rest.chars().next() {
        None | Some(':' | '/' | '?' | ',') => Ok((host, rest)),
        Some(c) => Err(Refusal::new(format!(
            "unexpected character \"{c}\" at position {} in URI (expected \":\" or \"/\"): \"{}\"",
            uri.len() - rest.len() + 1,
            masked(uri)
        ))),
    }
}

/// `key=value&…`.
fn parameters(query: &str, out: &mut Vec<(String, String)>) -> Result<(), Refusal> {
    // A single "&" at the very end is nothing; an empty parameter elsewhere is a mistake.
    let query = query.strip_suffix('&').filter(|q| !q.is_empty()).unwrap_or(query);
    if query.is_empty() {
        return Ok(());
    }
    for pair in query.split('&') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Refusal::new(format!(
                "missing key/value separator \"=\" in URI query parameter: \"{pair}\""
            )));
        };
        if value.contains('=') {
            return Err(Refusal::new(format!(
                "extra key/value separator \"=\" in URI query parameter: \"{key}\" (write %3D for an \"=\" in a value)"
            )));
        }
        let mut key = decode(key, None)?;
        let mut value = decode(value, Some(&key))?;
        if key == "ssl" && value == "true" {
            (key, value) = ("sslmode".into(), "require".into());
        }
        if index(&key).is_none() && key != "requiressl" {
            return Err(Refusal::new(format!("invalid URI query parameter: \"{key}\"")));
        }
        out.push((key, value));
    }
    Ok(())
}

/// Takes percent-encoding off. Blanks around the text are dropped, blanks inside are a mistake.
fn decode(text: &str, key: Option<&str>) -> Result<String, Refusal> {
    let shown = || match key {
        Some(k) if KEYWORDS.iter().any(|row| row.name == k && row.secret) => format!("the value of {k}"),
        _ => format!("\"{text}\""),
    };
    let inner = text.trim_matches(' ');
    if inner.contains(' ') {
        return Err(Refusal::new(format!(
            "unexpected spaces found in {}, use percent-encoded spaces (%20) instead",
            shown()
        )));
    }
    let (mut out, mut bytes) = (Vec::with_capacity(inner.len()), inner.bytes());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|d| (d as char).to_digit(16));
        match (digit(), digit()) {
            (Some(0), Some(0)) => {
                return Err(Refusal::new(format!(
                    "forbidden value %00 in percent-encoded value: {}",
                    shown()
                )));
            }
            // Two hexadecimal digits always fit a byte.
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => {
                return Err(Refusal::new(format!(
                    "invalid percent-encoded token: {} (write %25 for a \"%\")",
                    shown()
                )));
            }
        }
    }
    String::from_utf8(out)
        .map_err(|_| Refusal::new(format!("percent-encoded bytes that are not UTF-8 in {}", shown())))
}

/// The URI without its password and its query, for messages.
#[must_use]
pub fn masked(uri: &str) -> String {
    let Some(text) = rest(uri) else { return uri.into() };
    let scheme = &uri[..uri.len() - text.len()];
    let (text, query) = text.split_once('?').map_or((text, ""), |(t, _)| (t, "?…"));
    let text = match text.rsplit_once('@') {
        Some((who, place)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:…@{place}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    };
    format!("{scheme}{text}{query}")
}
