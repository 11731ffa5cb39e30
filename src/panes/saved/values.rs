//! The values of a query's parameters: what the form begins with, what is kept, how they are bound.

use crate::{
    core::{effect::Statement, pane::FormField},
    data::saved::{Parameter, SavedQuery},
    sql::{
        kind, params,
        split::{self, SplitOptions},
    },
};
use serde_json::{Map, Value};

/// Where the last values of a query are kept.
pub(super) fn key(name: &str) -> String {
    format!("saved.{name}")
}

/// A parameter whose value must not be kept.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey"]
        .iter()
        .any(|w| name.contains(w))
}

/// The fields of the form: the last values, else the defaults.
pub(super) fn fields(parameters: &[Parameter], kept: Option<&str>, found: &[Vec<String>]) -> Vec<FormField> {
    let kept: Map<String, Value> = kept.and_then(|k| serde_json::from_str(k).ok()).unwrap_or_default();
    parameters
        .iter()
        .enumerate()
        .map(|(n, p)| {
            let default = p.default.clone().unwrap_or(Some(String::new()));
            let mut choices = p.choices.clone();
            choices.extend(found.get(n).into_iter().flatten().cloned());
            let first = match (&p.default, choices.iter().find(|c| !c.is_empty())) {
                (None, Some(first)) => Some(first.clone()),
                _ => default,
            };
            let value = match kept.get(&p.name) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) => None,
                _ => first,
            };
            FormField {
                label: p.name.clone(),
                type_name: p.type_name.clone(),
                help: p.help.clone(),
                value,
                choices,
                only_choices: !p.choices.is_empty(),
            }
        })
        .collect()
}

/// What is kept for the next time.
pub(super) fn keep(parameters: &[Parameter], values: &[Option<String>]) -> Option<String> {
    let map: Map<String, Value> = parameters
        .iter()
        .zip(values)
        .filter(|(p, _)| !is_secret(&p.name))
        .map(|(p, v)| (p.name.clone(), v.clone().map_or(Value::Null, Value::String)))
        .collect();
    (!map.is_empty()).then(|| Value::Object(map).to_string())
}

/// The query's statements with their parameters for the server to bind.
pub(super) fn bind(query: &SavedQuery, values: &[Option<String>]) -> Result<Vec<Statement>, String> {
    let mut out = vec![];
    let script = split::script(&query.text, &SplitOptions::default());
    if let Some(c) = script.commands.iter().find(|c| !c.inactive) {
        return Err(format!("{}: psql's commands cannot be run here", c.text(&query.text)));
    }
    for span in script.spans.iter().filter(|s| !s.empty) {
        let text = span.text(&query.text);
        let bound = params::bind(&text, &query.parameters).map_err(|e| e.message)?;
        let params = bound
            .names
            .iter()
            .map(|name| {
                let at = query.parameters.iter().position(|p| p.name == *name);
                at.and_then(|at| values.get(at)).cloned().flatten()
            })
            .collect();
        let pure_read = kind::pure_read(&bound.sql);
        let simple = span.combined;
        out.push(Statement { sql: bound.sql, params, pure_read, simple, ..Statement::default() });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::saved::Origin;

    fn parameter(name: &str, kind: &str, default: Option<Option<&str>>) -> Parameter {
        Parameter {
            name: name.into(),
            type_name: kind.into(),
            default: default.map(|d| d.map(str::to_owned)),
            ..Parameter::default()
        }
    }

    fn query(text: &str, parameters: Vec<Parameter>) -> SavedQuery {
        SavedQuery {
            name: "q".into(),
            title: "Q".into(),
            description: String::new(),
            parameters,
            read_only: false,
            since: 0,
            text: text.into(),
            origin: Origin::User,
            path: String::new(),
        }
    }

    #[test]
    fn values_are_bound_never_pasted() {
        let text =
            "-- title: Q\nselect * from posts where id = :id and tag = :tag;\nselect :id::text, '12:30'";
        let q = query(text, vec![parameter("id", "int", None), parameter("tag", "", None)]);
        let s = bind(&q, &[Some("7".into()), None]).expect("bound");
        assert_eq!(s.len(), 2);
        assert_eq!(s[0].params, [Some("7".to_owned()), None]);
        assert_eq!(s[1].params, [Some("7".to_owned())]);
        assert!(s[0].sql.contains("$1::int") && s[0].sql.contains("$2") && !s[0].sql.contains('7'));
        assert!(s[0].pure_read);
    }

    #[test]
    fn the_last_values_come_back_but_no_secret() {
        let p = [parameter("limit", "int", Some(Some("5"))), parameter("api_token", "text", None)];
        let kept = keep(&p, &[None, Some("geheim".into())]).expect("kept");
        assert!(!kept.contains("geheim"));
        let f = fields(&p, Some(&kept), &[]);
        assert_eq!((f[0].value.as_deref(), f[1].value.as_deref()), (None, Some("")));
        assert_eq!(fields(&p, None, &[])[0].value.as_deref(), Some("5"));
        assert_eq!(fields(&p, Some("no json"), &[])[0].value.as_deref(), Some("5"));
    }
}
