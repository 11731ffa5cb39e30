//! The report, as text or JSON.

use super::{
    facts::{Facts, Pooler},
    judge::{Finding, Section},
};
use crate::{
    headless::conninfo::said,
    pg::{advice::Step, connect::ConnectError, target::Target},
    text::{clean, width},
};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// What was found.
pub fn found(
    facts: &Facts,
    sections: &[Section],
    target: &Target,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if json {
        return writeln!(out, "{:#}", as_json(facts, sections, target));
    }
    head(target, out)?;
    for section in sections {
        writeln!(out, "\n{}", section.title)?;
        let names = section.findings.iter().map(|f| width::width(&clean::line(&f.what)));
        let first = names.max().unwrap_or(0);
        for finding in &section.findings {
            line(finding, first, out)?;
        }
    }
    Ok(())
}

/// Where it goes, and where that was said.
fn head(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", clean::line(&target.title()))?;
    let rows = said(target);
    let first = rows.iter().map(|r| r.0.len()).max().unwrap_or(0);
    let second =
        rows.iter().map(|r| width::width(&clean::line(&r.1))).filter(|w| *w <= 40).max().unwrap_or(0);
    for (name, value, source) in &rows {
        let value = clean::line(value);
        let pad = second.saturating_sub(width::width(&value));
        writeln!(out, "  {name:first$}  {value}{:pad$}  {}", "", clean::line(source))?;
    }
    Ok(())
}

fn line(f: &Finding, first: usize, out: &mut dyn Write) -> io::Result<()> {
    let name = width::left(&clean::line(&f.what), first);
    writeln!(out, "  {:7}  {name}  {}", f.state.word(), clean::line(&f.says))?;
    for lack in &f.lacks {
        let mut more = lack.statement.iter().chain(&lack.note);
        let begin = more.next().map_or("", String::as_str);
        writeln!(out, "             {}: {}", clean::line(&lack.what), clean::line(begin))?;
        for more in more {
            writeln!(out, "               {}", clean::line(more))?;
        }
    }
    Ok(())
}

fn as_json(facts: &Facts, sections: &[Section], target: &Target) -> Value {
    let mut all = Map::new();
    all.insert("connected".into(), true.into());
    all.insert("target".into(), about(target));
    let tls = facts.tls.as_ref().map(
        |t| json!({"version": t.version, "cipher": t.cipher, "checked": t.checked, "valid_until": t.until}),
    );
    let pooler = match facts.pooler {
        Pooler::None => Value::Null,
        Pooler::Transaction => "transaction".into(),
        Pooler::Some => "unknown mode".into(),
    };
    let rights: Map<String, Value> =
        facts.rights.iter().map(|(name, (_, counts))| (name.clone(), (*counts).into())).collect();
    let settings: Map<String, Value> =
        facts.settings.iter().map(|(name, v)| (name.clone(), v.clone().into())).collect();
    all.insert(
        "facts".into(),
        json!({
            "version_num": facts.version(),
            "standby": facts.server("standby") == "t",
            "encoding": facts.server("encoding"),
            "user": facts.server("current_user"),
            "database": facts.server("database"),
            "authentication": facts.method,
            "tls": tls,
            "pooler": pooler,
            "rights": rights,
            "settings": settings,
        }),
    );
    for section in sections {
        let list: Vec<Value> = section.findings.iter().map(finding).collect();
        all.insert(section.title.to_lowercase().replace(' ', "_"), list.into());
    }
    Value::Object(all)
}

fn about(target: &Target) -> Value {
    let pair = |(name, value, source): (&str, String, String)| {
        (name.to_owned(), json!({"value": value, "source": source}))
    };
    let params: Map<String, Value> = said(target).into_iter().map(pair).collect();
    json!({"title": target.title(), "profile": target.profile, "params": params})
}

fn finding(f: &Finding) -> Value {
    let lacks: Vec<Value> =
        f.lacks.iter().map(|l| json!({"what": l.what, "statement": l.statement, "note": l.note})).collect();
    let state = if f.state.word() == "-" { "fact" } else { f.state.word() };
    json!({"what": f.what, "state": state, "says": f.says, "lacks": lacks})
}

/// There is no connection: how far each try came.
pub fn failed(e: &ConnectError, target: &Target, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        let tries: Vec<Value> = e
            .tries
            .iter()
            .map(|t| {
                let code = (!t.error.code.is_empty()).then_some(&t.error.code);
                json!({
                    "place": t.place, "step": t.step.word(), "error": t.error.message, "code": code,
                    "advice": t.advice(target),
                })
            })
            .collect();
        let whole = json!({
            "connected": false,
            "target": about(target),
            "error": e.error.message,
            "tries": tries,
        });
        return writeln!(out, "{whole:#}");
    }
    head(target, out)?;
    writeln!(out, "\nNo connection")?;
    if e.tries.is_empty() {
        writeln!(out, "  {}", clean::line(&e.error.message))?;
    }
    for t in &e.tries {
        writeln!(out, "  {}: failed at {}", clean::line(&t.place), t.step.word())?;
        let code = if t.error.code.is_empty() { String::new() } else { format!(" ({})", t.error.code) };
        writeln!(out, "    {}{}", clean::line(&t.error.message), clean::line(&code))?;
        let advice = t.advice(target);
        let hint = t.error.hint.clone().filter(|_| t.step != Step::Tls || advice.is_none());
        for more in [&t.error.detail, &hint, &advice].into_iter().flatten() {
            writeln!(out, "    {}", clean::line(more))?;
        }
    }
    Ok(())
}
