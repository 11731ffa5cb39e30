//! What is missing before there are figures, and the exact steps to it.

use crate::data::live::statements::{Lack, Setup};

/// What to do, a line each, and how it is drawn. `role` and `database`: of this connection.
pub(super) fn steps(setup: &Setup, lack: Lack, role: &str, database: &str) -> Vec<(String, &'static str)> {
    let say = |text: String| (text, "text");
    let code = |text: String| (format!("    {text}"), "sql.keyword");
    let ident = crate::sql::quote::ident;
    let create = "CREATE EXTENSION pg_stat_statements;";
    let mut lines = vec![];
    match lack {
        Lack::Files => {
            lines.push(say("The files of pg_stat_statements are not on the server.".into()));
            lines.push(say(
                "They belong to PostgreSQL's own additional modules. On the server's machine install".into(),
            ));
            lines.push(code("postgresql-contrib   (Fedora, RHEL: postgresqlNN-contrib, NN the version; Debian: with the server since 10)".into()));
            lines.push(say("and then come back: F5 looks again.".into()));
        }
        Lack::Library(create_too) => {
            lines.push(say(
                "The server did not load pg_stat_statements at its start, so nothing is counted.".into(),
            ));
            lines.push(say("1. As a superuser; the other libraries in the list must stay (SHOW shared_preload_libraries):".into()));
            lines.push(code("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';".into()));
            lines.push(say("   Of a managed server: set it in the provider's parameters.".into()));
            lines.push(say("2. Restart the server: a reload is not enough.".into()));
            if create_too {
                lines.push(say(format!("3. In the database {database}, as its owner or a superuser:")));
                lines.push(code(create.into()));
            }
        }
        Lack::Extension => {
            lines
                .push(say("The server counts statements, but the extension is not in this database.".into()));
            lines.push(say(format!(
                "In the database {database}, as a superuser, or as who may CREATE there where it is trusted:"
            )));
            lines.push(code(create.into()));
            lines.push(say(
                "Another database that has it shows the same figures: they are of the whole server.".into(),
            ));
        }
        Lack::Version => {
            let version = &setup.version;
            lines.push(say(format!(
                "The extension is of version {version}; 1.8 and later, of PostgreSQL 13, can be read."
            )));
            lines.push(say("It was not updated with the server. As its owner:".into()));
            lines.push(code("ALTER EXTENSION pg_stat_statements UPDATE;".into()));
        }
        Lack::Right => {
            let schema = setup.schema.as_deref().unwrap_or("public");
            lines.push(say(format!("The role {role} may not call the extension's functions. As its owner:")));
            if schema != "public" {
                lines.push(code(format!("GRANT USAGE ON SCHEMA {} TO {};", ident(schema), ident(role))));
            }
            lines.push(code(format!(
                "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO {};",
                ident(schema),
                ident(role)
            )));
            lines.push(say("and, so that it sees the statements of others:".into()));
            lines.push(code(format!("GRANT pg_read_all_stats TO {};", ident(role))));
        }
    }
    lines
}
