//! The saved queries that ship with pgdeck, by name.

/// Name and text.
pub(super) const QUERIES: &[(&str, &str)] = &[
    ("blocking-sessions", include_str!("../../../queries/saved/blocking-sessions.sql")),
    ("cache-hit", include_str!("../../../queries/saved/cache-hit.sql")),
    ("connections", include_str!("../../../queries/saved/connections.sql")),
    ("dead-tuples", include_str!("../../../queries/saved/dead-tuples.sql")),
    ("duplicate-indexes", include_str!("../../../queries/saved/duplicate-indexes.sql")),
    ("index-use", include_str!("../../../queries/saved/index-use.sql")),
    ("long-transactions", include_str!("../../../queries/saved/long-transactions.sql")),
    ("missing-fk-indexes", include_str!("../../../queries/saved/missing-fk-indexes.sql")),
    ("posts-by-tag", include_str!("../../../queries/saved/posts-by-tag.sql")),
    ("recent-posts-of-user", include_str!("../../../queries/saved/recent-posts-of-user.sql")),
    ("sequences-near-end", include_str!("../../../queries/saved/sequences-near-end.sql")),
    ("settings-changed", include_str!("../../../queries/saved/settings-changed.sql")),
    ("slow-statements", include_str!("../../../queries/saved/slow-statements.sql")),
    ("table-sizes", include_str!("../../../queries/saved/table-sizes.sql")),
    ("unused-indexes", include_str!("../../../queries/saved/unused-indexes.sql")),
    ("users-with-most-posts", include_str!("../../../queries/saved/users-with-most-posts.sql")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::saved::Origin, settings::saved::parse};

    #[test]
    fn every_file_is_in_the_table_and_says_what_it_is() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/saved");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(files, QUERIES.iter().map(|(n, _)| *n).collect::<Vec<_>>());
        for (name, text) in QUERIES {
            let query = parse(name, text, Origin::BuiltIn, "").unwrap();
            assert_ne!(query.title, query.name);
            assert!(!query.description.is_empty() && query.read_only, "{name}");
            for p in &query.parameters {
                assert!(!p.type_name.is_empty() && !p.help.is_empty(), "{name}: {} is declared", p.name);
            }
        }
    }
}
