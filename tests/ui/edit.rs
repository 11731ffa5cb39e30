//! The popup that edits one value, for each sort of value: what it shows, what it stages, what it refuses.

use crate::{
    browse::{forget, page},
    robot::Robot,
};
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, News},
        ids::{ConnId, Lane},
    },
    data::{
        catalog::{Catalog, ColumnInfo, Detail, ForeignKey, Key, RelKind, Relation},
        edits::{Value, What},
    },
};
use std::sync::Arc;

fn relation(oid: u32, name: &str) -> Relation {
    Relation {
        oid,
        schema: "public".into(),
        name: name.into(),
        kind: RelKind::Table,
        rows: 10.0,
        bytes: 8192,
        partition_of: 0,
        comment: None,
    }
}

fn column(attnum: i16, name: &str, oid: u32, type_name: &str, category: char) -> ColumnInfo {
    let (type_name, name) = (type_name.into(), name.into());
    ColumnInfo {
        attnum,
        name,
        type_oid: oid,
        base_oid: oid,
        type_name,
        category,
        identity: ' ',
        ..ColumnInfo::default()
    }
}

fn id(attnum: i16, name: &str) -> ColumnInfo {
    ColumnInfo { not_null: true, ..column(attnum, name, 20, "bigint", 'N') }
}

/// A table `things` of an id and these columns, with one row, the cursor on the second column.
fn things(columns: Vec<ColumnInfo>, row: &[Option<&str>], size: (u16, u16)) -> Robot {
    let mut robot = Robot::new(size.0, size.1);
    let users = [id(1, "id"), id(2, "tenant"), column(3, "name", 25, "text", 'S')];
    robot.connect(Catalog {
        database: "shop".into(),
        search_path: vec!["public".into()],
        schemas: vec!["public".into()],
        relations: vec![relation(1, "things")],
        columns: [(2, Arc::from(users))].into(),
        ..Catalog::default()
    });
    forget(&mut robot);
    robot.keys("G<enter>");
    forget(&mut robot);
    let to_users = |name: &str, columns: &[&str], to: &[&str]| ForeignKey {
        name: name.into(),
        from_oid: 1,
        from: ("public".into(), "things".into()),
        from_columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        to_oid: 2,
        to: ("public".into(), "users".into()),
        to_columns: to.iter().map(|c| (*c).to_owned()).collect(),
        on_delete: 'a',
    };
    let mut references = vec![];
    if columns.iter().any(|c| c.name == "tenant_id") {
        references.push(to_users("both", &["tenant_id", "user_id"], &["tenant", "id"]));
    } else if columns.iter().any(|c| c.name == "user_id") {
        references.push(to_users("one", &["user_id"], &["id"]));
    }
    let mut all = vec![id(1, "id")];
    all.extend(columns);
    robot.describe(Detail {
        relation: relation(1, "things"),
        columns: all,
        keys: vec![Key { name: "things_pkey".into(), primary: true, columns: vec![1] }],
        references,
        referenced_by: vec![],
        no_delete: false,
    });
    let (job, ..) = robot.execute();
    let mut cells = vec![Some("7")];
    cells.extend(row);
    // Sizes of wide columns; those that are not asked for are of no account.
    cells.extend([Some("9"); 3]);
    page(&mut robot, job, &[cells]);
    robot.keys("l");
    robot
}

fn one(column: ColumnInfo, seen: Option<&str>) -> Robot {
    things(vec![column], &[seen], (120, 40))
}

fn number() -> ColumnInfo {
    ColumnInfo { default: Some("0".into()), not_null: true, ..column(2, "stock", 23, "integer", 'N') }
}

fn text(seen: Option<&str>) -> Robot {
    one(column(2, "note", 25, "text", 'S'), seen)
}

/// The one staged value with what was seen; `None`: nothing is staged.
fn staged(robot: &Robot) -> Option<(Option<String>, Value)> {
    let changes = robot.app.world().staged().map(|s| s.changes().to_vec()).unwrap_or_default();
    assert!(changes.len() <= 1, "{changes:?}");
    match &changes.first()?.what {
        What::Update { fields, .. } => Some((fields[0].seen.clone(), fields[0].value.clone())),
        What::Insert { .. } => None,
        other => panic!("{other:?}"),
    }
}

fn is_open(robot: &mut Robot, column: &str) -> bool {
    robot.screen().contains(&format!("things.{column}"))
}

fn is(text: &str) -> Value {
    Value::Text(text.into())
}

fn enum_column() -> ColumnInfo {
    column(2, "state", 70_000, "public.state", 'E')
}

fn answer_labels(robot: &mut Robot) {
    let (job, lane, statements) = robot.execute();
    assert_eq!((lane, &statements[0].params[0]), (Lane::Read(ConnId(0)), &Some("70000".to_owned())));
    let rows: Vec<_> = ["open", "in progress", "closed"].map(|l| vec![Some(","), Some(l)]).to_vec();
    page(robot, job, &rows);
}

#[test]
fn a_number_is_checked_and_keeps_its_digits() {
    let mut robot = one(number(), Some("12"));
    robot.keys("e").keys("<end>y");
    insta::assert_snapshot!("edit_number_120x40", robot.screen());
    robot.keys("<enter>");
    assert!(is_open(&mut robot, "stock") && staged(&robot).is_none());
    robot.keys("<backspace><ctrl-n>");
    assert!(robot.screen().contains("stock is NOT NULL"), "{}", robot.screen());
    robot.keys("0<enter>");
    assert!(!is_open(&mut robot, "stock"));
    assert_eq!(staged(&robot), Some((Some("12".into()), is("120"))));
    // Opened again it shows what is staged; back to what was seen nothing is staged.
    robot.keys("e<backspace><enter>");
    assert_eq!(staged(&robot), None);
    let mut robot = one(column(2, "price", 1700, "numeric", 'N'), Some("1.500"));
    robot.keys("e<enter>");
    assert_eq!(staged(&robot), None, "to itself");
    robot.keys("e0000000000000000000000001<enter>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("1.5000000000000000000000000001")));
}

#[test]
fn truth_and_null_with_one_key() {
    let mut robot = one(column(2, "on_sale", 16, "boolean", 'B'), Some("t"));
    robot.keys("e ");
    insta::assert_snapshot!("edit_bool_120x40", robot.screen());
    robot.keys("<enter>");
    assert_eq!(staged(&robot), Some((Some("t".into()), is("f"))));
    robot.keys("en<enter>");
    assert_eq!(staged(&robot), Some((Some("t".into()), Value::Null)));
    robot.keys("ezzz%<esc>");
    assert_eq!(staged(&robot), Some((Some("t".into()), Value::Null)));
    // The keys of movement move here too.
    let mut robot = one(column(2, "on_sale", 16, "boolean", 'B'), Some("t"));
    robot.keys("ej<enter>");
    assert_eq!(staged(&robot), Some((Some("t".into()), is("f"))));
    robot.keys("ek<enter>");
    assert_eq!(staged(&robot), None);
}

#[test]
fn labels_of_an_enum_come_from_the_server() {
    let mut robot = one(enum_column(), Some("open"));
    robot.keys("e");
    answer_labels(&mut robot);
    robot.keys("in");
    insta::assert_snapshot!("edit_enum_120x40", robot.screen());
    robot.keys("<enter>");
    assert_eq!(staged(&robot), Some((Some("open".into()), is("in progress"))));
    // As text: what is no label is said, and staged when the user insists.
    robot.keys("e");
    answer_labels(&mut robot);
    robot.keys("<ctrl-t>!<enter>");
    assert!(robot.screen().contains("must be one of open, in progress, closed"), "{}", robot.screen());
    robot.keys("<enter>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("in progress!")));
}

#[test]
fn times_are_stepped_where_they_are_iso() {
    let mut robot =
        one(column(2, "due", 1184, "timestamp with time zone", 'D'), Some("2026-02-28 23:30:00.5+00"));
    robot.keys("e<ctrl-up>");
    insta::assert_snapshot!("edit_time_120x40", robot.screen());
    robot.keys("<home><ctrl-down><enter>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("2025-03-01 00:30:00.5+00")));
    robot.keys("e<ctrl-u>soon<enter>");
    assert!(robot.screen().contains("once more stages it all the same"), "{}", robot.screen());
    robot.keys("<ctrl-up>");
    assert!(robot.screen().contains("only a date or time like"), "{}", robot.screen());
    robot.keys("<f3><enter>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("now")));
}

#[test]
fn an_array_is_a_list_and_others_stay_text() {
    let tags = || column(2, "tags", 1009, "text[]", 'A');
    for (size, name) in [((120, 40), "edit_array_120x40"), ((80, 24), "edit_array_80x24")] {
        let mut robot = things(vec![tags()], &[Some("{garden,NULL,\"a \\\"b\\\"\"}")], size);
        robot.keys("e!<down><down><down>new one");
        insta::assert_snapshot!(name, robot.screen());
        robot.keys("<enter>");
        let want = "{garden!,NULL,\"a \\\"b\\\"\",\"new one\"}";
        assert_eq!(staged(&robot).map(|s| s.1), Some(is(want)));
    }
    let mut robot = one(tags(), Some("{a,b,c}"));
    robot.keys("e<ctrl-x><alt-down><ctrl-n><enter>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("{c,NULL}")));
    for raw in ["[0:2]={a,b,c}", "{{a,b},{c,d}}"] {
        let mut robot = one(tags(), Some(raw));
        robot.keys("e");
        assert!(robot.screen().contains(raw), "{}", robot.screen());
        robot.keys("<enter>");
        assert_eq!(staged(&robot), None);
        robot.keys("e<ctrl-t>");
        assert!(robot.screen().contains("not a list of one dimension"), "{}", robot.screen());
        robot.keys(" <enter>");
        assert_eq!(staged(&robot).map(|s| s.1), Some(is(&format!("{raw} "))));
    }
    // Leaving a changed list asks.
    let mut robot = one(tags(), Some("{a}"));
    robot.keys("eb<esc>");
    assert!(robot.screen().contains("Not staged"), "{}", robot.screen());
}

#[test]
fn a_text_keeps_every_byte() {
    let odd = "a\tb\u{1b}[31m\r c\u{200b}\u{7f}";
    let mut robot = text(Some(odd));
    robot.keys("e");
    insta::assert_snapshot!("edit_odd_text_120x40", robot.screen());
    robot.keys("!<enter>");
    assert_eq!(staged(&robot), Some((Some(odd.into()), is(&format!("{odd}!")))));
    let lines = "one\r\n  two\t\n\nend";
    for (size, name) in [((120, 40), "edit_long_120x40"), ((80, 24), "edit_long_80x24")] {
        let mut robot = things(vec![column(2, "note", 25, "text", 'S')], &[Some(lines)], size);
        robot.keys("e<down><end><enter>x");
        insta::assert_snapshot!(name, robot.screen());
        robot.keys("<ctrl-s>");
        assert_eq!(staged(&robot), Some((Some(lines.into()), is("one\r\n  two\t\nx\n\nend"))));
    }
}

#[test]
fn null_and_the_empty_text_are_two_things() {
    let mut robot = text(None);
    robot.keys("e");
    assert!(robot.screen().contains("‹null›"));
    robot.keys("x<backspace>");
    assert!(robot.screen().contains("‹empty text›"), "{}", robot.screen());
    robot.keys("<enter>");
    assert_eq!(staged(&robot), Some((None, is(""))));
    let mut robot = text(Some("x"));
    robot.keys("e<ctrl-n>");
    insta::assert_snapshot!("edit_null_120x40", robot.screen());
    robot.keys("<ctrl-n><enter>");
    assert_eq!(staged(&robot), None, "the text is there again");
    robot.keys("e<ctrl-n><enter>");
    assert_eq!(staged(&robot), Some((Some("x".into()), Value::Null)));
}

#[test]
fn the_menu_of_what_is_no_text() {
    let mut robot =
        one(ColumnInfo { default: Some("now()".into()), ..column(2, "due", 1184, "timestamptz", 'D') }, None);
    robot.keys("C");
    insta::assert_snapshot!("edit_special_120x40", robot.screen());
    robot.keys("?t");
    assert_eq!(staged(&robot), Some((None, Value::Now)));
    robot.keys("Cd");
    assert_eq!(staged(&robot), Some((None, Value::Default)));
    let mut robot = one(number(), Some("3"));
    robot.keys("Cn");
    assert!(is_open(&mut robot, "stock") && robot.screen().contains("stock is NOT NULL"));
    robot.keys("<down><enter>");
    assert_eq!(staged(&robot), Some((Some("3".into()), Value::Default)));
}

#[test]
fn nothing_that_was_typed_is_lost() {
    let mut robot = text(Some("one"));
    robot.keys("e!<esc>");
    assert!(robot.screen().contains("note was changed and is not staged"), "{}", robot.screen());
    robot.keys("g?<esc>s");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("one!?")));
    robot.keys("e<esc>");
    assert!(!is_open(&mut robot, "note"), "nothing was typed: {}", robot.screen());
    let mut robot = text(Some("one\ntwo"));
    robot.keys("e!<esc>");
    assert!(robot.screen().contains("note was changed and is not staged"), "{}", robot.screen());
    robot.keys("<esc>");
    assert!(robot.screen().contains("!one"), "still there: {}", robot.screen());
    robot.keys("<esc>s");
    robot.keys("<enter>");
    // An editor outside ends the last line, the value does not.
    let mut robot = text(Some("one"));
    robot.keys("e<ctrl-o>");
    let (job, sent, suffix) = robot.take(|e| match e {
        Effect::Edit { job, text, suffix } => Some((*job, text.clone(), *suffix)),
        _ => None,
    });
    assert_eq!((&*sent, suffix), ("one", ".txt"));
    robot.news(job, News::Edited(Ok("one\n".into()))).keys("<enter>");
    assert_eq!(staged(&robot), None);
    robot.keys("e<ctrl-o>");
    let job = robot.take(|e| match e {
        Effect::Edit { job, .. } => Some(*job),
        _ => None,
    });
    robot.news(job, News::Edited(Ok("one\ntwo\n".into()))).keys("<f2>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("one\ntwo")));
}

#[test]
fn a_pasted_text_of_lines_opens_the_editor() {
    let mut robot = text(Some("a"));
    robot.keys("e").event(Event::Paste("b\r\nc".into()));
    assert!(is_open(&mut robot, "note"));
    robot.keys("<ctrl-s>");
    assert_eq!(staged(&robot).map(|s| s.1), Some(is("ab\nc")));
}

#[test]
fn json_text_shows_where_it_is_wrong() {
    let mut robot = one(column(2, "doc", 114, "json", 'U'), None);
    // A stored document opens as a tree; what a new row is to hold is typed as text.
    robot.keys("ole").event(Event::Paste("{\"a\": 1.10,\n \"b\": [1, 2}".into()));
    insta::assert_snapshot!("edit_json_120x40", robot.screen());
    robot.keys("<ctrl-s>");
    assert!(is_open(&mut robot, "doc"));
    robot.keys("]<ctrl-s>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    assert_eq!(changes[0].value("doc"), Some(&is("{\"a\": 1.10,\n \"b\": [1, 2]}")));
}

#[test]
fn a_referenced_row_is_searched_on_the_server() {
    for (size, name) in [((120, 40), "edit_pick_120x40"), ((80, 24), "edit_pick_80x24")] {
        let mut robot = things(vec![column(2, "user_id", 20, "bigint", 'N')], &[Some("1")], size);
        robot.keys("e<tab>");
        let (job, lane, statements) = robot.execute();
        assert_eq!(lane, Lane::Read(ConnId(0)));
        assert!(statements[0].pure_read && statements[0].sql.contains("FROM public.users"), "{statements:?}");
        robot.keys("ann");
        assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Execute { .. })), "typing has not rested");
        robot.wait(200);
        assert!(robot.effects.contains(&Effect::Stop { job }), "the older question is given up");
        let (newer, _, statements) = robot.execute();
        assert!(statements[0].params.contains(&Some("ann%".to_owned())), "{statements:?}");
        page(&mut robot, job, &[vec![Some("99"), Some("too late")]]);
        page(&mut robot, newer, &[vec![Some("4"), Some("ann\u{1b}[2J")], vec![Some("5"), Some("anna")]]);
        robot.keys("<down>");
        insta::assert_snapshot!(name, robot.screen());
        robot.keys("<enter>");
        assert!(is_open(&mut robot, "user_id") && staged(&robot).is_none());
        robot.keys("<enter>");
        assert_eq!(staged(&robot), Some((Some("1".into()), is("5"))));
    }
}

#[test]
fn a_key_of_two_columns_sets_both() {
    let columns = vec![column(2, "tenant_id", 20, "bigint", 'N'), column(3, "user_id", 20, "bigint", 'N')];
    let mut robot = things(columns, &[Some("1"), None], (120, 40));
    robot.keys("le<ctrl-space>");
    let (row, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("WHERE id = $1"), "the row as it is: {statements:?}");
    let (job, ..) = robot.execute();
    page(&mut robot, job, &[vec![Some("2"), Some("30"), Some("zoe")]]);
    robot.keys("<enter>");
    assert!(robot.screen().contains("still being read"), "{}", robot.screen());
    page(&mut robot, row, &[vec![Some("7"), Some("1"), None]]);
    robot.keys("<enter>");
    assert!(robot.screen().contains("with it: tenant_id = 2 (was 1)"), "{}", robot.screen());
    robot.keys("<enter>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    let What::Update { fields, .. } = &changes[0].what else { panic!("{changes:?}") };
    let all: Vec<_> = fields.iter().map(|f| (&*f.column, f.seen.clone(), f.value.clone())).collect();
    assert_eq!(all, [("user_id", None, is("30")), ("tenant_id", Some("1".to_owned()), is("2"))]);
}

#[test]
fn a_new_row_takes_the_default_until_it_is_given_a_value() {
    let mut robot = one(number(), Some("3"));
    robot.keys("oe");
    assert!(robot.screen().contains("‹required›"), "{}", robot.screen());
    robot.keys("<esc>le");
    assert!(robot.screen().contains("DEFAULT 0"), "{}", robot.screen());
    robot.keys("5<enter>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    assert_eq!(changes[0].value("stock"), Some(&is("5")));
    robot.keys("gu");
    insta::assert_snapshot!("upsert_120x40", robot.screen());
    robot.keys("<down> <enter>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    let What::Insert { upsert, .. } = &changes[0].what else { panic!("{changes:?}") };
    let upsert = upsert.clone().expect("an upsert");
    assert_eq!((upsert.target, upsert.update), (vec!["id".to_owned()], vec!["stock".to_owned()]));
    robot.keys("gu<down> <enter>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    let What::Insert { upsert, .. } = &changes[0].what else { panic!("{changes:?}") };
    assert_eq!(upsert.as_ref().map(|u| u.update.len()), Some(0), "nothing is done");
    robot.keys("gu<up> <enter>");
    let changes = robot.app.world().staged().expect("staged").changes().to_vec();
    assert!(matches!(&changes[0].what, What::Insert { upsert: None, .. }));
}

#[test]
fn nonsense_never_breaks_it() {
    const KEYS: &str = "x<tab><ctrl-t> <up><down>\"{<ctrl-n>}<alt-enter><ctrl-x>\\<backspace><alt-up><alt-down><ctrl-up>\
        <ctrl-down><f3>9<f4>é<left><delete><home>日<end><pagedown><pageup><ctrl-k><ctrl-w><alt-z><shift-tab>,<ctrl-t>[<ctrl-n>0";
    let columns = [
        number(),
        column(2, "v", 16, "boolean", 'B'),
        column(2, "v", 1182, "date[]", 'A'),
        column(2, "v", 1083, "time without time zone", 'D'),
        column(2, "v", 17, "bytea", 'U'),
        column(2, "v", 114, "json", 'U'),
        column(2, "v", 25, "text", 'S'),
        column(2, "user_id", 20, "bigint", 'N'),
        enum_column(),
    ];
    for c in columns {
        for seen in [None, Some(""), Some("{a,NULL}"), Some("12:59:59")] {
            for size in [(120, 40), (80, 24), (30, 8), (10, 4)] {
                let mut robot = things(vec![c.clone()], &[seen], size);
                robot.keys("e");
                for _ in 0..3 {
                    for key in KEYS.split_inclusive(['>', ' ']) {
                        robot.keys(key);
                        robot.screen();
                    }
                }
            }
        }
    }
}
