//! What strangers wrote, in every place a text can come from: nothing of it reaches the terminal as anything but marks.
//! The proof is on the bytes that the real binary writes, read by a parser that knows nothing of pgdeck.

mod corpus;
mod headless;
mod tour;
mod world;

use crate::{emulator::Emulator, strict};
use corpus::corpus;
use std::collections::BTreeSet;
use tour::{CTRL_P, PAGE_DOWN, PAGE_UP, Tour};
use world::{PROFILE, world};

#[test]
fn the_corpus_is_large_and_each_value_is_there_once() {
    let all = corpus();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert!(all.len() >= 300 && distinct.len() == all.len(), "{}", all.len());
    // The judge finds fault with what it must.
    let faults = |text: &str| strict::faults(text.as_bytes(), strict::Place::Screen);
    let bad = all.iter().filter(|v| !faults(v).is_empty()).count();
    assert!(bad > 280, "{bad}");
    for fine in ["plain žluť 日本 👍🏽", "\x1b[31m\x1b[12;40H\x1b[?25l", "می\u{200c}خواهم", "␛[31m ‹U+202E›"]
    {
        assert_eq!(faults(fine), Vec::<String>::new());
    }
}

#[test]
fn nothing_of_tables_and_rows_reaches_the_terminal() {
    let all = world().values.len();
    let mut tour = Tour::start(world(), PROFILE);
    tour.see("t000");
    // The tree, then a table whose cells, and one whose columns are such.
    tour.through(PAGE_DOWN, "gg", 't', all);
    tour.press(CTRL_P);
    for letter in ['t', 'f', 'c', 's'] {
        for digits in ["0", "1", "2", "3", "4", "5"] {
            tour.press("\x15");
            tour.press(&format!("{letter}{digits}"));
            tour.press(PAGE_DOWN);
            tour.press(PAGE_DOWN);
        }
    }
    tour.leave();
    tour.open("cells");
    tour.through(PAGE_DOWN, "gg", 'v', all);
    // The structure, with comments; who may do what.
    for part in ["\t", "gp"] {
        tour.press(part);
        tour.press(PAGE_DOWN);
    }
    tour.leave();
    // Row by row, value by value: keys of JSON too.
    tour.open("few");
    tour.press("\r");
    for _ in 0..all / 7 {
        tour.press("J");
    }
    tour.press("q");
    tour.press("gg");
    for _ in 0..40 {
        tour.press("v");
        tour.press("t");
        tour.press("q");
        tour.press("jj");
    }
    tour.open("docs");
    tour.press("$");
    tour.press("v");
    tour.press("E");
    tour.through(PAGE_DOWN, "gg", 'k', all);
    tour.press("t");
    tour.press(PAGE_DOWN);
    tour.press("q");
    tour.open("cols");
    // A column a line, page by page.
    tour.press("\r");
    tour.through(PAGE_DOWN, "gg", 'c', all);
    tour.press("q");
    for list in ["+", "F"] {
        tour.press(list);
        tour.press(PAGE_DOWN);
        tour.leave();
    }
    tour.open("labels");
    tour.press("$");
    tour.through(PAGE_DOWN, "gg", 'l', all);
    tour.press("e");
    tour.press(PAGE_DOWN);
    tour.leave();
    tour.judge();
}

#[test]
fn nothing_of_answers_errors_and_notices_reaches_the_terminal() {
    let all = world().values.len();
    let mut tour = Tour::start(world(), PROFILE);
    tour.see("t000");
    tour.pane('2');
    tour.see("Statement");
    tour.run("select hear()");
    tour.see("1 row");
    tour.run("select notices()");
    // The result before has a message, too: only its own rows tell that this one is there.
    tour.press_until("\x1b", "row 1 · notices");
    // Once only: twice goes round to the result.
    tour.press("}");
    tour.see("▌Messages");
    tour.through(PAGE_UP, "G", 'n', all);
    for n in (0..all).step_by(12) {
        tour.run(&format!("select trouble({n})"));
        // What an earlier value fills with empty lines is below the edge: then the field COLUMN tells. The value alone
        // may still stand there from before.
        let (message, column) = (format!("ERROR: x{n:03}"), format!("COLUMN: v{n:03}"));
        tour.until(&message, |s| s.contains(&message) || s.contains(&column));
    }
    tour.run("select v, j from cells");
    tour.press_until("\x1b", "━▌1 SELECT cells");
    tour.through(PAGE_DOWN, "gg", 'v', all);
    for (listing, letter, wanted) in [
        ("\\dt", 't', all),
        ("\\df", 'f', all),
        ("\\dn", 's', all),
        ("\\du", 'r', all),
        ("\\di", 'i', all / 8),
    ] {
        tour.press(":");
        tour.press(&format!("{listing}\r"));
        tour.through(PAGE_DOWN, "gg", letter, wanted);
    }
    for listing in ["\\l", "\\d cols", "\\dT", "\\dt+"] {
        tour.press(":");
        tour.press(&format!("{listing}\r"));
        tour.press(PAGE_DOWN);
    }
    // Completion, the history, a plan.
    tour.pane('2');
    tour.press("i");
    tour.t.send("\x1b[200~;\nselect * from cols where cols.\x1b[201~");
    tour.press("\x00");
    for _ in 0..30 {
        tour.press("\x1b[B");
    }
    tour.leave();
    tour.press("\x1b[19~");
    tour.through(PAGE_DOWN, "\x1b[1;5H", 'h', 10);
    tour.leave();
    tour.press("i");
    tour.t.send("\x1b[200~;\nselect * from cells c join \"t000a\u{1}b\" d on c.id = d.a where v = E'\\x1b[2J\\x1b]0;z\\x07' or v = U&'\\202E\\009B2J'\x1b[201~");
    tour.press("\x1b[18~");
    tour.see("Seq Scan");
    for key in ["\r", "q", "t", "t", "t", "d"] {
        tour.press(key);
    }
    tour.judge();
}

#[test]
fn nothing_of_other_sessions_and_files_reaches_the_terminal() {
    let mut tour = Tour::start(world(), PROFILE);
    tour.see("t000");
    for pane in ['6', '3', '7', '8', '4'] {
        tour.pane(pane);
        for _ in 0..10 {
            tour.press("j");
        }
        tour.press("\r");
        tour.press(PAGE_DOWN);
        tour.leave();
    }
    tour.pane('5');
    tour.see("pg_sleep");
    // This sample stays, so that only keys change the screen.
    tour.press("p");
    tour.see("paused");
    // Each session with all of its statement.
    for _ in 0..16 {
        tour.press("\r");
        tour.press(PAGE_DOWN);
        tour.press("q");
        tour.press("j");
    }
    tour.press("?");
    tour.leave();
    tour.pane('9');
    tour.press("G");
    tour.through("k", "G", 'q', 40);
    tour.press("\x1b[15~");
    tour.until("a form or a result", |s| s.contains('╭') || s.contains("▌2 "));
    tour.leave();
    // The picker of connections, a server's refusal, another database's name.
    tour.press("\x1bc");
    tour.through(PAGE_DOWN, "\x1b", 'o', 30);
    tour.leave();
    tour.press(":");
    tour.press("c no\x16\x1bsuch\r");
    tour.press(&format!(":c {}\r", "x\u{202e}y\u{9b}2J"));
    tour.see("does not exist");
    tour.judge();
}

/// Terminals that count an emoji of several characters otherwise than pgdeck does show the next column where it belongs
/// all the same, and nothing stays behind.
#[test]
fn signs_of_uncertain_width_shift_no_column() {
    let all = world().values.len();
    let mut tour = Tour::start(world(), PROFILE);
    tour.see("t000");
    tour.open("wide");
    let mut checked = BTreeSet::new();
    for page in 0.. {
        assert!(page < 200, "only {} rows were seen", checked.len());
        let other = tour.other();
        let mut columns = BTreeSet::new();
        for row in 0..other.height() {
            let here = tour.emulator();
            let Some(name) = tag(here, row).filter(|_| here.column(row, "END").is_some()) else { continue };
            assert_eq!(tag(&other, row).as_ref(), Some(&name));
            columns.extend([here.column(row, "END"), other.column(row, "END")]);
            checked.insert(name);
        }
        assert!(columns.len() <= 1, "{columns:?}\n{}\n{}", tour.emulator().text(), other.text());
        if checked.len() >= all {
            break;
        }
        if !tour.press(PAGE_DOWN) && !tour.press(PAGE_DOWN) {
            tour.press("gg");
        }
    }
    tour.pane('8');
    tour.see("Connections");
    assert_eq!(tour.emulator().text(), tour.other().text());
    tour.judge();
}

/// `w` and three digits, in a row of the screen.
fn tag(screen: &Emulator, row: usize) -> Option<String> {
    let line: Vec<char> = screen.line(row).chars().collect();
    let is = |w: &&[char]| w[0] == 'w' && w[1..].iter().all(char::is_ascii_digit);
    line.windows(4).find(is).map(|w| w.iter().collect())
}
