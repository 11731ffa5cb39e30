//! Plan: what a statement's plan is, what each part of it took, and what to do about it.

mod ask;
mod compare;
mod details;
mod draw;
mod files;
mod findings;
mod history;
mod known;
mod mouse;
mod opened;
mod row;
mod run;
mod table;
mod timeline;
mod tree;

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, News},
        ids::JobId,
        pane::{Cx, Pane, Running, Tell, Tone},
        world::World,
    },
    widgets::{cursor::Cursor, textview::TextView},
};
use compare::Comparison;
use history::History;
use opened::Opened;
use ratatui::{Frame, layout::Rect};
use std::{collections::HashMap, sync::Arc};
use table::Table;
use timeline::Timeline;
use tree::Tree;

/// The ways to look at a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    /// The nodes as they hang together.
    #[default]
    Tree,
    /// Summed up by kind of node.
    Kinds,
    /// Summed up by relation.
    Relations,
    /// Self times end to end.
    Timeline,
}

impl View {
    const ALL: [Self; 4] = [Self::Tree, Self::Kinds, Self::Relations, Self::Timeline];

    fn label(self) -> &'static str {
        match self {
            Self::Tree => "Tree",
            Self::Kinds => "By kind",
            Self::Relations => "By relation",
            Self::Timeline => "Timeline",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Tree => Self::Kinds,
            Self::Kinds => Self::Relations,
            Self::Relations => Self::Timeline,
            Self::Timeline => Self::Tree,
        }
    }
}

/// The plan on the screen.
struct Open {
    plan: Arc<Opened>,
    view: View,
    tree: Tree,
    table: Table,
    timeline: Timeline,
    findings: Cursor,
}

impl Open {
    fn new(plan: Arc<Opened>, view: View) -> Self {
        let tree = Tree::new(&plan);
        let mut open = Self {
            plan,
            view,
            tree,
            table: Table::default(),
            timeline: Timeline::default(),
            findings: Cursor::default(),
        };
        open.turn(view);
        open
    }

    /// Shows another view; what it needs is made when it is first shown.
    fn turn(&mut self, view: View) {
        self.view = view;
        match view {
            View::Tree => {}
            View::Kinds | View::Relations => self.table = Table::new(&self.plan, view),
            View::Timeline => self.timeline = Timeline::new(&self.plan),
        }
    }

    /// The node under the cursor of the view.
    fn node(&self) -> Option<usize> {
        match self.view {
            View::Tree => self.tree.node(),
            View::Kinds | View::Relations => self.table.node(),
            View::Timeline => self.timeline.node(),
        }
    }
}

/// The pane.
#[derive(Default)]
pub struct PlanPane {
    open: Option<Open>,
    history: History,
    /// The findings have the focus.
    focus_findings: bool,
    zoomed: bool,
    details: Option<TextView>,
    comparison: Option<Comparison>,
    going: Option<run::Going>,
    /// The plain plan that is shown while ANALYZE is asked for or runs.
    provisional: Option<u64>,
    /// What went wrong.
    trouble: Option<String>,
    /// What is to be known of how the last run ended.
    note: Option<String>,
    /// The statement that was explained last, with a plan or without.
    asked: Option<opened::Asked>,
    waiting: ask::Waiting,
    /// A file that is being read, and whether its plan is to be compared with.
    reading: Option<(JobId, bool)>,
    writing: Option<JobId>,
    looking: Option<known::Looking>,
    /// The path typed last.
    path: String,
    /// The values of parameters given last, by name.
    values: HashMap<String, Option<String>>,
    places: draw::Places,
}

impl Pane for PlanPane {
    fn title(&self, _: &World) -> String {
        "Plan".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.details.is_some() { vec![Scope::Page, Scope::Plan] } else { vec![Scope::Plan] }
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::ExplainPlan | Command::AnalyzePlan => {
                self.open.as_ref().is_some_and(|o| o.plan.statement().is_some())
            }
            Command::OpenSql => self.statement().is_some(),
            Command::TryIndex => {
                self.hypopg(world).is_some() && self.step().is_some_and(|(sql, is)| is && can_be_tried(&sql))
            }
            Command::TurnPlans => self.comparison.is_some(),
            Command::ComparePlans | Command::PlanView | Command::FoldCheap if self.comparison.is_some() => {
                false
            }
            Command::StepToSql => self.step().is_some_and(|(_, sql)| sql),
            Command::CopyStep => self.step().is_some(),
            Command::OpenPlan | Command::SearchHistory => true,
            other if other.row().scopes.contains(&Scope::Plan) => self.open.is_some(),
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if self.comparison.is_some() && self.comparison_command(command) {
            return true;
        }
        if self.details.is_some() && self.details_command(command, cx) {
            return true;
        }
        self.pane_command(command, cx) || self.view_command(command, cx)
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.pasted(text, cx);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.on_mouse(mouse, cx);
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if !self.run_news(job, &news, cx) && !self.known_news(job, &news, cx) {
            self.file_news(job, &news, cx);
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::Explain { text, analyze, home } => self.told_explain(&text, analyze, home, cx),
            Tell::Chosen { question, text, index } => self.chosen(question, &text, index, cx),
            Tell::Answer { question, button } => self.answered(question, button, cx),
            Tell::Filled { values, .. } => self.filled(&values, cx),
            _ => {}
        }
    }

    fn running(&self) -> Option<Running> {
        self.running_now()
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.draw_all(frame, area, world);
    }
}

impl PlanPane {
    /// Shows a plan; the view stays the one that was looked at.
    fn open(&mut self, plan: Arc<Opened>, cx: &mut Cx<'_>) {
        let view = self.open.as_ref().map_or(View::Tree, |o| o.view);
        self.details = None;
        self.focus_findings = false;
        if let Some(going) = &mut self.going {
            going.left = true;
        }
        self.open = Some(Open::new(plan, view));
        self.look_up(cx);
    }

    /// Shows two plans beside each other.
    fn compare(&mut self, a: Arc<Opened>, b: Arc<Opened>) {
        self.details = None;
        self.comparison = Some(Comparison::new(a, b));
    }

    /// The next step of the finding under the cursor (or of the node's worst): its text, and whether it is SQL.
    fn step(&self) -> Option<(String, bool)> {
        let open = self.open.as_ref()?;
        let findings = &open.plan.findings;
        let finding = if self.focus_findings {
            findings.get(open.findings.at)?
        } else {
            let node = open.node();
            findings
                .iter()
                .find(|f| f.node == node && f.sql.is_some())
                .or_else(|| findings.iter().find(|f| f.node == node))?
        };
        Some(match &finding.sql {
            Some(sql) => (sql.clone(), true),
            None => (finding.next_step.clone(), false),
        })
    }

    /// The schema of hypopg, when it is installed.
    fn hypopg(&self, world: &World) -> Option<String> {
        let functions = &world.catalog()?.functions;
        let found = functions.iter().find(|f| &*f.name == "hypopg_create_index")?;
        Some(found.schema.to_string())
    }

    fn pane_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Cancel => {
                self.cancelling();
                return false; // the app sends it, and offers more at the second press
            }
            Command::AnalyzePlan | Command::ExplainPlan | Command::Refresh => {
                return self.again(command != Command::ExplainPlan, cx);
            }
            Command::OpenPlan => self.ask_open(false, cx),
            Command::SearchHistory => self.ask_history(cx),
            Command::OpenSql => self.statement_to_sql(cx),
            _ if self.open.is_none() => return false,
            Command::ComparePlans => self.ask_compare(cx),
            Command::WritePlan => self.ask_write(cx),
            Command::StepToSql => self.step_to_sql(cx),
            Command::TryIndex => self.ask_try(cx),
            Command::PlanView => {
                self.details = None;
                if let Some(open) = &mut self.open {
                    open.turn(open.view.next());
                }
            }
            Command::Zoom => self.zoomed = !self.zoomed,
            Command::NextPart | Command::PreviousPart if self.details.is_none() => {
                self.focus_findings = !self.focus_findings;
            }
            other => return self.copy(other, cx),
        }
        true
    }

    /// F9 and F7 here: the same statement once more, with the values it had.
    fn again(&mut self, analyze: bool, cx: &mut Cx<'_>) -> bool {
        let Some(open) = &self.open else {
            cx.toast(Tone::Note, "No statement here yet: F7 or F9 in SQL explains the one at the cursor");
            return true;
        };
        match (&open.plan.asked, open.plan.statement()) {
            (Some(asked), _) => {
                let asked = asked.clone();
                self.explain(asked, analyze, false, cx);
            }
            (None, Some(text)) => {
                let text = text.to_owned();
                self.told_explain(&text, analyze, None, cx);
            }
            (None, None) => {
                cx.toast(Tone::Note, "This plan does not tell its statement, so it cannot be run again")
            }
        }
        true
    }

    /// x: how the plan would be with the index of the finding.
    fn ask_try(&mut self, cx: &mut Cx<'_>) {
        let step = self.step().filter(|(sql, is)| *is && sql.to_uppercase().starts_with("CREATE INDEX"));
        let Some((index, _)) = step else {
            return cx.toast(Tone::Note, "The finding here suggests no index (Tab goes to the findings)");
        };
        if !can_be_tried(&index) {
            let why =
                "hypopg pretends one btree index at a time: what is suggested here must be made to be tried";
            return cx.toast(Tone::Note, why);
        }
        let Some(asked) = self.open.as_ref().and_then(|o| o.plan.asked.clone()) else {
            return cx
                .toast(Tone::Note, "Only a statement that was explained here can be tried with an index");
        };
        match self.hypopg(cx.world) {
            Some(schema) => self.try_index(asked, &index, &schema, cx),
            None => cx.toast(
                Tone::Note,
                "Trying an index needs the extension hypopg: install its package (postgresql-NN-hypopg), then CREATE EXTENSION hypopg",
            ),
        }
    }

    fn comparison_command(&mut self, command: Command) -> bool {
        let Some(c) = &mut self.comparison else { return false };
        match command {
            Command::Back => self.comparison = None,
            Command::TurnPlans => c.turn(),
            Command::PlanDetails => {
                // The node as it is now.
                let Some(pair) = c.pair() else { return true };
                let (opened, node) = match (pair.before, pair.after) {
                    (_, Some(node)) => (&c.b, node),
                    (Some(node), None) => (&c.a, node),
                    (None, None) => return true,
                };
                let (opened, view) = (Arc::clone(opened), details::view(opened, node));
                let mut open = Open::new(opened, View::Tree);
                let plan = Arc::clone(&open.plan);
                open.tree.reveal(node, &plan);
                self.open = Some(open);
                self.details = Some(view);
                self.comparison = None;
            }
            other => return c.command(other),
        }
        true
    }

    fn details_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(details) = &mut self.details else { return false };
        match command {
            Command::Back | Command::PlanDetails => self.details = None,
            Command::Find => {
                let text = details.finding().to_owned();
                self.ask_find(text, cx);
            }
            other => {
                let done = details.command(other);
                if let Some(said) = details.find_message() {
                    cx.toast(Tone::Note, said.to_owned());
                }
                return done;
            }
        }
        true
    }

    /// What was typed to be found.
    fn find(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(details) = &mut self.details {
            details.find(text);
            if let Some(said) = details.find_message() {
                cx.toast(Tone::Note, said.to_owned());
            }
            return;
        }
        let Some(open) = &mut self.open else { return };
        if open.view != View::Tree {
            open.turn(View::Tree);
        }
        self.focus_findings = false;
        if !open.tree.find(text, &open.plan) {
            cx.toast(Tone::Note, format!("\"{text}\" stands in no node"));
        }
    }

    fn view_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if command == Command::Back && self.zoomed {
            self.zoomed = false;
            return true;
        }
        if command == Command::Back && self.focus_findings {
            self.focus_findings = false;
            return true;
        }
        let Some(open) = &mut self.open else { return false };
        let plan = Arc::clone(&open.plan);
        match command {
            Command::Find => {
                let text = open.tree.finding().to_owned();
                self.ask_find(text, cx);
                return true;
            }
            Command::FindNext | Command::FindPrevious if open.view == View::Tree => {
                if open.tree.finding().is_empty() {
                    cx.toast(Tone::Note, "nothing to find: type / first");
                } else if !open.tree.find_next(command == Command::FindNext, &plan) {
                    cx.toast(Tone::Note, format!("\"{}\" stands in no node", open.tree.finding()));
                }
                return true;
            }
            _ => {}
        }
        if self.focus_findings {
            if command == Command::PlanDetails {
                self.go_to_finding();
                return true;
            }
            return open.findings.command(command, plan.findings.len());
        }
        if command == Command::PlanDetails {
            self.enter();
            return true;
        }
        let done = match open.view {
            View::Tree => open.tree.command(command, &plan),
            View::Kinds | View::Relations => open.table.command(command),
            View::Timeline => open.timeline.command(command),
        };
        if done {
            self.follow();
        }
        done
    }

    /// The list of findings shows the one of the node under the cursor.
    fn follow(&mut self) {
        if let Some(open) = &mut self.open
            && let Some(node) = open.node()
            && let Some(at) = open.plan.findings.iter().position(|f| f.node == Some(node))
        {
            open.findings.at = at;
        }
    }

    /// Enter in a view: the details of the node, or from a summary to its node.
    fn enter(&mut self) {
        let Some(open) = &mut self.open else { return };
        let Some(node) = open.node() else { return };
        if open.view == View::Tree {
            self.details = Some(details::view(&open.plan, node));
        } else {
            let plan = Arc::clone(&open.plan);
            open.turn(View::Tree);
            open.tree.reveal(node, &plan);
            self.follow();
        }
    }

    /// Enter in the findings: to the node.
    fn go_to_finding(&mut self) {
        let Some(open) = &mut self.open else { return };
        let Some(node) = open.plan.findings.get(open.findings.at).and_then(|f| f.node) else { return };
        let plan = Arc::clone(&open.plan);
        open.turn(View::Tree);
        open.tree.reveal(node, &plan);
        self.focus_findings = false;
    }
}

/// Does hypopg know such an index, and is it one alone?
fn can_be_tried(sql: &str) -> bool {
    let sql = sql.trim().trim_end_matches(';').to_lowercase();
    sql.starts_with("create index") && sql.contains(" using btree ") && !sql.contains('\n')
}
