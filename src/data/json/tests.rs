//! Documents read, asked and written, the ugly ones among them.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Json {
    Json::parse(text.to_owned()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn nothing_is_changed() {
    let text = r#" {"b": 1.0e+02, "a":[12345678901234567890.10, -0], "b":{"ä":"\u00e9\n\ud83d\ude00"}, "e":[], "o":{} }"#;
    let j = parse(text);
    assert_eq!(j.text(), text);
    let raws: Vec<_> = (0..j.len()).map(|n| j.raw(n)).collect();
    assert_eq!(
        raws[1..],
        [
            "1.0e+02",
            "[12345678901234567890.10, -0]",
            "12345678901234567890.10",
            "-0",
            r#"{"ä":"\u00e9\n\ud83d\ude00"}"#,
            r#""\u00e9\n\ud83d\ude00""#,
            "[]",
            "{}"
        ]
    );
    let keys: Vec<_> = j.children(0).filter_map(|n| j.key(n)).collect();
    assert_eq!(keys, ["b", "a", "b", "e", "o"]);
    assert_eq!(j.value(6), "é\n😀");
    assert_eq!((j.count(0), j.kind(0), j.depth(6)), (5, JsonKind::Object, 2));
    assert_eq!(j.pretty(2), "[\n  12345678901234567890.10,\n  -0\n]");
}

#[test]
fn scalars_are_documents() {
    for (t, k) in [
        ("null", JsonKind::Null),
        ("true", JsonKind::Bool),
        ("0", JsonKind::Number),
        (" \"x\" ", JsonKind::String),
        ("-1.5E-7", JsonKind::Number),
        ("[]", JsonKind::Array),
    ] {
        assert_eq!(parse(t).kind(0), k);
    }
}

#[test]
fn errors_say_where() {
    for (t, line, column, word) in [
        ("", 1, 1, "ends"),
        ("{\n  \"a\": 1,\n  b: 2}", 3, 3, "key"),
        ("[1 2]", 1, 4, "`,` or `]`"),
        ("{\"a\" 1}", 1, 6, "`:`"),
        ("[1,]", 1, 4, "value"),
        ("\"abc", 1, 1, "not closed"),
        ("01", 1, 1, "start with 0"),
        ("1.", 1, 3, "digit"),
        ("\"\\x\"", 1, 2, "escape"),
        ("\"\\u12g4\"", 1, 2, "four"),
        ("nul", 1, 1, "null"),
        ("{} x", 1, 4, "follow"),
        ("[\"ä\", ?]", 1, 7, "value"),
        ("\"a\nb\"", 1, 3, "control"),
        ("{", 1, 2, "key"),
    ] {
        let e = Json::parse(t.to_owned()).expect_err(t);
        assert_eq!((e.line, e.column), (line, column), "{t}: {e}");
        assert!(e.message.contains(word), "{t}: {e}");
    }
}

#[test]
fn paths() {
    let j = parse(r#"{"a": [{"b c": 1}, [true]], "": 2}"#);
    let texts: Vec<_> = (0..j.len()).map(|n| j.path_text(n)).collect();
    assert_eq!(texts, ["$", "$.a", "$.a[0]", "$.a[0].\"b c\"", "$.a[1]", "$.a[1][0]", "$.\"\""]);
}

#[test]
fn find_goes_round() {
    let j = parse(r#"{"name": "Ann", "tags": ["x", "Annual"], "n": 12}"#);
    let first = j.find("ann", 0, false).expect("a match");
    assert_eq!(j.raw(first), "\"Ann\"");
    let second = j.find("ann", first, false).expect("a match");
    assert_eq!(j.raw(second), "\"Annual\"");
    assert_eq!(j.find("ann", second, false), Some(first));
    assert_eq!(j.find("ann", first, true), Some(second));
    assert_eq!(j.find("nothing", 0, false), None);
    assert!(j.find("TAGS", 0, false).is_some());
    // Backward every node is read, forward the text: both find the same.
    let j = parse(r#"{"aab": "n\n", "x": [12, true, null, "na"], "A": {"b": "aa,b: c"}}"#);
    for needle in ["a", "aa", "n", "nn", "l", "1", ",", ": ", "b", "true", "na", "zz", "\"", "{"] {
        let mut hits: Vec<_> = (0..j.len()).filter_map(|n| j.find(needle, n, false)).collect();
        let mut back: Vec<_> = (0..j.len()).filter_map(|n| j.find(needle, n, true)).collect();
        hits.sort_unstable();
        back.sort_unstable();
        hits.dedup();
        back.dedup();
        assert_eq!(hits, back, "{needle}");
    }
}

#[test]
fn folding() {
    let j = parse(r#"{"a": {"b": {"c": 1}}, "d": [1, 2]}"#);
    let mut rows = JsonRows::new(&j);
    assert_eq!(rows.len(), j.len());
    rows.fold(&j, 1, false);
    let seen = |r: &JsonRows| (0..r.len()).filter_map(|i| r.node(i)).collect::<Vec<_>>();
    assert_eq!(seen(&rows), [0, 1, 4, 5, 6]);
    assert_eq!(rows.row_of(3), 1);
    assert_eq!(rows.reveal(&j, 3), 3);
    assert_eq!(rows.len(), 7);
    rows.fold_all(&j, false);
    assert_eq!(seen(&rows), [0, 1, 4]);
    rows.fold_all(&j, true);
    assert_eq!(rows.len(), 7);
}

#[test]
fn deep_documents_need_no_stack() {
    let n = 200_000;
    let j = parse(&format!("{}{}", "[".repeat(n), "]".repeat(n)));
    assert_eq!((j.len(), j.depth(n - 1)), (n, n - 1));
    assert!(JsonRows::new(&j).len() > 100);
}

fn arbitrary() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec((".{0,4}", inner), 0..6)
                .prop_map(|v| serde_json::Value::Object(v.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_json_reads_and_stays(value in arbitrary(), indent in any::<bool>()) {
        let text = if indent { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("json");
        let j = parse(&text);
        prop_assert_eq!(j.text(), &text);
        let again: serde_json::Value = serde_json::from_str(&j.pretty(0)).expect("pretty is json");
        prop_assert_eq!(&again, &value);
        // Every node is itself a document, and fold state covers all of them.
        for n in 0..j.len() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(j.raw(n)).is_ok());
            prop_assert_eq!(j.children(n).count(), j.count(n));
        }
        let mut rows = JsonRows::new(&j);
        rows.fold_all(&j, true);
        prop_assert_eq!(rows.len(), j.len());
    }

    #[test]
    fn never_panics_and_agrees_on_what_is_json(text in "[\\[\\]{}\",:0-9eE.+\\\\ntrufals \u{0}-\u{20}é-]{0,24}") {
        let ours = Json::parse(text.clone()).is_ok();
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(ours, theirs, "{:?}", text);
    }
}
