//! Whatever is typed gives a sensible screen.

use crate::{search, server};

#[test]
fn whatever_is_typed_gives_a_sensible_screen() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    for (typed, want) in [
        ("the of and", "Only stop words"),
        ("?! ;", "no word in this"),
        ("'\"` \\ O'Neil", "'neil"),
        ("& | ! ( ) <-> :*", "no word in this"),
        ("\"blue hour", "'blue' <-> 'hour'"),
        ("\"", "no word in this"),
        ("-", "no word in this"),
        ("vacuum -process", "'vacuum' & !'process'"),
        ("日本語の題名", "'日本語の題名':*"),
        ("$1 :name %s", "'1'"),
        ("select '; drop table posts; --", "hits in"),
    ] {
        live.keys("<ctrl-u>").keys(&typed.replace('<', "<<")).see(want).settle();
        assert_eq!(live.wrong(), [""; 0], "{typed}");
    }
    live.keys("<ctrl-u>").see("Type to search");
    // Ten thousand characters, pasted.
    let long = "vacuum process ".repeat(700);
    live.robot.event(pgdeck::core::event::Event::Paste(long));
    // A tsquery of 1,400 words is the server's to rank: on a slow machine it takes longer than a search may.
    live.keys("").until(|r| {
        let screen = r.screen();
        screen.contains("hits in") || screen.contains("the time a search may take unasked")
    });
    live.keys("<ctrl-u>").see("Type to search").settle();
    live.failures.clear();
    live.robot.event(pgdeck::core::event::Event::Paste("x".repeat(10_000)));
    live.keys("").until(|r| r.screen().contains("no word in this") || r.screen().contains("Nothing matches"));
    live.keys("<ctrl-u>").see("Type to search").settle();
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn what_is_no_tsquery_is_underlined_and_the_results_before_stay() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.keys("<f2><f2><f2>").see("raw · ts_rank").keys("vacuum").see("hits in").settle();
    for (typed, what) in [
        (" &", "a word is missing after this"),
        (" (plan", "this parenthesis is not closed"),
        (" | x", "this parenthesis is not closed"),
        ("))", "closes a parenthesis that is not open"),
    ] {
        live.keys(typed)
            .see(what)
            .see("This is no tsquery")
            .see("Below: what was found for \"vacuum\"")
            .settle();
        let buffer = live.robot.buffer();
        let wrong = (0..buffer.area.width)
            .filter(|x| buffer[(*x, 2)].modifier.contains(ratatui::style::Modifier::UNDERLINED))
            .count();
        assert_eq!(wrong, 1, "one place is underlined for {typed}\n{}", live.robot.screen());
    }
    live.keys("<backspace>").see("hits in").see("'vacuum' & ( 'plan'");
}

#[test]
fn hostile_documents_do_no_harm() {
    let db = server::database();
    db.execute(
        r"create table doc (id int primary key, title text, body text);
          insert into doc values
            (1, E'\x1b]0;owned\x07 needle \u202e', E'\x1b[2J\x1b[31m needle \x07 \u009b5n <script>alert(1)</script>'),
            (2, E'\x01needle\x02', E'\x01 certainly not a hit here \x02 \x03 needle');
          create index on doc using gin (to_tsvector('english', title || ' ' || body));
          analyze",
    );
    let mut live = search(&db);
    live.keys("needle").see("2 hits").settle();
    let buffer = live.robot.buffer();
    let text: String = buffer.content.iter().map(|c| c.symbol()).collect();
    assert!(text.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{}", live.robot.screen());
    assert!(text.contains("certainly not a hit here ? ? needle"), "{}", live.robot.screen());
}
