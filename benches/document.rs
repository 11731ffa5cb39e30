//! What a large JSON document costs: `cargo bench --bench document`. Prints milliseconds and memory; judges nothing.

#[path = "../tests/support/live.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod live;
#[path = "../tests/support/robot.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod robot;
#[path = "../tests/support/server.rs"]
mod server;

use live::Live;
use pgdeck::data::{
    edits::{Comparing, JsonEdit, apply_to},
    json::{Json, JsonRows, Parsing},
};
use std::{sync::Arc, time::Instant};

const SIZE: usize = 50 << 20;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    console();
    values();
}

/// The whole program on a document of 50 MB: how long each key takes with its screen, and the memory.
fn console() {
    let db = server::database();
    db.execute(&format!(
        "create table docs (id int primary key, doc jsonb);
         insert into docs select 1, jsonb_build_object('theme', 'light', 'items', (select jsonb_agg(
             jsonb_build_object('id', g, 'tags', jsonb_build_array(1, true, null), 'name', 'item ' || g))
             from generate_series(1, {}) g))",
        ROWS
    ));
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<ctrl-p>").keys("docs").see("docs").keys("<enter>").see("{\"items\"");
    live.keys("0l");
    memory("before");
    let at = Instant::now();
    live.keys("v");
    live.see("theme: \"light\"");
    println!("opened in {:.0} ms", at.elapsed().as_secs_f64() * 1e3);
    memory("open");
    live.until(|r| r.app.next_tick().is_none());
    memory("ready to be changed");
    for (what, keys) in [
        ("to the end", "G"),
        ("up", "k"),
        ("unfold", "l"),
        ("ask for a text", "/"),
        ("type", "item 200000"),
        ("find", "<enter>"),
        ("next", "n"),
        ("edit", "e"),
        ("type", "<ctrl-u>other"),
        ("take", "<enter>"),
        ("move", "k"),
        ("remove", "dd"),
        ("undo", "u"),
        ("to the parent", "h"),
        ("and its place", "h"),
        ("move the element down", "J"),
        ("text mode", "t"),
        ("tree again", "t"),
        ("unfold all", "E"),
        ("to the end", "G"),
        ("edit", "e"),
        ("type", "<ctrl-u>dark"),
        ("take", "<enter>"),
        ("fold all", "C"),
        ("stage", "<ctrl-s>"),
    ] {
        let keyed = Instant::now();
        live.keys(keys);
        let done = keyed.elapsed().as_secs_f64() * 1e3;
        live.robot.screen();
        println!(
            "{what} {keys}: {done:.0} ms, with its screen {:.0} ms",
            keyed.elapsed().as_secs_f64() * 1e3
        );
        live.until(|r| r.app.next_tick().is_none_or(|at| at > r.at));
    }
    live.keys("<ctrl-s>").see("Ctrl+S apply");
    let at = Instant::now();
    live.keys("<ctrl-s>");
    live.see("applied");
    println!("applied in {:.0} ms", at.elapsed().as_secs_f64() * 1e3);
    memory("applied");
}

const ROWS: u32 = 760_000;

fn memory(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let figures = status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS"));
    let figures: Vec<String> = figures.map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    println!("memory, {when}: {}", figures.join(", "));
}

/// The same without a screen, step by step.
fn values() {
    let mut text = String::from("{\"items\": [");
    let mut n = 0;
    while text.len() < SIZE {
        if n > 0 {
            text.push_str(", ");
        }
        text.push_str(&format!("{{\"id\": {n}, \"tags\": [1, true, null], \"name\": \"item {n}\"}}"));
        n += 1;
    }
    text.push_str("], \"theme\": \"light\"}");
    println!("{:.1} MB", text.len() as f64 / 1e6);
    let mut longest = 0.0f64;
    let mut parsing = Parsing::new(text);
    let all = Instant::now();
    loop {
        let at = Instant::now();
        let ended = parsing.step(2 << 20);
        longest = longest.max(at.elapsed().as_secs_f64() * 1e3);
        if ended {
            break;
        }
    }
    let mut base = parsing.finish().unwrap_or_else(|(e, _)| panic!("{e}"));
    println!(
        "parse {:.0} ms, longest piece {longest:.0} ms, {} nodes",
        all.elapsed().as_secs_f64() * 1e3,
        base.len()
    );
    let mut rows = timed("fold state", || JsonRows::new(&base));
    timed("unfold all", || rows.fold_all(&base, true));
    let mut work = base.blank_for();
    let mut longest = 0.0f64;
    loop {
        let at = Instant::now();
        let done = work.copy_on(&base, 8 << 20);
        longest = longest.max(at.elapsed().as_secs_f64() * 1e3);
        if done {
            break;
        }
    }
    println!("copy: longest piece {longest:.1} ms");
    rows.fold_all(&base, false);
    for (name, node) in
        [("in the middle", base.len() / 2), ("near the start", 4), ("near the end", base.len() - 12)]
    {
        let node = (node..).find(|n| base.count(*n) == 0).unwrap_or(0);
        timed(&format!("path {name}"), || base.path(node));
        let patch = timed(&format!("splice {name}: parse"), || work.replacing(node, "{\"new\": [1, 2]}"))
            .unwrap_or_else(|e| panic!("{e}"));
        let (gone, coming, turned) = (patch.gone(), patch.coming(), patch.turned());
        let back = timed("  apply", || work.apply(patch));
        timed("  rows", || rows.patched(&work, gone.clone(), coming, turned));
        let (seen, changed) = (Arc::new(base), Arc::new(work));
        let edit = pieces(&seen, &changed);
        base = Arc::into_inner(seen).unwrap_or_else(|| panic!("nobody else has it"));
        work = Arc::into_inner(changed).unwrap_or_else(|| panic!("nobody else has it"));
        println!("  {} operations, {} bytes", edit.ops.len(), format!("{edit:?}").len());
        let mut again = base.clone();
        timed("  apply operations", || apply_to(&mut again, &[], &edit.ops))
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(again.text() == work.text());
        drop(again);
        let gone = back.gone();
        let coming = back.coming();
        timed("  back", || work.apply(back));
        rows.patched(&work, gone, coming, 0);
    }
    timed("all taken back: compare", || assert!(work.text() == base.text()));
    let node = base.len() / 2;
    let patch = base.moving((node..).find(|n| base.parent(*n) == Some(1)).unwrap_or(2), true);
    if let Some(patch) = timed("move an element: parse", || patch) {
        timed("  apply", || work.apply(patch));
        let edit = timed("  between", || JsonEdit::between(&base, &work));
        timed("  apply operations to the base", || apply_to(&mut work, &[], &edit.inverse))
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(work.text() == base.text());
    }
    timed("find nothing", || work.find("no such text", 0, false));
    timed("find at the end", || work.find("light", 0, false));
    memory("of both parts");
}

/// The marks piece by piece, and what would be staged with and without knowing them.
fn pieces(seen: &Arc<Json>, changed: &Arc<Json>) -> JsonEdit {
    let (mut longest, mut count, all) = (0.0f64, 0, Instant::now());
    let mut comparing = Comparing::new(Arc::clone(seen), Arc::clone(changed));
    let shared = loop {
        let at = Instant::now();
        let found = comparing.step();
        longest = longest.max(at.elapsed().as_secs_f64() * 1e3);
        count += 1;
        if let Some((_, shared)) = found {
            break shared;
        }
    };
    let all = all.elapsed().as_secs_f64() * 1e3;
    println!("  marks: {all:.1} ms in {count} pieces, the longest {longest:.1} ms");
    drop(comparing);
    timed("  between, knowing", || shared.between(seen, changed));
    timed("  between", || JsonEdit::between(seen, changed))
}

fn timed<R>(what: &str, f: impl FnOnce() -> R) -> R {
    let at = Instant::now();
    let out = f();
    println!("{what}: {:.1} ms", at.elapsed().as_secs_f64() * 1e3);
    out
}
