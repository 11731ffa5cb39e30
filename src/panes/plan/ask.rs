//! What the pane asks: values of parameters, whether a write may be run, which plan, which file.

use super::{
    PlanPane, history,
    opened::{Asked, Opened},
    run::{Going, What},
};
use crate::{
    core::{
        effect::{Effect, Place, Statement},
        ids::Lane,
        pane::{Cx, FormField, Popup, Tone},
    },
    data::plan::Plan,
    sql::{
        explain::{Recipe, Touch},
        quote::ident,
    },
    text::{clean, units, width},
};
use std::{sync::Arc, time::Duration};

const PARAMETERS: &str = "plan-parameters";
const VALUES: &str = "plan-values";
const RUN: &str = "plan-run";
const FIND: &str = "plan-find";
const HISTORY: &str = "plan-history";
const COMPARE: &str = "plan-compare";
const OPEN: &str = "plan-open";
const OPEN_OTHER: &str = "plan-open-other";
const WRITE: &str = "plan-write";
const REPLACE: &str = "plan-replace";
/// Lines of triggers in the question.
const MOST_TRIGGERS: usize = 8;

/// What waits for an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    /// Parameters: the statement, their names, whether it is to be measured.
    values: Option<(Asked, Vec<String>, bool)>,
    /// A write to be run.
    run: Option<(Recipe, Asked)>,
    /// The list that was shown.
    list: Vec<Arc<Opened>>,
    /// A file to be written over: path and text.
    pub write: Option<(String, String)>,
}

impl PlanPane {
    // ---- parameters -------------------------------------------------------------------------

    /// A statement with parameters: with which values?
    pub(super) fn ask_values(
        &mut self,
        asked: Asked,
        names: Vec<String>,
        count: usize,
        analyze: bool,
        cx: &mut Cx<'_>,
    ) {
        let names = if names.is_empty() { (1..=count).map(|n| format!("${n}")).collect() } else { names };
        let list = names.join(", ");
        self.waiting.values = Some((asked, names, analyze));
        if analyze {
            return self.ask_form(cx);
        }
        cx.popup(Popup::Confirm {
            question: PARAMETERS,
            title: "Parameters".into(),
            text: format!(
                "The statement has parameters: {}.\nWith values the plan is the one for them; without, the one that serves any (what a prepared statement gets after a few runs).",
                clean::line(&list)
            ),
            buttons: vec!["Give values".into(), "Plan for any".into(), "Leave".into()],
        });
    }

    fn ask_form(&mut self, cx: &mut Cx<'_>) {
        let Some((_, names, _)) = &self.waiting.values else { return };
        let fields = names
            .iter()
            .map(|name| FormField {
                label: name.clone(),
                help: "Ctrl+N: NULL".into(),
                value: self.values.get(name).cloned().unwrap_or(Some(String::new())),
                ..FormField::default()
            })
            .collect();
        cx.popup(Popup::Form { question: VALUES, title: "Parameters".into(), text: String::new(), fields });
    }

    /// The values are there.
    pub(super) fn filled(&mut self, values: &[Option<String>], cx: &mut Cx<'_>) {
        let Some((mut asked, names, analyze)) = self.waiting.values.take() else { return };
        for (name, value) in names.iter().zip(values) {
            self.values.insert(name.clone(), value.clone());
        }
        asked.values = Some(values.to_vec());
        self.start(asked, analyze, cx);
    }

    // ---- a write ----------------------------------------------------------------------------

    /// A statement that writes, or may, is run only after a question, which names the triggers.
    pub(super) fn ask_first(&mut self, recipe: Recipe, asked: Asked, cx: &mut Cx<'_>) {
        let targets = self.open.as_ref().map(|o| targets(&o.plan.plan)).unwrap_or_default();
        let writes = recipe.touch == Touch::Writes;
        self.waiting.run = Some((recipe, asked.clone()));
        if !writes || targets.is_empty() {
            return self.ask_run(&[], cx);
        }
        let names: Vec<String> = targets.iter().map(|t| t.0.clone()).collect();
        let bits: u32 = targets.iter().fold(0, |bits, t| bits | t.1);
        let statement = Statement::read(
            include_str!("../../../queries/plan/triggers.sql"),
            vec![Some(array(&names)), Some(bits.to_string())],
            vec![1009, 23],
        );
        let lane = Lane::Read(cx.world.active);
        let statements = vec![statement];
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: 1 << 20 });
        self.going = Some(Going::new(job, What::Triggers, asked, cx));
    }

    /// The triggers are known, or cannot be.
    pub(super) fn ask_now(&mut self, going: &Going, cx: &mut Cx<'_>) {
        self.ask_run(&going.got, cx);
    }

    fn ask_run(&mut self, triggers: &[Vec<Option<String>>], cx: &mut Cx<'_>) {
        let Some((recipe, asked)) = &self.waiting.run else { return };
        let statement = asked.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines = vec![
            "F9 runs this statement on the server, measures it, and rolls it back:".to_owned(),
            format!("  {}", width::clip(&clean::line(&statement), 240)),
        ];
        if recipe.touch == Touch::Perhaps {
            lines.push("It cannot be known that it only reads: it locks rows or calls functions.".into());
        }
        if let Some(open) = self.open.as_ref().filter(|o| self.provisional == Some(o.plan.id)) {
            for (name, _, rows) in targets_with_rows(&open.plan.plan) {
                let rows = match rows.max(0.0).round() as u64 {
                    1 => "~1 row".to_owned(),
                    rows => format!("{} rows", units::about(rows)),
                };
                lines.push(format!("It is expected to change {rows} of {}.", clean::line(&name)));
            }
        }
        if !triggers.is_empty() {
            lines.push("These fire, and what they do is rolled back with it:".into());
            for cells in triggers.iter().take(MOST_TRIGGERS) {
                let cell = |n: usize| cells.get(n).and_then(|c| c.as_deref()).unwrap_or_default();
                let text = format!("  {} on {}: {}", cell(1), cell(0), cell(2));
                lines.push(clean::line(&text).into_owned());
            }
            if triggers.len() > MOST_TRIGGERS {
                lines.push(format!("  and {} more", triggers.len() - MOST_TRIGGERS));
            }
        }
        lines.push("A rollback does not undo:".into());
        lines.extend(recipe.touch.remains().iter().map(|what| format!("  - {what}")));
        let until = match cx.world.settings.analyze_seconds {
            0 => "Until it has ended its locks are held, and others wait for them; it may take as long as it likes (the setting analyze_seconds).".to_owned(),
            s => format!(
                "Until it has ended its locks are held, and others wait for them; after {} it is cancelled (the setting analyze_seconds).",
                units::duration(Duration::from_secs(s))
            ),
        };
        lines.push(until);
        cx.popup(Popup::Confirm {
            question: RUN,
            title: format!("EXPLAIN ANALYZE {}", recipe.verb),
            text: lines.join("\n"),
            buttons: vec!["Run it and roll back".into(), "Not now".into()],
        });
    }

    // ---- answers ----------------------------------------------------------------------------

    /// An answer from buttons.
    pub(super) fn answered(&mut self, question: &str, button: usize, cx: &mut Cx<'_>) {
        match (question, button) {
            (PARAMETERS, 0) => self.ask_form(cx),
            (PARAMETERS, 1) => {
                if let Some((asked, _, analyze)) = self.waiting.values.take() {
                    self.start(asked, analyze, cx);
                }
            }
            (RUN, 0) => {
                if let Some((_, asked)) = self.waiting.run.take() {
                    self.agreed(asked, cx);
                }
            }
            (RUN, _) => {
                self.waiting.run = None;
                if self.provisional.take().is_some() {
                    self.note = Some("Not run: this is the plan as expected, without times.".into());
                }
            }
            (REPLACE, 0) => self.write_now(true, cx),
            _ => {}
        }
    }

    /// An answer from a line or a list.
    pub(super) fn chosen(&mut self, question: &str, text: &str, index: usize, cx: &mut Cx<'_>) {
        match question {
            FIND => self.find(text, cx),
            HISTORY => {
                if let Some(plan) = self.waiting.list.get(index).cloned() {
                    self.comparison = None;
                    self.open(plan, cx);
                }
            }
            COMPARE => match (self.waiting.list.get(index).cloned(), &self.open) {
                (Some(other), Some(open)) => {
                    let here = Arc::clone(&open.plan);
                    // What came first stands first.
                    let (a, b) = if other.at <= here.at { (other, here) } else { (here, other) };
                    self.compare(a, b);
                }
                (None, _) => self.ask_open(true, cx),
                _ => {}
            },
            OPEN | OPEN_OTHER if !text.trim().is_empty() => {
                self.read_file(text.trim(), question == OPEN_OTHER, cx);
            }
            WRITE if !text.trim().is_empty() => self.write(text.trim(), cx),
            _ => {}
        }
    }

    // ---- questions --------------------------------------------------------------------------

    pub(super) fn ask_find(&mut self, text: String, cx: &mut Cx<'_>) {
        cx.popup(Popup::Line {
            question: FIND,
            title: "Find a node: name, relation, index, condition".into(),
            text,
            hint: "n and N go to the next and the previous match".into(),
        });
    }

    pub(super) fn ask_history(&mut self, cx: &mut Cx<'_>) {
        let list = self.history.newest();
        if list.is_empty() {
            return cx.toast(Tone::Note, "No plan is kept yet: F7 or F9 in SQL makes one");
        }
        let items = list.iter().map(|p| history::item(p, cx.world.now)).collect();
        self.waiting.list = list;
        cx.popup(Popup::Pick { question: HISTORY, title: "Plans of this session".into(), items });
    }

    pub(super) fn ask_compare(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &self.open else { return };
        let list = self.history.others(&open.plan);
        let mut items: Vec<_> = list
            .iter()
            .map(|p| {
                let (text, remark) = history::item(p, cx.world.now);
                let same = if !p.key.is_empty() && p.key == open.plan.key { "= " } else { "" };
                (format!("{same}{text}"), remark)
            })
            .collect();
        items.push(("a plan of a file …".into(), "asks for its path".into()));
        self.waiting.list = list;
        cx.popup(Popup::Pick {
            question: COMPARE,
            title: "Compare with (= the same statement)".into(),
            items,
        });
    }

    pub(super) fn ask_open(&mut self, other: bool, cx: &mut Cx<'_>) {
        cx.popup(Popup::Line {
            question: if other { OPEN_OTHER } else { OPEN },
            title: "Open a plan: path of a file".into(),
            text: self.path.clone(),
            hint: "EXPLAIN as JSON, text, YAML or XML, psql's frames, a log of auto_explain".into(),
        });
    }

    pub(super) fn ask_write(&mut self, cx: &mut Cx<'_>) {
        cx.popup(Popup::Line {
            question: WRITE,
            title: "Write the plan to a file".into(),
            text: "plan.txt".into(),
            hint: "By its ending: .txt a text, .json as EXPLAIN printed it, .md Markdown, .svg a picture"
                .into(),
        });
    }

    /// The file is there already.
    pub(super) fn ask_replace(&mut self, said: &str, cx: &mut Cx<'_>) {
        cx.popup(Popup::Confirm {
            question: REPLACE,
            title: "Write over it?".into(),
            text: said.into(),
            buttons: vec!["Write over".into(), "Leave".into()],
        });
    }

    /// Writes what waits.
    pub(super) fn write_now(&mut self, replace: bool, cx: &mut Cx<'_>) {
        let Some((path, text)) = self.waiting.write.clone() else { return };
        self.writing = Some(cx.start(|job| Effect::Write { job, path, text, place: Place::Path, replace }));
    }
}

/// The relations a plan writes, as written in SQL, with the bit of the triggers that fire, and the expected rows.
fn targets_with_rows(plan: &Plan) -> Vec<(String, u32, f64)> {
    let mut out = vec![];
    for (at, node) in plan.nodes.iter().enumerate().filter(|(_, n)| n.node_type == "ModifyTable") {
        let Some(relation) = &node.relation else { continue };
        let name = match &node.schema {
            Some(schema) => format!("{}.{}", ident(schema), ident(relation)),
            None => ident(relation),
        };
        let bits = match node.text("Operation").unwrap_or(&node.heading) {
            "Insert" => 4 | 16,
            "Update" => 16,
            "Delete" => 8,
            _ => 4 | 8 | 16,
        };
        // Without RETURNING a ModifyTable gives no rows; those below it are what is changed.
        let rows = plan
            .children(at)
            .filter(|c| plan.nodes[*c].relationship.is_input())
            .filter_map(|c| plan.nodes[c].estimate)
            .map(|e| e.rows)
            .sum();
        out.push((name, bits, rows));
    }
    out
}

fn targets(plan: &Plan) -> Vec<(String, u32)> {
    targets_with_rows(plan).into_iter().map(|(name, bits, _)| (name, bits)).collect()
}

/// A `text[]` of these texts.
pub(super) fn array(texts: &[String]) -> String {
    let quoted: Vec<String> =
        texts.iter().map(|t| format!("\"{}\"", t.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}

/// `index on posts (user_id)` of a CREATE INDEX.
pub(super) fn index_words(sql: &str) -> String {
    let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let on = words.to_lowercase().find(" on ").and_then(|at| words.get(at..));
    format!("index{}", on.unwrap_or_default().trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arrays() {
        assert_eq!(array(&["a".into(), "b\"\\".into()]), r#"{"a","b\"\\"}"#);
        assert_eq!(
            index_words("CREATE INDEX CONCURRENTLY ON public.posts (user_id);"),
            "index ON public.posts (user_id)"
        );
        assert_eq!(index_words("x"), "index");
    }
}
