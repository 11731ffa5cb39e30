//! The editor under its keys and on the screen.

use super::*;
use crate::core::{key::Chord, theme::Theme};
use proptest::prelude::*;
use ratatui::{
    buffer::Buffer as Screen,
    style::{Color, Modifier, Style},
};
use std::collections::HashMap;

fn keys(e: &mut Editor, keys: &str) -> Edited {
    keys.split(' ').map(|k| e.key(Chord::parse(k).unwrap_or_else(|| panic!("{k}")))).last().expect("a key")
}

fn draw(e: &mut Editor, width: u16, height: u16) -> (String, Option<Position>) {
    let mut buf = Screen::empty(Rect::new(0, 0, width, height));
    let area = buf.area;
    let at = e.draw(&mut buf, area, &Theme::default(), true, &mut plain);
    let line = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    ((0..height).map(line).collect::<Vec<_>>().join("\n"), at)
}

#[test]
fn typing_and_rubbing_out() {
    let mut e = Editor::default();
    assert_eq!(keys(&mut e, "s e l enter"), Edited::Text);
    keys(&mut e, "space space x enter y");
    assert_eq!(e.text(), "sel\n  x\n  y");
    assert_eq!(e.offset(), 11);
    keys(&mut e, "backspace backspace");
    assert_eq!(e.text(), "sel\n  x\n", "a stop of the indentation at once");
    assert_eq!(keys(&mut e, "left"), Edited::Moved);
    keys(&mut e, "home home delete");
    assert_eq!(e.text(), "sel\n x\n");
    keys(&mut e, "ctrl-u up end ctrl-w");
    assert_eq!(e.text(), "\n x\n");
    assert_eq!(keys(&mut e, "f5"), Edited::No);
    while e.undo() {}
    assert_eq!(e.text(), "");
    while e.redo() {}
    assert_eq!(e.text(), "\n x\n");
    keys(&mut e, "ctrl-end ctrl-j y ctrl-h z");
    assert_eq!(e.text(), "\n x\n\nz", "what some terminals send for Enter and Backspace");
}

#[test]
fn selection_is_replaced_and_indented() {
    let mut e = Editor::new("one\ntwo\nthree");
    keys(&mut e, "shift-down shift-down tab");
    assert_eq!(e.text(), "  one\n  two\nthree");
    assert_eq!(e.selected().as_deref(), Some("  one\n  two"));
    keys(&mut e, "shift-tab");
    assert_eq!(e.text(), "one\ntwo\nthree");
    e.select(4..7);
    assert_eq!(e.selected().as_deref(), Some("two"));
    keys(&mut e, "2");
    assert_eq!((e.text().as_str(), e.offset()), ("one\n2\nthree", 5));
    e.replace(6..11, "end");
    assert_eq!(e.text(), "one\n2\nend");
    e.paste("\r\nx\ry");
    assert_eq!(e.text(), "one\n2\nend\nx\ny");
}

#[test]
fn moving_by_grapheme_word_and_line() {
    let mut e = Editor::new("aé日e\u{301}b\n\nselect foo_bar, 'x'\r\nend");
    keys(&mut e, "right right right right");
    assert_eq!(e.offset(), 9, "the combined sign is one step");
    keys(&mut e, "down down");
    assert_eq!(e.cursor(), Place { line: 2, byte: 5 }, "aims at the column it came from");
    keys(&mut e, "ctrl-right ctrl-right");
    assert_eq!(e.cursor().byte, "select foo_bar".len());
    keys(&mut e, "end right");
    assert_eq!(e.cursor(), Place { line: 3, byte: 0 }, "never between CR and LF");
    keys(&mut e, "left");
    assert_eq!(e.cursor().byte, "select foo_bar, 'x'".len());
    keys(&mut e, "ctrl-end");
    assert_eq!(e.offset(), e.len());
}

#[test]
fn a_screen_with_numbers_error_and_current_statement() {
    let mut e = Editor::new("select 1;\nselect\tx\x1b;\nlast");
    e.set_current(Some(10..19));
    e.go(10);
    let (screen, at) = draw(&mut e, 34, 4);
    assert_eq!(screen, "  1 select 1;\n▎ 2 select  x␛;\n  3 last\n");
    assert_eq!(at, Some(Position { x: 4, y: 1 }));
    assert_eq!(e.caret(), at);
    assert!(e.click(7, 0, false));
    assert_eq!(e.offset(), 3);
    assert!(e.click_word(5, 2));
    assert_eq!(e.selected().as_deref(), Some("last"));
}

#[test]
fn an_error_is_underlined_where_it_is() {
    let theme = Theme::new("t", HashMap::from([("sql.error".to_owned(), Style::new().fg(Color::Red))]));
    let underlined = |e: &mut Editor| {
        let mut buf = Screen::empty(Rect::new(0, 0, 40, 3));
        let area = buf.area;
        e.draw(&mut buf, area, &theme, true, &mut plain);
        let cell = |i: &usize| buf.content[*i].modifier.contains(Modifier::UNDERLINED);
        (0..120).filter(cell).collect::<Vec<_>>()
    };
    let mut e = Editor::new("select\n  ž bad");
    e.set_error(Some(12..15));
    assert_eq!(underlined(&mut e), [48, 49, 50]);
    e.set_error(Some(e.len()..e.len()));
    assert_eq!(underlined(&mut e), [51], "behind the last character");
    e.insert("x");
    assert!(underlined(&mut e).is_empty(), "it belongs to the text as it was");
}

#[test]
fn long_lines_scroll_sideways() {
    let mut e = Editor::new(&"日".repeat(50));
    for _ in 0..50 {
        let (screen, at) = draw(&mut e, 20, 2);
        assert!(at.is_some_and(|p| p.x < 20), "{screen}");
        e.key(Chord::parse("right").expect("chord"));
    }
    assert!(draw(&mut e, 20, 2).1.is_some());
}

#[test]
fn colours_follow_the_spans() {
    let theme = Theme::new("t", HashMap::from([("sql.keyword".to_owned(), Style::new().fg(Color::Blue))]));
    let mut e = Editor::new("select 1");
    let mut buf = Screen::empty(Rect::new(0, 0, 40, 1));
    let area = buf.area;
    let mut colour = |_: &str, s: &LineState, out: &mut Spans| {
        out.push((0..6, "sql.keyword"));
        s.clone()
    };
    e.draw(&mut buf, area, &theme, false, &mut colour);
    let blue: Vec<u16> = (0..40).filter(|x| buf[(*x, 0)].fg == Color::Blue).collect();
    assert_eq!(blue, (4..10).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn no_key_breaks_it(
        text in "[a ž\t\r\n日]{0,40}",
        presses in proptest::collection::vec(0usize..24, 0..60),
        width in 0u16..40,
    ) {
        const KEYS: [&str; 24] = ["a", "ž", "enter", "tab", "shift-tab", "backspace", "delete", "left", "right",
            "up", "down", "home", "end", "pageup", "pagedown", "shift-left", "shift-down", "shift-right",
            "ctrl-left", "ctrl-right", "ctrl-w", "ctrl-k", "ctrl-_", "ctrl-y"];
        let mut e = Editor::new(&text);
        for k in presses {
            keys(&mut e, KEYS[k]);
            draw(&mut e, width, 4);
            prop_assert_eq!(e.len(), e.text().len());
            prop_assert!(e.offset() <= e.len());
            prop_assert!(e.text().is_char_boundary(e.offset()));
        }
        while e.undo() {}
        prop_assert_eq!(e.text(), text);
    }
}
