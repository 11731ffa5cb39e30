//! A little life for the demo: slow statements, writes, and every so often a chain of lock waits.
//!
//! Gentle: a few per cent of one processor. Everybody says who they are in `application_name`.
use std::{thread::JoinHandle, time::Duration};

use tokio::{sync::oneshot, time::sleep};

use super::DemoError;
use crate::pg::{
    client::Client,
    connect::{self, ConnectError, Options},
    target::Target,
};

/// The running workload; dropping it ends it.
#[derive(Debug)]
pub(super) struct Workload {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workload {
    /// Starts it on a thread of its own.
    pub(super) fn start(target: &Target) -> Result<Self, DemoError> {
        let failed = |e: std::io::Error| DemoError::Sql(format!("cannot start the background work: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let target = target.clone();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => (),
                    () = everybody(&target) => (),
                }
            });
        };
        let thread = std::thread::Builder::new().name("demo workload".into()).spawn(work).map_err(failed)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // if it panicked, the panic was told already
            let _ = thread.join();
        }
    }
}

/// A statement and the milliseconds of rest after it.
type Step = (&'static str, u64);

/// Somebody who repeats the same steps for ever.
struct Person {
    name: &'static str,
    /// Milliseconds before the first step.
    late: u64,
    steps: &'static [Step],
}

/// The rows fought over are the users 13 and 14: everything else stays as it was made.
const PEOPLE: &[Person] = &[
    Person {
        name: "demo: reports",
        late: 300,
        steps: &[
            (
                "select u.username, count(*) as posts, sum((p.metadata ->> 'views')::int) as views \
                 from users u join posts p on p.user_id = u.id left join comments c on c.post_id = p.id \
                 group by u.username order by views desc limit 10",
                2_500,
            ),
            ("select count(*) from posts where content ilike '%the query planner%'", 1_800),
            (
                "select p.id, p.title, ts_rank(to_tsvector('english', p.title || ' ' || p.content), q) as rank \
                 from posts p, websearch_to_tsquery('english', 'slow lentil stew') as q \
                 where to_tsvector('english', p.title || ' ' || p.content) @@ q order by rank desc limit 20",
                2_200,
            ),
            ("select tag, count(*) from posts, unnest(tags) as tag group by tag order by 2 desc", 3_000),
            (
                "select date_trunc('week', v.viewed_at) as week, count(*), percentile_cont(0.95) within group (order by v.took) \
                 from page_views v join posts p on p.id = v.post_id group by 1 order by 1",
                4_000,
            ),
        ],
    },
    Person {
        name: "demo: export",
        late: 1_000,
        steps: &[
            ("select pg_sleep(6), count(*) from comments where body like '%helped%'", 9_000),
            ("select pg_sleep(1.5)", 4_000),
        ],
    },
    Person {
        name: "demo: visitors",
        late: 500,
        steps: &[
            (
                "insert into page_views (post_id, viewed_at, path, took) select id, now(), '/posts/' || id, \
                 interval '1 millisecond' * (5 + random() * 200) from (select 1 + (random() * 10000)::bigint as n) as r \
                 join posts p on p.id = r.n limit 1",
                900,
            ),
            (
                "select id, title, published_at from posts where published_at is not null order by published_at desc limit 20",
                700,
            ),
            (
                "insert into audit_log (actor, action, detail) values ('visitor', 'login', jsonb_build_object('ok', random() < 0.9))",
                1_100,
            ),
            ("select * from users where username = 'strange.strings'", 800),
        ],
    },
    // The chain: the editor holds two rows and thinks; the moderator waits for one of them while holding a
    // third; the importer waits for the moderator, the archivist for everybody. The others rest for less time than the
    // editor holds its rows, so they meet in each of its rounds.
    Person {
        name: "demo: editor",
        late: 1_500,
        steps: &[
            ("begin; update users set is_active = is_active where id in (13, 14)", 12_000),
            ("commit", 18_000),
        ],
    },
    Person {
        name: "demo: moderator",
        late: 2_500,
        steps: &[(
            "begin; update tags set description = description where name = 'cooking'; \
                 update users set updated_at = now() where id = 13; commit",
            8_000,
        )],
    },
    Person {
        name: "demo: importer",
        late: 3_500,
        steps: &[("update tags set description = 'Posts about cooking' where name = 'cooking'", 9_000)],
    },
    Person {
        name: "demo: archivist",
        late: 4_500,
        steps: &[(
            "begin; lock table tags in access exclusive mode; select count(*) from tags; commit",
            10_000,
        )],
    },
];

async fn everybody(target: &Target) {
    futures_util::future::join_all(PEOPLE.iter().map(|person| live(person, target))).await;
}

/// One person, with a new connection whenever the user terminates this one.
async fn live(person: &Person, target: &Target) {
    sleep(Duration::from_millis(person.late)).await;
    loop {
        if let Ok(client) = open(person, target).await {
            while !client.is_closed() {
                round(person, &client).await;
            }
        }
        sleep(Duration::from_secs(2)).await;
    }
}

async fn round(person: &Person, client: &Client) {
    for (sql, rest) in person.steps {
        // cancelled, or in the way of somebody's schema change: end the transaction and go on next time
        if client.sql().batch_execute(sql).await.is_err() {
            let _ = client.sql().batch_execute("rollback").await;
        }
        sleep(Duration::from_millis(*rest)).await;
        if client.is_closed() {
            return;
        }
    }
}

async fn open(person: &Person, target: &Target) -> Result<Client, ConnectError> {
    let options = Options { application_name: person.name.into(), ..Options::default() };
    connect::open_client(target, &options).await
}
