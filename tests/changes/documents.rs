//! Random edits of random documents: what the server has afterwards is what was wanted, digit for digit.

use crate::{change, describe, plain, send, server, session, set, text};
use pgdeck::data::{
    edits::{JsonEdit, Value, What},
    json::{Json, quoted},
};

/// Numbers that only look random: the same ones in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "",
    "0",
    "1",
    "-1",
    "a,b",
    "a\"b",
    "a\\b",
    "NULL",
    "null",
    "{x}",
    " ",
    "ü",
    "a\nb",
    "long key with 'quotes'",
];
const LEAVES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1.10",
    "1.1",
    "12345678901234567890.10",
    "-0.000000000000000001",
    "\"\"",
    "\"x\"",
    "\"NULL\"",
    "\"it's \\\"q\\\" \\\\ {a,b}\"",
    "\"é\\n\\t\"",
    "[]",
    "{}",
];

fn document(dice: &mut Dice, depth: usize) -> String {
    match if depth == 0 { 0 } else { dice.roll(4) } {
        0 | 1 if depth < 3 => dice.pick(LEAVES).to_owned(),
        0..=2 => {
            let mut keys = vec![];
            for _ in 0..dice.roll(6) {
                let key = dice.pick(KEYS);
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let parts: Vec<String> =
                keys.iter().map(|k| format!("{}: {}", quoted(k), document(dice, depth - 1))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        _ => {
            let parts: Vec<String> = (0..dice.roll(5)).map(|_| document(dice, depth - 1)).collect();
            format!("[{}]", parts.join(", "))
        }
    }
}

/// The document with some nodes changed, taken out or doubled.
fn edited(dice: &mut Dice, from: &str) -> String {
    let mut out = from.to_owned();
    for _ in 0..=dice.roll(4) {
        let json = Json::parse(out.clone()).expect("a document");
        let node = dice.roll(json.len());
        let (start, end) = json.place(node);
        let put = |new: &str| format!("{}{new}{}", &out[..start], &out[end..]);
        let next = match dice.roll(4) {
            0 if node > 0 => {
                let mut less = json.clone();
                json.removing(node).map(|patch| less.apply(patch));
                less.into_text()
            }
            1 => {
                let inner = json.raw(node).to_owned();
                match (inner.as_bytes().first(), json.count(node)) {
                    (Some(b'['), 0) => put(&format!("[{}]", dice.pick(LEAVES))),
                    (Some(b'['), _) => put(&format!("[{}, {}", dice.pick(LEAVES), &inner[1..])),
                    (Some(b'{'), n) => {
                        let key = dice.pick(KEYS);
                        let there = json.children(node).any(|c| json.key(c).as_deref() == Some(key));
                        let comma = if n > 0 { ", " } else { "" };
                        if there {
                            put(dice.pick(LEAVES))
                        } else {
                            put(&format!("{{{}: {}{comma}{}", quoted(key), dice.pick(LEAVES), &inner[1..]))
                        }
                    }
                    _ => put(&document(dice, 1)),
                }
            }
            2 => put(&document(dice, 2)),
            _ => put(dice.pick(LEAVES)),
        };
        out = next;
    }
    out
}

#[tokio::test]
async fn a_thousand_edits_of_documents() {
    let db = server::database();
    db.execute("create table docs (id int primary key, doc jsonb)");
    let mut s = session(&db).await;
    let d = describe(&db, "docs").await;
    let mut dice = Dice(20_260_101);
    let (mut done, mut wrong) = (0, vec![]);
    plain(&mut s, "begin").await;
    while done < 1_000 && wrong.len() < 5 {
        let literal = |t: &str| format!("'{}'", t.replace('\'', "''"));
        let first = document(&mut dice, 4);
        plain(&mut s, "truncate docs").await;
        let sql = format!("insert into docs values (1, {}) returning doc", literal(&first));
        let seen = plain(&mut s, &sql).await[0][0].clone().expect("a document");
        let new = edited(&mut dice, &seen);
        let edit = JsonEdit::between(
            &Json::parse(seen.clone()).expect("seen"),
            &Json::parse(new.clone()).expect("new"),
        );
        if edit.is_empty() {
            continue;
        }
        done += 1;
        let fields = vec![set("doc", None, Value::Json(Box::new(edit)))];
        let what = What::Update { key: vec![text("1")], fields, version: vec![] };
        plain(&mut s, "savepoint p").await;
        let back = match send(&mut s, &d, &change(&d, what)).await {
            Ok(back) => back,
            Err(e) => {
                wrong.push(format!("{seen} -> {new}: {e}"));
                plain(&mut s, "rollback to p").await;
                continue;
            }
        };
        let got = plain(&mut s, &format!("select doc, {}::jsonb from docs", literal(&new))).await.remove(0);
        if got[0] != got[1] {
            wrong.push(format!("{seen} -> {new}: got {:?}", got[0]));
        }
        for c in &back {
            if let Err(e) = send(&mut s, &d, c).await {
                wrong.push(format!("back from {new} to {seen}: {e}"));
                plain(&mut s, "rollback to p").await;
            }
        }
        let again = plain(&mut s, "select doc from docs").await.remove(0).remove(0);
        if again.as_deref() != Some(&*seen) {
            wrong.push(format!("back from {new} to {seen}: got {again:?}"));
        }
        plain(&mut s, "release p").await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(done, 1_000);
}
