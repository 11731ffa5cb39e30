//! Saved queries: the list, the form, running, editing.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::Effect,
        event::News,
        ids::{ConnId, JobId, Lane},
    },
    data::{
        catalog::Catalog,
        saved::{Origin, Parameter, SavedQuery},
    },
};

fn queries() -> Vec<SavedQuery> {
    let query = |name: &str, title: &str, text: &str, parameters: Vec<Parameter>, origin| SavedQuery {
        name: name.into(),
        title: title.into(),
        description: String::new(),
        parameters,
        read_only: true,
        since: 0,
        text: text.into(),
        origin,
        path: String::new(),
    };
    let tag = Parameter {
        name: "tag".into(),
        type_name: "text".into(),
        help: "The tag".into(),
        choices_query: Some("select distinct unnest(tags) from posts".into()),
        ..Parameter::default()
    };
    let limit = Parameter {
        name: "limit".into(),
        type_name: "int".into(),
        help: "How many posts".into(),
        default: Some(Some("50".into())),
        ..Parameter::default()
    };
    vec![
        SavedQuery {
            description: "The newest posts that carry a tag.".into(),
            ..query(
                "posts-by-tag",
                "Posts by tag",
                "-- title: Posts by tag\n\nselect id, title -- newest first\nfrom posts\nwhere tags @> array[:tag]\nlimit :limit;\n",
                vec![tag, limit],
                Origin::BuiltIn,
            )
        },
        query("table-sizes", "Sizes of tables", "select 1;\n", vec![], Origin::BuiltIn),
        SavedQuery {
            read_only: false,
            ..query("mine", "mine", "delete from x where false", vec![], Origin::User)
        },
    ]
}

fn saved(width: u16, height: u16) -> Robot {
    let mut r = Robot::new(width, height);
    let job = r.take(|e| match e {
        Effect::LoadSaved { job } => Some(*job),
        _ => None,
    });
    r.connect(Catalog::default());
    r.news(job, News::Saved(queries().into(), vec![])).keys("<alt-9>");
    r
}

/// The form of the first query is opened: last values and choices are answered.
fn form(r: &mut Robot, kept: Option<&str>) {
    r.keys("<enter>");
    let recall: JobId = r.take(|e| match e {
        Effect::Recall { job, key } if key == "saved.posts-by-tag" => Some(*job),
        _ => None,
    });
    let (choices, lane, _) = r.execute();
    assert_eq!(lane, Lane::Read(ConnId(0)));
    r.news(recall, News::Remembered(kept.map(str::to_owned)));
    r.result(choices, &["unnest"], &[&[Some("rust")], &[Some("sql")]], "SELECT 2");
}

#[test]
fn the_list_and_its_preview() {
    insta::assert_snapshot!("saved_80x24", saved(80, 24).screen());
    insta::assert_snapshot!("saved_120x40", saved(120, 40).screen());
}

#[test]
fn before_any_is_found_it_says_so() {
    let mut r = Robot::new(80, 24);
    r.keys("<alt-9>");
    assert!(r.screen().contains("looking for saved queries"), "{}", r.screen());
}

#[test]
fn a_wrong_value_is_told_before_anything_is_sent() {
    let mut r = saved(80, 24);
    form(&mut r, None);
    r.keys("<tab><ctrl-u>many<enter>");
    insta::assert_snapshot!("form_80x24", r.screen());
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
    r.keys("<ctrl-u>7<enter>");
    let (_, lane, statements) = r.execute();
    // It only reads: the server holds it to that.
    assert_eq!(lane, Lane::Read(ConnId(0)));
    assert_eq!(statements[0].params, [Some("rust".to_owned()), Some("7".to_owned())]);
    assert!(statements[0].sql.contains("$1") && !statements[0].sql.contains("rust"));
    assert!(r.screen().contains("▌2 SQL"), "{}", r.screen());
    let kept = r.take(|e| match e {
        Effect::Keep { key, value } if key == "saved.posts-by-tag" => Some(value.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some(r#"{"tag":"rust","limit":"7"}"#));
}

#[test]
fn the_last_values_come_back() {
    let mut r = saved(100, 30);
    form(&mut r, Some(r#"{"tag":"sql","limit":null}"#));
    let screen = r.screen();
    assert!(screen.contains("sql") && screen.contains("‹null›"), "{screen}");
    r.keys("<enter>");
    assert_eq!(r.execute().2[0].params, [Some("sql".to_owned()), None]);
}

#[test]
fn results_come_into_the_sql_pane() {
    let mut r = saved(80, 24);
    r.keys("j<enter>");
    let (job, ..) = r.execute();
    r.result(job, &["table", "size"], &[&[Some("posts"), Some("1 MB")]], "SELECT 1");
    let screen = r.screen();
    assert!(screen.contains("1 Sizes of tables · 1 row") && screen.contains("1 MB"), "{screen}");
}

#[test]
fn what_writes_runs_on_the_own_session() {
    let mut r = saved(80, 24);
    r.keys("jj<f5>");
    let (_, lane, statements) = r.execute();
    assert_eq!(lane, Lane::Own(ConnId(0)));
    assert!(!statements[0].pure_read);
}

#[test]
fn a_slash_narrows_and_e_edits() {
    let mut r = saved(80, 24);
    r.keys("/sizes<esc>");
    r.keys("/size<enter>");
    assert_eq!(r.execute().2.len(), 1);
    r.keys("<alt-9>e");
    let screen = r.screen();
    assert!(screen.contains("▌2 SQL") && screen.contains("select 1;"), "{screen}");
}

#[test]
fn a_query_can_be_watched() {
    let mut r = saved(80, 24);
    r.keys("jW<enter>");
    let (job, ..) = r.execute();
    r.result(job, &["n"], &[&[Some("1")]], "SELECT 1");
    r.wait(2_100);
    r.execute();
}
