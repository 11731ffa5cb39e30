//! The grid on the screen and under its commands.

use super::*;
use crate::{
    core::{command::Command, theme::Theme},
    data::value::Kind,
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::borrow::Cow;

/// A source of owned cells, with a window of rows from `first` on.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) names: Vec<(String, Kind)>,
    pub(super) rows: Vec<Vec<Option<Vec<u8>>>>,
    pub(super) first: u64,
    pub(super) more: bool,
}

impl Table {
    pub(super) fn new(names: &[(&str, Kind)], rows: &[&[Option<&str>]]) -> Self {
        let bytes = |c: &Option<&str>| c.map(|t| t.as_bytes().to_vec());
        Self {
            names: names.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect(),
            rows: rows.iter().map(|r| r.iter().map(bytes).collect()).collect(),
            ..Self::default()
        }
    }

    fn wide(columns: usize, rows: usize) -> Self {
        Self {
            names: (0..columns).map(|c| (format!("c{c}"), Kind::Integer)).collect(),
            rows: (0..rows)
                .map(|r| (0..columns).map(|c| Some(format!("{}", r * c).into_bytes())).collect())
                .collect(),
            ..Self::default()
        }
    }
}

impl GridSource for Table {
    fn columns(&self) -> usize {
        self.names.len()
    }
    fn column(&self, column: usize) -> GridColumn<'_> {
        let (name, kind) = &self.names[column];
        let detail = if *kind == Kind::Integer { "bigint" } else { "text" };
        GridColumn { detail: Cow::Borrowed(detail), key: column == 0, ..GridColumn::new(name, *kind) }
    }
    fn first(&self) -> u64 {
        self.first
    }
    fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }
    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        GridCell::of(self.rows[(row - self.first) as usize][column].as_deref())
    }
    fn more_after(&self) -> bool {
        self.more
    }
    fn more_before(&self) -> bool {
        self.first > 0
    }
}

fn drawn(grid: &mut GridState, source: &Table, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let area = buf.area;
    grid.draw(&mut buf, area, source, &Theme::default(), true);
    text(&buf)
}

fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += crate::text::width::width(symbol).max(1) as u16;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn users() -> Table {
    Table::new(
        &[
            ("id", Kind::Integer),
            ("email", Kind::Text),
            ("active", Kind::Bool),
            ("profile_data", Kind::Jsonb),
        ],
        &[
            &[Some("1"), Some("ada@example.com"), Some("t"), Some("{\"a\": 1}")],
            &[Some("22"), None, Some("f"), Some("")],
            &[Some("333"), Some("NULL"), None, Some("line\nend\x1b[31m")],
            &[
                Some("4"),
                Some("日本語のとても長い名前です、幅を超えるものは切られます。本当に長いのです。"),
                Some("t"),
                None,
            ],
        ],
    )
}

#[test]
fn a_screen_of_80_by_24() {
    insta::assert_snapshot!(drawn(&mut GridState::default(), &users(), 80, 12));
}

#[test]
fn a_narrow_screen() {
    insta::assert_snapshot!(drawn(&mut GridState::default(), &users(), 20, 5));
}

#[test]
fn tiny_screens_do_not_panic() {
    for w in 0..12 {
        for h in 0..6 {
            let mut g = GridState::default();
            g.numbers = true;
            g.set_frozen(3);
            drawn(&mut g, &users(), w, h);
            drawn(&mut g, &Table::default(), w, h);
        }
    }
}

#[test]
fn no_rows_and_one_row() {
    let mut t = users();
    t.rows.truncate(1);
    insta::assert_snapshot!("one_row", drawn(&mut GridState::default(), &t, 60, 9));
    t.rows.clear();
    insta::assert_snapshot!("no_rows", drawn(&mut GridState::default(), &t, 60, 9));
}

#[test]
fn frozen_columns_stay_and_take_half_at_most() {
    let t = Table::wide(30, 5);
    let mut g = GridState::default();
    g.fit(&t);
    g.set_frozen(2);
    g.command(Command::LastColumn, &t);
    insta::assert_snapshot!("frozen", drawn(&mut g, &t, 40, 6));
    g.set_frozen(30);
    g.command(Command::LastColumn, &t);
    let screen = drawn(&mut g, &t, 40, 6);
    assert!(screen.contains("c29") && screen.contains("c0"), "{screen}");
}

#[test]
fn wide_tables_look_at_what_is_on_the_screen_only() {
    use std::cell::Cell;
    struct Counting(Table, Cell<usize>);
    impl GridSource for Counting {
        fn columns(&self) -> usize {
            self.0.columns()
        }
        fn column(&self, c: usize) -> GridColumn<'_> {
            self.0.column(c)
        }
        fn first(&self) -> u64 {
            0
        }
        fn end(&self) -> u64 {
            self.0.end()
        }
        fn cell(&self, row: u64, c: usize) -> GridCell<'_> {
            self.1.set(self.1.get() + 1);
            self.0.cell(row, c)
        }
    }
    let t = Counting(Table::wide(1600, 100), Cell::new(0));
    let mut g = GridState::default();
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    let area = buf.area;
    for command in [Command::Down, Command::LastColumn, Command::PageDown, Command::FirstColumn] {
        t.1.set(0);
        g.command(command, &t);
        g.draw(&mut buf, area, &t, &Theme::default(), true);
        // At most 20 columns and 22 rows stand on the screen; drawn once, measured once.
        assert!(t.1.get() < 2 * 22 * 22, "{} cells for {command:?}", t.1.get());
    }
    g.command(Command::LastColumn, &t);
    g.draw(&mut buf, area, &t, &Theme::default(), true);
    let screen = text(&buf);
    assert!(screen.contains("c1599") && screen.starts_with('‹'), "{screen}");
}

#[test]
fn every_column_can_be_reached_and_is_whole_under_the_cursor() {
    let mut t = Table::wide(40, 3);
    t.names[7].0 = "a_name_longer_than_the_others".into();
    let mut g = GridState::default();
    for step in 0..80 {
        drawn(&mut g, &t, 37, 8);
        let here = g.column();
        let d = g.last.columns.iter().find(|d| d.column == here).expect("cursor column drawn");
        let wanted = if here == 7 { 29 } else { 3 };
        assert!(d.width >= wanted && d.x + d.width <= 37, "step {step} {d:?}");
        g.command(if step < 40 { Command::Right } else { Command::Left }, &t);
    }
}

#[test]
fn the_cursor_stays_inside_and_pages() {
    let t = Table::wide(3, 100);
    let mut g = GridState::default();
    drawn(&mut g, &t, 40, 12);
    g.command(Command::Up, &t);
    assert_eq!(g.row(), 0);
    g.command(Command::PageDown, &t);
    assert_eq!(g.row(), 9);
    g.command(Command::HalfDown, &t);
    assert_eq!(g.row(), 14);
    g.command(Command::Last, &t);
    assert_eq!(g.row(), 99);
    g.command(Command::Down, &t);
    assert_eq!(g.row(), 99);
    drawn(&mut g, &t, 40, 12);
    assert_eq!(g.last.rows, 90..100);
    g.command(Command::First, &t);
    assert_eq!(g.row(), 0);
}

#[test]
fn rows_beyond_the_window_are_wanted_in_time() {
    let mut t = Table::wide(3, 200);
    t.first = 1000;
    t.more = true;
    let mut g = GridState::default();
    g.go_row(1100);
    drawn(&mut g, &t, 40, 12);
    assert_eq!(g.wants(&t), None);
    g.command(Command::Last, &t);
    assert_eq!(g.wants(&t), Some(Want::After));
    g.command(Command::First, &t);
    assert_eq!(g.wants(&t), Some(Want::Before));
    g.shift(-500);
    t.first -= 500;
    drawn(&mut g, &t, 40, 12);
    assert_eq!(g.row(), 500);
}

#[test]
fn marks_and_selection() {
    let t = Table::wide(3, 10);
    let mut g = GridState::default();
    assert_eq!(g.rows_selected(&t), [0]);
    g.command(Command::MarkRow, &t);
    g.command(Command::Down, &t);
    g.command(Command::MarkRow, &t);
    assert_eq!((g.rows_selected(&t), g.row()), (vec![0, 2], 3));
    g.command(Command::SelectRows, &t);
    g.command(Command::Up, &t);
    assert_eq!(g.rows_selected(&t), [2, 3]);
    assert!(g.position(&t).ends_with("2 rows selected"), "{}", g.position(&t));
    let screen = drawn(&mut g, &t, 40, 9);
    assert!(screen.contains('•') && screen.contains('┃'), "{screen}");
    assert!(g.clear_marks());
    assert!(!g.clear_marks());
    assert_eq!(g.rows_missing(&t), 0);
}

#[test]
fn find_goes_around() {
    let t = users();
    let mut g = GridState::default();
    g.find("null");
    g.command(Command::FindNext, &t);
    assert_eq!((g.row(), g.column()), (2, 1));
    g.command(Command::FindNext, &t);
    assert_eq!((g.row(), g.column()), (2, 1));
    assert!(g.find_message().is_some_and(|m| m.contains("other end")));
    g.find("本当");
    g.command(Command::FindPrevious, &t);
    assert_eq!((g.row(), g.column()), (3, 1));
    g.find("nowhere");
    g.command(Command::FindNext, &t);
    assert_eq!(g.find_message(), Some("/nowhere · not in the loaded rows"));
}

#[test]
fn find_is_done_in_steps() {
    let mut t = Table::wide(10, 5000);
    t.rows[4999][9] = Some(b"needle".to_vec());
    let mut g = GridState::default();
    g.find("needle");
    g.command(Command::FindNext, &t);
    assert!(g.searching() && g.row() == 0);
    let mut steps = 1;
    while g.searching() {
        g.find_step(&t);
        steps += 1;
    }
    assert_eq!((g.row(), g.column(), steps), (4999, 9, 3));
}

#[test]
fn columns_hide_move_and_are_remembered() {
    let t = users();
    let mut g = GridState::default();
    g.command(Command::Right, &t);
    g.command(Command::Freeze, &t);
    assert_eq!(g.frozen(), 2);
    g.command(Command::HideColumn, &t);
    assert_eq!((g.shown(), g.frozen(), g.column()), (&[0, 2, 3][..], 1, 2));
    g.reorder(2, true);
    assert_eq!((g.shown(), g.column()), (&[0, 3, 2][..], 2));
    g.command(Command::Wider, &t);
    let kept = g.layout();
    let mut other = GridState::default();
    other.set_layout(&kept, &t);
    assert_eq!(other.layout(), kept);
    for _ in 0..9 {
        g.command(Command::HideColumn, &t);
    }
    assert_eq!(g.shown().len(), 1, "the last one stays");
    // A layout of another shape does no harm.
    let odd =
        GridLayout { order: vec![9, 1, 1], hidden: vec![0, 1, 2, 3, 77], widths: vec![(50, 3)], frozen: 9 };
    other.set_layout(&odd, &t);
    assert_eq!(other.shown(), [1]);
}

#[test]
fn the_mouse_hits_cells_and_headers() {
    let t = users();
    let mut g = GridState::default();
    drawn(&mut g, &t, 80, 12);
    let d = g.last.columns[1];
    assert_eq!(g.hit(d.x, 0), Some(Hit::Header(1)));
    assert_eq!(g.click(d.x + 2, 3), Some(Hit::Cell(1, 1)));
    assert_eq!((g.row(), g.column()), (1, 1));
    assert_eq!(g.hit(0, 4), Some(Hit::Gutter(2)));
    assert_eq!(g.hit(10, 11), None);
    g.wheel(3, &t);
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn nothing_drawn_is_obeyed_by_a_terminal(
            cells in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..60)), 12),
            name in any::<String>(),
            width in 1u16..60,
        ) {
            let t = Table {
                names: vec![(name.clone(), Kind::Text), (name, Kind::Integer), ("x".into(), Kind::Json)],
                rows: cells.chunks(3).map(<[_]>::to_vec).collect(),
                ..Table::default()
            };
            let mut g = GridState::default();
            g.find("a");
            let mut buf = Buffer::empty(Rect::new(0, 0, width, 10));
            let area = buf.area;
            g.draw(&mut buf, area, &t, &Theme::default(), true);
            for cell in &buf.content {
                prop_assert!(!cell.symbol().contains(char::is_control), "{:?}", cell.symbol());
                // A joiner at the end of a sign is judged with the next one.
                let symbol = cell.symbol().trim_end_matches(['\u{200C}', '\u{200D}']);
                prop_assert!(crate::text::clean::harmless(symbol), "{symbol:?}");
            }
        }
    }
}

#[test]
fn matches_are_hidden_until_one_goes_on() {
    let found = ratatui::style::Style::new().bg(ratatui::style::Color::Yellow);
    let theme = Theme::new("t", [("grid.match".to_owned(), found)].into());
    let t = users();
    let mut g = GridState::default();
    let shown = |g: &mut GridState| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 9));
        let area = buf.area;
        g.draw(&mut buf, area, &t, &theme, true);
        buf.content().iter().filter(|c| Some(c.bg) == found.bg).count()
    };
    g.find("a");
    assert!(shown(&mut g) > 0);
    assert!(g.command(Command::Clear, &t));
    assert_eq!(shown(&mut g), 0);
    assert!(!g.command(Command::Clear, &t), "once");
    g.find_next(&t, true);
    assert!(shown(&mut g) > 0);
}
