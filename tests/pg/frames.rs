//! What psql prints of a plan, however it is told to frame it, is read to the same plan.

use crate::{same, server};
use pgdeck::data::plan::{Plan, read};
use std::process::{Command, Stdio};

/// Literals with runs of spaces, so that lines break within them wherever they are wrapped.
const STATEMENT: &str = "select p.id, u.email from posts p join users u on u.id = p.user_id
    where p.title <> 'a  b   c    d     e      f       g        h         i          j           k            l (m)'
    and p.id < 500 and exists (select 1 from users x where x.email <> 'Straße  x  y' and x.id = p.id) order by u.email, p.title limit 5";

/// The ways of framing, as commands of psql.
fn framings() -> Vec<String> {
    let mut out = vec![];
    for expanded in ["off", "on"] {
        for border in 0..3 {
            for style in ["ascii", "old-ascii", "unicode"] {
                for format in ["aligned", "wrapped\n\\pset columns 61", "wrapped\n\\pset columns 78"] {
                    out.push(format!(
                        "{expanded}\n\\pset border {border}\n\\pset linestyle {style}\n\\pset format {format}"
                    ));
                }
            }
        }
        for format in ["unaligned", "csv", "html", "asciidoc", "troff-ms"] {
            for tuples in ["off", "on"] {
                out.push(format!("{expanded}\n\\pset format {format}\n\\pset tuples_only {tuples}"));
            }
        }
    }
    out
}

fn psql(url: &str, script: &str) -> Option<String> {
    let mut child = Command::new("psql")
        .args(["-X", "-q", url])
        .env("PAGER", "cat")
        .env("PGCLIENTENCODING", "UTF8")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let (mut stdin, script) = (child.stdin.take()?, script.to_owned());
    // Beside reading: neither waits for the other.
    std::thread::spawn(move || std::io::Write::write_all(&mut stdin, script.as_bytes()));
    let out = child.wait_with_output().ok()?;
    Some(String::from_utf8_lossy(&out.stdout).into_owned())
}

fn one(text: &str, what: &str) -> Result<Plan, String> {
    let mut reading = read(text).map_err(|broken| format!("{what}: {broken:?}"))?;
    match (reading.plans.len(), &reading.broken) {
        (1, None) => Ok(reading.plans.remove(0)),
        (count, broken) => Err(format!("{what}: {count} plans, {broken:?}")),
    }
}

#[test]
fn whatever_frame_psql_draws() {
    let db = server::database_with_posts();
    db.execute("create index posts_user_id_and_created_at_idx on posts (user_id, created_at)");
    let framings = framings();
    let mut script = String::new();
    let explain = |format: &str| format!("explain (verbose, format {format}) {STATEMENT};\n");
    for format in ["text", "json", "yaml", "xml"] {
        script += &format!(
            "\\pset expanded off\n\\pset format unaligned\n\\pset tuples_only on\n\\echo <<<>>>\n{}",
            explain(format)
        );
        for framing in &framings {
            script += &format!(
                "\\pset tuples_only off\n\\pset expanded {framing}\n\\echo <<<>>>\n{}",
                explain(format)
            );
        }
    }
    let Some(printed) = psql(&db.url(), &script) else {
        eprintln!("skipped: there is no psql on this machine");
        return;
    };
    let mut parts = printed.split("<<<>>>\n").skip(1);
    let mut wrong = vec![];
    for format in ["text", "json", "yaml", "xml"] {
        let plain = one(parts.next().expect("the plan without a frame"), format).expect("a plan");
        for framing in &framings {
            let text = parts.next().expect("a framed plan");
            let what = format!("{format}, expanded {}", framing.replace("\n\\pset", ","));
            match one(text, &what) {
                Ok(plan) if plan == plain => {}
                Ok(plan) => {
                    wrong.push(format!("{what}: {:?}\n{text}", same::differences(&plain, &plan, true)))
                }
                Err(why) => wrong.push(format!("{why}\n{text}")),
            }
        }
    }
    assert_eq!(parts.next(), None);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
