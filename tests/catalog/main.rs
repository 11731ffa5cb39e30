//! Catalog snapshots and descriptions of a real server.

#[path = "../support/server.rs"]
mod server;

use pgdeck::{
    data::catalog::{Catalog, RelKind},
    pg::{
        catalog,
        client::Client,
        connect::{Options, open_client},
        queries,
        target::{Input, Nothing, resolve},
    },
};
use server::Database;
use std::{path::Path, sync::Arc};

async fn client(db: &Database) -> Client {
    let input = Input { connection: Some(db.url()), ..Input::default() };
    let target = resolve(&input, &Nothing).expect("a target");
    open_client(&target, &Options::default()).await.expect("a client")
}

async fn snapshots(db: &Database) -> Vec<Arc<Catalog>> {
    let client = client(db).await;
    let picture = catalog::picture(&client).await.expect("a picture");
    let whole = catalog::complete(&client, picture.clone()).await.expect("a catalog");
    vec![Arc::new(picture), Arc::new(whole)]
}

#[tokio::test]
async fn every_query_prepares() {
    let db = server::database();
    let client = client(&db).await;
    let version: i32 = client
        .sql()
        .query_one("select current_setting('server_version_num')::int4", &[])
        .await
        .expect("a version")
        .get(0);
    let version = u32::try_from(version).expect("a positive number");
    let ours = [queries::TABLE, queries::monitor::TABLE, queries::doctor::TABLE, queries::health::TABLE];
    for (name, sql) in ours.into_iter().flatten() {
        let statement = match sql.contains("{schema}") {
            false => client.sql().prepare(&queries::monitor::at(sql, version)).await,
            true => {
                // Of an extension, as it is made on this server.
                client
                    .sql()
                    .batch_execute("create extension if not exists pg_stat_statements")
                    .await
                    .expect("made");
                let of = "select extversion from pg_extension where extname = 'pg_stat_statements'";
                let extension: String = client.sql().query_one(of, &[]).await.expect("a version").get(0);
                let text =
                    queries::monitor::of_extension(sql, &extension, "public").expect("a known version");
                client.sql().prepare(&text).await
            }
        };
        assert!(statement.is_ok(), "{name}: {:?}", statement.err());
    }
    // What panes send by themselves stands beside the catalog's.
    let mut count = 0;
    for folder in ["browse", "edit", "plan", "psql", "search"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries").join(folder);
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("a file").path();
            let sql = std::fs::read_to_string(&path).expect("text");
            let statement = client.sql().prepare(&sql).await;
            assert!(statement.is_ok(), "{}: {:?}", path.display(), statement.err());
            count += 1;
        }
    }
    assert!(count > 3, "{count} queries of panes");
}

#[tokio::test]
async fn the_relations_come_first_and_then_the_whole() {
    let db = server::database_with_posts();
    let all = snapshots(&db).await;
    assert_eq!(all.iter().map(|c| c.complete).collect::<Vec<_>>(), [false, true]);
    let whole = &all[1];
    let posts = whole.find(None, "posts").expect("posts are found by the search path");
    assert_eq!(posts.kind, RelKind::Table);
    let names: Vec<_> = whole.columns[&posts.oid].iter().map(|c| c.name.as_str()).collect();
    assert!(names.starts_with(&["id", "user_id", "title"]), "{names:?}");
    assert!(whole.foreign_keys.iter().any(|k| k.from_oid == posts.oid && k.from_columns == ["user_id"]));
    assert!(whole.functions.iter().any(|f| &*f.name == "jsonb_set" && f.result == "jsonb"));
    assert!(!whole.functions.iter().any(|f| &*f.name == "int4in"));
    assert_eq!(whole.schemas.last().map(|s| &**s), Some("pg_catalog"));
}

#[tokio::test]
async fn a_relation_is_described_with_all_its_oddities() {
    let db = server::database();
    db.execute(
        r#"create domain small as int check (value < 100);
        create domain smaller as small not null;
        create table parent (a int, b text, primary key (a, b));
        create table "Odd ""Name" (
            id int generated always as identity,
            dropped int, s smaller default 3, twice int generated always as (id * 2) stored, tags text[],
            pa int, pb text, unique (pb, pa), foreign key (pa, pb) references parent on delete set null);
        alter table "Odd ""Name" drop column dropped;
        create unique index on "Odd ""Name" (id) include (s);
        create unique index on "Odd ""Name" (s) where s > 1;
        comment on column "Odd ""Name".s is 'small'"#,
    );
    let all = snapshots(&db).await;
    let odd = all[1].find(None, "Odd \"Name").expect("found").oid;
    let client = client(&db).await;
    let detail = catalog::describe(&client, odd).await.expect("described").expect("there");
    let column = |n: &str| detail.columns.iter().find(|c| c.name == n).expect("column");
    assert_eq!((column("s").base_oid, column("s").category, column("s").not_null), (23, 'N', true));
    assert_eq!(column("s").default.as_deref(), Some("3"));
    assert_eq!(column("twice").default.as_deref(), Some("(id * 2)"), "it names columns");
    assert_eq!(column("s").comment.as_deref(), Some("small"));
    assert!(column("twice").generated && column("id").identity == 'a' && column("tags").category == 'A');
    // The key of the identity column addresses rows; the partial index and the nullable constraint do not.
    assert_eq!(detail.row_key().map(|k| k.columns.clone()), Some(vec![1]));
    assert_eq!(detail.keys.len(), 2);
    let key = &detail.references[0];
    assert_eq!(
        (key.from_columns.join(","), key.to_columns.join(","), key.on_delete),
        ("pa,pb".into(), "a,b".into(), 'n')
    );
    let parent = catalog::describe(&client, key.to_oid).await.expect("described").expect("there");
    assert_eq!(parent.referenced_by.len(), 1);
    assert_eq!(catalog::describe(&client, 1).await.expect("answered"), None);
}

#[tokio::test]
async fn partitions_stand_under_their_parent() {
    let db = server::database();
    db.execute(
        "create table p (id int primary key, at date) partition by range (id);
         create table p1 partition of p for values from (1) to (10);
         create table c (id int references p)",
    );
    let all = snapshots(&db).await;
    let (p, p1) = (all[1].find(None, "p").expect("p"), all[1].find(None, "p1").expect("p1"));
    assert_eq!((p.kind, p1.partition_of), (RelKind::Partitioned, p.oid));
    assert!(!all[1].columns.contains_key(&p1.oid), "a partition has its parent's columns");
    assert_eq!(all[1].foreign_keys.len(), 1);
    let client = client(&db).await;
    let detail = catalog::describe(&client, p.oid).await.expect("described").expect("there");
    assert_eq!(detail.row_key().map(|k| k.columns.clone()), Some(vec![1]));
    assert_eq!(detail.referenced_by.len(), 1);
}
