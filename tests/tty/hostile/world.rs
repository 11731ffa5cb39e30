//! A cluster in which everything that can bear a text bears the corpus.

use super::corpus::corpus;
use crate::{Home, server};
use pgdeck::{
    demo::cluster::{Cluster, Settings},
    sql::quote::{literal, quoted},
};
use std::{fmt::Write as _, sync::OnceLock};

/// The database and the user bear such names themselves.
pub const DATABASE: &str = "d\x1b]0;x\x07\u{202e}\u{9b}2J\r\nname";
const USER: &str = "u\x1b[2J\u{200b}\u{9d}0;y\u{9c}\tme";
/// What the connection picker and the status line show of the place.
pub const PROFILE: &str = "p\x1b[2J\u{202e}\u{9b}31mplace";

pub struct World {
    pub cluster: Cluster,
    pub values: Vec<String>,
    _others: tokio::runtime::Runtime,
}

/// One for all tests of this file; it goes with the process.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let values = corpus();
        let prefix = "%m \x1b]0;log\x07\u{202e}";
        let cluster = server::start(Settings {
            options: vec![("log_line_prefix".into(), prefix.into())],
            ..Settings::default()
        });
        server::execute(&cluster, "postgres", &format!("create database {}", quoted(DATABASE)));
        server::execute(&cluster, "postgres", &format!("create role {} superuser login", quoted(USER)));
        // A POSIX zone and a setting of one's own may be called anything.
        for set in [
            format!("timezone = {}", literal("<\x1b[2J\u{202e}zone>5")),
            format!("search_path = public, {}", quoted("\x1b[2J\u{202e}")),
            format!("my.setting = {}", literal("g000\x1b]0;z\x07\u{202e}\u{9b}2J")),
        ] {
            server::execute(&cluster, "postgres", &format!("alter role {} set {set}", quoted(USER)));
        }
        fill(&cluster, &values);
        let _others = others(&cluster, &values);
        World { cluster, values, _others }
    })
}

impl World {
    /// A home with profiles, saved queries, and a history, all of them hostile.
    pub fn home(&self) -> Home {
        let home = Home::new();
        write_files(&home, &self.values, &self.place());
        home
    }

    /// The connection string.
    fn place(&self) -> String {
        let (folder, port) = (self.cluster.folder().display(), self.cluster.port());
        format!("host={folder} port={port} user={} dbname={}", word(USER), word(DATABASE))
    }
}

/// A name that begins so that it can be found again, and goes on as a stranger would have it.
fn name(letter: char, number: usize, value: &str) -> String {
    let mut name = format!("{letter}{number:03}{value}");
    while name.len() > 63 {
        name.pop();
    }
    name
}

/// As a value in a connection string of keywords.
fn word(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// As a text in TOML.
fn toml(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        let _ = write!(out, "\\U{:08X}", c as u32);
    }
    out + "\""
}

fn fill(cluster: &Cluster, values: &[String]) {
    let mut sql = String::from(
        "create table cells (id int primary key, v text, j json); create table idx (a int, b int);
         create table docs (id int primary key, doc jsonb);
         comment on table cells is 'm000\x1b]0;x\x07'; comment on column cells.v is 'm001\u{202e}\x1b[2J';\n",
    );
    let mut columns = vec![];
    let mut labels = vec![];
    for (n, value) in values.iter().enumerate() {
        let text = literal(&format!("v{n:03}{value}"));
        let key = literal(&format!("k{n:03}{value}"));
        let table = quoted(&name('t', n, value));
        let _ = writeln!(
            sql,
            "insert into cells values ({n}, {text}, json_build_object({key}::text, {text}::text));
             create table {table} (a int);
             comment on table {table} is {text};
             create schema {};
             create function {}() returns int language sql as 'select 1';
             create role {};",
            quoted(&name('s', n, value)),
            quoted(&name('f', n, value)),
            quoted(&name('r', n, value)),
        );
        columns.push(format!("{} int default {n}", quoted(&name('c', n, value))));
        labels.push(literal(&name('l', n, value)));
        if n % 8 == 0 {
            let _ = writeln!(sql, "create index {} on idx (a);", quoted(&name('i', n, value)));
            let _ = writeln!(sql, "create domain {} as int;", quoted(&name('d', n, value)));
        }
    }
    let _ = writeln!(
        sql,
        "insert into docs select 1, jsonb_object_agg(x.k, v) from cells, json_each(j) x (k, w);
         create table wide as select id, 'w' || substr(v, 2, 38) as w, 'END' as e from cells;
         alter table wide add primary key (id);
         create table few as select * from cells where id % 7 = 0; alter table few add primary key (id);
         create table cols ({}); insert into cols default values;
         create type lab as enum ({});
         create table labels (id serial primary key, l lab);
         insert into labels (l) select unnest(enum_range(null::lab));",
        columns.join(", "),
        labels.join(", ")
    );
    sql.push_str(
        "create function notices() returns void language plpgsql as $$ declare r record; begin
            for r in select id, v from cells order by id loop
                raise notice using message = 'n' || lpad(r.id::text, 3, '0') || left(r.v, 60);
                perform pg_notify(left('p' || r.v, 15), left(r.v, 40));
            end loop; end $$;
        create function hear() returns void language plpgsql as $$ declare r record; begin
            for r in select v from cells where length(v) < 12 loop
                execute format('listen %I', left('p' || r.v, 15));
            end loop; end $$;
        create function trouble(n int) returns void language plpgsql as $$ declare r record; begin
            select string_agg('x' || lpad(id::text, 3, '0') || left(v, 40), ' ') as many, min(left(v, 200)) as one
                into r from cells where id >= n and id < n + 12;
            raise exception using message = r.many, detail = r.many, hint = r.many, column = r.one, constraint = r.one,
                datatype = r.one, table = r.one, schema = r.one, errcode = 'ZZ001';
            end $$;\n",
    );
    server::execute(cluster, DATABASE, &sql);
}

/// Saved queries with such names, titles and parameters, a history, and profiles.
fn write_files(home: &Home, values: &[String], place: &str) {
    let root = home.0.path().join("pgdeck");
    let (queries, kept) = (root.join("queries"), root.join("kept"));
    std::fs::create_dir_all(&queries).expect("a folder");
    std::fs::create_dir_all(&kept).expect("a folder");
    let mut history = String::new();
    let mut config = format!(
        "[profile.{}]\nconnection = {}\nlabel = {}\n",
        toml(PROFILE),
        toml(place),
        toml("l\u{202e}\x1b]0;x\x07abel")
    );
    for (n, value) in values.iter().enumerate().filter(|(_, v)| v.len() < 80) {
        let line = value.replace('\n', " ");
        if n % 5 == 0 && !line.contains('/') {
            let text = format!(
                "-- title: q{n:03}{line}\n-- description: {line}\n-- param: a text = x choices({line}|x) {line}\nselect :a"
            );
            std::fs::write(queries.join(format!("q{n:03}{line}.sql")), text).expect("a file");
        }
        if n % 5 == 1 {
            let profile =
                toml(&format!("o{n:03}{value}")).replace("\\U0000003D", "").replace("\\U0000003A", "");
            let _ = writeln!(config, "[profile.{profile}]\nhost = \"/nowhere\"\nlabel = {}", toml(value));
        }
        let entry = serde_json::json!({
            "at": "2026-01-01 00:00:00", "place": line, "sql": format!("h{n:03}{value}"), "millis": 1, "rows": 1, "failed": line,
        });
        history.push_str(&format!("{entry}\n"));
    }
    std::fs::write(root.join("history.jsonl"), history).expect("a file");
    std::fs::write(root.join("config.toml"), config).expect("a file");
}

/// Until the first holds its lock.
const AFTER_FIRST: &str = "select pg_sleep(0); do $wait$ begin \
    while not exists (select from pg_locks where relation = 'idx'::regclass and mode = 'ShareRowExclusiveLock' and granted) \
    loop perform pg_sleep(0.05); end loop; end $wait$";

/// Sessions of others whose statements hold the whole corpus; they end with the value.
fn others(cluster: &Cluster, values: &[String]) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (n, chunk) in values.chunks(40).enumerate() {
        let mut config = tokio_postgres::Config::new();
        config.host_path(cluster.folder()).port(cluster.port()).user("postgres").dbname(DATABASE);
        config.application_name(format!("app{}", chunk[0]));
        let noise = chunk.join(" ").replace("*/", "").replace("/*", "");
        runtime.spawn(async move {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("connects");
            tokio::spawn(connection);
            // The first holds a lock for which the second waits.
            let sql = match n {
                0 => format!(
                    "begin; lock table idx in share row exclusive mode; select pg_sleep(600) /* {noise} */"
                ),
                1 => format!("{AFTER_FIRST}; lock table idx in share row exclusive mode /* {noise} */"),
                _ => format!("select /* {noise} */ pg_sleep(600)"),
            };
            let _ = client.batch_execute(&sql).await;
        });
    }
    runtime
}
