//! Whether values mean something: what libpq refuses before it connects, and what pgdeck cannot do.

use super::{
    Refusal, Target,
    params::{KEYWORDS, Support, Values},
};
use std::net::Ipv6Addr;

const CHOICES: &[(&str, &[&str])] = &[
    ("channel_binding", &["disable", "prefer", "require"]),
    ("sslmode", &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
    ("sslnegotiation", &["postgres", "direct"]),
    ("sslcertmode", &["disable", "allow", "require"]),
    ("gssencmode", &["disable", "prefer", "require"]),
    ("target_session_attrs", &["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]),
    ("load_balance_hosts", &["disable", "random"]),
    ("min_protocol_version", &["3.0", "3.2", "latest"]),
    ("max_protocol_version", &["3.0", "3.2", "latest"]),
];

/// Methods `require_auth` may name.
const METHODS: [&str; 7] = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"];

/// Keywords whose value is a whole number.
const NUMBERS: [&str; 6] = [
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// What libpq refuses while it puts the options together.
///
/// # Errors
/// The first value that makes no sense.
pub fn options(values: &Values) -> Result<(), Refusal> {
    require_auth(values.get("require_auth").unwrap_or(""))?;
    for (name, choices) in CHOICES {
        if let Some(value) = values.get(name).filter(|v| !choices.contains(v)) {
            return Err(Refusal::new(format!(
                "invalid {name} value: \"{value}\" (one of: {})",
                choices.join(", ")
            )));
        }
    }
    tls(values)?;
    if values.get("gssencmode") == Some("require") {
        return Err(Refusal::new(
            "gssencmode value \"require\" invalid when GSSAPI support is not compiled in (pgdeck has none)",
        ));
    }
    let least = values.get("min_protocol_version").map(protocol);
    let most = values.get("max_protocol_version").map(protocol);
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        return Err(Refusal::new("\"min_protocol_version\" is greater than \"max_protocol_version\""));
    }
    Ok(())
}

fn protocol(version: &str) -> u8 {
    if version == "3.0" { 0 } else { 2 }
}

fn tls(values: &Values) -> Result<(), Refusal> {
    let mode = values.get("sslmode").unwrap_or("");
    if values.get("sslrootcert") == Some("system") && mode != "verify-full" {
        return Err(Refusal::new(format!(
            "weak sslmode \"{mode}\" may not be used with sslrootcert=system (use \"verify-full\")"
        )));
    }
    if values.get("sslnegotiation") == Some("direct") && matches!(mode, "disable" | "allow" | "prefer") {
        return Err(Refusal::new(format!(
            "weak sslmode \"{mode}\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"
        )));
    }
    let mut range = vec![];
    for name in ["ssl_min_protocol_version", "ssl_max_protocol_version"] {
        let value = values.get(name).unwrap_or("");
        let known = ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"];
        match known.iter().position(|v| *v == value.to_ascii_lowercase()) {
            Some(at) => range.push(at),
            None if value.is_empty() => {}
            None => {
                return Err(Refusal::new(format!(
                    "invalid \"{name}\" value: \"{value}\" (one of: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3)"
                )));
            }
        }
    }
    if let [least, most] = range[..]
        && least > most
    {
        return Err(Refusal::new("invalid SSL protocol version range"));
    }
    Ok(())
}

fn require_auth(list: &str) -> Result<(), Refusal> {
    if list.is_empty() {
        return Ok(());
    }
    let negative = list.starts_with('!');
    let mut seen = vec![];
    for item in list.split(',') {
        let method = item.strip_prefix('!').unwrap_or(item);
        if negative != item.starts_with('!') {
            return Err(Refusal::new(if negative {
                format!("require_auth method \"{item}\" cannot be mixed with negative methods")
            } else {
                format!("negative require_auth method \"{item}\" cannot be mixed with non-negative methods")
            }));
        }
        if !METHODS.contains(&method) {
            return Err(Refusal::new(format!(
                "invalid require_auth value: \"{method}\" (one of: {})",
                METHODS.join(", ")
            )));
        }
        if seen.contains(&method) {
            return Err(Refusal::new(format!("require_auth method \"{item}\" is specified more than once")));
        }
        seen.push(method);
    }
    Ok(())
}

/// What libpq refuses when it begins to connect: numbers, ports and addresses.
///
/// # Errors
/// The first value that makes no sense.
pub fn connecting(target: &Target) -> Result<(), Refusal> {
    for name in NUMBERS {
        if let Some(value) = target.get(name) {
            integer(name, value)?;
        }
    }
    for host in &target.hosts {
        let port = integer("port", &host.port)?;
        if !(1..=65535).contains(&port) {
            return Err(Refusal::new(format!("invalid port number: \"{}\"", host.port)));
        }
        if let Some(address) = host.hostaddr.as_deref().filter(|a| !a.is_empty() && !is_address(a)) {
            return Err(Refusal::new(format!(
                "could not parse network address \"{address}\" (hostaddr takes numbers; give a name as host)"
            )));
        }
    }
    Ok(())
}

/// A whole number with blanks around it, as C's `strtol` takes it.
pub fn integer(name: &str, value: &str) -> Result<i32, Refusal> {
    let digits = value.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    digits.parse().map_err(|_| {
        // A port with such characters is a piece of a password that was not percent-encoded.
        if value.contains(['@', ':']) {
            Refusal::new(format!(
                "invalid integer value for connection option \"{name}\" (in a URI write \"@\" as %40 and \":\" as %3A inside user and password)"
            ))
        } else {
            Refusal::new(format!("invalid integer value \"{value}\" for connection option \"{name}\""))
        }
    })
}

/// A numeric address as the resolver takes it: IPv6 with or without zone, IPv4 of one to four parts.
#[must_use]
pub fn is_address(text: &str) -> bool {
    ipv4(text).is_some() || text.split('%').next().is_some_and(|a| a.parse::<Ipv6Addr>().is_ok())
}

/// An IPv4 address of one to four parts (`127.1` is 127.0.0.1), decimal, octal or hexadecimal.
#[must_use]
pub fn ipv4(text: &str) -> Option<std::net::Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|p| *p > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(front.len()).ok()?;
    if u64::from(*last) >= 1u64 << room {
        return None;
    }
    let high = front.iter().enumerate().fold(0u32, |sum, (i, p)| sum | p << (24 - 8 * i));
    Some((high | last).into())
}

fn number(text: &str) -> Option<u32> {
    // A sign would be taken by the standard parser.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return if hex.starts_with('+') { None } else { u32::from_str_radix(hex, 16).ok() };
    }
    if text.len() > 1 && text.starts_with('0') {
        u32::from_str_radix(text, 8).ok()
    } else {
        text.parse().ok()
    }
}

/// What pgdeck cannot do although libpq could, by name: connecting must be refused, not the setting ignored.
#[must_use]
pub fn unsupported(values: &Values) -> Vec<String> {
    let mut out = vec![];
    for (name, why) in KEYWORDS.iter().filter_map(|k| match k.support {
        Support::No(why) => Some((k.name, why)),
        Support::Yes | Support::Harmless => None,
    }) {
        let off = name == "replication" && matches!(values.get(name), Some("false" | "off" | "no" | "0"));
        if values.get(name).is_some_and(|v| !v.is_empty()) && !off {
            out.push(format!("{name} is set, but {why}"));
        }
    }
    if matches!(values.get("min_protocol_version"), Some("3.2" | "latest")) {
        out.push("min_protocol_version asks for protocol 3.2, but pgdeck speaks protocol 3.0".into());
    }
    if let Some(list) = values.get("require_auth").filter(|l| !l.is_empty() && !l.starts_with('!'))
        && list.split(',').all(|m| matches!(m, "gss" | "sspi" | "oauth"))
    {
        out.push(format!("require_auth={list} allows no way to log in that pgdeck knows (password, md5, scram-sha-256, none)"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_the_resolver_takes_them() {
        for good in ["127.0.0.1", "127.0.0", "127.1", "1", "0x7f.1", "017.0.0.1", "::1", "fe80::1%eth0"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["lol", "", "1.2.3.4.5", "256.1.1.1", "1.2.3.", "-1", "1.+2", "%s", "a.b"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert_eq!(ipv4("127.0.1").map(|a| a.to_string()).as_deref(), Some("127.0.0.1"));
    }
}
