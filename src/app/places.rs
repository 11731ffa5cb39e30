//! Going to another server or database: the list to choose from, and what is asked when something would be left behind.

use super::{APP, App};
use crate::core::{
    effect::{Effect, LookAs, Statement},
    event::{Link, ServerInfo, Tx},
    ids::{ConnId, JobId, Lane, PaneId},
    pane::{Popup, Tone},
};

/// The list.
pub const PICK: &str = "connect-to";
/// Staged changes would be left.
pub const LEAVE: &str = "connect-leave";
/// A transaction is open.
pub const LEAVE_TX: &str = "connect-transaction";
/// Where was connected before is kept under this key, a line each, the newest first.
const RECENT: &str = "recent";
/// So many are kept.
const MOST: usize = 20;

/// What becomes of staged changes.
const KEPT: &str =
    "Staged changes are not applied. They are kept as a draft, which is offered when you come back.";

/// Going somewhere.
#[derive(Debug, Default)]
pub struct Going {
    /// The list was asked for under this job.
    asked: Option<JobId>,
    /// Nobody asked for the list: there was no connection.
    unasked: bool,
    /// That list, while it may be on the screen.
    shown: Option<PaneId>,
    /// What the lines of the list mean.
    offered: Vec<String>,
    /// Where to, once what is asked was answered; none: nowhere, or where one is.
    spec: Option<String>,
    /// Another place is tried while the connection stays: what it is called.
    trying: Option<String>,
    /// It was reached, and what would be left behind is asked.
    reached: bool,
    /// As whom rows were looked at when one set out.
    pub(super) look: Option<LookAs>,
    /// The transaction is being ended under this job.
    ending: Option<JobId>,
    /// Places of before, while they are read and then.
    recalled: Option<JobId>,
    recent: Vec<String>,
}

impl Going {
    /// Another place is tried while the connection stays.
    pub(super) fn is_trying(&self) -> bool {
        self.trying.is_some()
    }

    /// What that place is called, until it is reached.
    pub(super) fn place(&self) -> Option<&str> {
        self.trying.as_deref().filter(|_| !self.reached)
    }
}

impl App {
    /// Shows the servers one may go to.
    pub(super) fn pick_server(&mut self) {
        self.going.unasked = false;
        let recent = self.going.recent.clone();
        self.going.asked = Some(self.own_job(|job| Effect::FindServers { job, recent }));
    }

    /// There is no connection, and was none: where else?
    pub(super) fn offer_servers(&mut self) {
        self.pick_server();
        self.going.unasked = true;
    }

    /// There is a connection: the list that nobody asked for goes.
    pub(super) fn withdraw_servers(&mut self) {
        if std::mem::take(&mut self.going.unasked) {
            self.going.asked = None;
        }
        if let Some(id) = self.going.shown.take() {
            self.close(id);
        }
    }

    /// The servers that were found: what connects there, and what it is. True: they had been asked for.
    pub(super) fn servers_came(&mut self, job: JobId, found: &[(String, String)]) -> bool {
        if self.going.asked != Some(job) {
            return false;
        }
        self.going.asked = None;
        if found.is_empty() {
            self.say(Tone::Note, "No profile, service or server was found: :c takes what pgdeck takes");
            return true;
        }
        self.going.offered = found.iter().map(|(spec, _)| spec.clone()).collect();
        let items = found.to_vec();
        self.popup(APP, Popup::Pick { question: PICK, title: "Connect to".into(), items });
        if std::mem::take(&mut self.going.unasked) {
            self.going.shown = self.popups.last().map(|p| p.id);
        }
        true
    }

    pub(super) fn server_chosen(&mut self, index: usize) {
        if let Some(spec) = self.going.offered.get(index).cloned() {
            self.go(Some(spec));
        }
    }

    /// `:c` with a name or connection string. What there is is left only when the other place was reached.
    pub(super) fn go(&mut self, spec: Option<String>) {
        let conn = self.world.active;
        if matches!(self.world.server().and_then(|s| s.link.as_ref()), Some(Link::Up(_))) {
            self.going.reached = false;
            // Why the last place refused is over, and would stand where the next one is named.
            self.toast = None;
            self.going.trying = Some(spec.clone().unwrap_or_else(|| "the same place".into()));
            return self.out.push(Effect::Try { conn, spec });
        }
        self.going.spec.clone_from(&spec);
        if self.world.staged().is_some_and(|s| !s.is_empty()) {
            return self.ask_to_leave(LEAVE, KEPT.into(), &["Connect", "Stay"]);
        }
        self.reconnect(spec);
    }

    fn ask_to_leave(&mut self, question: &'static str, text: String, buttons: &[&str]) {
        let buttons = buttons.iter().map(|b| (*b).to_owned()).collect();
        self.popup(APP, Popup::Confirm { question, title: "Connect".into(), text, buttons });
    }

    /// The other place is called so.
    pub(super) fn trying(&mut self, place: &str) {
        if let Some(trying) = &mut self.going.trying {
            place.clone_into(trying);
        }
    }

    /// The other place was reached: over, unless something would be left behind.
    pub(super) fn arrived(&mut self, conn: ConnId, address: &str, database: &str) {
        if self.going.trying.is_none() {
            // Given up meanwhile.
            return self.out.push(Effect::Settle { conn, go: false });
        }
        self.going.reached = true;
        self.close_password(conn);
        let Some(server) = self.world.server() else { return };
        let same = server.info.as_ref().is_some_and(|i| i.address == address && i.database == database);
        let staged = !same && !server.staged.is_empty();
        match (server.tx, staged) {
            (Tx::Open, _) => {
                let text = "A transaction is open here.";
                let text = if staged { format!("{text}\n{KEPT}") } else { text.into() };
                self.ask_to_leave(LEAVE_TX, text, &["Commit and connect", "Roll back and connect", "Stay"]);
            }
            (_, true) => self.ask_to_leave(LEAVE, KEPT.into(), &["Connect", "Stay"]),
            _ => self.go_over(),
        }
    }

    fn go_over(&mut self) {
        let conn = self.world.active;
        self.going.trying = None;
        if let Some(server) = self.world.conns.get_mut(&conn) {
            // The new connection knows nothing of it.
            server.look = None;
        }
        self.out.push(Effect::Settle { conn, go: true });
    }

    /// The other place could not be reached, for this reason.
    pub(super) fn stayed(&mut self, conn: ConnId, why: &str) {
        if self.going.trying.is_some() {
            self.close_password(conn);
        }
        self.stay(Tone::Error, why.trim_end_matches('.'));
    }

    /// One stays where one is.
    pub(super) fn stay(&mut self, tone: Tone, why: &str) {
        self.going.trying = None;
        self.out.push(Effect::Settle { conn: self.world.active, go: false });
        self.say(tone, format!("{why}. The connection stays as it is"));
    }

    pub(super) fn leave_answer(&mut self, question: &str, button: usize) {
        let sql = match (question, button) {
            (LEAVE, 0) if self.going.trying.is_some() => return self.go_over(),
            (LEAVE, 0) => {
                let spec = self.going.spec.take();
                return self.reconnect(spec);
            }
            (LEAVE_TX, 0) => "COMMIT",
            (LEAVE_TX, 1) => "ROLLBACK",
            _ if self.going.trying.is_some() => return self.stay(Tone::Note, "Not connected elsewhere"),
            _ => return,
        };
        let conn = self.world.active;
        let statements = vec![Statement { sql: sql.into(), ..Statement::default() }];
        let job = self.own_job(|job| Effect::Execute { job, lane: Lane::Own(conn), statements, credit: 0 });
        self.going.ending = Some(job);
    }

    /// The transaction was ended; true: in order to go.
    pub(super) fn left(&mut self, job: JobId, well: bool) -> bool {
        if self.going.ending != Some(job) {
            return false;
        }
        self.going.ending = None;
        if self.going.trying.is_none() {
            return false;
        }
        if well {
            self.go_over();
        } else {
            // Why is said by the failure itself.
            self.going.trying = None;
            self.out.push(Effect::Settle { conn: self.world.active, go: false });
        }
        well
    }

    /// Reads where one was before.
    pub(super) fn recall_places(&mut self) {
        self.going.recalled = Some(self.own_job(|job| Effect::Recall { job, key: RECENT.into() }));
    }

    /// The places of before; true: they had been asked for.
    pub(super) fn places_came(&mut self, job: JobId, text: Option<&str>) -> bool {
        if self.going.recalled != Some(job) {
            return false;
        }
        self.going.recalled = None;
        let before = text.unwrap_or_default().lines().map(str::to_owned);
        let known: Vec<String> = before.filter(|p| !self.going.recent.contains(p)).collect();
        let already = !self.going.recent.is_empty();
        self.going.recent.extend(known);
        if already {
            // One was there before this came.
            self.keep_places();
        }
        true
    }

    /// One is there: remembered for the next time, without a password.
    pub(super) fn been(&mut self, info: &ServerInfo) {
        let Some(place) = place(info) else { return };
        self.going.recent.retain(|p| *p != place);
        self.going.recent.insert(0, place);
        // What is still being read is not written over.
        if self.going.recalled.is_none() {
            self.keep_places();
        }
    }

    fn keep_places(&mut self) {
        self.going.recent.truncate(MOST);
        self.out.push(Effect::Keep { key: RECENT.into(), value: Some(self.going.recent.join("\n")) });
    }
}

/// What leads there again.
fn place(info: &ServerInfo) -> Option<String> {
    if let Some(profile) = &info.profile {
        return Some(profile.clone());
    }
    let address = info.address.split(" (").next()?;
    let (host, port) = match address.rsplit_once("/.s.PGSQL.") {
        Some(socket) => socket,
        None => address.rsplit_once(':')?,
    };
    let word = |w: &str| {
        let plain = |c: char| c.is_alphanumeric() || "/._-:@".contains(c);
        if !w.is_empty() && w.chars().all(plain) {
            return w.to_owned();
        }
        format!("'{}'", w.replace('\\', "\\\\").replace('\'', "\\'"))
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut place =
        format!("host={} port={port} user={} dbname={}", word(host), word(&info.user), word(&info.database));
    // Without its sslmode it would be another, less careful connection.
    for (keyword, value) in &info.more {
        place.push_str(&format!(" {keyword}={}", word(value)));
    }
    // A line is a place.
    (!place.contains('\n')).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_leads_back() {
        let info = |address: &str, database: &str| ServerInfo {
            address: address.into(),
            user: "me".into(),
            database: database.into(),
            ..ServerInfo::default()
        };
        for (address, database, expected) in [
            ("db:5433", "shop", Some("host=db port=5433 user=me dbname=shop")),
            ("db:5432 (10.0.0.1)", "it's", Some("host=db port=5432 user=me dbname='it\\'s'")),
            ("[::1]:5432", "d", Some("host=::1 port=5432 user=me dbname=d")),
            ("/run/pg/.s.PGSQL.5433", "d", Some("host=/run/pg port=5433 user=me dbname=d")),
            ("db:1", "a\nb", None),
            ("?", "d", None),
        ] {
            assert_eq!(place(&info(address, database)).as_deref(), expected, "{address}");
        }
        let sealed = ServerInfo { more: vec![("sslmode", "verify-full".into())], ..info("db:1", "d") };
        assert_eq!(place(&sealed).as_deref(), Some("host=db port=1 user=me dbname=d sslmode=verify-full"));
        let profile = ServerInfo { profile: Some("prod".into()), ..info("db:1", "d") };
        assert_eq!(place(&profile).as_deref(), Some("prod"));
    }
}
