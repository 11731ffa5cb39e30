//! Conditions as the server prints them, read as far as an index could serve them.
//!
//! This is no SQL parser. What EXPLAIN prints was made from the server's own tree: every operator with its arguments
//! stands in parentheses, names are quoted where they must be, `BETWEEN`, `IN` and `LIKE` are the operators they stand
//! for. What is not understood is `Unserved`, and no index is advised for it.

use super::tokens::{Kindled, Token, tokens};

/// A condition on one relation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Part(Part),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The column, or the expression of columns, as it is written in an index.
    pub(super) key: String,
    /// The whole comparison without the relation's alias, as it is written in an index's WHERE.
    pub(super) text: String,
    /// It is compared with columns of other relations.
    pub(super) joins: bool,
}

/// What a comparison asks of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `=`, `= ANY (list)`
    Equal,
    /// `<`, `<=`, `>`, `>=`
    Range,
    /// `LIKE 'x%'`
    Prefix,
    /// `LIKE '%x%'`, `ILIKE`, `~`, `~*`
    Like,
    /// `@>`, `?` of jsonb
    Jsonb,
    /// `@>` of jsonb, `@@` and `@?` of a JSON path
    JsonbPath,
    /// `@>`, `&&` of arrays
    Array,
    /// `@>`, `&&` of ranges and shapes
    Spatial,
    /// `@@` of a text search
    Search,
    /// A boolean column, `IS NULL`: true for a part of the rows, whatever the statement asks for.
    Flag,
    /// `'x' = ANY (column)`, which no index serves as it is written.
    AnyOf,
    /// `(column)::date = …`, which no index on the column serves as it is written.
    DateOf,
    /// `(column)::numeric = …`: the value has another type than the column, so that no index on the column serves it.
    CastOf,
    /// No index serves it.
    Unserved,
}

/// Which names are columns of the relation in question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    /// The alias the plan knows it by.
    pub(super) alias: &'a str,
}

/// Reads a condition.
pub(super) fn read(text: &str, own: Own) -> Condition {
    let tokens = tokens(text);
    Reader { text, own }.condition(&tokens, 0)
}

/// A column or expression of columns (a sort key), as an index has it; none when it is not the relation's alone.
pub(super) fn key(text: &str, own: Own) -> Option<String> {
    let tokens = tokens(text);
    Reader { text, own }.key(&tokens)
}

/// Deeper parentheses are not looked into.
const DEPTH: usize = 24;

/// Functions that are immutable, so that an index may hold what they give.
const IMMUTABLE: [&str; 20] = [
    "lower",
    "upper",
    "coalesce",
    "md5",
    "left",
    "right",
    "length",
    "char_length",
    "octet_length",
    "abs",
    "btrim",
    "ltrim",
    "rtrim",
    "substr",
    "substring",
    "\"substring\"",
    "\"left\"",
    "\"right\"",
    "to_tsvector",
    "jsonb_array_length",
];

/// Operators that are immutable.
const PURE: [&str; 10] = ["->", "->>", "#>", "#>>", "||", "+", "-", "*", "/", "%"];

/// Functions whose result changes from row to row: nothing to search an index for.
const VOLATILE: [&str; 4] = ["random", "clock_timestamp", "nextval", "gen_random_uuid"];

/// Words that are no columns.
const WORDS: [&str; 30] = [
    "and",
    "or",
    "not",
    "is",
    "null",
    "true",
    "false",
    "unknown",
    "any",
    "all",
    "array",
    "case",
    "when",
    "then",
    "else",
    "end",
    "distinct",
    "from",
    "row",
    "collate",
    "current_date",
    "current_timestamp",
    "current_user",
    "session_user",
    "localtimestamp",
    "localtime",
    "current_time",
    "desc",
    "asc",
    "using",
];

struct Reader<'a> {
    text: &'a str,
    own: Own<'a>,
}

impl Reader<'_> {
    fn condition(&self, tokens: &[Token], depth: usize) -> Condition {
        let tokens = self.stripped(tokens);
        if depth < DEPTH {
            for (word, make) in
                [("OR", Condition::Or as fn(Vec<Condition>) -> Condition), ("AND", Condition::And)]
            {
                let parts = self.split(tokens, word);
                if parts.len() > 1 {
                    return make(parts.into_iter().map(|part| self.condition(part, depth + 1)).collect());
                }
            }
        }
        let (kind, key) = self.part(tokens).unwrap_or((Kind::Unserved, String::new()));
        Condition::Part(Part { kind, key, text: self.render(tokens), joins: self.joins(tokens) })
    }

    /// Does it name a column of another relation?
    fn joins(&self, tokens: &[Token]) -> bool {
        tokens.windows(2).enumerate().any(|(at, pair)| {
            pair[1].kind == Kindled::Dot
                && matches!(pair[0].kind, Kindled::Word | Kindled::Quoted)
                && self.unquoted(&pair[0]) != self.own.alias
                && !self.names_type(tokens, at)
        })
    }

    fn part(&self, tokens: &[Token]) -> Option<(Kind, String)> {
        if self.text_of(tokens).contains("SubPlan ") {
            return None;
        }
        if let [not, rest @ ..] = tokens
            && self.is(not, "NOT")
        {
            return Some((Kind::Flag, self.column(rest)?));
        }
        if let Some(key) = self.column(tokens) {
            return Some((Kind::Flag, key));
        }
        if let Some(is) = self.top(tokens).find(|at| self.is(&tokens[*at], "IS")) {
            let served = !self.text_of(&tokens[is..]).contains("DISTINCT");
            return Some((Kind::Flag, self.column(&tokens[..is])?)).filter(|_| served);
        }
        let at = self.top(tokens).find(|at| tokens[*at].kind == Kindled::Operator)?;
        let (operator, left, right) = (self.word(&tokens[at]), &tokens[..at], &tokens[at + 1..]);
        if let [any, inside @ ..] = right
            && (self.is(any, "ANY") || self.is(any, "ALL"))
        {
            return self.any(operator, any, left, inside);
        }
        match (self.mine(left), self.mine(right)) {
            (true, false) => self.compare(left, operator, right),
            (false, true) => self.compare(right, turned(operator)?, left),
            _ => None,
        }
    }

    fn any(&self, operator: &str, any: &Token, left: &[Token], list: &[Token]) -> Option<(Kind, String)> {
        if !self.is(any, "ANY") || operator != "=" {
            return None;
        }
        match (self.mine(left), self.mine(list)) {
            (true, false) => self.compare(left, "=", list),
            (false, true) => Some((Kind::AnyOf, self.column(list)?)),
            _ => None,
        }
    }

    fn compare(&self, key: &[Token], operator: &str, with: &[Token]) -> Option<(Kind, String)> {
        let value = self.text_of(with);
        let functions =
            with.windows(2).filter(|pair| pair[1].kind == Kindled::Open).map(|pair| self.word(&pair[0]));
        if functions.into_iter().any(|function| VOLATILE.contains(&function)) {
            return None;
        }
        let typed = |types: &[&str]| types.iter().any(|name| value.trim_end_matches(')').ends_with(name));
        if matches!(operator, "=" | "<" | "<=" | ">" | ">=") {
            if let Some(column) = self.date_of(key) {
                return Some((Kind::DateOf, column));
            }
            if let Some(column) = self.cast_of(key) {
                return Some((Kind::CastOf, column));
            }
            return Some((if operator == "=" { Kind::Equal } else { Kind::Range }, self.key(key)?));
        }
        let spatial =
            typed(&["range", "point", "box", "polygon", "circle", "geometry", "geography", "inet", "cidr"]);
        let kind = match operator {
            "~~" => like(value)?,
            "~~*" | "~" | "~*" => (pattern_letters(value) >= 3).then_some(Kind::Like)?,
            "@>" if typed(&["::jsonb"]) => Kind::JsonbPath,
            "@>" | "&&" | "<@" if spatial => Kind::Spatial,
            "@>" | "&&" if typed(&["[]"]) => Kind::Array,
            "?" | "?|" | "?&" => Kind::Jsonb,
            "@?" => Kind::JsonbPath,
            "@@" if typed(&["::jsonpath"]) => Kind::JsonbPath,
            "@@" => Kind::Search,
            _ => return None,
        };
        Some((kind, self.key(key)?))
    }

    /// The column of `(column)::date`.
    fn date_of(&self, tokens: &[Token]) -> Option<String> {
        let [base @ .., cast, kind] = self.stripped(tokens) else { return None };
        (cast.kind == Kindled::Cast && self.word(kind) == "date").then(|| self.column(base))?
    }

    /// The column of `(column)::numeric` and the like, which the server writes where the value is of a wider type.
    fn cast_of(&self, tokens: &[Token]) -> Option<String> {
        const NUMBERS: [&str; 5] = ["numeric", "double precision", "real", "bigint", "integer"];
        let tokens = self.stripped(tokens);
        let cast = tokens.iter().position(|token| token.kind == Kindled::Cast)?;
        NUMBERS.contains(&self.text_of(&tokens[cast + 1..])).then(|| self.column(&tokens[..cast]))?
    }

    /// A column alone.
    fn column(&self, tokens: &[Token]) -> Option<String> {
        let tokens = self.stripped(tokens);
        let named = |token: &Token| matches!(token.kind, Kindled::Word | Kindled::Quoted);
        match tokens {
            [name] if self.names_column(tokens, 0) && named(name) => Some(self.word(name).to_owned()),
            [alias, dot, name]
                if dot.kind == Kindled::Dot && named(name) && self.unquoted(alias) == self.own.alias =>
            {
                Some(self.word(name).to_owned())
            }
            _ => None,
        }
    }

    /// What an index would hold: a column, or an expression that gives the same for ever.
    fn key(&self, tokens: &[Token]) -> Option<String> {
        let tokens = self.stripped(tokens);
        if let Some(column) = self.column(tokens) {
            return Some(column);
        }
        // A varchar is compared as a text, which an index on it serves.
        if let Some(cast) = tokens.iter().position(|token| token.kind == Kindled::Cast)
            && matches!(self.text_of(&tokens[cast + 1..]), "text" | "bpchar" | "character varying")
            && let Some(column) = self.column(&tokens[..cast])
        {
            return Some(column);
        }
        let mut function = false;
        for (at, token) in tokens.iter().enumerate() {
            let word = self.word(token);
            if tokens.get(at + 1).is_some_and(|next| next.kind == Kindled::Open)
                && matches!(token.kind, Kindled::Word | Kindled::Quoted)
            {
                function |= at == 0;
                if !IMMUTABLE.contains(&&*word.to_ascii_lowercase()) {
                    return None;
                }
            }
            let timely = token.kind == Kindled::Cast
                && tokens.get(at + 1).is_some_and(|kind| {
                    self.word(kind).starts_with("date") || self.word(kind).starts_with("time")
                });
            if (token.kind == Kindled::Operator && !PURE.contains(&word)) || timely {
                return None;
            }
        }
        let whole_call = function && self.closes(tokens, 1) == Some(tokens.len() - 1);
        let text = self.render(tokens);
        self.mine(tokens).then(|| if whole_call { text } else { format!("({text})") })
    }

    /// Does it speak of a column of the relation?
    fn mine(&self, tokens: &[Token]) -> bool {
        (0..tokens.len()).any(|at| self.names_column(tokens, at))
    }

    /// Is the token here the last word of a column's name, and the column the relation's?
    fn names_column(&self, tokens: &[Token], at: usize) -> bool {
        let token = &tokens[at];
        let next = tokens.get(at + 1).map(|next| &next.kind);
        let is_name = match token.kind {
            Kindled::Word => !WORDS.contains(&&*self.word(token).to_ascii_lowercase()),
            Kindled::Quoted => true,
            _ => false,
        };
        if !is_name || matches!(next, Some(Kindled::Open | Kindled::Dot)) || self.names_type(tokens, at) {
            return false;
        }
        match at.checked_sub(2).map(|alias| &tokens[alias..at]) {
            Some([alias, dot]) if dot.kind == Kindled::Dot => self.unquoted(alias) == self.own.alias,
            // The columns of (InitPlan 1).col1 stand behind a parenthesis.
            _ => {
                at.checked_sub(1).is_none_or(|before| !matches!(tokens[before].kind, Kindled::Dot))
                    && !self.of_plan(tokens, at)
            }
        }
    }

    /// Is this a word of `(InitPlan 1)`?
    fn of_plan(&self, tokens: &[Token], at: usize) -> bool {
        let plan = |at: usize| {
            tokens.get(at).is_some_and(|token| matches!(self.word(token), "InitPlan" | "SubPlan" | "hashed"))
        };
        plan(at) || at.checked_sub(1).is_some_and(plan)
    }

    /// Is this a word of a type behind `::`, as in `::timestamp without time zone`?
    fn names_type(&self, tokens: &[Token], at: usize) -> bool {
        let mut before = at;
        while before > 0 {
            before -= 1;
            match tokens[before].kind {
                Kindled::Cast => return true,
                Kindled::Word | Kindled::Quoted | Kindled::Dot => (),
                _ => return false,
            }
        }
        false
    }

    /// The tokens without parentheses around all of them.
    fn stripped<'t>(&self, mut tokens: &'t [Token]) -> &'t [Token] {
        while tokens.len() > 2 && self.closes(tokens, 0) == Some(tokens.len() - 1) {
            tokens = &tokens[1..tokens.len() - 1];
        }
        tokens
    }

    /// Where the parenthesis that opens here is closed.
    fn closes(&self, tokens: &[Token], open: usize) -> Option<usize> {
        if tokens.get(open)?.kind != Kindled::Open {
            return None;
        }
        let mut depth = 0usize;
        for (at, token) in tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kindled::Open => depth += 1,
                Kindled::Close => depth = depth.saturating_sub(1),
                _ => (),
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The tokens outside all parentheses and CASE … END.
    fn top<'t>(&'t self, tokens: &'t [Token]) -> impl Iterator<Item = usize> + 't {
        let mut depth = 0usize;
        (0..tokens.len()).filter(move |at| {
            let token = &tokens[*at];
            if token.kind == Kindled::Open || self.is(token, "CASE") {
                depth += 1;
            } else if token.kind == Kindled::Close || self.is(token, "END") {
                depth = depth.saturating_sub(1);
            } else {
                return depth == 0;
            }
            false
        })
    }

    fn split<'t>(&self, tokens: &'t [Token], word: &str) -> Vec<&'t [Token]> {
        let mut parts = Vec::new();
        let mut from = 0;
        for at in self.top(tokens).filter(|at| self.is(&tokens[*at], word)) {
            parts.push(&tokens[from..at]);
            from = at + 1;
        }
        parts.push(&tokens[from..]);
        parts
    }

    fn word(&self, token: &Token) -> &str {
        &self.text[token.at.clone()]
    }

    fn unquoted(&self, token: &Token) -> String {
        let word = self.word(token);
        match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
            Some(inside) => inside.replace("\"\"", "\""),
            None => word.to_owned(),
        }
    }

    fn is(&self, token: &Token, word: &str) -> bool {
        token.kind == Kindled::Word && self.word(token) == word
    }

    fn text_of(&self, tokens: &[Token]) -> &str {
        match tokens {
            [first, .., last] => &self.text[first.at.start..last.at.end],
            [one] => self.word(one),
            [] => "",
        }
    }

    /// The text without the relation's alias.
    fn render(&self, tokens: &[Token]) -> String {
        let mut out = String::new();
        let (mut at, mut from) = (0, tokens.first().map_or(0, |token| token.at.start));
        while at < tokens.len() {
            let qualifies = tokens.get(at + 1).is_some_and(|dot| dot.kind == Kindled::Dot)
                && matches!(tokens[at].kind, Kindled::Word | Kindled::Quoted)
                && self.unquoted(&tokens[at]) == self.own.alias;
            if qualifies {
                out.push_str(&self.text[from..tokens[at].at.start]);
                from = tokens[at + 1].at.end;
                at += 1;
            }
            at += 1;
        }
        out.push_str(&self.text[from..tokens.last().map_or(from, |token| token.at.end)]);
        out
    }
}

/// The operator with its sides changed.
fn turned(operator: &str) -> Option<&str> {
    Some(match operator {
        "=" => "=",
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        "&&" => "&&",
        "<@" => "@>",
        "@@" => "@@",
        _ => return None,
    })
}

/// `LIKE 'x%'` can use an ordinary index, `LIKE '%x%'` needs the letters in the middle.
fn like(value: &str) -> Option<Kind> {
    let pattern = value.trim_start_matches('(').strip_prefix('\'')?;
    if pattern.starts_with(['%', '_']) {
        return (pattern_letters(value) >= 3).then_some(Kind::Like);
    }
    Some(Kind::Prefix)
}

/// The longest run of letters and digits of a pattern: a trigram needs three.
fn pattern_letters(value: &str) -> usize {
    let literal = value.rsplit_once('\'').map_or(value, |(literal, _)| literal);
    literal.split(|c: char| !c.is_alphanumeric()).map(|run| run.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
