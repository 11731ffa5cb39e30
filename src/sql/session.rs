//! What a script does to the reading of the rest of it: `standard_conforming_strings`, `\if`.

use super::lex::{Token, TokenKind};
use super::meta::{Action, MetaCommand};
use super::slash;
use super::variables::Variables;

/// Follows `standard_conforming_strings` through `SET`, `RESET` and transactions.
pub(super) struct Strings {
    default: bool,
    /// What holds now.
    current: bool,
    /// What holds once the transaction commits.
    session: bool,
    /// What held when the transaction began.
    before: Option<bool>,
}

impl Strings {
    pub(super) fn new(on: bool) -> Self {
        Self { default: on, current: on, session: on, before: None }
    }

    pub(super) fn value(&self) -> bool {
        self.current
    }

    pub(super) fn reconnect(&mut self) {
        *self = Self::new(self.default);
    }

    /// A statement that starts with these tokens was sent.
    pub(super) fn follow(&mut self, text: &str, head: &[Token]) {
        let lower = |i: usize| head.get(i).map(|t| t.text(text).to_ascii_lowercase()).unwrap_or_default();
        let Some(first) = head.first().filter(|t| t.kind == TokenKind::Word) else { return };
        match first.text(text).to_ascii_lowercase().as_str() {
            "begin" | "start" => self.before = self.before.or(Some(self.session)),
            "commit" | "end" => {
                self.current = self.session;
                self.before = None;
            }
            "rollback" | "abort" if lower(1) != "to" && lower(2) != "to" => {
                self.session = self.before.take().unwrap_or(self.session);
                self.current = self.session;
            }
            "reset" if lower(1) == "all" || lower(1) == SETTING => self.set(self.default, false),
            "discard" if lower(1) == "all" => self.reconnect(),
            "set" => {
                let scoped = matches!(lower(1).as_str(), "local" | "session");
                let at = 1 + usize::from(scoped);
                if lower(at) == SETTING {
                    let value = lower(at + 2);
                    let on = match value.trim_matches('\'') {
                        "on" | "true" | "yes" | "1" | "t" | "y" => true,
                        "off" | "false" | "no" | "0" | "f" | "n" => false,
                        "default" => self.default,
                        _ => return,
                    };
                    self.set(on, lower(1) == "local");
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, on: bool, local: bool) {
        match (local, self.before) {
            (true, None) => {}
            (true, Some(_)) => self.current = on,
            (false, _) => (self.current, self.session) = (on, on),
        }
    }
}

const SETTING: &str = "standard_conforming_strings";

/// Follows `\if … \elif … \else … \endif`. Where only the run would tell whether a branch is taken, both it
/// and the branches behind it count as active, and as uncertain.
#[derive(Default)]
pub(super) struct Conditions {
    open: Vec<Branch>,
}

#[derive(Clone, Copy)]
struct Branch {
    active: bool,
    uncertain: bool,
    /// The branch around this one is uncertain.
    outer_uncertain: bool,
    /// A branch of this condition was certainly taken, or none may be.
    done: bool,
    /// It is the one of `\else`: no other follows.
    last: bool,
}

impl Conditions {
    pub(super) fn active(&self) -> bool {
        self.open.last().is_none_or(|b| b.active)
    }

    /// In a branch of which only the run tells whether it is taken.
    pub(super) fn uncertain(&self) -> bool {
        self.open.last().is_some_and(|b| b.outer_uncertain || b.uncertain)
    }

    /// A branch without an `\if`, or behind an `\else`: psql throws the line away.
    pub(super) fn refuses(&self, command: &MetaCommand) -> bool {
        match command.action {
            Action::Elif | Action::Else => self.open.last().is_none_or(|b| b.last),
            Action::Endif => self.open.is_empty(),
            _ => false,
        }
    }

    /// Takes a command into account.
    pub(super) fn follow(&mut self, text: &str, command: &MetaCommand, variables: &Variables) {
        let arguments = &text[command.arguments.clone()];
        match command.action {
            Action::If => {
                let closed = Branch {
                    active: false,
                    uncertain: false,
                    outer_uncertain: self.uncertain(),
                    done: !self.active(),
                    last: false,
                };
                let truth = truth(arguments, variables);
                self.open.push(closed.next(truth));
            }
            Action::Elif => {
                let truth = truth(arguments, variables);
                self.next_branch(truth);
            }
            Action::Else => {
                self.next_branch(Some(true));
                if let Some(branch) = self.open.last_mut() {
                    branch.last = true;
                }
            }
            Action::Endif => {
                self.open.pop();
            }
            _ => {}
        }
    }

    fn next_branch(&mut self, truth: Option<bool>) {
        if let Some(branch) = self.open.last_mut() {
            *branch = branch.next(truth);
        }
    }
}

/// The value of a condition; `None` when only a run tells.
fn truth(expression: &str, variables: &Variables) -> Option<bool> {
    let value = slash::arguments(expression, variables)?.join(" ").to_ascii_lowercase();
    let begins = |word: &str| !value.is_empty() && word.starts_with(&value);
    // What is no truth at all psql takes for false.
    Some(value == "1" || value == "on" || begins("true") || begins("yes"))
}

impl Branch {
    /// The branch that follows this one, if its condition has this value.
    fn next(self, truth: Option<bool>) -> Self {
        let active = !self.done && truth != Some(false);
        // Behind an uncertain branch every other one is uncertain too.
        let uncertain = self.uncertain || truth.is_none();
        Self { active, uncertain, done: self.done || truth == Some(true), ..self }
    }
}
