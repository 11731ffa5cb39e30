//! What to do about an error of a server, where the server itself gives no hint: one row for each SQLSTATE that has
//! to do with getting in, being thrown out, and standbys.
//!
//! The code decides; words of the message only tell cases of one code apart, because they may be in any language.

use crate::core::error::DbError;

/// Adds a hint where there is one to give and the server gave none.
#[must_use]
pub fn advise(mut e: DbError) -> DbError {
    if e.hint.is_none() {
        e.hint = hint(&e).map(Into::into);
    }
    e
}

fn hint(e: &DbError) -> Option<&'static str> {
    let says = |part: &str| e.message.contains(part);
    let more = |part: &str| e.detail.as_deref().is_some_and(|d| d.contains(part));
    Some(match e.code.as_str() {
        "28P01" => {
            "Check user and password. The password may also have run out (VALID UNTIL): the server does not tell. \"pgdeck conninfo\" says where user and password came from."
        }
        "28000" if says("no encryption") => {
            "The server's pg_hba.conf has no line that lets this user into this database from this address without TLS. If it wants TLS, sslmode=require does it; otherwise whoever runs the server adds a line and reloads."
        }
        "28000" if says("pg_hba.conf") => {
            "The server's pg_hba.conf has no line that lets this user into this database from this address. Whoever runs the server adds a line and reloads."
        }
        "28000" if says("certificate") => {
            "Give the client certificate with sslcert and its key with sslkey (or put them at ~/.postgresql/postgresql.crt and .key); its common name must fit the user."
        }
        "28000" if says("Peer") || says("Ident") => {
            "The server asks the operating system who you are. Name that user (-U), or connect by TCP with a password (-h localhost)."
        }
        "28000" if says("is not permitted to log in") => "ALTER ROLE … LOGIN lets this role in.",
        "28000" => {
            "Is the user right (-U)? Without one it is the name of the operating system's user. \"pgdeck conninfo\" says where it came from."
        }
        "3D000" => {
            "Name another database (-d), or create it: CREATE DATABASE. Without a name it is that of the user."
        }
        "42501" if says("CONNECT") || more("CONNECT") => {
            "GRANT CONNECT ON DATABASE … TO … lets this user in."
        }
        "53300" => {
            "All places for connections are taken (max_connections, or a limit of the role or database). They come free when others leave; a few are kept for superusers."
        }
        "53200" | "53100" | "53400" => {
            "The server is short of memory, disk or another resource: see its log."
        }
        "57P03" => "The server starts, stops or recovers just now.",
        "57P01" => {
            "Somebody ended this session (pg_terminate_backend), or the server was stopped or restarted. What was under way was rolled back."
        }
        "57P02" => {
            "Another backend crashed, and the server ended all sessions to keep the data whole. Its log says more."
        }
        "57P04" => "The database was dropped.",
        "57P05" => "The server ends sessions that are idle for longer than idle_session_timeout.",
        "25P03" => {
            "The server ends sessions that are idle in a transaction for longer than idle_in_transaction_session_timeout. The transaction was rolled back."
        }
        "25P04" => "The server ends transactions that last longer than transaction_timeout.",
        "57014" if says("statement timeout") => {
            "It ran longer than statement_timeout: SHOW statement_timeout tells it, SET statement_timeout = 0 lifts it for this session."
        }
        "57014" if says("user request") => {
            "It was cancelled by pg_cancel_backend, by an administrator, or by a proxy in between."
        }
        "57014" => {
            "A time limit of the server or somebody else ended it (statement_timeout, pg_cancel_backend)."
        }
        "55P03" if says("lock timeout") => {
            "It waited for a lock longer than lock_timeout. The Locks pane shows who holds it."
        }
        "40001" | "40P01" if is_recovery_conflict(e) => {
            "This is a standby: it had to go on replaying what the primary did (max_standby_streaming_delay). Run it again; for long queries hot_standby_feedback = on, a longer delay, or the primary help."
        }
        "25006" if says("recovery") => STANDBY,
        "08P01" if says("no such database") => {
            "The pooler has no entry for this database: see [databases] in its configuration."
        }
        "08P01" if says("unsupported startup parameter") => {
            "The pooler takes only the settings it knows: ignore_startup_parameters in its configuration lets others pass."
        }
        "08P01" if says("query_wait_timeout") => {
            "All of the pooler's connections to the server were in use for too long (query_wait_timeout, default_pool_size)."
        }
        "08P01" if says("login") || says("server") => {
            "The pooler did not reach the server behind it, or was not let in: its log says why."
        }
        _ => return None,
    })
}

/// The way out of every error that comes of writing on a standby.
pub const STANDBY: &str = "This server is a standby and takes no writes: connect to the primary (with several hosts target_session_attrs=primary finds it).";

/// A standby ended a statement or session because replaying could not wait for it.
#[must_use]
pub fn is_recovery_conflict(e: &DbError) -> bool {
    e.message.contains("conflict with recovery")
        || e.detail.as_deref().is_some_and(|d| d.contains("recovery"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, message: &str) -> Option<String> {
        let e = DbError { severity: "FATAL".into(), code: code.into(), ..DbError::client(message) };
        advise(e).hint
    }

    #[test]
    fn errors_of_getting_in_and_being_thrown_out_say_what_to_do() {
        for (code, message, part) in [
            ("28P01", "password authentication failed for user \"x\"", "VALID UNTIL"),
            (
                "28000",
                "no pg_hba.conf entry for host \"::1\", user \"x\", database \"y\", no encryption",
                "sslmode=require",
            ),
            (
                "28000",
                "no pg_hba.conf entry for host \"::1\", user \"x\", database \"y\", SSL encryption",
                "adds a line",
            ),
            ("28000", "connection requires a valid client certificate", "sslcert"),
            ("28000", "Peer authentication failed for user \"x\"", "-h localhost"),
            ("28000", "role \"x\" does not exist", "Is the user right"),
            ("28000", "Rolle »x« existiert nicht", "Is the user right"),
            ("3D000", "database \"x\" does not exist", "-d"),
            ("53300", "sorry, too many clients already", "max_connections"),
            ("57P01", "terminating connection due to administrator command", "rolled back"),
            ("25P03", "terminating connection due to idle-in-transaction timeout", "rolled back"),
            ("57014", "canceling statement due to statement timeout", "SET statement_timeout = 0"),
            ("57014", "canceling statement due to user request", "pg_cancel_backend"),
            ("40001", "canceling statement due to conflict with recovery", "standby"),
            ("08P01", "unsupported startup parameter: extra_float_digits", "ignore_startup_parameters"),
        ] {
            let hint = of(code, message).unwrap_or_default();
            assert!(hint.contains(part), "{code} {message}: {hint}");
        }
        assert_eq!(of("40001", "could not serialize access"), None);
        assert_eq!(of("42601", "syntax error"), None);
        let hinted =
            DbError { hint: Some("theirs".into()), ..DbError { code: "3D000".into(), ..DbError::default() } };
        assert_eq!(advise(hinted).hint.as_deref(), Some("theirs"));
    }
}
