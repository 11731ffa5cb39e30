//! The frame around the panes: tabs, status, hints, help, menu, palette, password, quitting.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::{Effect, Secret},
        event::{Event, Link, News, ServerInfo, Tx},
        ids::{ConnId, Lane},
        settings::Settings,
    },
    data::catalog::Catalog,
    settings::{
        config, profiles,
        themes::{self, Colours},
    },
};
use ratatui::{buffer::Buffer, style::Color};
use std::path::Path;

#[test]
fn the_first_wishes_are_to_connect_and_to_find_saved_queries() {
    let mut r = Robot::new(80, 24);
    r.take(|e| matches!(e, Effect::Connect { spec: None, .. }).then_some(()));
    r.take(|e| matches!(e, Effect::LoadSaved { .. }).then_some(()));
    assert!(r.screen().contains("Browse"));
}

#[test]
fn the_status_line_says_where_we_are() {
    let mut r = Robot::new(100, 24);
    r.connect(Catalog::default());
    let screen = r.screen();
    assert!(
        screen.contains("shop") && screen.contains("ada @ localhost:5432") && screen.contains("PG 15.18"),
        "{screen}"
    );
}

#[test]
fn help_lists_the_keys_of_the_place_and_closes() {
    let mut r = Robot::new(100, 30);
    r.connect(Catalog::default()).keys("?");
    assert!(r.screen().contains("Keys: Browse"), "{}", r.screen());
    r.keys("G");
    assert!(r.screen().contains("Quit"), "{}", r.screen());
    r.keys("q");
    assert!(!r.screen().contains("Keys: Browse"));
}

#[test]
fn the_palette_finds_a_pane() {
    let mut r = Robot::new(100, 30);
    r.connect(Catalog::default()).keys("<ctrl-p>saved quer<enter>");
    assert!(r.screen().lines().next().is_some_and(|l| l.contains("▌9 Saved")), "{}", r.screen());
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    let mut r = Robot::new(80, 24);
    r.event(Event::Link(ConnId(0), Link::NeedsPassword("Password for ada at db:5432".into(), None)));
    r.keys("s3cret");
    let screen = r.screen();
    assert!(screen.contains("Password for ada") && !screen.contains("s3cret"), "{screen}");
    r.keys("<enter>");
    let given = r.take(|e| match e {
        Effect::Password { password, .. } => Some(password.clone()),
        _ => None,
    });
    assert_eq!(given, Some(Secret("s3cret".into())));
    assert!(!r.screen().contains("Password for ada"));
}

#[test]
fn a_screen_too_small_says_so() {
    let mut r = Robot::new(40, 10);
    assert!(r.screen().contains("needs"), "{}", r.screen());
    let mut r = Robot::new(1, 1);
    r.screen();
}

#[test]
fn nothing_is_drawn_when_nothing_happens() {
    let mut r = Robot::new(80, 24);
    r.connect(Catalog::default());
    r.screen();
    assert_eq!(r.app.next_tick(), None);
}
#[test]
fn quitting_with_a_transaction_open_asks_and_can_commit() {
    let mut r = Robot::new(80, 24);
    r.connect(Catalog::default());
    // The tab's own session reports an open transaction.
    r.keys("<alt-2><esc>:\\dt<enter>");
    let (job, lane, _) = r.execute();
    assert_eq!(lane, Lane::Own(ConnId(0)));
    r.news(job, News::Failed(0, Box::default(), Tx::Open));
    r.effects.clear();
    r.keys("<ctrl-q>");
    assert!(r.screen().contains("transaction"), "{}", r.screen());
    assert!(r.effects.is_empty(), "nothing is done before the answer");
    r.keys("<enter>");
    assert!(r.effects.is_empty(), "Enter in haste stays");
    r.keys("<ctrl-q>c");
    let (job, _, statements) = r.execute();
    assert_eq!(statements[0].sql, "COMMIT");
    r.done(job, 0, "COMMIT", 0, true);
    r.take(|e| matches!(e, Effect::Quit).then_some(()));
}

/// A profile's label and colour are on the first line and in the status line, whatever the theme; without a label its name
/// is, and without colours the words stay.
#[test]
fn a_profile_is_called_by_its_label_and_has_its_colour() {
    let config =
        "[profile.shop-eu]\ncolour = \"#800000\"\nlabel = \"the shop\"\n[profile.plain]\nhost = \"h\"\n";
    let profiles = config::parse(config, "c", false).expect("TOML").profiles;
    for (colours, wanted) in [
        (Colours::True, Some(Color::Rgb(128, 0, 0))),
        (Colours::Sixteen, Some(Color::Red)),
        (Colours::None, None),
    ] {
        let mut theme = themes::load("dark", Path::new("/nonexistent"), colours).expect("loads");
        theme.overlay(profiles::styles(&profiles, colours));
        for (width, height) in [(120, 40), (80, 24)] {
            let mut r = Robot::with(Settings::default(), vec![theme.clone()], width, height);
            let info = ServerInfo {
                profile: Some("shop-eu".into()),
                label: Some("the shop".into()),
                database: "shop".into(),
                user: "ada".into(),
                version: "15.18".into(),
                address: "db:5432".into(),
                production: true,
                ..ServerInfo::default()
            };
            let mut up = |info: &ServerInfo| {
                let buffer = r.event(Event::Link(ConnId(0), Link::Up(Box::new(info.clone())))).buffer();
                framed(&buffer)
            };
            let (lines, chips) = up(&info);
            if colours == Colours::True {
                insta::assert_snapshot!(format!("a_profile_{width}x{height}"), lines);
            }
            assert!(
                !chips.is_empty() && chips.iter().all(|bg| Some(*bg) == wanted.or(Some(Color::Reset))),
                "{chips:?}"
            );
            // A label that is empty or hostile, and one that is too long.
            let called = |label: Option<&str>| ServerInfo { label: label.map(str::to_owned), ..info.clone() };
            assert!(up(&called(Some(""))).0.contains(" shop-eu "));
            assert!(up(&called(None)).0.contains(" shop-eu "));
            assert!(up(&called(Some("\u{1b}[2J\u{202e}x"))).0.contains(" ␛[2J‹U+202E›x "));
            assert!(up(&called(Some(&"long ".repeat(60)))).0.contains("…  shop ada @ db:5432"));
            let plain = ServerInfo { profile: Some("plain".into()), ..called(None) };
            assert!(up(&plain).0.contains(" plain "));
        }
    }
}

/// The first line and the status line, and the backgrounds of the cells of "the shop" in them.
fn framed(buffer: &Buffer) -> (String, Vec<Color>) {
    let (mut lines, mut found) = (vec![], vec![]);
    for y in [0, buffer.area.height - 2] {
        let cells: Vec<_> = (0..buffer.area.width).map(|x| &buffer[(x, y)]).collect();
        for words in cells
            .windows(8)
            .filter(|w| w.iter().map(|c| c.symbol()).eq("the shop".split("").filter(|s| !s.is_empty())))
        {
            found.extend(words.iter().map(|c| c.bg));
        }
        lines.push(cells.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned());
    }
    (lines.join("\n"), found)
}
