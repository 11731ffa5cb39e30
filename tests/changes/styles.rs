//! Whatever the session's styles are: what was seen is found again, and what is written is what was meant.

use crate::{change, describe, key_of, plain, run, send, server, session, set, text};
use pgdeck::{
    core::effect::Statement,
    data::{
        check::{has_zone, zone_word},
        edits::{Stage, Staged, Value, What},
    },
    sql::page,
};

const TIMES: &str = "create table times (at timestamptz, d date, word text, ts timestamp, tz timestamptz, tt timetz,
        iv interval, f4 real, f8 double precision, b bytea, list timestamptz[], span tstzrange, days interval[],
        updated_at timestamptz, primary key (at, d));
    insert into times values
        ('2024-06-05 01:02:03.123456+05:30', '2024-02-01', 'summer', '2024-06-05 23:59:59.5', '2024-12-24 20:15+01',
         '12:30+05:30', '-1 year 2 days -03:04:05.06', 0.1, 1.0/3, '\\x00ff5c41', '{2024-01-02 03:04+00,NULL}',
         '[2024-03-01 00:00+00,2024-04-01 00:00+00)', '{1 day,-2 mons}', '2024-06-05 10:11:12.131415+02'),
        ('2024-11-03 05:30+00', '0044-03-15 BC', 'the hour that comes twice', 'infinity', '-infinity', '00:00-08',
         '0', -0.0, 'NaN', '', '{}', 'empty', '{}', '2024-11-03 06:30+00'),
        ('infinity', 'infinity', 'ends', '-infinity', '1883-01-01 00:00+00', '23:59:60+00', '1 day', 1e-30, 1e300,
         'abc', '{infinity}', '(,)', null, 'infinity')";

const STYLES: [&str; 5] = ["ISO, MDY", "SQL, DMY", "SQL, MDY", "German", "Postgres, DMY"];
const INTERVALS: [&str; 4] = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"];
const ZONES: [&str; 5] = ["UTC", "Asia/Kolkata", "America/New_York", "Europe/Dublin", "America/Sao_Paulo"];

#[tokio::test]
async fn an_edit_to_itself_is_none_and_another_column_is_guarded_in_every_style() {
    let db = server::database();
    db.execute(TIMES);
    let mut s = session(&db).await;
    let d = describe(&db, "times").await;
    // What is there to the last bit, whatever the session prints.
    let truth = "select string_agg(md5(timestamptz_send(at) || date_send(d) || convert_to(word, 'UTF8') || timestamp_send(ts) || timestamptz_send(tz)
        || timetz_send(tt) || interval_send(iv) || float4send(f4) || float8send(f8) || b || array_send(list) || range_send(span)
        || coalesce(array_send(days), '') || timestamptz_send(updated_at)), ',' order by word) from times";
    let before = plain(&mut s, truth).await;
    let (mut wrong, mut refused, mut all) = (vec![], 0, 0);
    for (n, style) in STYLES.iter().enumerate() {
        // Every style of dates in every zone, and with every style of intervals, of digits and of bytes.
        for (m, zone) in ZONES.iter().enumerate() {
            let interval = INTERVALS[(n + m) % 4];
            let (digits, bytea) = ([1, 0, -3, 3][(n + m / 2) % 4], ["hex", "escape"][m % 2]);
            let named = format!("{style}, {interval}, {zone}, {digits}, {bytea}");
            plain(&mut s, &format!("select set_config('datestyle', '{style}', false), set_config('intervalstyle', '{interval}', false), set_config('timezone', '{zone}', false), set_config('extra_float_digits', '{digits}', false), set_config('bytea_output', '{bytea}', false)")).await;
            for word in ["summer", "the hour that comes twice", "ends"] {
                let key = key_of(&mut s, &d, "times", &format!("word = '{word}'")).await;
                let q = page::row(&d, &key).expect("a row");
                let read = Statement::read(q.sql, q.params, q.types);
                let row = run(&mut s, &read).await.expect("read").0.pop().expect("its key finds it");
                let version = vec![("updated_at".to_owned(), row.last().cloned().expect("a column"))];
                for (column, seen) in d.columns.iter().zip(&row) {
                    let field = set(&column.name, seen.clone(), Value::of(seen.clone()));
                    let (table, key) =
                        (change(&d, What::Delete { key: vec![], seen: vec![] }).table, key.clone());
                    let mut staged = Staged::default();
                    let step = Stage::Set {
                        table,
                        key: key.clone(),
                        field: field.clone(),
                        version: version.clone(),
                    };
                    staged.stage(step).expect("staged");
                    assert!(staged.is_empty(), "{named}: {} {seen:?}", column.name);
                    // Guarded by this column, the word is changed; and the value is written as it was read.
                    let other = set("word", text(word), Value::Text("changed".into()));
                    let fields = if column.name == "word" { vec![other] } else { vec![field, other] };
                    let what = What::Update { key, fields, version: version.clone() };
                    all += 1;
                    plain(&mut s, "begin").await;
                    let sent = send(&mut s, &d, &change(&d, what)).await;
                    let misread =
                        has_zone(column.base_oid) && seen.as_deref().is_some_and(|t| zone_word(t).is_some());
                    refused += usize::from(misread);
                    match sent {
                        // Local mean time has an abbreviation that no server reads.
                        Err(e) if misread && e.contains("22007") => {}
                        Err(e) => wrong.push(format!("{named}: {} {seen:?}: {e}", column.name)),
                        // Such a text is not written without a question; what was written so is not taken back.
                        Ok(back) if misread => {
                            assert!(back.is_empty(), "{named}: {} {seen:?} {back:?}", column.name);
                        }
                        Ok(back) => {
                            for change in &back {
                                if let Err(e) = send(&mut s, &d, change).await {
                                    wrong.push(format!("{named}: {} is not taken back: {e}", column.name));
                                }
                            }
                            // A rounded text is a rounded value: what is shown is what is written.
                            let rounded = digits < 1 && matches!(column.base_oid, 700 | 701);
                            if !back.is_empty() && !rounded && plain(&mut s, truth).await != before {
                                wrong
                                    .push(format!("{named}: {} {seen:?} was written otherwise", column.name));
                            }
                        }
                    }
                    plain(&mut s, "rollback").await;
                }
                // Deleted and made again, every time is the very same, or nothing is promised.
                plain(&mut s, "begin").await;
                let seen = d.columns.iter().map(|c| c.name.clone()).zip(row.clone()).collect();
                match send(&mut s, &d, &change(&d, What::Delete { key, seen })).await {
                    Err(e) => wrong.push(format!("{named}: {word} is not deleted: {e}")),
                    Ok(back) => {
                        for change in &back {
                            send(&mut s, &d, change).await.unwrap_or_else(|e| panic!("{named}: {e}"));
                        }
                        let same = plain(&mut s, truth).await == before;
                        if !back.is_empty() && digits > 0 && !same {
                            wrong.push(format!("{named}: {word} came back otherwise"));
                        }
                    }
                }
                plain(&mut s, "rollback").await;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(refused > 50, "abbreviations were printed: {refused}");
}
