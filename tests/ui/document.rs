//! Editing in the value view: nodes in their place in the tree, text mode, errors, what is staged, filters by a path.

use crate::{
    browse::{open_shop, page},
    robot::Robot,
};
use pgdeck::{
    core::{effect::Effect, event::News},
    data::{
        edits::{JsonAct, Value, What, path_text},
        rows::{Batch, Column},
    },
};
use std::sync::Arc;

/// The value view of the first user's document.
fn open(width: u16, height: u16) -> Robot {
    let mut robot = open_shop(width, height);
    robot.keys("$hv");
    robot
}

/// What is staged for the document: `path = value`, or the whole text.
fn staged(robot: &Robot) -> Vec<String> {
    let staged = robot.app.world().staged().expect("a connection");
    let mut out = vec![];
    for change in staged.changes() {
        let What::Update { fields, .. } = &change.what else { panic!("{change:?}") };
        for field in fields {
            match &field.value {
                Value::Json(edit) => out.extend(edit.ops.iter().map(|o| {
                    let path = path_text(&o.path);
                    match &o.act {
                        JsonAct::Set { old, new } => format!("{path}: {old} = {new}"),
                        JsonAct::Add { new } => format!("{path} + {new}"),
                        JsonAct::Remove { .. } => format!("{path} -"),
                        JsonAct::Insert { new } => format!("{path} < {new}"),
                        JsonAct::Rename { to, .. } => format!("{path} -> {to}"),
                    }
                })),
                other => out.push(format!("{}: {:?} = {other:?}", field.column, field.seen)),
            }
        }
    }
    out
}

#[test]
fn a_node_is_edited_in_its_place() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut robot = open(width, height);
        robot.keys("je<ctrl-u>Grows roses");
        insta::assert_snapshot!(format!("document_line_{width}x{height}"), robot.screen());
        robot.keys("\n");
        assert!(staged(&robot).is_empty());
        // A number, a new element behind it, a renamed and a removed key, a new key.
        robot.keys("jjje<ctrl-u>17.5\na18\n");
        robot.keys("jr<ctrl-u>urls\njddj").keys("gga").keys("theme\ndark\n");
        insta::assert_snapshot!(format!("document_changed_{width}x{height}"), robot.screen());
        robot.keys("<ctrl-s>");
        assert_eq!(
            staged(&robot),
            [
                "theme + \"dark\"",
                "urls + {\"feed\": null}",
                "links -",
                "likes[2] < 18",
                "likes[1]: 17.50 = 17.5",
                "bio: \"Writes about gardens.\" = \"Grows roses\"",
            ],
            "{}",
            robot.screen()
        );
    }
}

#[test]
fn e_opens_the_tree_from_grid_and_record_and_begins_where_there_is_none() {
    let begun = |robot: &mut Robot| {
        robot.keys("je<ctrl-u>Grows roses\n<ctrl-s>");
        assert_eq!(staged(robot), ["bio: \"Writes about gardens.\" = \"Grows roses\""], "{}", robot.screen());
        robot.keys("t");
        assert!(robot.screen().contains("\"bio\": \"Grows roses\","), "{}", robot.screen());
    };
    let mut robot = open_shop(120, 40);
    robot.keys("$he");
    begun(&mut robot);
    let mut robot = open_shop(120, 40);
    robot.keys("$h<enter>e");
    begun(&mut robot);
    // Back in the record, then in the grid: what is staged opens again.
    robot.keys("qqe");
    assert!(robot.screen().contains("Grows roses"), "{}", robot.screen());
}

#[test]
fn invalid_text_stays_and_shows_where() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut robot = open(width, height);
        // In a line: only what begins like JSON can be wrong.
        robot.keys("je<ctrl-u>{\"a\": tru}\n");
        insta::assert_snapshot!(format!("document_wrong_line_{width}x{height}"), robot.screen());
        robot.keys("<esc>");
        // In many lines.
        robot.keys("gge<down><down><down><end>,,");
        insta::assert_snapshot!(format!("document_editor_{width}x{height}"), robot.screen());
        robot.keys("<ctrl-s>");
        let screen = robot.screen();
        assert!(screen.contains("line 4") && screen.contains(",,"), "{screen}");
        insta::assert_snapshot!(format!("document_wrong_{width}x{height}"), screen);
        // Esc asks before typed text goes; the harmless answer keeps it.
        robot.keys("<esc>");
        assert!(robot.screen().contains("Throw it away"));
        robot.keys("<esc>");
        assert!(robot.screen().contains(",,"));
        robot.keys("<end><backspace><backspace><f2>");
        let screen = robot.screen();
        assert!(screen.contains("bio: ") && !screen.contains("not staged"), "{screen}");
    }
}

#[test]
fn text_mode_edits_the_whole_and_stages_the_difference() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut robot = open(width, height);
        robot.keys("tj");
        insta::assert_snapshot!(format!("document_text_{width}x{height}"), robot.screen());
        robot.keys("e<down><down><down><end><left>0<f2>");
        let screen = robot.screen();
        assert!(screen.contains("30,") && screen.contains("not staged"), "{screen}");
        robot.keys("<ctrl-s>");
        assert_eq!(staged(&robot), ["likes[0]: 3 = 30"]);
        robot.keys("t");
        assert!(robot.screen().contains("0: 30  was 3"), "{}", robot.screen());
    }
}

#[test]
fn steps_are_taken_back_and_leaving_asks() {
    let mut robot = open(120, 40);
    robot.keys("jjjJ");
    assert!(robot.screen().contains("0: 17.50"), "{}", robot.screen());
    robot.keys("u");
    assert!(robot.screen().contains("0: 3") && !robot.screen().contains("not staged"), "{}", robot.screen());
    robot.keys("K");
    assert!(robot.screen().contains("change places"), "the cursor went to what changed: {}", robot.screen());
    robot.keys("jdd<esc>");
    let screen = robot.screen();
    assert!(screen.contains("Stage it") && screen.contains("Throw it away"), "{screen}");
    robot.keys("<esc>");
    assert!(robot.screen().contains("1 removed"));
    robot.keys("q").keys("s\n");
    let screen = robot.screen();
    assert!(!screen.contains("Throw it away"), "{screen}");
    // Whatever was chosen, the change is either still in the view or staged: never gone without a word.
    assert!(screen.contains("1 removed") || !staged(&robot).is_empty(), "{screen}");
}

#[test]
fn staged_changes_are_there_when_it_is_opened_again() {
    let mut robot = open(120, 40);
    robot.keys("je<ctrl-u>new\n<ctrl-s><esc>");
    assert_eq!(staged(&robot), ["bio: \"Writes about gardens.\" = \"new\""]);
    robot.keys("v");
    let screen = robot.screen();
    assert!(screen.contains("\"new\"  was \"Writes about gardens.\""), "{screen}");
    // Further changes are against what the server has, and back to it stages nothing.
    robot.keys("je<ctrl-u>\"Writes about gardens.\"\n<ctrl-s>");
    assert!(staged(&robot).is_empty(), "{:?}", staged(&robot));
}

#[test]
fn null_is_not_json_null() {
    let mut robot = open_shop(80, 24);
    robot.keys("$hje");
    assert!(robot.screen().contains("This cell is NULL"), "{}", robot.screen());
    robot.keys("<esc>");
    assert!(!robot.screen().contains("{}"));
    robot.keys("e").keys("<enter>");
    let screen = robot.screen();
    assert!(screen.contains("{}") && screen.contains("not staged"), "{screen}");
    robot.keys("e<ctrl-u>null\n");
    assert!(robot.screen().contains("JSON null, not SQL NULL"), "{}", robot.screen());
    robot.keys("<ctrl-s>");
    assert_eq!(staged(&robot), ["profile_data: None = Text(\"null\")"]);
}

#[test]
fn what_was_changed_is_not_lost_when_another_table_is_opened() {
    let mut robot = open(120, 40);
    robot.keys("je<ctrl-u>other\n").keys("<ctrl-p>posts\n");
    assert_eq!(staged(&robot), ["bio: \"Writes about gardens.\" = \"other\""], "{}", robot.screen());
}

#[test]
fn a_path_becomes_a_filter_and_the_index_is_named() {
    let mut robot = open(120, 40);
    robot.keys("jjjj=");
    let rows = robot.take(|e| match e {
        Effect::Execute { job, statements, .. } if statements[0].sql.contains("@>") => {
            Some((*job, statements[0].clone()))
        }
        _ => None,
    });
    assert!(rows.1.sql.contains("profile_data @> $1"), "{}", rows.1.sql);
    assert_eq!(rows.1.params[0].as_deref(), Some("{\"likes\": [17.50]}"));
    page(&mut robot, rows.0, &[]);
    let look = robot.take(|e| match e {
        Effect::Execute { job, statements, .. } if statements[0].sql.contains("'gin'") => Some(*job),
        _ => None,
    });
    robot.news(look, News::Columns(vec![Column::text("name")].into()));
    robot.news(look, News::Rows(Arc::new(Batch::new(3))));
    robot.done(look, 0, "SELECT", 0, true);
    let screen = robot.screen().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains("CREATE INDEX CONCURRENTLY ON public.users USING gin"), "{screen}");
}
