//! psql's listings on a real server, of names that need quotes and of texts that are no patterns.

use crate::{live::Live, server};

#[test]
fn privileges_are_those_of_the_very_table_whatever_its_name() {
    let db = server::database();
    db.execute(
        r#"create schema "my S.x";
           create table "my S.x"."a(b*" (id int primary key);
           create table "my S.x"."a(bc" (id int primary key);
           create table "a(b*" (id int primary key);
           alter table "my S.x"."a(b*" enable row level security;
           create policy own on "my S.x"."a(b*" using (id > 0);
           create policy other on "my S.x"."a(bc" using (id > 0);"#,
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys(r#":\d "my S.x"."a(b*"<enter>"#).see("a(b*").settle();
    live.keys("gp").see("owner, superuser").settle();
    let screen = live.robot.screen();
    assert!(screen.contains("my S.x.a(b*") && !screen.contains("my S.x.a(bc"), "{screen}");
    assert!(!screen.contains("public.a(b*"), "{screen}");
    live.keys(r#":\dt a(b*<enter>"#).see("a(bc").settle();
    live.keys(r#":\dt "my S.x".*c<enter>"#).until(|r| !r.screen().contains("a(b*  ")).settle();
    live.keys(r#":\df pg_catalog.jsonb_set<enter>"#).see("jsonb_set").settle();
    live.keys(r#":\dt a\b[c{<enter>"#).settle();
    assert_eq!(live.failures, [""; 0]);
}
