//! Looking at rows as another role, so that row-level security can be seen at work.

use super::{APP, App};
use crate::core::{
    command::Command,
    effect::{Effect, LookAs, Statement},
    event::News,
    ids::{JobId, Lane},
    pane::{FormField, PaneKind, Popup, Tone},
};

/// The form's name.
pub const FORM: &str = "look-as";
const ROLES: &str = include_str!("../../queries/browse/roles.sql");

/// The roles one may choose, while they are read.
pub type Roles = Option<(JobId, Vec<String>)>;

impl App {
    /// Asks as whom; when it is somebody already, it is oneself again.
    pub(super) fn look_as(&mut self) {
        let Some(server) = self.world.server() else { return };
        if server.look.is_some() {
            return self.look(None);
        }
        let (conn, credit) = (self.world.active, 1 << 20);
        let statements = vec![Statement::read(ROLES, vec![], vec![])];
        let job = self.own_job(|job| Effect::Execute { job, lane: Lane::Read(conn), statements, credit });
        self.roles = Some((job, vec![]));
    }

    /// News of the question which roles there are; true: it was.
    pub(super) fn roles_came(&mut self, job: JobId, news: &News) -> bool {
        let Some((asked, roles)) = &mut self.roles else { return false };
        if *asked != job {
            return false;
        }
        match news {
            News::Rows(batch) => {
                let name =
                    |n: usize| String::from_utf8_lossy(batch.cell(n, 0).unwrap_or_default()).into_owned();
                roles.extend((0..batch.len()).map(name));
            }
            News::Done(s) if s.last => {
                let choices = std::mem::take(roles);
                self.roles = None;
                self.ask_whom(choices);
            }
            News::Failed(..) => {
                self.roles = None;
                return false;
            }
            _ => {}
        }
        true
    }

    fn ask_whom(&mut self, choices: Vec<String>) {
        let field = |label: &str, help: &str| FormField {
            label: label.into(),
            help: help.into(),
            value: Some(String::new()),
            ..FormField::default()
        };
        let role = FormField { choices, ..field("role", "empty: your own") };
        let fields = vec![role, field("settings", "app.current_user_id = 7; app.tenant = acme")];
        let text = "Everything that is read in Browse runs as this role, with these settings, in a transaction that is rolled back. Nothing is written meanwhile.".into();
        self.popup(APP, Popup::Form { question: FORM, title: "Look as".into(), text, fields });
    }

    /// The form was filled in.
    pub(super) fn whom(&mut self, values: &[Option<String>]) {
        let value = |n: usize| values.get(n).cloned().flatten().unwrap_or_default();
        match LookAs::read(&value(0), &value(1)) {
            Ok(Some(who)) => self.look(Some(who)),
            Ok(None) => self.say(Tone::Note, "Nobody was named: rows are looked at as yourself"),
            Err(what) => self.say(Tone::Warning, what),
        }
    }

    fn look(&mut self, who: Option<LookAs>) {
        let conn = self.world.active;
        let Some(server) = self.world.conns.get_mut(&conn) else { return };
        server.look.clone_from(&who);
        let said = match &who {
            Some(who) => format!("Rows are looked at as {who}"),
            None => "Rows are looked at as yourself again".into(),
        };
        self.out.push(Effect::LookAs { conn, who });
        self.say(Tone::Note, said);
        if let Some(at) = self.slots.iter().position(|s| s.kind == PaneKind::Browse) {
            self.on_pane(at, |pane, cx| pane.command(Command::Refresh, cx));
        }
    }
}
