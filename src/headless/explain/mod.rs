//! `pgdeck explain`: a plan analysed, or a statement explained on a server, without a screen.
//!
//! Whatever holds a plan is read as one; everything else is SQL, which needs a server. Standard output is the analysis,
//! standard error is narration.

mod server;

use super::{
    exit::Exit,
    output::Output,
    run::{
        End,
        execute::say,
        report::{self, Place},
        script, unwritten, values,
    },
    stop::Stop,
};
use crate::{
    data::{
        plan::{
            self, Broken, Plan, figures,
            findings::{self, Known},
        },
        saved::{Origin, Parameter, SavedQuery},
    },
    format::plan::{Analysis, Format},
    pg::target::Target,
    settings::saved,
    sql::{
        explain::{Refusal, Wish, recipe},
        params,
    },
    text::clean,
};
use std::{
    io::{IsTerminal, Read, Write},
    path::PathBuf,
    time::Duration,
};

/// What `pgdeck explain` was asked to do.
pub struct Options {
    /// Path of a file, `-` or nothing for standard input.
    pub file: Option<String>,
    /// How the analysis is written.
    pub format: &'static Format,
    /// Write to this file instead of standard output.
    pub output: Option<PathBuf>,
    /// Run the statement.
    pub analyze: bool,
    /// … and take times.
    pub timing: bool,
    /// The plan for any values of the parameters.
    pub generic: bool,
    /// Values of parameters.
    pub params: Vec<(String, String)>,
    /// Give up after so long.
    pub timeout: Option<Duration>,
    /// The server shall refuse every write.
    pub read_only: bool,
}

/// Explains and says how it ended. `target` is asked for only when there is a statement to send.
#[must_use]
pub fn explain(options: &Options, target: &dyn Fn() -> Result<Target, String>) -> Exit {
    match analyse(options, target) {
        Ok(exit) => exit,
        Err(end) => {
            say(&end.text);
            end.exit
        }
    }
}

fn analyse(options: &Options, target: &dyn Fn() -> Result<Target, String>) -> Result<Exit, End> {
    let (text, label) = input(options.file.as_deref()).map_err(End::usage)?;
    match plan::read(&text) {
        Ok(reading) => {
            if options.analyze || options.generic || !options.params.is_empty() {
                return Err(End::usage(format!(
                    "{label} holds a plan: --analyze, --generic and --param are for a statement"
                )));
            }
            let plans: Vec<_> = reading.plans.into_iter().map(|plan| (plan, Known::default())).collect();
            write(options, &plans, reading.broken.as_ref())?;
            let Some(broken) = &reading.broken else { return Ok(Exit::Done) };
            say(&format!("pgdeck: {}; what comes before it was read\n", breaks_off(&label, broken)));
            Ok(Exit::Usage)
        }
        Err(broken) => {
            let asked = asked(options, &text, &label).map_err(|refusal| {
                let words = if looks_like_plan(&text) { breaks_off(&label, &broken) } else { refusal };
                End::usage(words)
            })?;
            let target = target().map_err(End::usage)?;
            let plans = on_server(options, &asked, &target)?;
            write(options, &plans, None)?;
            Ok(Exit::Done)
        }
    }
}

/// The text, and how errors name it.
fn input(file: Option<&str>) -> Result<(String, String), String> {
    let mut bytes = Vec::new();
    let label = match file {
        None | Some("-") => {
            if file.is_none() && std::io::stdin().is_terminal() {
                return Err(
                    "nothing to explain: name a file with a plan or a statement, or pipe it in".into()
                );
            }
            let read = std::io::stdin().read_to_end(&mut bytes);
            read.map_err(|e| format!("standard input cannot be read: {e}"))?;
            "standard input".to_owned()
        }
        Some(path) => {
            bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", clean::line(path)))?;
            clean::line(path).into_owned()
        }
    };
    // a plan may hold bytes of any encoding in its literals
    Ok((String::from_utf8_lossy(&bytes).into_owned(), label))
}

fn breaks_off(label: &str, broken: &Broken) -> String {
    format!("{label}:{}:{}: {}", broken.line, broken.column, clean::line(&broken.message))
}

/// Whoever wrote this meant it as a plan.
fn looks_like_plan(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '<']) || text.contains("(cost=") || text.contains("QUERY PLAN")
}

/// A statement to explain.
struct Asked {
    query: SavedQuery,
    label: String,
    step: script::Step,
    /// Values of its parameters; `None`: the plan is for any values.
    values: Option<Vec<values::Value>>,
    wish: Wish,
}

/// The one statement of a text; why not.
fn asked(options: &Options, text: &str, label: &str) -> Result<Asked, String> {
    let query = saved::parse("-", text, Origin::File, label)?;
    let mut script = script::prepare(&query, label)?;
    for warning in &script.warnings {
        say(&format!("pgdeck: {warning}\n"));
    }
    if script.steps.len() > 1 {
        let n = script.steps.len();
        return Err(format!("{label} holds {n} statements, and EXPLAIN takes one"));
    }
    let Some(mut step) = script.steps.pop() else {
        return Err(format!("{label} holds neither a plan nor SQL"));
    };
    let mut parameters = query.parameters.clone();
    if step.bound.names.is_empty() && !options.params.is_empty() {
        // As a log or pg_stat_statements has it: `$1` is given as 1=…
        step.bound.names = (1..=params::numbers(&step.bound.sql)).map(|n| n.to_string()).collect();
        let named = |name: &String| Parameter { name: name.clone(), ..Parameter::default() };
        parameters.extend(step.bound.names.iter().map(named));
    }
    let values = assigned(options, &parameters, &step)?;
    let wish = Wish {
        analyze: options.analyze,
        timing: options.timing,
        values: values.is_some(),
        read_only: options.read_only || query.read_only,
        statement_timeout: options.timeout,
        // should we be gone before the rollback
        idle_timeout: Some(Duration::from_secs(60)),
        ..Wish::plain(u32::MAX)
    };
    // what no version explains needs no server to be refused
    let at = |refusal: Refusal| {
        let Place { line, .. } = report::place(&query.text, step.start());
        format!("{label}:{line}: {refusal}")
    };
    recipe(&step.bound.sql, &wish).map_err(at)?;
    Ok(Asked { query, label: label.to_owned(), step, values, wish })
}

/// The values of the statement's parameters, where there are any to be had.
fn assigned(
    options: &Options,
    parameters: &[Parameter],
    step: &script::Step,
) -> Result<Option<Vec<values::Value>>, String> {
    if options.generic || (step.bound.names.is_empty() && options.params.is_empty()) {
        return Ok(None);
    }
    let given: Vec<_> = options
        .params
        .iter()
        .map(|(name, value)| (name.trim_start_matches('$').to_owned(), value.clone()))
        .collect();
    match values::assign(parameters, &given) {
        Ok(values) => Ok(Some(values)),
        Err(_) if options.params.is_empty() && !options.analyze => Ok(None),
        Err(e) => Err(e),
    }
}

fn on_server(options: &Options, asked: &Asked, target: &Target) -> Result<Vec<(Plan, Known)>, End> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| End::new(Exit::NoConnection, e))?;
    let plans = runtime.block_on(async {
        let stop = Stop::listen(options.timeout);
        server::plans(asked, target, &stop).await
    });
    runtime.shutdown_background();
    plans
}

/// The analysis of all plans in the format asked for.
fn write(options: &Options, plans: &[(Plan, Known)], broken: Option<&Broken>) -> Result<(), End> {
    let judged: Vec<_> = plans
        .iter()
        .map(|(plan, known)| {
            let figures = figures::figures(plan);
            let findings = findings::findings(plan, &figures, known);
            (plan, figures, findings)
        })
        .collect();
    let all: Vec<Analysis<'_>> =
        judged.iter().map(|(plan, figures, findings)| Analysis { plan, figures, findings }).collect();
    let text = options.format.text(&all, broken);
    let mut out = match &options.output {
        None => Output::stdout(),
        Some(path) => Output::file(path).map_err(End::usage)?,
    };
    out.write_all(text.as_bytes()).and_then(|()| out.finish()).map_err(unwritten)
}
