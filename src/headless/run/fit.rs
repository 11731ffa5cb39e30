//! Does the query fit the server, and the values their types: what is asked of the server about it.

use super::{
    script::Step,
    values::{self, Value},
};
use crate::{
    core::{effect::Statement, error::DbError, event::Tx},
    data::saved::{Parameter, SavedQuery},
    pg::{
        guard,
        wire::{Item, Session},
    },
    sql::{kind, params},
    text::clean,
};

/// The header's `since` against the server.
pub(in crate::headless) fn version(query: &SavedQuery, session: &Session) -> Result<(), String> {
    let version = session.parameter("server_version").unwrap_or("");
    let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    match digits.parse::<u32>() {
        Ok(major) if major < query.since => Err(format!(
            "{} needs PostgreSQL {} or later; {} is {}",
            clean::line(&query.name),
            query.since,
            session.place(),
            clean::line(version)
        )),
        // who does not say its version in numbers is let try
        _ => Ok(()),
    }
}

/// Nothing is lost when the statement is broken off or left out.
pub(in crate::headless) fn only_reads(step: &Step) -> bool {
    kind::pure_read(&step.bound.sql)
}

/// The values behind `$1` … of a statement.
pub(in crate::headless) fn params(step: &Step, values: &[Value]) -> Vec<Option<String>> {
    let value = |name: &String| values.iter().find(|v| v.name == *name).and_then(|v| v.text.clone());
    step.bound.names.iter().map(value).collect()
}

/// When a statement failed because a value does not fit its type (or the type does not exist): which parameter it
/// is and what the server says to it. The server alone knows its types, so it is asked about each value.
pub(in crate::headless) async fn blame(
    session: &mut Session,
    step: &Step,
    declared: &[Parameter],
    values: &[Value],
    e: &DbError,
) -> Option<String> {
    if step.bound.names.is_empty() || !(e.code.starts_with("22") || e.code == "42704") {
        return None;
    }
    if session.tx() == Tx::Failed {
        session.ask("ROLLBACK").await.ok()?;
    }
    for parameter in declared.iter().filter(|p| step.bound.names.contains(&p.name)) {
        let value = values.iter().find(|v| v.name == parameter.name)?;
        let reason = if value.type_name.is_empty() {
            quoted(e, value.text.as_deref()).then(|| e.message.clone())
        } else {
            refusal(session, parameter, value).await
        };
        if let Some(reason) = reason {
            return Some(format!("parameter {}: {}", values::described(parameter), clean::line(&reason)));
        }
    }
    None
}

/// The server complains of a text that is exactly this value.
fn quoted(e: &DbError, value: Option<&str>) -> bool {
    matches!(&*e.code, "22P02" | "22003" | "22007" | "22008")
        && value.is_some_and(|v| e.message.ends_with(&format!("\"{v}\"")))
}

/// What the server says to a value of its declared type alone; `None`: nothing is wrong with it.
async fn refusal(session: &mut Session, parameter: &Parameter, value: &Value) -> Option<String> {
    let one = std::slice::from_ref(parameter);
    let bound = params::bind(&format!("select :{}", parameter.name), one).ok()?;
    let probe = Statement { sql: bound.sql, params: vec![value.text.clone()], ..Statement::default() };
    // a type may run code of its own
    let around = guard::around(session.tx(), &probe).ok()?;
    session.start_around(&probe, around).ok()?;
    let mut refusal = None;
    loop {
        match session.next().await.ok()? {
            Item::Error(e) => refusal = Some(e.message),
            Item::Ready(_) => return refusal,
            _ => {}
        }
    }
}
