//! `pgdeck locks` and `pgdeck activity`: samples of the live panes without a screen, for scripts.

mod table;

use super::{
    exit::Exit,
    output::Output,
    run::{End, execute::say, opened, stopped, unwritten},
    stop::Stop,
};
use crate::{
    data::live::{Gone, Names, Probe, Pulse, Sample, told},
    pg::{sampler::Sampler, server::Plan, target::Target},
    sql::quote,
    text::clean,
};
use std::{io::Write, time::Duration};

/// Without `--watch` no second sample is waited for.
const ONCE: Duration = Duration::from_secs(3600);

/// What is told of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Who waits for whom.
    Locks,
    /// The sessions.
    Activity {
        /// The server's own processes, too.
        all: bool,
    },
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is told.
    pub what: What,
    /// As JSON, an object a line and sample; else as a table.
    pub json: bool,
    /// Sample again every so often, until interrupted.
    pub watch: Option<Duration>,
    /// Give up after so long.
    pub timeout: Option<Duration>,
    /// Where.
    pub target: Target,
}

/// Samples and says how it ended. Everything worth knowing has been said on standard error.
#[must_use]
pub fn live(options: &Options) -> Exit {
    // One thread writes and may wait for a reader; the other samples and watches for signals and time.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(whole(options));
            runtime.shutdown_background();
            ended
        }
        Err(e) => Err(End::new(Exit::NoConnection, e)),
    };
    ended.unwrap_or_else(|end| {
        say(&end.text);
        end.exit
    })
}

async fn whole(options: &Options) -> Result<Exit, End> {
    let stop = Stop::listen(options.timeout);
    let mut out = Output::stdout();
    let plan =
        Plan { target: options.target.clone(), read_only: true, application_name: "pgdeck".to_owned() };
    let mut sampler =
        opened(&options.target, &stop, async |password| Sampler::open(plan.clone(), password).await).await?;
    sampler.every(Probe::Pulse, options.watch.unwrap_or(ONCE));
    let grant = format!("GRANT pg_read_all_stats TO {}", quote::ident(&sampler.info.user));
    let mut names = Names::default();
    let mut trouble = String::new();
    loop {
        let sample = tokio::select! {
            sample = sampler.next() => sample,
            exit = stop.stopped() => return ended(exit, options),
        };
        match sample {
            Some(Sample::Names(all)) => names.learn(all),
            Some(Sample::Pulse(pulse)) => {
                recovered(&mut trouble);
                write(options, &pulse, &names, &grant, &mut out)
                    .and_then(|()| out.flush())
                    .map_err(unwritten)?;
                if options.watch.is_none() || out.is_gone() {
                    return Ok(Exit::Done);
                }
            }
            Some(Sample::Failed(_, why)) if options.watch.is_none() => {
                return Err(End::new(Exit::Refused, clean::line(&why)));
            }
            Some(Sample::Link(Err(Gone { why, .. }))) if options.watch.is_none() => {
                return Err(End::new(Exit::NoConnection, clean::line(&why)));
            }
            // Who watches wants to go on watching when the server is back.
            Some(Sample::Failed(_, why) | Sample::Link(Err(Gone { why, .. }))) => {
                if trouble != why {
                    say(&format!("pgdeck: no sample, trying again: {}\n", clean::line(&why)));
                    trouble = why;
                }
            }
            Some(_) => {}
            None => return Err(End::new(Exit::NoConnection, "the sampling ended")),
        }
    }
}

/// Interrupting is how watching ends: nothing went wrong.
fn ended(exit: Exit, options: &Options) -> Result<Exit, End> {
    if options.watch.is_some() && exit == Exit::Interrupted { Ok(exit) } else { Err(stopped(exit)) }
}

fn recovered(trouble: &mut String) {
    if !std::mem::take(trouble).is_empty() {
        say("pgdeck: samples come again\n");
    }
}

fn write(
    options: &Options,
    pulse: &Pulse,
    names: &Names,
    grant: &str,
    out: &mut Output,
) -> std::io::Result<()> {
    let sample = match options.what {
        What::Locks => told::locks(pulse, names, grant),
        What::Activity { all } => told::activity(pulse, names, grant, all),
    };
    if options.json {
        return writeln!(out, "{sample}");
    }
    if options.watch.is_some() {
        writeln!(out, "{}", told::moment(pulse.at))?;
    }
    match options.what {
        What::Locks => table::locks(&sample, out)?,
        What::Activity { .. } => table::activity(&sample, out)?,
    }
    if let Some(words) = table::hidden(&sample) {
        say(&format!("pgdeck: {words}\n"));
    }
    Ok(())
}
