//! The values of a saved query's parameters: those given, the defaults, and what is wrong with them.

use crate::{
    data::{saved::Parameter, types},
    text::clean,
};
use std::fmt::Write as _;

/// A parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::headless) struct Value {
    pub name: String,
    /// As declared; empty: the server infers it.
    pub type_name: String,
    /// `None` is NULL.
    pub text: Option<String>,
}

/// The value of every parameter, in the order of the parameters. All faults at once, a line each.
pub(in crate::headless) fn assign(
    parameters: &[Parameter],
    given: &[(String, String)],
) -> Result<Vec<Value>, String> {
    let mut faults = Vec::new();
    for (i, (name, _)) in given.iter().enumerate() {
        if given[..i].iter().any(|(n, _)| n == name) {
            faults.push(format!("parameter {name:?} is given twice"));
        } else if !parameters.iter().any(|p| p.name == *name) {
            faults.push(unknown(name, parameters));
        }
    }
    let mut values = Vec::with_capacity(parameters.len());
    for p in parameters {
        let text = match (given.iter().find(|(n, _)| *n == p.name), &p.default) {
            (Some((_, v)), _) => Some(v.clone()),
            (None, Some(default)) => default.clone(),
            (None, None) => {
                faults.push(format!(
                    "parameter {} is missing: give it with --param {}=VALUE",
                    described(p),
                    p.name
                ));
                continue;
            }
        };
        if let Some(fault) = text.as_deref().and_then(|t| wrong(p, t)) {
            faults.push(fault);
        }
        values.push(Value { name: p.name.clone(), type_name: p.type_name.clone(), text });
    }
    if faults.is_empty() { Ok(values) } else { Err(faults.join("\n")) }
}

fn unknown(name: &str, parameters: &[Parameter]) -> String {
    let mut text = format!("there is no parameter {name:?}");
    if parameters.is_empty() {
        text.push_str(": this query takes none");
    } else {
        let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        // writing to a String cannot fail
        let _ = write!(text, ": this query takes {}", names.join(", "));
    }
    text
}

/// `"limit" (int, how many rows)`.
pub(in crate::headless) fn described(p: &Parameter) -> String {
    let mut about: Vec<&str> = Vec::new();
    if !p.type_name.is_empty() {
        about.push(&p.type_name);
    }
    if !p.help.is_empty() {
        about.push(&p.help);
    }
    let name = clean::line(&p.name);
    if about.is_empty() {
        return format!("\"{name}\"");
    }
    format!("\"{name}\" ({})", clean::line(&about.join(": ")))
}

/// What can be told without the server: choices, whole numbers, booleans. Everything else is its to judge.
fn wrong(p: &Parameter, value: &str) -> Option<String> {
    let must = |what: &str| Some(format!("parameter {} must be {what}, not {value:?}", described(p)));
    if !p.choices.is_empty() {
        if p.choices.iter().any(|c| c == value) {
            return None;
        }
        return must(&format!("one of {}", p.choices.join(", ")));
    }
    if value.contains('\0') {
        return must("text without the character NUL");
    }
    match types::oid(&p.type_name)? {
        16 if !is_boolean(value) => must("true or false"),
        21 => whole(value, i16::MIN.into(), i16::MAX.into()).and_then(|w| must(&w)),
        23 => whole(value, i32::MIN.into(), i32::MAX.into()).and_then(|w| must(&w)),
        20 => whole(value, i64::MIN.into(), i64::MAX.into()).and_then(|w| must(&w)),
        _ => None,
    }
}

fn whole(value: &str, least: i128, most: i128) -> Option<String> {
    let plain = value.trim();
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    // 0x1f and 1_000 are numbers from PostgreSQL 16 on
    if digits.contains('_')
        || digits.starts_with("0x")
        || digits.starts_with("0o")
        || digits.starts_with("0b")
    {
        return None;
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some("a whole number".into());
    }
    let fits = plain.parse::<i128>().is_ok_and(|n| (least..=most).contains(&n));
    (!fits).then(|| format!("a whole number from {least} to {most}"))
}

/// The server takes any unique beginning of these words.
fn is_boolean(value: &str) -> bool {
    let v = value.trim().to_ascii_lowercase();
    let beginning = |word: &str, least: usize| v.len() >= least && word.starts_with(&v);
    matches!(&*v, "1" | "0")
        || beginning("true", 1)
        || beginning("false", 1)
        || beginning("yes", 1)
        || beginning("no", 1)
        || beginning("on", 2)
        || beginning("off", 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(name: &str, type_name: &str) -> Parameter {
        Parameter { name: name.into(), type_name: type_name.into(), ..Parameter::default() }
    }

    fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()
    }

    #[test]
    fn given_values_go_before_defaults() {
        let parameters = [
            Parameter { default: Some(Some("20".into())), ..p("limit", "int") },
            Parameter { default: Some(None), ..p("tag", "text") },
            p("x", ""),
        ];
        let values = assign(&parameters, &given(&[("x", "")])).unwrap();
        let texts: Vec<_> = values.iter().map(|v| v.text.as_deref()).collect();
        assert_eq!(texts, [Some("20"), None, Some("")]);
        let values = assign(&parameters, &given(&[("x", "a=b"), ("limit", "5")])).unwrap();
        assert_eq!(values[0].text.as_deref(), Some("5"));
        assert_eq!(values[2].text.as_deref(), Some("a=b"));
    }

    #[test]
    fn faults_name_the_parameter_and_what_is_right() {
        let parameters = [
            Parameter { help: "How many".into(), ..p("limit", "int") },
            Parameter {
                choices: vec!["a".into(), "b".into()],
                default: Some(Some("a".into())),
                ..p("order", "text")
            },
        ];
        let fault =
            assign(&parameters, &given(&[("lmit", "5"), ("order", "c"), ("order", "d")])).unwrap_err();
        assert_eq!(
            fault,
            concat!(
                "there is no parameter \"lmit\": this query takes limit, order\n",
                "parameter \"order\" is given twice\n",
                "parameter \"limit\" (int: How many) is missing: give it with --param limit=VALUE\n",
                "parameter \"order\" (text) must be one of a, b, not \"c\""
            )
        );
        assert!(assign(&[], &given(&[("a", "1")])).unwrap_err().contains("takes none"));
    }

    #[test]
    fn types_that_can_be_judged_here() {
        for (type_name, value, fine) in [
            ("int", "5", true),
            ("int", " -5 ", true),
            ("int", "2147483648", false),
            ("bigint", "9223372036854775807", true),
            ("bigint", "9223372036854775808", false),
            ("smallint", "40000", false),
            ("int", "1.5", false),
            ("int", "", false),
            ("int", "0x1f", true),
            ("int", "5; drop table users", false),
            ("bool", "TRUE", true),
            ("boolean", "of", true),
            ("bool", "o", false),
            ("bool", "maybe", false),
            ("bool", "", false),
            ("date", "yesterday", true),
            ("numeric", "whatever", true),
            ("app.mood", "whatever", true),
            ("", "whatever", true),
        ] {
            let got = assign(&[p("x", type_name)], &given(&[("x", value)]));
            assert_eq!(got.is_ok(), fine, "{type_name} {value:?}: {got:?}");
        }
    }
}
