//! Health: many small questions, each at its own pace and each failing by itself.
//!
//! They go by the simple protocol, whose answers are texts whatever their type, and which is all PgBouncer's console speaks.

use super::{Monitor, PATIENCE, begin, horizon::heed_told, q, silent};
use crate::{
    core::error::DbError,
    data::{
        health::{Part, Table, Trouble, Vitals},
        live::Probe,
    },
    pg::{
        client::Client,
        log,
        queries::health::{ADVICE, BOUNCER, EVERY, Question},
    },
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout};
use tokio_postgres::SimpleQueryMessage;

/// A question whose answer is refused for a lasting reason is asked again after so long, or when Health is opened anew.
const REFUSED: Duration = Duration::from_secs(600);

/// When each question is due.
#[derive(Default)]
pub(super) struct Pace {
    due: BTreeMap<&'static str, Instant>,
    /// The rest of the advisor's questions.
    advice: VecDeque<&'static Question>,
    /// Parts whose question the present session has planned.
    planned: BTreeSet<&'static str>,
}

impl Pace {
    /// Another session: it has nothing planned, and everything is asked anew.
    pub(super) fn elsewhere(&mut self) {
        self.planned.clear();
        self.anew(Probe::Health);
    }

    /// Everything of a probe is asked anew.
    pub(super) fn anew(&mut self, probe: Probe) {
        match probe {
            Probe::Health => self.due.clear(),
            Probe::Advice => self.advice = ADVICE.iter().collect(),
            _ => {}
        }
    }

    /// Another part of a probe's sample is to be asked at once.
    pub(super) fn unfinished(&self, probe: Probe) -> bool {
        probe == Probe::Advice && !self.advice.is_empty()
    }
}

impl Monitor {
    /// The questions whose time has come.
    pub(super) async fn health(&mut self, client: &Client) -> Result<Vitals, DbError> {
        let begun = Instant::now();
        let all = if self.server.is_bouncer() { BOUNCER } else { EVERY };
        let due: Vec<&Question> =
            all.iter().filter(|one| self.pace.due.get(one.part).is_none_or(|at| *at <= begun)).collect();
        self.ask_all(client, &due).await
    }

    /// One of the advisor's questions: between two of them the other probes have their turn.
    pub(super) async fn advice(&mut self, client: &Client) -> Result<Vitals, DbError> {
        if self.pace.advice.is_empty() {
            self.pace.anew(Probe::Advice);
        }
        let next = if self.server.is_bouncer() { None } else { self.pace.advice.pop_front() };
        if next.is_none() {
            self.pace.advice.clear();
        }
        let vitals = self.ask_all(client, next.as_slice()).await?;
        Ok(Vitals { more: true, ..vitals })
    }

    async fn ask_all(&mut self, client: &Client, questions: &[&'static Question]) -> Result<Vitals, DbError> {
        let mut vitals = Vitals { version: self.server.version(), ..Vitals::default() };
        let mut waited = false;
        for question in questions {
            if waited {
                break;
            }
            let begun = Instant::now();
            let crowd = self.crowd(here() + self.skew).filter(|_| question.part == "connections");
            let answer = match crowd {
                Some(counted) => Ok(counted),
                None => self.ask_one(client, question).await,
            };
            let took = begun.elapsed().saturating_sub(self.ping);
            vitals.took += took;
            let mut wait = Duration::from_secs(question.every);
            let (table, trouble) = match answer {
                Ok(table) if question.part == "horizon" => (heed_told(table, self.server.version()), None),
                Ok(table) => (table, None),
                Err(e) if e.fatal || client.is_closed() => return Err(e),
                Err(e) => {
                    let trouble = Trouble { code: e.code, message: e.message };
                    if trouble.lasts() {
                        wait = REFUSED;
                    }
                    // Something is locked: the rest has its turn after the other probes.
                    waited = matches!(&*trouble.code, "55P03" | "57014");
                    (Table::default(), Some(trouble))
                }
            };
            // The server's clock, where it is told; ours beside PgBouncer, which has none.
            if let Some(now) = table.rows().next().and_then(|row| row.some("now")?.parse::<i64>().ok()) {
                self.skew = now - here();
            }
            let at = here() + self.skew;
            vitals.at = at;
            // A little early, so that a question of every fifth second is not left out every other time.
            self.pace.due.insert(question.part, begun + wait.mul_f64(0.9));
            vitals.parts.insert(question.part, Part { at, table: Arc::new(table), trouble });
        }
        self.spent += vitals.took;
        if vitals.at == 0 {
            vitals.at = here() + self.skew;
        }
        Ok(vitals)
    }

    /// What is asked again and again is planned once: planning is most of what a small question costs. Not behind a pooler,
    /// where a statement's name is somebody else's, too.
    async fn ask_one(&mut self, client: &Client, question: &Question) -> Result<Table, DbError> {
        let mut sql = q::at(question.sql, self.server.version()).into_owned();
        for (name, value) in question.with {
            sql = sql.replace(name, value);
        }
        let pooled = self.server.behind_pooler() && !self.server.is_bouncer();
        if question.every > 0 && !self.server.behind_pooler() && !self.server.is_bouncer() {
            match self.ask_planned(client, question.part, &sql).await {
                // Not the session it was: there may be a pooler in between that is not known yet.
                Err(e) if matches!(&*e.code, "26000" | "42P05") => {
                    self.pace.planned.remove(question.part);
                }
                answer => return answer,
            }
        }
        self.ask_text(client, &sql, pooled).await
    }

    async fn ask_planned(
        &mut self,
        client: &Client,
        part: &'static str,
        sql: &str,
    ) -> Result<Table, DbError> {
        let name = format!("\"pgdeck {part}\"");
        if !self.pace.planned.contains(part) {
            self.ask_text(client, &format!("prepare {name} as {sql}"), false).await?;
            self.pace.planned.insert(part);
        }
        self.ask_text(client, &format!("execute {name}"), false).await
    }

    async fn ask_text(&self, client: &Client, sql: &str, pooled: bool) -> Result<Table, DbError> {
        let mut sql = Cow::Borrowed(sql);
        if pooled {
            sql = format!("{}; {}; commit", begin(), sql.trim().trim_end_matches(';')).into();
        }
        let work = async {
            log::asked(client.place(), &sql);
            let answer = client.sql().simple_query(&sql).await;
            if pooled && answer.is_err() {
                // The transaction is over whatever this says: the error comes first.
                let _ = client.sql().simple_query("rollback").await;
            }
            answer
        };
        match timeout(PATIENCE, work).await {
            Ok(answer) => answer.map(|messages| table(&messages)).map_err(|e| client.error(&e)),
            Err(_) => Err(silent()),
        }
    }
}

/// Microseconds since 1970 by this machine's clock.
fn here() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or_default()
}

/// Rows of the one statement that has some. Text that is not UTF-8 comes from another database's encoding.
fn table(messages: &[SimpleQueryMessage]) -> Table {
    let mut table = Table::default();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                table.columns = columns.iter().map(|c| c.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                let cell = |n: usize| match row.try_get(n) {
                    Ok(text) => text.map(str::to_owned),
                    Err(_) => Some("\u{fffd}".to_owned()),
                };
                table.rows.push((0..row.len()).map(cell).collect());
            }
            _ => {}
        }
    }
    table
}
