//! Every form in which something is searchable: partitions, configurations of rows, chosen columns; long lists of results.

use crate::{Live, ask, search, server};

#[test]
fn the_indexes_of_partitions_are_named_as_what_served() {
    let db = server::database();
    db.execute(
        "create table log (id int, at int, body text, primary key (id, at)) partition by range (at);
         create table log_1 partition of log for values from (0) to (5000);
         create table log_2 partition of log for values from (5000) to (10000);
         create index log_search on log using gin (to_tsvector('english', body));
         insert into log select g, g, 'line number ' || g from generate_series(0, 9999) g;
         analyze",
    );
    let mut live = search(&db);
    live.keys("7777").see("1 hit in").see("served by the indexes of 2 partitions").settle();
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn names_outside_ascii_are_found_in_triggers() {
    let db = server::database();
    db.execute(
        r#"create table "Straße" (id int primary key, "Größe" text, "a\b_c" text, "süß" tsvector, a_ext tsvector);
           create trigger kept before insert or update on "Straße" for each row
              execute function tsvector_update_trigger('süß', 'pg_catalog.german', 'Größe', 'a\b_c');
           create index on "Straße" using gist ("süß");
           insert into "Straße" select g, 'Häuser ' || g, 'und Gärten', null from generate_series(1, 300) g;
           analyze"#,
    );
    let mut live = search(&db);
    live.see(r"Straße  Größe, a\b_c · german · ").keys("garten haus ").see("300 hits").settle();
    assert!(live.robot.screen().contains("'gart' & 'haus'"), "{}", live.robot.screen());
}

#[test]
fn chosen_columns_are_made_with_the_configuration_that_is_chosen() {
    let db = server::database();
    db.execute(
        "create table brief (id int primary key, body text);
         insert into brief select g, 'alte Häuser am See ' || g from generate_series(1, 50) g; analyze",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<alt-3>").see("No index of this database serves");
    live.keys("<f3>brief<enter>").see("body · english · no index").settle();
    live.keys("haus ").see("0 hits").settle();
    live.keys("<f7>").see("Ranking").keys("<down><down><down>").see("of the documents and of the line");
    while !live.robot.screen().contains("configuration  german") {
        live.keys("<right>");
    }
    live.keys("<enter>").see("body · german · no index").see("50 hits in").settle();
    assert!(live.robot.screen().contains("'haus'"), "{}", live.robot.screen());
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn rows_with_configurations_of_their_own_are_searched_each_with_its_own() {
    let db = server::database();
    db.execute(
        "create table text (id int primary key, lang regconfig, title text, body text);
         insert into text select g, case when g % 2 = 0 then 'german' else 'english' end::regconfig, 'Nr ' || g,
            case when g % 2 = 0 then 'die Häuser stehen am See ' else 'the houses are running ' end || g
            from generate_series(1, 6000) g;
         insert into text values (6001, 'simple', 'Nr', 'houses'), (6002, null, 'Nr', 'houses');
         create index text_search on text using gin (to_tsvector(lang, body));
         analyze",
    );
    let mut live = search(&db);
    live.see("body · english, german, simple by lang · text_search (gin");
    // Two German rows; English stems the numbers' neighbours otherwise.
    live.keys("häuser 4000").see("1 hit in").see("served by text_search").settle();
    let screen = live.robot.screen();
    assert!(screen.contains("'haus'") && screen.contains("'häuser'"), "the query of each\n{screen}");
    live.keys("<ctrl-u>houses 4001").see("1 hit in").see("served by text_search").settle();
    live.keys("<ctrl-u>house ").see("3,000 hits in").settle();
    live.keys("<ctrl-u>houses ").see("3,001 hits in").settle();
    live.keys("<tab>x").see("Why it matched").see("the row's own configuration").settle();
    live.keys("q<ctrl-s>").see("Save the search as a query").settle();
    live.robot.keys("<enter>");
    let text = live.robot.take(|e| match e {
        pgdeck::core::effect::Effect::Write { text, .. } => Some(text.clone()),
        _ => None,
    });
    let sql = text.replace(":query", "'houses'").replace(":limit", "5000");
    let sql: String = sql.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join("\n");
    assert_eq!(
        ask(
            &db,
            &format!(
                "select count(*) || ' ' || count(*) filter (where fragments like '%**houses**%') from ({sql}) x"
            )
        ),
        "3001 3001"
    );
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn results_behind_the_first_two_hundred_follow_as_one_goes_down() {
    let db = server::database();
    db.execute(
        "create table doc (id int primary key, body text, v tsvector generated always as (to_tsvector('simple', body)) stored);
         insert into doc (id, body) select g, 'common word ' || g from generate_series(1, 2600) g;
         create index on doc using gin (v); analyze",
    );
    let mut live = search(&db);
    live.keys("common ").see("2,600 hits").see("1 of 200 listed").settle();
    live.keys("<tab>G").see("400 listed").settle();
    for n in ["600", "800", "1,000", "1,200", "1,400", "1,600", "1,800", "2,000"] {
        live.keys("G").see(&format!("{n} listed")).settle();
    }
    live.keys("G").see("2,000 of 2,000 listed").settle();
    live.keys("G").settle();
    assert!(live.robot.screen().contains("2,000 of 2,000 listed"), "bounded\n{}", live.robot.screen());
    assert!(!live.robot.screen().contains('…'), "fragments are there\n{}", live.robot.screen());
    live.keys("gg").see("1 of 2,000 listed").settle();
    // Another line begins anew.
    live.keys("/<backspace>x ").see("0 hits").settle();
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn what_is_no_tsquery_shows_no_figures_of_another_line() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.keys("<f2><f2><f2>").see("raw · ts_rank").keys("zzzqqq").see("0 hits in").settle();
    live.keys(" &").see("This is no tsquery").settle();
    assert!(!live.robot.screen().contains("hits in"), "{}", live.robot.screen());
}

#[test]
fn what_is_misspelt_finds_rows_with_similar_words() {
    let db = server::database();
    db.execute(
        "create schema ext; create extension pg_trgm schema ext; create extension unaccent schema ext;
         create table doc (id int primary key, title text, body text);
         insert into doc select g, 'Chapter ' || g, 'nothing to see' from generate_series(1, 3000) g;
         insert into doc values (3001, 'The crème brûlée of Lyon', 'sweet'), (3002, 'Autovacuum workers', 'busy');
         create index doc_search on doc using gin (to_tsvector('english', title || ' ' || body)); analyze",
    );
    let mut live = search(&db);
    for (typed, title) in [("creme brulee ", "crème brûlée"), ("autovacum wrokers ", "Autovacuum workers")]
    {
        live.keys("<ctrl-u>").keys(typed).see("Below: 1 row with similar words (pg_trgm)").settle();
        let screen = live.robot.screen();
        assert!(screen.contains(title) && screen.contains("0 hits in"), "{screen}");
    }
    live.see("Did you mean \"autovacuum\", \"worker\"");
    live.keys("<tab><enter>").see("▌1 Browse").settle();
    assert!(live.robot.screen().contains("3002"), "{}", live.robot.screen());
    // By an index: the very column.
    db.execute("create index doc_trgm on doc using gin (title ext.gin_trgm_ops)");
    live.keys("<alt-3><f5>").settle();
    live.keys("/<ctrl-u>autovacum ").see("1 row with similar words (pg_trgm, by doc_trgm)").settle();
    live.keys("<ctrl-u>qqqqzzzz ").see("Nothing matches.").settle();
    assert!(!live.robot.screen().contains("similar words"), "{}", live.robot.screen());
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn fewer_hits_are_counted_where_each_has_to_be_looked_up() {
    let db = server::database();
    db.execute(
        "create table doc (id int primary key, body text);
         insert into doc select g, 'alpha beta ' || g from generate_series(1, 1500) g;
         create index on doc using gin (to_tsvector('english', body));
         create table stored (id int primary key, body text,
            v tsvector generated always as (to_tsvector('english', body)) stored);
         insert into stored select * from doc;
         create index on stored using gin (v);
         analyze",
    );
    let mut live = search(&db);
    live.see("doc  body").keys("beta alpha ").see("1,500 hits in").settle();
    // An index has no positions.
    live.keys("<ctrl-u>\"alpha beta\"")
        .see("more than 1,000 hits")
        .see("300 of the first 1,000 found ranked")
        .settle();
    live.keys("<f3>stored body<enter>").see("1,500 hits in").settle();
    assert_eq!(live.wrong(), [""; 0]);
}
