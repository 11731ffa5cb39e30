//! What is searchable: from the rows of `queries/search/sources.sql`.

use super::expression::{columns_in, config_in_function, parts};
use crate::{
    data::search::{Config, Keeper, Part, Source, TextIndex},
    sql::quote::ident,
};

/// The statement.
pub const SOURCES: &str = include_str!("../../../queries/search/sources.sql");

/// All that a database offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Ways to search, those that an index serves first, then by relation.
    pub sources: Vec<Source>,
    /// Columns with an index for similarity (pg_trgm): relation, expression, index.
    pub similar: Vec<(u32, String, String)>,
    /// Array and jsonb columns with an index: relation, column.
    pub tags: Vec<(u32, String)>,
}

/// One row of the answer; cells in its order.
type Row<'a> = &'a [Option<String>];

/// Reads the answer.
#[must_use]
pub fn found(rows: &[Vec<Option<String>>]) -> Found {
    let mut out = Found::default();
    for row in rows {
        let text = |n: usize| row.get(n).and_then(Option::as_deref);
        let Some(relation) = text(1).and_then(|t| t.parse::<u32>().ok()) else { continue };
        match text(0) {
            Some("c") => out.sources.extend(column(relation, row)),
            Some("x") => index(relation, row, &mut out),
            _ => {}
        }
    }
    for source in &mut out.sources {
        source.indexes.sort_by_key(|i| (i.predicate.is_some(), i.method != "gin" && i.method != "rum"));
    }
    out.sources.sort_by_key(|s| (s.index().is_none_or(|i| i.predicate.is_some()), s.relation));
    out
}

fn column(relation: u32, row: Row<'_>) -> Option<Source> {
    let text = |n: usize| row.get(n).and_then(Option::as_deref);
    let name = text(2)?;
    let mut source = Source {
        relation,
        vector: ident(name),
        keeper: Keeper::Column,
        column: Some(name.to_owned()),
        chosen: vec![],
        config: None,
        parts: vec![],
        indexes: vec![],
    };
    let named = text(5).map(|c| Config::Fixed(c.to_owned()));
    if let Some(expression) = text(4) {
        let made = parts(expression);
        source.keeper = Keeper::Generated;
        source.config = made.config.or(named);
        source.parts = made.parts;
    } else if let Some(arguments) = text(9) {
        source.keeper = Keeper::Trigger;
        let mut words = arguments.split('\u{1}').skip(1).filter(|w| !w.is_empty());
        source.config = words.next().map(|c| {
            // tsvector_update_trigger_column names a column, the other one a schema-qualified configuration.
            if c.contains('.') { Config::Fixed(plain(c)) } else { Config::Column(c.to_owned()) }
        });
        source.parts = words.map(|c| Part { text: ident(c), weight: None }).collect();
    } else if let Some(body) = text(10) {
        source.keeper = Keeper::Trigger;
        source.config = config_in_function(body);
    }
    Some(source)
}

/// As people write the configurations that come with the server.
fn plain(config: &str) -> String {
    config.strip_prefix("pg_catalog.").unwrap_or(config).to_owned()
}

fn index(relation: u32, row: Row<'_>, out: &mut Found) {
    let text = |n: usize| row.get(n).and_then(Option::as_deref);
    let (Some(name), Some(class), Some(expression)) = (text(2), text(3), text(4)) else { return };
    if text(8) != Some("t") {
        return;
    }
    let (method, class) = class.split_once(' ').unwrap_or((class, ""));
    match class {
        "gin_trgm_ops" | "gist_trgm_ops" => {
            return out.similar.push((relation, expression.to_owned(), name.to_owned()));
        }
        "array_ops" | "jsonb_ops" | "jsonb_path_ops" => {
            return out.tags.push((relation, expression.to_owned()));
        }
        _ => {}
    }
    let this = TextIndex {
        name: name.to_owned(),
        method: method.to_owned(),
        predicate: text(6).map(str::to_owned),
        bytes: text(7).and_then(|t| t.parse().ok()).unwrap_or(0),
    };
    let same = |s: &&mut Source| s.relation == relation && s.vector == expression;
    if let Some(source) = out.sources.iter_mut().find(same) {
        return source.indexes.push(this);
    }
    let made = parts(expression);
    let named = text(5).map(|c| Config::Fixed(c.to_owned()));
    let within = || text(10).and_then(config_in_function);
    out.sources.push(Source {
        relation,
        vector: expression.to_owned(),
        keeper: Keeper::Expression,
        column: None,
        chosen: vec![],
        config: made.config.or(named).or_else(within),
        parts: made.parts,
        indexes: vec![this],
    });
}

/// A search of text columns of which no vector is kept.
#[must_use]
pub fn chosen(relation: u32, columns: &[String], config: &str) -> Source {
    let texts: Vec<String> = columns.iter().map(|c| format!("coalesce({}::text, '')", ident(c))).collect();
    let document = texts.join(" || ' ' || ");
    Source {
        relation,
        vector: format!("to_tsvector({}::regconfig, {document})", crate::sql::quote::literal(config)),
        keeper: Keeper::Chosen,
        column: None,
        chosen: columns.to_vec(),
        config: Some(Config::Fixed(config.to_owned())),
        parts: columns.iter().map(|c| Part { text: ident(c), weight: None }).collect(),
        indexes: vec![],
    }
}

/// What was searched, as it is offered now: with the indexes there are, which may be others. Columns chosen without an
/// index become the index that was made of just these since. `config`: of the query; `columns`: the relation's.
#[must_use]
pub fn again(old: &Source, config: &str, found: &Found, columns: &[&str]) -> Source {
    let mut of = found.sources.iter().filter(|s| s.relation == old.relation);
    let now = if old.keeper == Keeper::Chosen {
        of.find(|s| {
            s.index().is_some_and(|i| i.predicate.is_none())
                && s.config == Some(Config::Fixed(config.to_owned()))
                && columns_of(s, columns) == old.chosen
        })
    } else {
        of.find(|s| s.vector == old.vector)
    };
    now.cloned().unwrap_or_else(|| Source { indexes: vec![], ..old.clone() })
}

/// The columns that a source's text comes from, as far as they are known.
#[must_use]
pub fn columns_of<'a>(source: &Source, columns: &[&'a str]) -> Vec<&'a str> {
    let mut out = vec![];
    for part in &source.parts {
        for column in columns_in(&part.text, columns) {
            if !out.contains(&column) {
                out.push(column);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<Option<String>> {
        cells.iter().map(|c| (!c.is_empty()).then(|| (*c).to_owned())).collect()
    }

    #[test]
    fn columns_triggers_and_expressions_are_found() {
        let rows = [
            row(&[
                "c",
                "5",
                "fulltext",
                "",
                "",
                "",
                "",
                "0",
                "t",
                "fulltext\u{1}pg_catalog.english\u{1}title\u{1}description\u{1}",
                "",
            ]),
            row(&["c", "7", "words", "", "", "", "", "0", "t", "", ""]),
            row(&[
                "x",
                "5",
                "film_fulltext_idx",
                "gist tsvector_ops",
                "fulltext",
                "",
                "",
                "81920",
                "t",
                "",
                "",
            ]),
            row(&["x", "6", "broken", "gin tsvector_ops", "to_tsvector(a)", "", "", "1", "f", "", ""]),
            row(&[
                "x",
                "6",
                "p_idx",
                "gin tsvector_ops",
                "to_tsvector('english'::regconfig, body)",
                "english",
                "(id > 0)",
                "1",
                "t",
                "",
                "",
            ]),
            row(&[
                "x",
                "6",
                "p_all",
                "gin tsvector_ops",
                "to_tsvector('english'::regconfig, body)",
                "english",
                "",
                "1",
                "t",
                "",
                "",
            ]),
            row(&["x", "6", "p_trgm", "gin gin_trgm_ops", "title", "", "", "1", "t", "", ""]),
            row(&["x", "6", "p_tags", "gin array_ops", "tags", "", "", "1", "t", "", ""]),
        ];
        let found = found(&rows);
        let film = &found.sources[0];
        assert_eq!(
            (film.keeper, film.config.clone()),
            (Keeper::Trigger, Some(Config::Fixed("english".into())))
        );
        assert_eq!(film.parts.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["title", "description"]);
        assert_eq!(film.index().map(|i| i.name.as_str()), Some("film_fulltext_idx"));
        let posts = &found.sources[1];
        assert_eq!(posts.keeper, Keeper::Expression);
        let names: Vec<_> = posts.indexes.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names, ["p_all", "p_idx"], "one on all rows is better than a partial one");
        assert_eq!((found.sources[2].relation, found.sources[2].index()), (7, None));
        assert_eq!(found.sources.len(), 3, "an index that is not valid serves nothing");
        assert_eq!(found.similar, [(6, "title".to_owned(), "p_trgm".to_owned())]);
        assert_eq!(found.tags, [(6, "tags".to_owned())]);
    }

    #[test]
    fn what_is_searched_takes_up_the_indexes_there_are() {
        let vector = "to_tsvector('english'::regconfig, ((COALESCE(title, ''::text) || ' '::text) || COALESCE(body, ''::text)))";
        let index = |name, predicate| {
            row(&["x", "6", name, "gin tsvector_ops", vector, "english", predicate, "1", "t", "", ""])
        };
        let columns = ["id", "title", "body"];
        let with = found(&[index("whole", "")]);
        let old = chosen(6, &["title".into(), "body".into()], "english");
        let name = |s: &Source| s.index().map(|i| i.name.clone());
        let now = again(&old, "english", &with, &columns);
        assert_eq!((now.vector.as_str(), name(&now).as_deref()), (vector, Some("whole")));
        assert_eq!(again(&old, "german", &with, &columns), old, "another configuration finds other rows");
        assert_eq!(again(&old, "english", &found(&[index("part", "(id > 0)")]), &columns), old, "other rows");
        let other = chosen(6, &["title".into()], "english");
        assert_eq!(again(&other, "english", &with, &columns), other, "other columns");
        // Dropped: the expression stays, nothing serves it.
        let gone = again(&now, "english", &Found::default(), &columns);
        assert_eq!((gone.vector.as_str(), gone.index()), (vector, None));
    }

    #[test]
    fn chosen_columns_make_a_vector() {
        let source = chosen(1, &["title".into(), "Größe".into()], "simple");
        assert_eq!(
            source.vector,
            "to_tsvector('simple'::regconfig, coalesce(title::text, '') || ' ' || coalesce(\"Größe\"::text, ''))"
        );
        assert_eq!(columns_of(&source, &["id", "Größe", "title"]), ["title", "Größe"]);
    }
}
