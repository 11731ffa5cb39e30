//! Queries of sessions of ours that read the catalog or the server's state, one row per file of `queries/catalog/`,
//! `queries/doctor/`, `queries/health/` and `queries/monitor/`.

macro_rules! queries {
    ($folder:literal: $($(#[$doc:meta])* $id:ident $file:literal;)*) => {
        $($(#[$doc])* pub const $id: &str = include_str!(concat!("../../queries/", $folder, "/", $file));)*
        /// Name and text of each, for tests that prepare them all.
        pub const TABLE: &[(&str, &str)] = &[$(($file, $id),)*];
    };
}

queries! {
    "catalog":
    /// Database, search path, databases, schemas.
    PLACE "place.sql";
    /// All relations.
    RELATIONS "relations.sql";
    /// One relation.
    RELATION "relation.sql";
    /// Columns of all relations.
    COLUMNS "columns.sql";
    /// Columns of one relation.
    COLUMNS_OF "columns_of.sql";
    /// Keys of one relation.
    KEYS_OF "keys_of.sql";
    /// All foreign keys.
    FOREIGN_KEYS "foreign_keys.sql";
    /// Foreign keys of and to one relation.
    FOREIGN_KEYS_OF "foreign_keys_of.sql";
    /// Functions.
    FUNCTIONS "functions.sql";
    /// Types.
    TYPES "types.sql";
    /// Ends a backend.
    TERMINATE "terminate.sql";
}

/// What `pgdeck doctor` asks.
pub mod doctor {
    queries! {
        "doctor":
        /// The server and who we are.
        SERVER "server.sql";
        /// Attributes and predefined roles.
        RIGHTS "rights.sql";
        /// Settings that matter.
        SETTINGS "settings.sql";
        /// Extensions that matter.
        EXTENSIONS "extensions.sql";
        /// Tables within reach.
        REACH "reach.sql";
    }
}

/// What Health asks. Some of it is what saved queries ask, too.
pub mod health {
    queries! {
        "health":
        /// What the server is.
        SERVER "server.sql";
        /// Sessions by database, role and state.
        CONNECTIONS "connections.sql";
        /// Counters of the connected database.
        DATABASE "database.sql";
        /// Checkpoints.
        CHECKPOINTS "checkpoints.sql";
        /// The write-ahead log.
        WAL "wal.sql";
        /// Archiving.
        ARCHIVER "archiver.sql";
        /// Files to be archived.
        ARCHIVE_BACKLOG "archive_backlog.sql";
        /// Standbys.
        REPLICATION "replication.sql";
        /// Replay on a standby.
        STANDBY "standby.sql";
        /// Replication slots.
        SLOTS "slots.sql";
        /// Who holds back vacuum.
        HORIZON "horizon.sql";
        /// Long operations.
        PROGRESS "progress.sql";
        /// Prepared transactions.
        PREPARED "prepared.sql";
        /// Ages of databases.
        WRAPAROUND "wraparound.sql";
        /// Temporary files.
        TEMP "temp.sql";
        /// Dangerous settings, and those that wait for a restart.
        RISKS "risks.sql";
        /// Indexes that failed to be built.
        INVALID_INDEXES "invalid_indexes.sql";
        /// Ages of tables.
        FROZEN "frozen.sql";
        /// Tables and indexes larger than they need be.
        BLOAT "bloat.sql";
        /// What cannot be seen.
        SIGHT "sight.sql";
    }

    /// A question: one part of the answer.
    #[derive(Debug)]
    pub struct Question {
        /// The part it answers.
        pub part: &'static str,
        /// The query.
        pub sql: &'static str,
        /// Seconds between two askings.
        pub every: u64,
        /// Parameters of a saved query, and what stands for them: constants of ours.
        pub with: &'static [(&'static str, &'static str)],
    }

    const fn ask(part: &'static str, sql: &'static str, every: u64) -> Question {
        Question { part, sql, every, with: &[] }
    }

    macro_rules! saved {
        ($part:literal, $file:literal, $with:expr) => {
            Question {
                part: $part,
                sql: include_str!(concat!("../../queries/saved/", $file)),
                every: 0,
                with: $with,
            }
        };
    }

    /// What is asked again and again. The first tells the server's clock.
    pub const EVERY: &[Question] = &[
        ask("server", SERVER, 5),
        ask("connections", CONNECTIONS, 5),
        ask("database", DATABASE, 5),
        ask("checkpoints", CHECKPOINTS, 5),
        ask("wal", WAL, 5),
        ask("archiver", ARCHIVER, 5),
        ask("replication", REPLICATION, 5),
        ask("standby", STANDBY, 5),
        ask("slots", SLOTS, 5),
        ask("horizon", HORIZON, 10),
        ask("progress", PROGRESS, 5),
        ask("prepared", PREPARED, 5),
        ask("wraparound", WRAPAROUND, 60),
        ask("archive_backlog", ARCHIVE_BACKLOG, 60),
        ask("temp", TEMP, 60),
        ask("risks", RISKS, 60),
    ];

    /// What reads all catalogs, the quick ones first.
    pub const ADVICE: &[Question] = &[
        ask("sight", SIGHT, 0),
        ask("invalid_indexes", INVALID_INDEXES, 0),
        saved!("settings", "settings-changed.sql", &[]),
        saved!("foreign_keys", "missing-fk-indexes.sql", &[]),
        saved!("unused_indexes", "unused-indexes.sql", &[(":scans", "0")]),
        saved!("duplicate_indexes", "duplicate-indexes.sql", &[]),
        saved!("dead_rows", "dead-tuples.sql", &[(":limit", "50")]),
        ask("frozen", FROZEN, 0),
        saved!("sequences", "sequences-near-end.sql", &[(":percent", "50")]),
        ask("bloat", BLOAT, 0),
    ];

    /// What PgBouncer's console is asked.
    pub const BOUNCER: &[Question] = &[
        ask("version", "show version", 60),
        ask("pools", "show pools", 5),
        ask("averages", "show stats_averages", 5),
        ask("lists", "show lists", 5),
        ask("databases", "show databases", 60),
        ask("config", "show config", 60),
    ];
}

/// What is asked of a live server.
pub mod monitor {
    use std::borrow::Cow;

    queries! {
        "monitor":
        /// All sessions.
        SESSIONS "pulse_sessions.sql";
        /// Who waits for whom.
        EDGES "pulse_edges.sql";
        /// Databases and roles.
        NAMES "names.sql";
        /// Relations.
        RELATION_NAMES "relation_names.sql";
        /// Other objects.
        OBJECT_NAMES "object_names.sql";
        /// Cancels a statement.
        CANCEL "cancel.sql";
        /// Ends a session.
        TERMINATE "terminate.sql";
        /// Looks after a signal.
        STILL "still.sql";
        /// The whole text of a statement that runs.
        QUERY "query.sql";
        /// Slots and prepared transactions.
        HORIZON "horizon.sql";
        /// Where `pg_stat_statements` is.
        STATEMENTS_SETUP "statements_setup.sql";
        /// Counters of statements.
        STATEMENTS "statements.sql";
        /// Texts of statements.
        STATEMENT_TEXTS "statement_texts.sql";
        /// Looks whether a standby is still one, and how far behind.
        STANDBY "standby.sql";
    }

    /// A query as it is for a server version (`server_version_num`), without the header of its file: of
    /// `/*>=14*/ a /*else*/ b /*end*/` one part is left.
    #[must_use]
    pub fn at(sql: &str, version: u32) -> Cow<'_, str> {
        let mut sql = sql;
        while let Some((_, rest)) = sql.strip_prefix("--").and_then(|header| header.split_once('\n')) {
            sql = rest;
        }
        if !sql.contains("/*>=") {
            return Cow::Borrowed(sql);
        }
        let (mut out, mut rest) = (String::with_capacity(sql.len()), sql);
        while let Some((before, after)) = rest.split_once("/*>=") {
            out.push_str(before);
            let (since, after) = after.split_once("*/").unwrap_or((after, ""));
            let (body, after) = after.split_once("/*end*/").unwrap_or((after, ""));
            let (new, old) = body.split_once("/*else*/").unwrap_or((body, ""));
            let since: u32 = since.trim().parse().unwrap_or(u32::MAX);
            out.push_str(if version / 10_000 >= since { new } else { old });
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// The same for a version of `pg_stat_statements` (`1.10`), which lives in this schema. Its columns are those of
    /// its own version: a server that was upgraded may have an older one. `None`: it is older than any that is read.
    #[must_use]
    pub fn of_extension(sql: &str, version: &str, schema: &str) -> Option<String> {
        let minor: u32 = version.strip_prefix("1.")?.parse().ok()?;
        let server = match minor {
            0..=7 => return None,
            8 => 13,
            9 => 14,
            10 => 15,
            11 => 17,
            _ => 18,
        };
        Some(at(sql, server * 10_000).replace("{schema}", &crate::sql::quote::ident(schema)))
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_extension_has_its_own_version() {
            let sql = "a /*>=14*/b/*end*/ {schema}.f";
            let of = |version| super::of_extension(sql, version, "a B");
            assert_eq!(of("1.8").as_deref(), Some("a  \"a B\".f"));
            assert_eq!(of("1.10").as_deref(), Some("a b \"a B\".f"));
            assert_eq!(of("1.7"), None);
            assert_eq!(of("nonsense"), None);
        }

        #[test]
        fn the_part_for_the_version_is_left() {
            let sql = "a /*>=14*/b/*else*/c/*end*/ d /*>=16*/e/*end*/f";
            assert_eq!(super::at(sql, 130_023), "a c d f");
            assert_eq!(super::at(sql, 150_000), "a b d f");
            assert_eq!(super::at(sql, 180_004), "a b d ef");
            assert_eq!(super::at("-- what: a\n-- since: 13\nplain -- b", 1), "plain -- b");
        }
    }
}
