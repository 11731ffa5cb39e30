//! A search as a saved query: plain SQL with parameters that runs anywhere.

use super::{Ask, Target, completes, configured};
use crate::{
    data::search::Mode,
    sql::{
        page::{condition_text, key_columns, table},
        quote::ident,
    },
};

/// The text of a saved query that finds what the search finds.
///
/// # Errors
/// When the filter cannot be written.
pub fn saved_query(target: &Target<'_>, ask: &Ask<'_>) -> Result<String, String> {
    let detail = target.detail;
    let (function, how) = match ask.mode {
        Mode::Web => ("websearch_to_tsquery", "words, \"a phrase\", or, -not"),
        Mode::Plain => ("plainto_tsquery", "words, all of which must be there"),
        Mode::Phrase => ("phraseto_tsquery", "words beside each other"),
        Mode::Raw => ("to_tsquery", "a tsquery: a & b | !c"),
    };
    let query = |config: &str| format!("{function}({config}, :query)");
    let column = target.config_column();
    let q = query(&target.config());
    let name = header_value(&detail.relation.name);
    let key: Vec<String> = key_columns(detail).iter().map(|n| ident(&detail.columns[*n].name)).collect();
    let title = target.title.map(ident);
    let body = target.body_text();
    let mut shown: Vec<String> = key.clone();
    shown.extend(title.clone().filter(|t| !key.contains(t)));
    let mut inner = shown.clone();
    if let (Some(_), Some(column)) = (&body, &column) {
        inner.push(format!("{column} AS config"));
    }
    if let Some(body) = &body {
        inner.push(format!("{body} AS document"));
    }
    inner.push(format!("{} AS rank", target.rank(ask, &q)));
    let vector = &target.source.vector;
    let mut conditions = vec![match &column {
        None => format!("{vector} @@ {q}"),
        // A query for each configuration, which the index serves.
        Some(column) => {
            let each = target.languages.iter().map(|l| configured(l));
            let each = each.map(|l| format!("{column} = {l} AND {vector} @@ {}", query(&l)));
            format!("({})", each.collect::<Vec<_>>().join("\n      OR "))
        }
    }];
    conditions.extend(target.source.index().and_then(|i| i.predicate.clone()));
    conditions.extend(condition_text(detail, target.filter)?.map(|c| format!("({c})")));
    let order: Vec<String> = std::iter::once("rank DESC".to_owned()).chain(key).collect();
    let mut outer = shown;
    outer.push("rank".into());
    if body.is_some() {
        let config = if column.is_some() { "config".to_owned() } else { target.config() };
        let q = query(&config);
        outer.push(format!(
            "ts_headline({config}, document, {q}, 'StartSel=**, StopSel=**, MaxFragments=2, MaxWords=20') AS fragments"
        ));
    }
    let ending = if completes(ask.mode, ask.text) {
        "\n--   Words are matched whole; the Search pane completed the last one."
    } else {
        ""
    };
    Ok(format!(
        "-- title: Search {name}\n-- description: Full-text search of {name}, the best first.{ending}\n-- param: query text = {}  What to search for: {how}\n-- param: limit int = 20  How many rows\n-- read-only\n-- since: 13\n\nSELECT {}\nFROM (\n  SELECT {}\n  FROM {}\n  WHERE {}\n  ORDER BY {}\n  LIMIT :limit\n) AS found\nORDER BY {}\n",
        header_value(ask.text),
        outer.join(", "),
        inner.join(", "),
        table(detail),
        conditions.join("\n    AND "),
        order.join(", "),
        order.join(", "),
    ))
}

/// A text as the header takes it: a line end, or two blanks, would end it.
fn header_value(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{
            catalog::{ColumnInfo, Detail, Key, RelKind, Relation},
            search::Ranking,
        },
        sql::{
            filter::Filter,
            search::{Reach, sources::chosen},
        },
    };

    #[test]
    fn what_a_name_holds_stays_in_its_line() {
        let name = "a\n-- param: evil int = 1\n\ndrop table x;\r-- title: other";
        let relation = Relation {
            oid: 1,
            schema: "s\n-- read-write".into(),
            name: name.into(),
            kind: RelKind::Table,
            rows: 1.0,
            bytes: 0,
            partition_of: 0,
            comment: None,
        };
        let column = |attnum, name: &str| ColumnInfo { attnum, name: name.into(), ..ColumnInfo::default() };
        let detail = Detail {
            relation,
            columns: vec![column(1, "id"), column(2, "t\n-- since: 99")],
            keys: vec![Key { name: "k".into(), primary: true, columns: vec![1] }],
            references: vec![],
            referenced_by: vec![],
            no_delete: false,
        };
        let source = chosen(1, &["t\n-- since: 99".into()], "simple");
        let (filter, ranking) = (Filter::default(), Ranking::default());
        let target = Target {
            detail: &detail,
            source: &source,
            config: "simple",
            languages: &[],
            reach: Reach::Everything,
            filter: &filter,
            title: None,
            body: &[],
        };
        let text = "one\n-- param: more int\n two ";
        let ask = Ask { text, mode: Mode::Web, ranking: &ranking, limit: 1, offset: 0, page: 1, words: 8 };
        let written = saved_query(&target, &ask).expect("a query");
        let header: Vec<&str> = written.lines().take_while(|l| l.starts_with("--")).collect();
        let words: Vec<&str> = header.iter().filter_map(|l| l.split([':', ' ']).nth(1)).collect();
        assert_eq!(words, ["title", "description", "param", "param", "read-only", "since"], "{written}");
        assert!(header[2].contains("= one -- param: more int two  What"), "{written}");
    }
}
