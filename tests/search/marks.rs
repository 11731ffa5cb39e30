//! The hits the pane marks are those of `ts_headline`.

use crate::{server, session};
use pgdeck::{
    data::{
        edits::RowKey,
        search::{Config, Fragment, Hits, Keeper, Mode, Ranking, Source, TextIndex},
    },
    pg::wire::{Item, Session},
    sql::{
        filter::{Filter, Query},
        search::{Ask, BEFORE_KEY, Reach, Target, sources::chosen},
    },
};

/// Rows of a statement.
async fn batches(session: &mut Session, query: &Query) -> Vec<pgdeck::data::rows::Batch> {
    use pgdeck::core::effect::Statement;
    let statement = Statement::read(query.sql.clone(), query.params.clone(), query.types.clone());
    session.start(&statement).expect("sent");
    let mut out = vec![];
    loop {
        match session.next().await.expect("an item") {
            Item::Rows(batch) => out.push(batch),
            Item::Error(e) => panic!("{e}\n{}", query.sql),
            Item::Ready(_) => return out,
            _ => {}
        }
    }
}

fn plain_query(sql: &str) -> Query {
    let mut query = Query::default();
    sql.clone_into(&mut query.sql);
    query
}

/// The words between ⟦ and ⟧.
fn hits(marked: &str) -> Vec<String> {
    marked.split('⟦').skip(1).filter_map(|p| Some(p.split_once('⟧')?.0.to_owned())).collect()
}

const DOCUMENTS: &str = r#"
    create table doc (id int primary key, title text, body text);
    insert into doc select g, 'Number ' || g || ' of the ' || w[1 + (g * 7) % 12],
        (select string_agg(case (g * 31 + n * 17) % 23
            when 0 then '<b class="x">' || w[1 + (g + n) % 12] || '</b>'
            when 1 then E'\x1b[31m' || w[1 + (g * n) % 12] || E'\x1b[0m'
            when 2 then E'\n\n' || w[1 + (g + 5 * n) % 12]
            when 3 then E'\x01\x02\x03'
            when 4 then 'http://example.org/' || w[1 + (g + n) % 12] || '?a=b'
            when 5 then '日本語 ' || w[1 + (g * n) % 12] || '-' || w[1 + n % 12]
            else w[1 + (g * 13 + n * n * 7) % 12] end, ' ' order by n)
         from generate_series(1, 20 + g % 150) n)
    from generate_series(1, 500) g,
        (select array['vacuuming', 'vacuums', 'planner', 'the', 'slow', 'queries', 'query', 'index', 'O''Neil', 'naïve', 'indexes', '🎉'] w) words;
    create index doc_idx on doc using gin (to_tsvector('english', title || ' ' || body));
    analyze"#;

#[tokio::test]
async fn the_hits_of_500_documents_are_those_of_ts_headline() {
    let db = server::database();
    db.execute(DOCUMENTS);
    let mut session = session::session(&db).await;
    let detail = session::describe(&db, "doc").await;
    let source = Source {
        relation: detail.relation.oid,
        vector: "to_tsvector('english'::regconfig, ((title || ' '::text) || body))".into(),
        keeper: Keeper::Expression,
        column: None,
        chosen: vec![],
        config: Some(Config::Fixed("english".into())),
        parts: vec![],
        indexes: vec![TextIndex { name: "doc_idx".into(), method: "gin".into(), ..TextIndex::default() }],
    };
    let (body, nothing) = (["body".to_owned()], Filter::default());
    let target = Target {
        detail: &detail,
        source: &source,
        config: "english",
        languages: &[],
        reach: Reach::Everything,
        filter: &nothing,
        title: Some("title"),
        body: &body,
    };
    let ranking = Ranking::default();
    let (mut documents, mut marked) = (0, 0);
    for (mode, text, plain) in [
        (Mode::Web, "vacuum", "to_tsquery('english', 'vacuum:*')"),
        (Mode::Web, "vacuum quer", "to_tsquery('english', 'vacuum & quer:*')"),
        (
            Mode::Web,
            "\"slow query\" or o'neil ",
            "websearch_to_tsquery('english', '\"slow query\" or o''neil')",
        ),
        (Mode::Raw, "index <-> !vacuum", "to_tsquery('english', 'index <-> !vacuum')"),
        (Mode::Phrase, "slow que", "to_tsquery('english', 'slow <-> que:*')"),
    ] {
        let ask = Ask { text, mode, ranking: &ranking, limit: 500, offset: 0, page: 500, words: 15 };
        let mut found = Hits::default();
        for batch in batches(&mut session, &target.search(&ask).expect("a statement")).await {
            found.take(&batch, 0, BEFORE_KEY);
        }
        let options = "StartSel=⟦,StopSel=⟧,MaxFragments=2,MaxWords=15,MinWords=7,FragmentDelimiter=\"…\"";
        // Where the body has only some of the words, it is shown with those.
        let of = |q: &str| {
            format!("ts_headline('english', translate(body, E'\\x01\\x02\\x03', '???'), {q}, '{options}')")
        };
        let (all, some) = (of(plain), of(&format!("replace(({plain})::text, ' & ', ' | ')::tsquery")));
        let sql = format!(
            "select id::text, case when {all} ~ '⟦' then {all} else {some} end,
                ts_headline('english', title, {plain}, 'StartSel=⟦,StopSel=⟧,HighlightAll=true')
             from doc where to_tsvector('english', title || ' ' || body) @@ {plain} order by id"
        );
        let mut expected = std::collections::BTreeMap::new();
        for batch in batches(&mut session, &plain_query(&sql)).await {
            let cell = |r, c| String::from_utf8_lossy(batch.cell(r, c).expect("no NULL")).into_owned();
            expected.extend((0..batch.len()).map(|r| (cell(r, 0), (hits(&cell(r, 1)), hits(&cell(r, 2))))));
        }
        assert_eq!(found.rows.len(), expected.len(), "{text}");
        assert_eq!(found.count, expected.len() as u64, "{text}");
        // The same once more by keys, as rows further down get theirs.
        let keys: Vec<RowKey> = found.rows.iter().map(|h| h.key.clone()).collect();
        let mut again = found.clone();
        again.rows.iter_mut().for_each(|h| (h.text, h.marked) = (None, None));
        for batch in batches(&mut session, &target.fragments(&ask, &keys).expect("keys")).await {
            let cell = |r, c| batch.cell(r, c).map(|b| String::from_utf8_lossy(b).into_owned());
            for row in 0..batch.len() {
                let n: usize = cell(row, 0).expect("a number").parse().expect("a number");
                again.rows[n].take_marked(cell(row, 1).as_deref(), cell(row, 2).as_deref());
            }
        }
        assert_eq!(again.rows, found.rows, "{text}");
        for hit in &found.rows {
            let id = hit.key[0].clone().expect("a key");
            let (body, title) = &expected[&id];
            let shown: Vec<String> =
                hit.text.iter().flatten().flat_map(Fragment::hits).map(str::to_owned).collect();
            assert_eq!(&shown, body, "{text} in document {id}");
            let shown: Vec<&str> = hit.marked.iter().flat_map(Fragment::hits).collect();
            assert_eq!(&shown, title, "{text} in the title of {id}");
            documents += 1;
            marked += body.len() + title.len();
        }
    }
    assert!(documents > 500 && marked > 1000, "{documents} documents, {marked} hits");
}

#[tokio::test]
async fn chosen_columns_of_views_and_tables_without_a_key_are_searched_too() {
    let db = server::database();
    db.execute(
        r#"create table "Odd table" ("select" text, "a ""b" text);
           insert into "Odd table" select 'word ' || g, null from generate_series(1, 30) g;
           create view seen as select * from "Odd table";
           create table parts (id int, t text) partition by range (id);
           create table parts_1 partition of parts for values from (0) to (10);
           create table parts_2 partition of parts for values from (10) to (20);
           insert into parts select g, 'word ' || g from generate_series(1, 19) g"#,
    );
    let mut session = session::session(&db).await;
    for (table, columns, count) in [
        ("\"Odd table\"", vec!["select".to_owned(), "a \"b".to_owned()], 30),
        ("seen", vec!["select".to_owned()], 30),
        ("parts", vec!["t".to_owned()], 19),
    ] {
        let detail = session::describe(&db, table).await;
        let filter = Filter { conditions: vec![], raw: Some("true -- and a comment".into()) };
        let source = chosen(detail.relation.oid, &columns, "simple");
        for reach in [Reach::Sample(1000), Reach::Sample(5), Reach::Everything] {
            let target = Target {
                detail: &detail,
                source: &source,
                config: "simple",
                languages: &[],
                reach,
                filter: &filter,
                title: columns.first().map(String::as_str),
                body: &columns[1..],
            };
            let ranking = Ranking { cover: true, weights: [0.1, 0.2, 0.3, 0.9], ..Ranking::default() };
            let ask = Ask {
                text: "wor",
                mode: Mode::Web,
                ranking: &ranking,
                limit: 50,
                offset: 0,
                page: 50,
                words: 9,
            };
            let mut found = Hits::default();
            for batch in batches(&mut session, &target.search(&ask).expect("a statement")).await {
                found.take(&batch, 0, BEFORE_KEY);
            }
            let wanted = if reach == Reach::Sample(5) { 6 } else { count };
            assert_eq!(found.count, wanted, "{table} {reach:?}");
            assert!(
                found.rows.iter().all(|h| h.marked.as_ref().is_some_and(|m| m.hits().eq(["word"]))),
                "{found:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_last_hits_by_key_are_the_same_walked_to_or_gathered() {
    let db = server::database();
    db.execute(
        "create table doc (id int primary key, body text, v tsvector generated always as (to_tsvector('simple', body)) stored);
         insert into doc (id, body) select g, repeat('word ', 1 + g * 7919 % 97) || g from generate_series(1, 20000) g;
         create index on doc using gin (v);
         create index on doc using gin (to_tsvector('simple', body)); analyze",
    );
    let mut session = session::session(&db).await;
    let detail = session::describe(&db, "doc").await;
    for (vector, keeper, last) in [
        ("v", Keeper::Generated, 20_000 - 10_000),
        ("to_tsvector('simple'::regconfig, body)", Keeper::Expression, 20_000 - 300),
    ] {
        let source = Source { vector: vector.into(), keeper, ..chosen(detail.relation.oid, &[], "simple") };
        let (body, filter, ranking) = (["body".to_owned()], Filter::default(), Ranking::default());
        let mut both = vec![];
        for walk in [true, false] {
            let target = Target {
                detail: &detail,
                source: &source,
                config: "simple",
                languages: &[],
                reach: Reach::Newest { walk },
                filter: &filter,
                title: None,
                body: &body,
            };
            let ask = Ask {
                text: "word ",
                mode: Mode::Web,
                ranking: &ranking,
                limit: 200,
                offset: 0,
                page: 5,
                words: 9,
            };
            let mut found = Hits::default();
            for batch in batches(&mut session, &target.search(&ask).expect("a statement")).await {
                found.take(&batch, 0, BEFORE_KEY);
            }
            both.push(found.rows);
        }
        assert_eq!(both[0], both[1], "{vector}");
        let key = |h: &pgdeck::data::search::Hit| h.key[0].as_ref().and_then(|k| k.parse::<i32>().ok());
        assert_eq!(both[0].len(), 200);
        assert!(both[0].iter().all(|h| key(h).is_some_and(|k| k > last)), "only the last ones are ranked");
    }
}
