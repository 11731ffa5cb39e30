//! Cases and properties of the splitter; psql's own answers when `PGDECK_CASES` names their folder.

use super::*;
use proptest::prelude::*;

fn texts(source: &str) -> Vec<String> {
    split(source, &SplitOptions::default()).iter().map(|s| s.text(source).into_owned()).collect()
}

#[test]
fn statements_end_where_psql_ends_them() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" -- only\n", &[]),
        ("select 1;select 2", &["select 1;", "select 2"]),
        ("-- a\nselect 1; -- b\n /* c */ select 2;\n", &["select 1;", "/* c */ select 2;"]),
        (
            "select ';', \";\", $$;$$, $a$;$a$ /* ; */ -- ;\n;",
            &["select ';', \";\", $$;$$, $a$;$a$ /* ; */ -- ;\n;"],
        ),
        (
            "create rule r as on insert to t do (select 1; select 2); x;",
            &["create rule r as on insert to t do (select 1; select 2);", "x;"],
        ),
        (
            "create or replace function f() returns int begin atomic select case when a then 1 end; end; b;",
            &[
                "create or replace function f() returns int begin atomic select case when a then 1 end; end;",
                "b;",
            ],
        ),
        (
            "create procedure p() begin atomic; end; create table begin (a int); c;",
            &["create procedure p() begin atomic; end;", "create table begin (a int);", "c;"],
        ),
        ("begin; select 1; end;", &["begin;", "select 1;", "end;"]),
        ("a\\; b\\; c; d;", &["a; b; c;", "d;"]),
        ("select a\\:b;", &["select a:b;"]),
        (
            "\\d t\nselect 1\n\\g\nselect 2 \\gset p_\n\\x \\\\ select 3;",
            &["select 1", "select 2 ", "select 3;"],
        ),
        ("nonsense\n\\r\nselect 1;", &["select 1;"]),
        ("select 1 \\echo hi\n, 2;", &["select 1 \n, 2;"]),
        ("select 1;\n\\q\nselect 2;", &["select 1;"]),
        ("copy t from stdin;\n;\\n'\n\\.\nselect 1;", &["copy t from stdin;", "select 1;"]),
        (
            "copy t from stdin; select 0;\n1\n\\.\nselect 1;",
            &["copy t from stdin;", "select 0;", "select 1;"],
        ),
        (
            "copy bad from stdin;\nselect 1;\ncopy t from stdin;\n2\n\\.\n",
            &["copy bad from stdin;", "select 1;", "copy t from stdin;"],
        ),
        (
            "copy (select 1 from stdin) to stdout;\nselect 1;\n\\.\n",
            &["copy (select 1 from stdin) to stdout;", "select 1;"],
        ),
        ("\\copy t from stdin\n1;\n\\.\nselect 1;", &["select 1;"]),
        (
            "set standard_conforming_strings = off;\nselect 'a\\';';\nreset all;\nselect 'a\\';",
            &["set standard_conforming_strings = off;", "select 'a\\';';", "reset all;", "select 'a\\';"],
        ),
        (
            "\\if true\na;\n\\else\nb;\n\\endif\nc\n\\if 0\nd;\n\\elif on\ne\n\\else\nf\n\\endif\n;",
            &["a;", "c\n\ne\n\n;"],
        ),
        ("\\if :{?x}\na;\n\\else\nb;\n\\endif\n\\set x\n\\if :{?x}\nc;\n\\endif", &["a;", "b;", "c;"]),
        ("\\if :x\n\\q\n\\endif\na;", &["a;"]),
        (";;", &[";", ";"]),
        ("select 1;\n\\g\nselect 2 (\n\\r\n\\g", &["select 1;", "select 1;", "select 1;"]),
        ("select 1;\nselect 2 \\watch\n\\g\n\\watch", &["select 1;", "select 2 ", "select 1;", "select 1;"]),
        ("\\g\nselect 1;", &["select 1;"]),
        ("select 1\n\\echo hi\n\\g", &["select 1"]),
        ("\\if 0\na;\n\\else\nb;\n\\else\nc;\n\\endif\n\\else\nd;", &["b;", "c;", "d;"]),
        ("select 1 \\nosuch \\g\n, 2;\n\\endif \\g", &["select 1 \n, 2;"]),
        ("\\COPY t from stdin\n1;\n\\.\nselect 1;", &["select 1;"]),
        ("\u{feff}select 1;", &["select 1;"]),
        ("select 1 where (a;", &["select 1 where (a;"]),
    ];
    for (source, want) in cases {
        assert_eq!(texts(source), *want, "{source:?}");
    }
}

#[test]
fn flags_say_what_is_psqls_alone() {
    let source = "select :a; copy t from stdin\\; copy u from stdin;\n1\n\\.\n2\n\\.\n/* e */;";
    let spans = split(source, &SplitOptions::default());
    assert_eq!(
        spans.iter().map(|s| (s.interpolated, s.combined, s.empty)).collect::<Vec<_>>(),
        [(true, false, false), (false, true, false), (false, false, true)]
    );
    let data: Vec<&str> = spans[1].copy_data.iter().map(|r| &source[r.clone()]).collect();
    assert_eq!(data, ["1\n", "2\n"]);
    let sent = spans[1].text(source);
    let at = sent.find("copy u").map(|at| spans[1].source_offset(at));
    assert_eq!(at, source.find("copy u"));
    let plain = split("a\\;b;", &SplitOptions { psql: false, ..SplitOptions::default() });
    assert_eq!(plain.len(), 2, "no psql rules: {plain:?}");
}

#[test]
fn the_setting_lives_as_long_as_its_transaction() {
    for (script, off) in [
        ("begin; set local standard_conforming_strings to off;", true),
        ("begin; set local standard_conforming_strings to off; commit;", false),
        ("begin; set standard_conforming_strings to 'off'; rollback;", false),
        ("begin; set standard_conforming_strings to off; rollback to savepoint s;", true),
        ("begin; set session standard_conforming_strings to off; commit;", true),
        ("set local standard_conforming_strings to off;", false),
        ("set standard_conforming_strings to off; \\c\n", false),
    ] {
        let source = format!("{script}\nselect '\\';'");
        let last = texts(&source).pop();
        assert_eq!(last.as_deref() == Some("select '\\';'"), off, "{script}");
    }
}

#[test]
fn the_statement_at_the_cursor() {
    // `|` is the cursor.
    let cases = [
        ("sel|ect 1; select 2;", "select 1;"),
        ("select 1;| select 2;", "select 1;"),
        ("select 1; | select 2;", "select 1;"),
        ("select 1; |select 2;", "select 2;"),
        ("|select 1; select 2;", "select 1;"),
        ("select 1;|", "select 1;"),
        ("select 1;  -- no|te\nselect 2;", "select 1;"),
        ("select 1;\n-- no|te\nselect 2;", "select 2;"),
        ("select 1;\n|\n\nselect 2;", "select 1;"),
        ("select 1;\n\n\n|\nselect 2;", "select 2;"),
        ("select 1;\n|select 2;", "select 2;"),
        ("select 1;\n\n\n|", "select 1;"),
        ("\n|\nselect 1", "select 1"),
        ("select 1;;|", "select 1;"),
        ("select 1 \\g|\nselect 2;", "select 1 "),
    ];
    for (text, want) in cases {
        let cursor = text.find('|').unwrap_or(0);
        let text = text.replace('|', "");
        let got = statement_at(&text, cursor, &SplitOptions::default());
        assert_eq!(got.map(|s| s.text(&text).into_owned()).as_deref(), Some(want), "{text:?} at {cursor}");
    }
    assert_eq!(statement_at(" -- nothing", 3, &SplitOptions::default()), None);
}

#[test]
fn data_lines_inside_a_statement_are_left_out_once() {
    let sent = |text: &str| -> Vec<String> {
        let options = SplitOptions { psql: true, ..SplitOptions::default() };
        split(text, &options).iter().map(|s| s.text(text).into_owned()).collect()
    };
    assert_eq!(sent("copy t from stdin;select\n\n\\.\n\\g"), ["copy t from stdin;", "select"]);
    assert_eq!(
        sent("copy t from stdin;select\\if 0\n\n\\.\n\\else\n 1"),
        ["copy t from stdin;", "select\n 1"]
    );
}

/// The statements of an expanded script.
fn expanded(source: &str) -> Vec<String> {
    let (text, script) = expand(source);
    script.spans.iter().map(|s| s.text(&text).into_owned()).collect()
}

#[test]
fn variables_stand_for_their_values() {
    let cases: &[(&str, &[&str])] = &[
        (
            "\\set t users\nselect * from :t where a = ':t' and b=:t.c;",
            &["select * from users where a = ':t' and b=users.c;"],
        ),
        (
            "\\set two 'delete from a; select 1'\n:two;\n:two \\g\n",
            &["delete from a;", "select 1;", "delete from a;", "select 1 "],
        ),
        (
            "\\set n 'it''s' \"x\"\nselect :'n', :\"n\", :{?n}, :{?m}, :m;",
            &["select 'it''s\"x\"', \"it's\"\"x\"\"\", TRUE, FALSE, :m;"],
        ),
        ("\\set b 'a\\\\b'\nselect :'b';", &["select  E'a\\\\b';"]),
        (
            "\\set a 1\n\\set b '\\:a + \\:a'\nselect :b;\n\\set a 2\nselect :b;",
            &["select 1 + 1;", "select 2 + 2;"],
        ),
        ("\\set r ':r + 1'\nselect :r;", &["select :r + 1;"]),
        ("\\set open '(select 1'\n:open; select 2);", &["(select 1; select 2);"]),
        ("\\set q 'select ''a;'\n:q b';", &["select 'a; b';"]),
        ("\\set c 'select 1 -- note'\n:c;\nselect 2;", &["select 1 -- note;", "select 2;"]),
        ("\\set g 'select 1 \\\\g'\n:g\nselect 2;", &["select 1 ", "select 2;"]),
        (
            "\\set w 'copy t from stdin;\\nselect 1;'\n:w\n1;\n\\.\nselect 2;",
            &["copy t from stdin;", "select 1;", "select 2;"],
        ),
        ("\\set a 1\n\\unset a\nselect :a;", &["select :a;"]),
        ("\\set a 1\nselect 2 as a \\gset\nselect :a;\n", &["select 2 as a ", "select :a;"]),
        ("\\set a 1\nselect 2 as b \\gset\nselect :a, :b;\n", &["select 2 as b ", "select 1, :b;"]),
        ("\\set now `date`\nselect :'now', :{?now};", &["select :'now', TRUE;"]),
        (
            "\\if :{?a}\nselect 1;\n\\else\nselect 2;\n\\set a 1\n\\endif\nselect :a;",
            &["select 2;", "select 1;"],
        ),
        ("\\if :a\nselect 1;\n\\endif\nselect 2;", &["select 2;"]),
        (
            "select true as a \\gset\n\\if :a\nx;\n\\set b 1\n\\else\ny;\n\\endif\nselect :b;",
            &["select true as a ", "x;", "y;", "select :b;"],
        ),
        ("\\if :ERROR\nselect 1;\n\\else\nselect 2;\n\\endif", &["select 1;", "select 2;"]),
        (
            "\\set no false\n\\if :no\nselect 1;\n\\elif :'no'\nselect 2;\n\\else\nselect 3;\n\\endif",
            &["select 3;"],
        ),
        ("select 1 \n\\if false\n", &[]),
        ("select 1 \n\\if true\n", &["select 1 "]),
        ("select 1 \n\n\\q\nselect 2", &["select 1 "]),
        ("select 'open\n", &["select 'open"]),
    ];
    for (source, want) in cases {
        assert_eq!(expanded(source), *want, "{source:?}");
    }
}

#[test]
fn values_that_grow_without_end_stop_growing() {
    let mut source = String::from("\\set a0 xxxxxxxxxxxxxxxx\n");
    for i in 0..9 {
        source.push_str(&format!("\\set a{} ':a{i} :a{i} :a{i} :a{i} :a{i} :a{i} :a{i} :a{i}'\n", i + 1));
    }
    source.push_str("select :a2;\nselect :a9;\n");
    let got = expanded(&source);
    assert_eq!((got.len(), got[0].len()), (2, "select ;".len() + 64 * 16 + 63));
    assert!(got[1].len() < 20 << 20, "{}", got[1].len());
}

proptest! {
    #[test]
    fn expanding_never_fails(pieces in prop::collection::vec(prop::sample::select(vec![
        "select ", ":a", ":b", ":'a'", ":\"b\"", ":{?a}", "\\set a 'é; :b'\n", "\\set b :a '('\n", "\\set a ''''\n",
        ";", "\n", "(", ")", "'", "$$", "\\g", "\\if :{?a}\n", "\\if :b\n", "\\else\n", "\\endif\n", "\\q\n", "--",
        "copy t from stdin;", "\n\\.\n", "\\set a 'x \\\\g'\n", "\\set b -\n", "\\gset\n", "é", "\\;", "\\unset a\n",
    ]), 0..40)) {
        let source = pieces.concat();
        let (text, script) = expand(&source);
        for s in &script.spans {
            let _ = s.text(&text);
        }
        if !source.contains(':') {
            prop_assert_eq!(text.as_ref(), source.as_str());
        }
    }

    #[test]
    fn spans_are_in_order_and_cover_every_word(pieces in prop::collection::vec(prop::sample::select(vec![
        "select ", "'a'", ";", "\n", "(", ")", "$$", "-- c", "/*", "*/", "begin ", "end ", "create function f ", "\\;",
        "\\g", "\\if 1\n", "\\if 0\n", "\\else\n", "\\endif\n", "copy t from stdin;", "\n\\.\n", "\\r", "'", "é",
    ]), 0..40), psql in any::<bool>()) {
        let text = pieces.concat();
        let script = script(&text, &SplitOptions { psql, ..SplitOptions::default() });
        let mut at = 0;
        for s in script.spans.iter().filter(|s| !s.repeated) {
            prop_assert!(s.start >= at && s.end >= s.start && s.end <= text.len(), "{:?}", s);
            at = s.end;
            let sent = s.text(&text);
            prop_assert!(s.source_offset(sent.len()) <= s.end);
            for cut in &s.cuts {
                prop_assert!(s.start <= cut.start && cut.end <= s.end, "{:?} {:?}", s, text);
            }
        }
        if !psql {
            // Without psql's commands every significant byte is in a span.
            let lexing = Options { standard_conforming_strings: true, variables: false };
            for t in crate::sql::lex::significant(&text, lexing) {
                prop_assert!(script.spans.iter().any(|s| s.start <= t.start && t.end <= s.end));
            }
        }
        for cursor in 0..=text.len() {
            if text.is_char_boundary(cursor) {
                let _ = statement_at(&text, cursor, &SplitOptions::default());
            }
        }
    }
}

/// What a comparison leaves out: blanks and comments in front, the final `;`.
fn bare(text: &str) -> &str {
    let start =
        crate::sql::lex::significant(text, Options::default()).first().map_or(text.len(), |t| t.start);
    text[start..].strip_suffix(';').unwrap_or(&text[start..])
}

/// Compares with one recorded file: how many statements it has, and those not found in order.
fn compare(source: &str, want: &[(Option<String>, Option<u64>)]) -> Vec<String> {
    let mut spans = split(source, &SplitOptions::default());
    // What is sent again has no place of its own in the records.
    spans.retain(|s| !s.repeated);
    let mut next = 0;
    let mut missing = Vec::new();
    for (text, end) in want {
        let same = |s: &Span| {
            *end == Some(s.end as u64) || text.as_ref().is_some_and(|t| bare(t) == bare(&s.text(source)))
        };
        match spans[next..].iter().position(same) {
            Some(0) => next += 1,
            Some(n) => {
                missing.push(format!("too many before {text:?} {end:?}: {}", spans[next].text(source)));
                next += n + 1;
            }
            None => missing.push(format!("missing {text:?} {end:?}; have {:?}", spans.get(next))),
        }
    }
    if next < spans.len() {
        missing.push(format!("{} too many at the end: {:?}", spans.len() - next, spans[next].text(source)));
    }
    missing
}

#[test]
fn recorded_scripts_split_as_psql_split_them() {
    let Some(folder) = std::env::var_os("PGDECK_CASES") else { return };
    let folder = std::path::Path::new(&folder).join("splitting");
    let (mut files, mut statements, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        let text = |v: &serde_json::Value| v.as_str().map(str::to_owned);
        let cases: Vec<(String, String, Vec<_>)> = match json.as_array() {
            Some(segments) => segments
                .iter()
                .map(|s| {
                    let ends = s["stmts"].as_array().expect("stmts").iter();
                    (text(&s["file"]), text(&s["source"]), ends.map(|e| (None, e[1].as_u64())).collect())
                })
                .map(|(f, s, w)| (f.unwrap_or_default(), s.unwrap_or_default(), w))
                .collect(),
            None => {
                let list = json["statements"].as_array().expect("statements").iter();
                let list = list.filter(|s| s.get("generated").is_none());
                let want = list.map(|s| (text(&s["text"]), s["end"].as_u64())).collect();
                vec![(
                    text(&json["name"]).unwrap_or_default(),
                    text(&json["source"]).unwrap_or_default(),
                    want,
                )]
            }
        };
        for (name, source, want) in cases {
            files += 1;
            statements += want.len();
            wrong.extend(compare(&source, &want).into_iter().map(|w| format!("{name}: {w}")));
        }
    }
    println!("{files} scripts, {statements} statements");
    // Without a run nobody knows what a query's result made of `\\if`: psql quit the first script at its start and
    // took one of two branches of the second. The values of variables are the matter of `expand`: in the third
    // script one holds two statements.
    let known = ["contrib/citext__citext_utf8: ", "regress/stats: ", "regress/update: "];
    for w in &wrong {
        println!("{w}");
    }
    wrong.retain(|w| !known.iter().any(|k| w.starts_with(k)));
    assert!(wrong.is_empty(), "{} differences", wrong.len());
}
