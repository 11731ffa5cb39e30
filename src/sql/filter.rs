//! Filter conditions of a browsed relation as SQL: every value is a bound parameter.

use super::quote::{ident, literal};
use crate::data::catalog::{ColumnInfo, Detail};

/// A statement of the console's own making: text, parameters as the server's text, their type OIDs
/// (0: the server infers the type).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The text.
    pub sql: String,
    /// Values of `$1…`; `None` is NULL.
    pub params: Vec<Option<String>>,
    /// Types of `$1…`.
    pub types: Vec<u32>,
    /// Values are written into the text as literals, for a person to read and run.
    pub(super) literals: bool,
}

impl Query {
    /// Binds a value and returns its `$n`.
    pub(super) fn bind(&mut self, value: Option<String>, type_oid: u32) -> String {
        if self.literals {
            return value.as_deref().map_or("NULL".into(), |v| literal(v).to_string());
        }
        self.params.push(value);
        self.types.push(type_oid);
        format!("${}", self.params.len())
    }
}

/// What a condition asks of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    NotNull,
    /// The text contains this, whatever its case.
    Contains,
    /// The text starts with this.
    StartsWith,
    /// One of several values.
    In,
    /// The JSON document contains this one (`@>`).
    JsonContains,
    /// The array has this element.
    HasElement,
}

impl Op {
    /// All, in the order a menu shows them.
    pub const ALL: [Self; 13] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::AtMost,
        Self::Greater,
        Self::AtLeast,
        Self::Contains,
        Self::StartsWith,
        Self::In,
        Self::IsNull,
        Self::NotNull,
        Self::JsonContains,
        Self::HasElement,
    ];

    /// As people read it between a column and a value.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::IsNull => "is null",
            Self::NotNull => "is not null",
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::In => "in",
            Self::JsonContains => "@>",
            Self::HasElement => "has element",
        }
    }

    /// From the label.
    #[must_use]
    pub fn parse(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.label() == label)
    }

    /// The condition needs a value.
    #[must_use]
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::IsNull | Self::NotNull)
    }

    /// Does it make sense for this column?
    #[must_use]
    pub fn fits(self, column: &ColumnInfo) -> bool {
        match self {
            Self::JsonContains => matches!(column.base_oid, JSON | JSONB),
            Self::HasElement => column.category == 'A',
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => {
                !matches!(column.base_oid, JSON | XML)
            }
            _ => true,
        }
    }
}

/// One condition on one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Column name, unquoted.
    pub column: String,
    /// What is asked.
    pub op: Op,
    /// Its values as the server's text: several for `In`, none for `IsNull`, otherwise one.
    pub values: Vec<Option<String>>,
}

impl Condition {
    /// `column = value`, or `column IS NULL` when the value is NULL.
    #[must_use]
    pub fn equal(column: &str, value: Option<String>) -> Self {
        match value {
            Some(v) => Self { column: column.into(), op: Op::Equal, values: vec![Some(v)] },
            None => Self { column: column.into(), op: Op::IsNull, values: vec![] },
        }
    }

    /// As people read it: `user_id = 5`.
    #[must_use]
    pub fn describe(&self) -> String {
        let values: Vec<&str> = self.values.iter().map(|v| v.as_deref().unwrap_or("NULL")).collect();
        match self.op {
            Op::IsNull | Op::NotNull => format!("{} {}", self.column, self.op.label()),
            Op::In => format!("{} in ({})", self.column, values.join(", ")),
            _ => format!("{} {} {}", self.column, self.op.label(), values.join(", ")),
        }
    }
}

/// All that restricts the rows shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// A condition in SQL as the user typed it; must hold as well.
    pub raw: Option<String>,
}

impl Filter {
    /// Nothing is filtered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.raw.is_none()
    }

    /// All of it, as people read it: `user_id = 5 and …`; empty when nothing is filtered.
    #[must_use]
    pub fn describe(&self) -> String {
        let conditions = self.conditions.iter().map(Condition::describe);
        conditions.chain(self.raw.clone()).collect::<Vec<_>>().join(" and ")
    }
}

pub(super) const BYTEA: u32 = 17;
pub(super) const TEXT: u32 = 25;
/// `json`.
pub const JSON: u32 = 114;
pub(super) const XML: u32 = 142;
/// `jsonb`.
pub const JSONB: u32 = 3802;

/// The conditions one by one.
pub(super) fn conditions(detail: &Detail, filter: &Filter, query: &mut Query) -> Result<Vec<String>, String> {
    let mut parts = vec![];
    for condition in &filter.conditions {
        parts.push(condition_sql(detail, condition, query)?);
    }
    if let Some(raw) = filter.raw.as_deref().filter(|r| !r.trim().is_empty()) {
        check_raw(raw)?;
        // The line break keeps a trailing `--` comment from swallowing the parenthesis.
        parts.push(format!("({raw}\n)"));
    }
    Ok(parts)
}

/// Appends `WHERE …` when there is something to ask.
pub(super) fn where_clause(
    detail: &Detail,
    filter: &Filter,
    extra: Option<String>,
    query: &mut Query,
) -> Result<(), String> {
    let mut parts = conditions(detail, filter, query)?;
    parts.extend(extra);
    if !parts.is_empty() {
        query.sql.push_str("\nWHERE ");
        query.sql.push_str(&parts.join("\n  AND "));
    }
    Ok(())
}

fn condition_sql(detail: &Detail, condition: &Condition, query: &mut Query) -> Result<String, String> {
    let Some(column) = detail.columns.iter().find(|c| c.name == condition.column) else {
        return Err(format!("there is no column \"{}\" in this table (any more)", condition.column));
    };
    let name = ident(&column.name);
    let value = condition.values.first().cloned().unwrap_or_default();
    // json and xml have no equality of their own: compare their text.
    let (left, type_oid) = if matches!(column.base_oid, JSON | XML) {
        (format!("{name}::text"), TEXT)
    } else {
        (name.to_string(), column.base_oid)
    };
    let sign = match condition.op {
        Op::IsNull => return Ok(format!("{name} IS NULL")),
        Op::NotNull => return Ok(format!("{name} IS NOT NULL")),
        Op::In => return Ok(in_list(&left, type_oid, &condition.values, query)),
        Op::Contains => {
            let pattern = value.map(|v| format!("%{}%", escape_like(&v)));
            return Ok(format!("{} ILIKE {}", as_text(column), query.bind(pattern, TEXT)));
        }
        Op::StartsWith => {
            let pattern = value.map(|v| format!("{}%", escape_like(&v)));
            return Ok(format!("{} LIKE {}", as_text(column), query.bind(pattern, TEXT)));
        }
        Op::JsonContains => {
            let cast = if column.base_oid == JSONB { "" } else { "::jsonb" };
            return Ok(format!("{name}{cast} @> {}", query.bind(value, JSONB)));
        }
        Op::HasElement => {
            let array = array_of(value.as_deref());
            return Ok(format!("{name} @> {}", query.bind(Some(array), column.base_oid)));
        }
        sign => sign.label(),
    };
    Ok(format!("{left} {sign} {}", query.bind(value, type_oid)))
}

fn in_list(left: &str, type_oid: u32, values: &[Option<String>], query: &mut Query) -> String {
    let list: Vec<String> =
        values.iter().filter(|v| v.is_some()).map(|v| query.bind(v.clone(), type_oid)).collect();
    let null = values.iter().any(Option::is_none);
    match (list.is_empty(), null) {
        (true, false) => "false".into(),
        (true, true) => format!("{left} IS NULL"),
        (false, false) => format!("{left} IN ({})", list.join(", ")),
        (false, true) => format!("({left} IN ({}) OR {left} IS NULL)", list.join(", ")),
    }
}

/// The column as something LIKE takes: text types stay bare so that their indexes serve.
pub(super) fn as_text(column: &ColumnInfo) -> String {
    let name = ident(&column.name);
    match column.base_oid {
        TEXT | 1043 | 1042 | 19 => name.to_string(),
        _ => format!("{name}::text"),
    }
}

/// `%`, `_` and `\` lose their meaning in a LIKE pattern.
pub(super) fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// An array of one element in the server's text form.
fn array_of(element: Option<&str>) -> String {
    match element {
        None => "{NULL}".into(),
        Some(e) => format!("{{\"{}\"}}", e.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Refuses what cannot stand in a condition: a second statement or parameters nobody binds.
///
/// # Errors
/// Says what is wrong with the text.
pub fn check_raw(raw: &str) -> Result<(), String> {
    use super::lex::{Lexer, Options, TokenKind};
    let mut depth = 0i32;
    for token in Lexer::new(raw, Options::default()) {
        match token.kind {
            TokenKind::Semicolon => return Err("a WHERE condition cannot hold a `;`".into()),
            TokenKind::Param => return Err("a WHERE condition cannot hold parameters such as `$1`".into()),
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => {
                depth -= 1;
                if depth < 0 {
                    return Err("the WHERE condition closes a parenthesis it did not open".into());
                }
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("the WHERE condition leaves a parenthesis open".into());
    }
    Ok(())
}
