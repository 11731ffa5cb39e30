//! The widgets together on one screen in each theme, as pictures: `PGDECK_PICTURES=DIR cargo test --test widgets`
//! writes them to look at.

#[path = "support/svg.rs"]
mod svg;

use pgdeck::{
    core::{command::Command, theme::Theme},
    data::value::Kind,
    settings::themes::{BUILT_IN, parse},
    sql::{highlight::highlight_line, lex::LineState},
    widgets::{
        chrome,
        editor::{Editor, Spans},
        grid::{GridCell, GridColumn, GridSource, GridState, Sorted},
        tree::{Node, Tree},
    },
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};
use std::borrow::Cow;
use svg::{Picture, svg};

struct Users;

const ROWS: [[Option<&str>; 6]; 6] = [
    [
        Some("1"),
        Some("ada@example.com"),
        Some("Ada Lovelace"),
        Some("t"),
        Some("2024-03-01 09:12:44+00"),
        Some("{\"lang\": \"en\"}"),
    ],
    [Some("2"), Some("grace@example.com"), Some(""), Some("f"), Some("2024-03-02 10:00:00+00"), None],
    [Some("3"), Some("edsger@example.com"), None, Some("t"), Some("2024-03-05 23:59:59.999+00"), Some("{}")],
    [Some("4"), Some("NULL"), Some("日本語 テスト"), Some("t"), None, Some("[1, 2, 3]")],
    [
        Some("50000"),
        Some("evil\x1b[31m@example.com"),
        Some("line\nend"),
        None,
        Some("2025-01-01 00:00:00+00"),
        None,
    ],
    [
        Some("6"),
        Some("barbara@example.com"),
        Some("Barbara Liskov"),
        Some("t"),
        Some("2025-06-01 00:00:00+00"),
        Some("null"),
    ],
];

impl GridSource for Users {
    fn columns(&self) -> usize {
        6
    }
    fn column(&self, n: usize) -> GridColumn<'_> {
        let (name, kind, detail) = [
            ("id", Kind::Integer, "bigint pk"),
            ("email", Kind::Text, "citext"),
            ("username", Kind::Text, "text"),
            ("is_active", Kind::Bool, "boolean"),
            ("created_at", Kind::Time, "timestamptz"),
            ("profile_data", Kind::Jsonb, "jsonb"),
        ][n];
        let sort = (n == 4).then_some(Sorted { rank: 0, descending: true });
        GridColumn { detail: Cow::Borrowed(detail), key: n == 0, sort, ..GridColumn::new(name, kind) }
    }
    fn first(&self) -> u64 {
        0
    }
    fn end(&self) -> u64 {
        6
    }
    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        GridCell::of(ROWS[row as usize][column].map(str::as_bytes))
    }
}

fn scene(theme: &Theme) -> Buffer {
    let all = Rect::new(0, 0, 110, 24);
    let mut buf = Buffer::empty(all);
    buf.set_style(all, theme.style("text"));
    let mut tree = Tree::default();
    let node = |depth, text: &str, style, branch, remark: &str| Node {
        key: text.to_owned(),
        depth,
        text: text.into(),
        path: String::new(),
        remark: remark.into(),
        sign: "",
        style,
        branch,
    };
    tree.set(vec![
        node(0, "public", "tree.schema", true, ""),
        node(1, "comments", "tree.table", false, "~120 k"),
        node(1, "posts", "tree.table", false, "~50 k"),
        node(1, "recent_posts", "tree.view", false, ""),
        node(1, "users", "tree.table", false, "~20 k"),
        node(0, "pg_catalog", "tree.schema", true, ""),
    ]);
    tree.set_open(&"public".to_owned(), true);
    tree.reveal(&"users".to_owned());
    let inner = chrome::panel(&mut buf, Rect::new(0, 0, 28, 13), "shop", false, theme);
    tree.draw(&mut buf, inner, theme, false);
    let mut grid = GridState::default();
    grid.fit(&Users);
    grid.set_frozen(1);
    grid.command(Command::MarkRow, &Users);
    grid.command(Command::Down, &Users);
    grid.command(Command::Right, &Users);
    grid.find("example");
    let inner = chrome::panel(&mut buf, Rect::new(28, 0, 82, 13), "public.users", true, theme);
    grid.draw(&mut buf, inner, &Users, theme, true);
    let sql = "select u.email, count(*) -- per user\nfrom users u\n\tjoin posts p on p.user_id = u.id\nwhere u.is_actve and p.title <> 'x';\n\nselect 1;";
    let mut editor = Editor::new(sql);
    editor.set_current(Some(0..sql.find(';').unwrap_or(0)));
    editor.set_error(sql.find("is_actve").map(|at| at..at + 8));
    editor.go(40);
    let inner = chrome::panel(&mut buf, Rect::new(0, 13, 110, 11), "SQL", false, theme);
    let mut colour = |line: &str, state: &LineState, out: &mut Spans| {
        let (spans, next) = highlight_line(line, state);
        out.extend(spans.into_iter().map(|(range, class)| (range, class.style())));
        next
    };
    editor.draw(&mut buf, inner, theme, true, &mut colour);
    buf
}

#[test]
fn a_scene_in_every_theme() {
    for (name, text) in BUILT_IN {
        let theme = parse(name, text).expect("reads").theme;
        let buf = scene(&theme);
        let base = theme.style("text");
        let hex = |c: Option<Color>, other: &str| match c {
            Some(Color::Rgb(r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
            _ => other.to_owned(),
        };
        let (fg, bg) = (hex(base.fg, "#d8d8d8"), hex(base.bg, "#101010"));
        let picture = svg(&buf, &Picture { title: Some("pgdeck"), default: (&fg, &bg) });
        assert!(picture.starts_with("<svg") && picture.contains("timestamptz"));
        assert!(!picture.contains('\u{1b}'));
        if let Some(dir) = std::env::var_os("PGDECK_PICTURES") {
            std::fs::write(std::path::Path::new(&dir).join(format!("{name}.svg")), picture).expect("written");
        }
    }
}

#[test]
fn cells_become_runs_with_their_style() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
    buf.set_string(0, 0, "a<b", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
    buf.set_string(3, 0, "日│", Style::new().bg(Color::Red));
    let picture = svg(&buf, &Picture::default());
    assert!(
        picture.contains(
            "<text x=\"0.0 8.4 16.8\" y=\"13.4\" fill=\"#010203\" font-weight=\"bold\">a&lt;b</text>"
        ),
        "{picture}"
    );
    assert!(picture.contains("<text x=\"25.2\"") && picture.contains(">日</text>"), "{picture}");
    assert_eq!(picture.matches("<path").count(), 1, "the line is drawn");
    assert_eq!(picture.matches("fill=\"#c23b3f\"").count(), 2, "two grounds: the wide sign, the line");
}
