//! EVERY QUERY OF OURS that reads the catalog or the server's state, one row per file of `queries/catalog/`,
//! `queries/doctor/` and `queries/monitor/`.

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

    #[cfg(test)]
    mod tests {
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
