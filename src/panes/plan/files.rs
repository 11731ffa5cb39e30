//! Plans that come in as text, and go out: files, paste, the clipboard.

use super::{
    PlanPane,
    opened::{Asked, Opened, Origin},
};
use crate::{
    core::{
        command::Command,
        effect::Effect,
        event::News,
        ids::JobId,
        pane::{Cx, Tell, Tone},
    },
    data::plan::{Format as PlanFormat, Reading, read},
    format::{self, plan::Analysis},
    text::{clean, units},
};
use std::sync::Arc;

/// Bytes of a file or a paste that are read at most.
const MOST: u64 = 64 << 20;

impl PlanPane {
    /// Keeps the plans of a text; gives the first.
    pub(super) fn take_reading(
        &mut self,
        reading: Reading,
        source: &str,
        origin: &Origin,
        asked: Option<&Asked>,
        cx: &Cx<'_>,
    ) -> Option<Arc<Opened>> {
        let of = reading.plans.len();
        let broken = reading.broken;
        let mut first = None;
        for (n, mut plan) in reading.plans.into_iter().enumerate() {
            if plan.query.is_none() {
                plan.query = asked.map(|a| a.text.clone());
            }
            if *origin == Origin::Generic {
                // What it was asked for with, before 16, is no setting of the user's.
                plan.settings.retain(|(name, _)| name != "plan_cache_mode");
            }
            let source = if of == 1 { source.to_owned() } else { String::new() };
            let mut opened = Opened::new(plan, source, origin.clone(), asked.cloned(), cx.world.now);
            opened.part = (n + 1, of);
            opened.format = reading.format;
            opened.broken = broken.clone().filter(|_| n + 1 == of);
            self.judge(&mut opened, cx.world);
            let kept = self.history.keep(opened);
            first.get_or_insert(kept);
        }
        first
    }

    /// Opens the plans of a text that came from outside.
    fn take_text(&mut self, text: &str, origin: Origin, compare: bool, cx: &mut Cx<'_>) {
        (self.trouble, self.note, self.comparison, self.details) = (None, None, None, None);
        self.asked = None;
        let reading = match read(text) {
            Ok(reading) => reading,
            Err(broken) => {
                let place = match origin {
                    Origin::File(path) => path,
                    _ => "what was pasted".into(),
                };
                return self.wrong(format!(
                    "No plan in {}: {} (line {}, column {})",
                    clean::line(&place),
                    broken.message,
                    broken.line,
                    broken.column
                ));
            }
        };
        let count = reading.plans.len();
        let here = self.open.as_ref().map(|o| Arc::clone(&o.plan));
        let Some(first) = self.take_reading(reading, text, &origin, None, cx) else { return };
        match here {
            Some(here) if compare => self.compare(here, first),
            _ => self.open(first, cx),
        }
        if count > 1 {
            cx.toast(Tone::Note, format!("{} plans in it: F8 lists them", units::count(count as u64)));
        }
    }

    /// Pasted text.
    pub(super) fn pasted(&mut self, text: &str, cx: &mut Cx<'_>) {
        if text.trim().is_empty() {
            return;
        }
        if text.len() as u64 > MOST {
            return cx.toast(Tone::Warning, format!("More than {} are not read", units::bytes(MOST)));
        }
        self.take_text(text, Origin::Pasted, false, cx);
    }

    /// Reads a file, to be opened or compared with the plan that is open.
    pub(super) fn read_file(&mut self, path: &str, compare: bool, cx: &mut Cx<'_>) {
        self.path = path.to_owned();
        let path = path.to_owned();
        self.reading = Some((cx.start(|job| Effect::Read { job, path, most: MOST }), compare));
    }

    /// News of files; `false`: of none.
    pub(super) fn file_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        match news {
            News::Read(result) => {
                let Some((_, compare)) = self.reading.take_if(|(j, _)| *j == job) else { return true };
                match result {
                    Ok(text) => self.take_text(text, Origin::File(self.path.clone()), compare, cx),
                    Err(why) => self.wrong(clean::line(why).into_owned()),
                }
            }
            News::Written(result) if self.writing == Some(job) => {
                self.writing = None;
                match result {
                    Ok(path) => {
                        self.waiting.write = None;
                        cx.toast(Tone::Ok, format!("Written: {}", clean::line(path)));
                    }
                    Err(why) if why.ends_with("is there already") => self.ask_replace(why, cx),
                    Err(why) => cx.toast(Tone::Error, clean::line(why)),
                }
            }
            _ => return false,
        }
        true
    }

    /// The plan in one of the formats.
    fn as_text(opened: &Opened, command: Command) -> Option<(String, &'static str)> {
        let (name, what) = match command {
            Command::CopyPlanText => ("tree", "as a text"),
            Command::CopyPlanMarkdown => ("markdown", "as Markdown"),
            Command::CopyPlanSvg => ("svg", "as an SVG picture"),
            Command::CopyFigures => ("json", "with every figure as JSON"),
            Command::CopyPlanJson => {
                // Byte for byte where it came so; otherwise as the server would have printed it.
                let text = printed(opened, PlanFormat::Json);
                return Some((
                    text.unwrap_or_else(|| format::plan::explain_json(&opened.plan)),
                    "as EXPLAIN's JSON",
                ));
            }
            _ => return None,
        };
        let analysis = Analysis { plan: &opened.plan, figures: &opened.figures, findings: &opened.findings };
        Some((format::plan::find(name)?.text(&[analysis], opened.broken.as_ref()), what))
    }

    /// A copy command; `false`: it is none.
    pub(super) fn copy(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if command == Command::CopyStep {
            match self.step() {
                Some((text, _)) => {
                    cx.copy(text, "Copied the next step");
                }
                None => cx.toast(Tone::Note, "Nothing is wrong with this node: it has no next step"),
            }
            return true;
        }
        let Some(open) = &self.open else { return false };
        let Some((text, what)) = Self::as_text(&open.plan, command) else { return false };
        let size = units::bytes(text.len() as u64);
        cx.copy(text, format!("Copied the plan {what} ({size})"));
        true
    }

    /// Writes the plan to a file, in the format its ending names.
    pub(super) fn write(&mut self, path: &str, cx: &mut Cx<'_>) {
        let Some(open) = &self.open else { return };
        let opened = Arc::clone(&open.plan);
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let command = match ending.as_str() {
            "json" => Command::CopyPlanJson,
            "md" | "markdown" => Command::CopyPlanMarkdown,
            "svg" => Command::CopyPlanSvg,
            _ => Command::CopyPlanText,
        };
        let text = match ending.as_str() {
            "xml" => printed(&opened, PlanFormat::Xml),
            "yaml" | "yml" => printed(&opened, PlanFormat::Yaml),
            _ => Self::as_text(&opened, command).map(|(text, _)| text),
        };
        let Some(text) = text else {
            let said = format!("The plan did not come as {ending}: .json, .txt, .md and .svg can be written");
            return cx.toast(Tone::Warning, clean::line(&said));
        };
        self.waiting.write = Some((path.to_owned(), text));
        self.write_now(false, cx);
    }

    /// The plan's statement; the one that went wrong, where that is what the pane says.
    pub(super) fn statement(&self) -> Option<&str> {
        let wrong = self.asked.as_ref().filter(|_| self.trouble.is_some()).map(|asked| asked.text.as_str());
        wrong.or_else(|| self.open.as_ref().and_then(|o| o.plan.statement()))
    }

    /// That statement to the SQL pane.
    pub(super) fn statement_to_sql(&mut self, cx: &mut Cx<'_>) {
        match self.statement() {
            Some(text) => cx.tell(Tell::EditSql { text: text.to_owned(), run: false }),
            None => cx.toast(Tone::Note, "This plan does not tell its statement"),
        }
    }

    /// The next step's SQL to the SQL pane, to be looked at there.
    pub(super) fn step_to_sql(&mut self, cx: &mut Cx<'_>) {
        match self.step() {
            Some((text, true)) => cx.tell(Tell::EditSql { text, run: false }),
            Some((text, false)) => cx.toast(Tone::Note, format!("It is no SQL: {}", clean::line(&text))),
            None => cx.toast(Tone::Note, "Nothing is wrong with this node: it has no next step"),
        }
    }
}

/// The text a plan came in, when it came alone and in this format.
fn printed(opened: &Opened, format: PlanFormat) -> Option<String> {
    let alone = !opened.source.is_empty() && opened.broken.is_none() && opened.format == format;
    // What stands around it in a file is not the plan.
    let json = || opened.source.trim_start().starts_with(['[', '{']);
    (alone && (format != PlanFormat::Json || json())).then(|| opened.source.clone())
}
