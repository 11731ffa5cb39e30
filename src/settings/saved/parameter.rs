//! One `-- param:` line: `NAME [TYPE] [= DEFAULT] [choices(A|B)] [from (QUERY)]  HELP`.

use crate::data::saved::Parameter;

/// Reads the text behind `param:`; further lines go on with it.
pub(super) fn read(text: &str) -> Result<Parameter, String> {
    let text = text.trim();
    let mut parameter = Parameter { name: name(text)?, ..Parameter::default() };
    let mut rest = &text[parameter.name.len()..];
    if is_help(rest) || starts_option(rest.trim_start()) {
        // no type: the server infers it
    } else {
        (parameter.type_name, rest) = type_name(rest.trim_start())?;
    }
    loop {
        let next = rest.trim_start();
        if let Some(value) = next.strip_prefix('=') {
            (parameter.default, rest) = default(value.trim_start())?;
        } else if let Some(list) = option(next, "choices") {
            let (inside, after) = bracketed(list, "choices")?;
            parameter.choices = inside.split('|').map(|c| c.trim().to_owned()).collect();
            rest = after;
        } else if let Some(query) = option(next, "from") {
            let (inside, after) = bracketed(query, "from")?;
            parameter.choices_query = Some(inside.trim().to_owned());
            rest = after;
        } else {
            break;
        }
    }
    parameter.help = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    check(&parameter)?;
    Ok(parameter)
}

/// Two blanks or a line end begin the help.
fn is_help(rest: &str) -> bool {
    (rest.starts_with("  ") || rest.starts_with('\n')) && !starts_option(rest.trim_start())
}

fn starts_option(rest: &str) -> bool {
    rest.is_empty()
        || rest.starts_with('=')
        || option(rest, "choices").is_some()
        || option(rest, "from").is_some()
}

/// What stands behind `WORD` when a bracket opens there.
fn option<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    let after = rest.strip_prefix(word)?.trim_start();
    after.starts_with('(').then_some(after)
}

fn name(text: &str) -> Result<String, String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let name = &text[..end];
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !starts_well
        || !text[end..].is_empty() && !text[end..].starts_with(|c: char| c.is_whitespace() || c == '=')
    {
        let word = text.split_whitespace().next().unwrap_or("");
        return Err(format!(
            "a parameter's name has letters, digits and _ and starts with a letter, not {word:?}"
        ));
    }
    Ok(name.to_owned())
}

/// A type as SQL writes it, and what follows.
fn type_name(text: &str) -> Result<(String, &str), String> {
    /// Words a type of several words may go on with.
    const MORE: &[&str] = &[
        "precision",
        "varying",
        "with",
        "without",
        "time",
        "zone",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "to",
    ];
    /// Words such a type begins with.
    const FIRST: &[&str] = &["double", "character", "bit", "time", "timestamp", "interval", "national"];
    let mut at = word(text);
    if at == 0 {
        return Err(format!("{:?} is no type", text.split_whitespace().next().unwrap_or("")));
    }
    let first = text[..at].to_ascii_lowercase();
    loop {
        let rest = &text[at..];
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        let next = &rest[gap..];
        if next.starts_with('(') && gap <= 1 {
            let (inside, after) = bracketed(next, "the type")?;
            if !inside.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b' ' | b'-')) {
                return Err(format!("{inside:?} is no length or precision of a type"));
            }
            at = text.len() - after.len();
        } else if next.starts_with('[') && gap == 0 {
            let close = next.find(']').ok_or("the type lacks a ]")?;
            at += gap + close + 1;
        } else if gap == 1
            && FIRST.contains(&&*first)
            && MORE.contains(&&*next[..word(next)].to_ascii_lowercase())
        {
            at += gap + word(next);
        } else {
            return Ok((text[..at].split_whitespace().collect::<Vec<_>>().join(" "), rest));
        }
    }
}

/// Length of a possibly qualified and quoted name.
fn word(text: &str) -> usize {
    let mut quoted = false;
    text.find(|c: char| {
        if c == '"' {
            quoted = !quoted;
        }
        !(quoted || c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$'))
    })
    .unwrap_or(text.len())
}

/// One word, or quoted text with `''` for a quote; the bare word `null` is NULL.
fn default(text: &str) -> Result<(Option<Option<String>>, &str), String> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let value = &text[..end];
        return match value {
            "" => Err("there is no value after =; the empty text is ''".into()),
            v if v.eq_ignore_ascii_case("null") => Ok((Some(None), &text[end..])),
            v => Ok((Some(Some(v.to_owned())), &text[end..])),
        };
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((Some(Some(value)), &quoted[i + 1..]));
        }
    }
    Err("the default's quote is not closed".into())
}

/// The inside of the bracket that opens here, minding nested brackets and quotes, and what follows.
fn bracketed<'a>(text: &'a str, what: &str) -> Result<(&'a str, &'a str), String> {
    let (mut depth, mut quote) = (0_u32, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') if depth == 1 => return Ok((&text[1..i], &text[i + 1..])),
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Err(format!("the bracket after {what} is not closed"))
}

fn check(p: &Parameter) -> Result<(), String> {
    if !p.choices.is_empty() && p.choices_query.is_some() {
        return Err("choices(…) and from (…) exclude each other".into());
    }
    if p.choices.iter().any(String::is_empty) {
        return Err("one of the choices is empty".into());
    }
    if let Some(Some(value)) = &p.default
        && !p.choices.is_empty()
        && !p.choices.contains(value)
    {
        return Err(format!("the default {value:?} is none of the choices"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p(name: &str, type_name: &str) -> Parameter {
        Parameter { name: name.into(), type_name: type_name.into(), ..Parameter::default() }
    }

    #[test]
    fn lines() {
        let some = |v: &str| Some(Some(v.to_owned()));
        for (line, expected) in [
            ("x", p("x", "")),
            ("x  What it is", Parameter { help: "What it is".into(), ..p("x", "") }),
            ("x int", p("x", "int")),
            (
                "limit int = 20  How many",
                Parameter { default: some("20"), help: "How many".into(), ..p("limit", "int") },
            ),
            (
                "limit int=20 How many",
                Parameter { default: some("20"), help: "How many".into(), ..p("limit", "int") },
            ),
            ("x=1", Parameter { default: some("1"), ..p("x", "") }),
            (
                "x text = 'it''s a b' help",
                Parameter { default: some("it's a b"), help: "help".into(), ..p("x", "text") },
            ),
            ("x text = ''", Parameter { default: some(""), ..p("x", "text") }),
            ("x text = NULL", Parameter { default: Some(None), ..p("x", "text") }),
            ("x text = 'null'", Parameter { default: some("null"), ..p("x", "text") }),
            (
                "x timestamp(3) with time zone  When",
                Parameter { help: "When".into(), ..p("x", "timestamp(3) with time zone") },
            ),
            ("x numeric(10, 2)[]  Sums", Parameter { help: "Sums".into(), ..p("x", "numeric(10, 2)[]") }),
            (
                "x text[] One blank is enough",
                Parameter { help: "One blank is enough".into(), ..p("x", "text[]") },
            ),
            ("x double precision", p("x", "double precision")),
            ("x \"My type\" = a", Parameter { default: some("a"), ..p("x", "\"My type\"") }),
            ("x app.mood", p("x", "app.mood")),
            (
                "s text = all choices(all | a b|c)  Which",
                Parameter {
                    default: some("all"),
                    choices: vec!["all".into(), "a b".into(), "c".into()],
                    help: "Which".into(),
                    ..p("s", "text")
                },
            ),
            (
                "a text from (select f(')') from t where x in (1)) Who",
                Parameter {
                    choices_query: Some("select f(')') from t where x in (1)".into()),
                    help: "Who".into(),
                    ..p("a", "text")
                },
            ),
            ("x int\nmore help", Parameter { help: "more help".into(), ..p("x", "int") }),
        ] {
            assert_eq!(read(line).as_ref(), Ok(&expected), "{line}");
        }
    }

    #[test]
    fn faults() {
        for (line, what) in [
            ("", "name"),
            ("1x", "name"),
            ("a-b int", "name"),
            ("x int =", "no value"),
            ("x text = 'a", "not closed"),
            ("x text choices(a|b", "not closed"),
            ("x text choices(a||b)", "empty"),
            ("x text = z choices(a|b)", "none of the choices"),
            ("x text choices(a) from (select 1)", "exclude"),
            ("x numeric(ten)", "length"),
            ("x ;drop", "no type"),
        ] {
            let fault = read(line).unwrap_err();
            assert!(fault.contains(what), "{line}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\u{e9}漢\n]{0,60}") {
            let _ = read(&text);
            let _ = read(&format!("x {text}"));
            let _ = read(&format!("x int = 1 {text}"));
        }
    }
}
