//! What a column's type means for editing: its form, and what is wrong with a text as far as that is known here.

use crate::data::{
    catalog::{ColumnInfo, Detail, ForeignKey},
    check,
    json::Json,
    types,
    value::Kind,
};

/// How a value is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Two values.
    Bool,
    /// One of the labels.
    Enum,
    /// A line with steps.
    Time,
    /// A list of elements.
    Array,
    /// JSON text.
    Json,
    /// Hex text.
    Bytes,
    /// A line of digits.
    Number,
    /// A line, or an editor for what is long.
    Text,
}

impl Shape {
    /// Of a column.
    #[must_use]
    pub fn of(column: &ColumnInfo) -> Self {
        match (column.base_oid, column.category) {
            (16, _) => Self::Bool,
            (1082 | 1083 | 1114 | 1184 | 1266, _) => Self::Time,
            (114 | 3802, _) => Self::Json,
            (17, _) => Self::Bytes,
            // int2vector and oidvector count as arrays but are written without braces.
            (22 | 30, _) => Self::Text,
            (_, 'E') => Self::Enum,
            (_, 'A') => Self::Array,
            (oid, _) if matches!(Kind::of(oid), Kind::Integer | Kind::Number) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// The empty text is a value of this type.
#[must_use]
pub fn takes_empty(column: &ColumnInfo) -> bool {
    column.category == 'S' || matches!(column.base_oid, 17 | 25 | 1042 | 1043)
}

/// The server knows a text for this column when none is given.
#[must_use]
pub fn has_default(column: &ColumnInfo) -> bool {
    column.default.is_some() || matches!(column.identity, 'a' | 'd')
}

/// The default in words.
#[must_use]
pub fn default_text(column: &ColumnInfo) -> String {
    match (&column.default, column.identity) {
        (Some(d), _) => d.clone(),
        (None, 'a' | 'd') => "the next number".into(),
        _ => "NULL".into(),
    }
}

/// The ending that tells `$EDITOR` what it is.
#[must_use]
pub fn suffix(shape: Shape, column: &ColumnInfo) -> &'static str {
    match (shape, column.base_oid) {
        (Shape::Json, _) => ".json",
        (_, 142) => ".xml",
        _ if column.name.ends_with("html") => ".html",
        _ if matches!(column.name.as_str(), "sql" | "query" | "statement") => ".sql",
        _ if matches!(column.name.as_str(), "markdown" | "md" | "body" | "content") => ".md",
        _ => ".txt",
    }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In words.
    pub text: String,
    /// The server will surely refuse it. Otherwise it is asked all the same when the user insists.
    pub sure: bool,
    /// Where, in bytes, as far as that is known.
    pub at: Option<usize>,
}

/// What is wrong with this text for this column as far as it is known here.
#[must_use]
pub fn problem(shape: Shape, column: &ColumnInfo, text: &str) -> Option<Problem> {
    let say = |text: String, sure: bool| Some(Problem { text, sure, at: None });
    if text.contains('\0') {
        return say("must be text without the character NUL".into(), true);
    }
    if shape == Shape::Json {
        let e = Json::parse(text.to_owned()).err()?;
        let text = format!("line {} column {}: {}", e.line, e.column, e.message);
        return Some(Problem { text, sure: true, at: Some(e.offset) });
    }
    if shape == Shape::Bytes {
        let hex: Vec<u8> = text.strip_prefix("\\x")?.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        if let Some(bad) = hex.iter().find(|b| !b.is_ascii_hexdigit()) {
            return say(format!("must be hex digits behind \\x, {:?} is none", char::from(*bad)), true);
        }
        return if hex.len() % 2 == 1 { say("must be two hex digits a byte".into(), true) } else { None };
    }
    if let Some((most, fixed)) = length(&column.type_name) {
        // What is too long in blanks alone is cut by the server.
        let count = text.trim_end_matches(' ').chars().count();
        if count > most {
            let what = if fixed { "must have" } else { "must have at most" };
            return say(format!("{what} {most} characters, has {count}"), true);
        }
    }
    let name = types::name(column.base_oid).unwrap_or_else(|| column.type_name.as_str().into());
    let Err(what) = check::value(&name, text) else {
        let zone = check::zone_word(text).filter(|_| check::has_zone(column.base_oid))?;
        return say(format!("{zone} may be read as another zone: write its offset (+05:30)"), false);
    };
    // What a date may look like is known to the server alone.
    let sure = matches!(shape, Shape::Number | Shape::Bool) || column.base_oid == 2950;
    say(format!("must be {what}"), sure)
}

/// The length of `character varying(n)` and `character(n)`, and whether it is fixed.
fn length(type_name: &str) -> Option<(usize, bool)> {
    let (fixed, rest) = match type_name.strip_prefix("character varying(") {
        Some(rest) => (false, rest),
        None => (true, type_name.strip_prefix("character(")?),
    };
    Some((rest.strip_suffix(')')?.parse().ok()?, fixed))
}

/// The foreign key that a column belongs to: of several the one with the fewest columns.
#[must_use]
pub fn reference<'a>(detail: &'a Detail, column: &ColumnInfo) -> Option<&'a ForeignKey> {
    let mine = detail.references.iter().filter(|k| k.from_columns.contains(&column.name));
    mine.min_by_key(|k| k.from_columns.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(oid: u32, type_name: &str, category: char) -> ColumnInfo {
        ColumnInfo { base_oid: oid, type_name: type_name.into(), category, ..ColumnInfo::default() }
    }

    #[test]
    fn what_is_surely_wrong_and_what_the_server_decides() {
        let check = |oid, name: &str, text: &str| {
            let c = column(oid, name, 'X');
            problem(Shape::of(&c), &c, text).map(|p| p.sure)
        };
        for (oid, name, text, want) in [
            (23, "integer", "12", None),
            (23, "integer", "12.5", Some(true)),
            (1700, "numeric(10,2)", "1.50", None),
            (1082, "date", "soon", Some(false)),
            (1184, "timestamp with time zone", "05/06/2024 01:02:03 IST", Some(false)),
            (1184, "timestamp with time zone", "05/06/2024 01:02:03 +05:30", None),
            (1082, "date", "March 1 2026", None),
            (1043, "character varying(3)", "abc ", None),
            (1043, "character varying(3)", "äöüß", Some(true)),
            (1042, "character(2)", "abc", Some(true)),
            (17, "bytea", "\\x00ff", None),
            (17, "bytea", "\\x00f", Some(true)),
            (17, "bytea", "\\x0g", Some(true)),
            (17, "bytea", "plain", None),
            (3802, "jsonb", "{\"a\": 1e999}", None),
            (3802, "jsonb", "{a}", Some(true)),
            // A domain over integer: the base type tells.
            (23, "public.positive", "x", Some(true)),
            (25, "text", "", None),
        ] {
            assert_eq!(check(oid, name, text), want, "{name} {text:?}");
        }
    }

    #[test]
    fn shapes() {
        for (oid, category, want) in [
            (16, 'B', Shape::Bool),
            (1184, 'D', Shape::Time),
            (1186, 'T', Shape::Text),
            (1009, 'A', Shape::Array),
            (22, 'A', Shape::Text),
            (70_000, 'E', Shape::Enum),
            (70_001, 'A', Shape::Array),
            (1700, 'N', Shape::Number),
            (3802, 'U', Shape::Json),
        ] {
            assert_eq!(Shape::of(&column(oid, "", category)), want, "{oid}");
        }
    }
}
