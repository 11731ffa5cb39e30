//! What fits at the cursor: a walk over the tokens before it with a stack of parentheses.

use super::{
    tokens::{Kind, Tok},
    utility::{NOISE, Takes, UTILITIES, Utility},
    words::{OPERATOR_WORDS, QUERY_HEADS},
};

/// What may stand at the cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Nothing to offer.
    Nothing,
    /// The beginning of a statement.
    Statement,
    /// A relation in a FROM list; `true` after JOIN.
    From(bool),
    /// The relation a write is for.
    Target,
    /// After a relation of a FROM list; `true`: a join that still lacks its condition.
    AfterFrom(bool),
    /// The condition of a join.
    On,
    /// An operand of an expression in this clause.
    Operand(Clause),
    /// What may follow an operand.
    AfterOperand(Clause),
    /// Columns of the target: INSERT's list, SET, ON CONFLICT, an index.
    TargetColumns,
    /// Columns both sides of a join have.
    UsingColumns,
    /// A type.
    Type,
    /// A utility command, at its object.
    Utility(&'static Utility),
    /// A utility command, after its object.
    AfterUtility(&'static Utility),
    /// Only these words.
    Words(&'static [&'static str]),
}

/// Part of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    /// The select list.
    Select,
    /// ON of a join.
    On,
    /// WHERE.
    Where,
    /// GROUP BY.
    Group,
    /// HAVING.
    Having,
    /// ORDER BY.
    Order,
    /// LIMIT, OFFSET, FETCH.
    Limit,
    /// The value of an assignment.
    Set,
    /// VALUES.
    Values,
    /// RETURNING.
    Returning,
    /// Window definitions in OVER ( … ).
    Over,
    /// Some other expression.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Start,
    From { joined: bool },
    AfterFrom { joined: bool },
    Expression(Clause),
    SetColumn,
    Target,
    AfterTarget,
    TargetColumns,
    UsingColumns,
    Definitions,
    Fixed(&'static [&'static str]),
}

struct Frame {
    state: State,
    /// The last token was an operand (or a whole item).
    full: bool,
    /// The statement's verb in this frame.
    verb: &'static str,
}

impl Frame {
    fn new(state: State) -> Self {
        Self { state, full: false, verb: "" }
    }
}

/// What fits after these tokens of one statement.
pub(super) fn place(toks: &[Tok]) -> Place {
    if let Some(p) = casting(toks) {
        return p;
    }
    let mut stack = vec![Frame::new(State::Start)];
    for (i, t) in toks.iter().enumerate() {
        match t.kind {
            Kind::Open => {
                let inner = opened(toks, i, stack.last());
                stack.push(inner);
            }
            Kind::Close => {
                if stack.len() > 1 {
                    stack.pop();
                }
                if let Some(f) = stack.last_mut() {
                    closed(f);
                }
            }
            _ => {
                if let Some(f) = stack.last_mut() {
                    step(f, toks, i);
                }
            }
        }
    }
    match stack.pop() {
        Some(f) => verdict(&f, toks, stack.is_empty()),
        None => Place::Nothing,
    }
}

/// `x::` and `CAST(x AS`.
fn casting(toks: &[Tok]) -> Option<Place> {
    let last = toks.last()?;
    if last.kind == Kind::Op && last.text == "::" {
        return Some(Place::Type);
    }
    if last.is("as") {
        let mut depth = 0;
        for (i, t) in toks.iter().enumerate().rev() {
            match t.kind {
                Kind::Close => depth += 1,
                Kind::Open if depth == 0 => {
                    return (i > 0 && toks[i - 1].is("cast")).then_some(Place::Type);
                }
                Kind::Open => depth -= 1,
                _ => {}
            }
        }
    }
    None
}

/// The frame an open parenthesis begins.
fn opened(toks: &[Tok], i: usize, outer: Option<&Frame>) -> Frame {
    let Some(outer) = outer else { return Frame::new(State::Start) };
    let before = i.checked_sub(1).and_then(|b| toks.get(b));
    let word = before.map_or("", |t| if t.kind == Kind::Word { t.text.as_str() } else { "" });
    let state = match (outer.state, word) {
        (_, "over") => State::Expression(Clause::Over),
        (State::From { joined }, _) if !outer.full => State::From { joined },
        (State::AfterFrom { .. }, "using") => State::UsingColumns,
        (State::AfterTarget, "conflict") => State::TargetColumns,
        (State::AfterTarget, "values") => State::Expression(Clause::Values),
        (State::AfterTarget, _) if outer.verb == "insert" => State::TargetColumns,
        (State::SetColumn, _) => State::TargetColumns,
        (State::Start, _) => utility_paren(toks, i),
        (State::Expression(c), _) => State::Expression(c),
        _ => State::Expression(Clause::Other),
    };
    Frame { state, full: false, verb: outer.verb }
}

/// The parenthesis of a utility command: column definitions, columns of an index …
fn utility_paren(toks: &[Tok], i: usize) -> State {
    let words = words_of(&toks[..i]);
    match words.first().copied() {
        Some("create") if words.contains(&"table") => State::Definitions,
        Some("create") if words.contains(&"index") => State::TargetColumns,
        Some("copy" | "analyze" | "vacuum") if words.len() > 1 => State::TargetColumns,
        Some("explain" | "analyze" | "vacuum") => State::Fixed(&[
            "ANALYZE",
            "VERBOSE",
            "BUFFERS",
            "COSTS",
            "SETTINGS",
            "WAL",
            "TIMING",
            "SUMMARY",
            "FORMAT JSON",
            "FORMAT TEXT",
        ]),
        _ => State::Expression(Clause::Other),
    }
}

fn closed(f: &mut Frame) {
    f.full = true;
    f.state = match f.state {
        State::From { joined } => State::AfterFrom { joined },
        State::AfterFrom { .. } => State::AfterFrom { joined: false },
        other => other,
    };
}

/// One token that is no parenthesis.
fn step(f: &mut Frame, toks: &[Tok], i: usize) {
    let t = &toks[i];
    let before = if i > 0 { toks[i - 1].text.as_str() } else { "" };
    if t.kind == Kind::Word && keyword(f, &t.text, before) {
        return;
    }
    match t.kind {
        Kind::Comma => comma(f),
        Kind::Dot => f.full = false,
        Kind::Op => {
            f.full = matches!(f.state, State::Expression(_)) && t.text == "*" && !f.full;
            if f.state == State::SetColumn && t.text == "=" {
                f.state = State::Expression(Clause::Set);
                f.full = false;
            }
        }
        _ => {
            match f.state {
                State::From { joined } => f.state = State::AfterFrom { joined },
                State::Target => f.state = State::AfterTarget,
                _ => {}
            }
            f.full = t.kind != Kind::Word || !operator(&f.state, &t.text);
        }
    }
}

fn operator(state: &State, word: &str) -> bool {
    matches!(state, State::Expression(_)) && OPERATOR_WORDS.contains(&word)
}

fn comma(f: &mut Frame) {
    f.full = false;
    f.state = match f.state {
        State::AfterFrom { .. } | State::Expression(Clause::On) => State::From { joined: false },
        State::Expression(Clause::Set) if f.verb == "update" || f.verb == "insert" => State::SetColumn,
        other => other,
    };
}

/// A word that moves the query on to its next clause.
fn keyword(f: &mut Frame, word: &str, before: &str) -> bool {
    if matches!(f.verb, "grant" | "revoke") {
        return false;
    }
    let next = match word {
        "select" | "perform" => State::Expression(Clause::Select),
        "insert" | "merge" if before != "for" && before != "on" => {
            f.verb = "insert";
            State::Start
        }
        "update" if ["for", "do", "key"].contains(&before) => {
            if before == "do" {
                f.verb = "update";
                State::AfterTarget
            } else {
                State::Fixed(&["OF", "NOWAIT", "SKIP LOCKED"])
            }
        }
        "update" if before != "on" => {
            f.verb = "update";
            State::Target
        }
        "delete" if before != "on" => {
            f.verb = "delete";
            State::Start
        }
        "grant" | "revoke" if f.state == State::Start => {
            f.verb = "grant";
            return false;
        }
        "into" if f.verb == "insert" => State::Target,
        "values" => State::Expression(Clause::Values),
        "returning" => State::Expression(Clause::Returning),
        "from" if before == "distinct" => return false,
        "from" if f.verb == "delete" && f.state == State::Start => State::From { joined: false },
        "from" if matches!(f.state, State::Expression(_)) => State::From { joined: false },
        "using" if f.verb == "delete" => State::From { joined: false },
        "using" if matches!(f.state, State::AfterFrom { .. }) => State::AfterFrom { joined: true },
        "join" => State::From { joined: true },
        "on" if matches!(f.state, State::AfterFrom { .. }) => State::Expression(Clause::On),
        "where" => State::Expression(Clause::Where),
        "having" => State::Expression(Clause::Having),
        "group" if before != "within" && !matches!(f.state, State::Start) => State::Fixed(&["BY"]),
        "order" if !matches!(f.state, State::Start) => State::Fixed(&["BY"]),
        "partition" if f.state == State::Expression(Clause::Over) => return false,
        "by" if before == "group" => State::Expression(Clause::Group),
        "by" if before == "order" => State::Expression(Clause::Order),
        "limit" | "offset" if !matches!(f.state, State::Start) => State::Expression(Clause::Limit),
        "set" if f.verb == "update" => State::SetColumn,
        "union" | "except" | "intersect" => State::Fixed(&["ALL", "SELECT", "VALUES"]),
        "do" if f.state == State::AfterTarget => State::Fixed(&["NOTHING", "UPDATE SET"]),
        "conflict" => State::AfterTarget,
        "only" | "lateral" => return true,
        _ => return false,
    };
    f.state = next;
    f.full = false;
    true
}

fn verdict(f: &Frame, toks: &[Tok], top: bool) -> Place {
    let after_query_head = |i: &Tok| QUERY_HEADS.contains(&i.text.as_str());
    match f.state {
        State::Fixed(words) => Place::Words(words),
        State::From { joined } => Place::From(joined),
        State::AfterFrom { joined } => Place::AfterFrom(joined),
        State::Expression(Clause::On) if !f.full => Place::On,
        State::Expression(c) if f.full => Place::AfterOperand(c),
        State::Expression(c) => Place::Operand(c),
        State::SetColumn | State::TargetColumns if !f.full => Place::TargetColumns,
        State::SetColumn | State::TargetColumns => Place::Nothing,
        State::UsingColumns => Place::UsingColumns,
        State::Target => Place::Target,
        State::AfterTarget if f.verb == "insert" => {
            if toks.last().is_some_and(|t| t.is("conflict")) {
                Place::Words(&["DO NOTHING", "DO UPDATE SET", "ON CONSTRAINT"])
            } else {
                Place::Words(&[
                    "VALUES",
                    "SELECT",
                    "DEFAULT VALUES",
                    "ON CONFLICT",
                    "DO NOTHING",
                    "DO UPDATE SET",
                    "RETURNING",
                    "AS",
                ])
            }
        }
        State::AfterTarget => Place::Words(&["SET", "FROM", "WHERE", "RETURNING", "AS"]),
        State::Definitions => definitions(toks),
        State::Start if toks.is_empty() => Place::Statement,
        State::Start if f.verb == "insert" => Place::Words(&["INTO"]),
        State::Start if f.verb == "delete" => Place::Words(&["FROM"]),
        State::Start if !top => Place::Operand(Clause::Other),
        State::Start if with_done(toks) => Place::Words(&["SELECT", "INSERT INTO", "UPDATE", "DELETE FROM"]),
        State::Start if toks.last().is_some_and(|t| t.is("as")) && !toks.iter().any(after_query_head) => {
            Place::Words(&["SELECT", "WITH", "VALUES", "TABLE"])
        }
        State::Start => utility(toks),
    }
}

/// Inside `CREATE TABLE x (`: a type comes after the column's name.
fn definitions(toks: &[Tok]) -> Place {
    let mut item = vec![];
    for t in toks.iter().rev() {
        if matches!(t.kind, Kind::Open | Kind::Comma) {
            break;
        }
        item.push(t);
    }
    if item.iter().any(|t| t.is("references")) {
        return Place::Target;
    }
    match item.len() {
        0 => Place::Words(&["CONSTRAINT", "PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK", "LIKE"]),
        1 => Place::Type,
        _ => Place::Words(&[
            "NOT NULL",
            "NULL",
            "DEFAULT",
            "PRIMARY KEY",
            "UNIQUE",
            "CHECK",
            "REFERENCES",
            "GENERATED ALWAYS AS IDENTITY",
            "GENERATED ALWAYS AS",
            "COLLATE",
            "ON DELETE CASCADE",
            "ON DELETE SET NULL",
        ]),
    }
}

/// `WITH x AS ( … )` is complete: the main query may begin.
fn with_done(toks: &[Tok]) -> bool {
    toks.first().is_some_and(|t| t.is("with")) && toks.last().is_some_and(|t| t.kind == Kind::Close)
}

/// The words at depth 0, parentheses left out.
fn words_of(toks: &[Tok]) -> Vec<&str> {
    let mut depth = 0;
    let mut out: Vec<&str> = vec![];
    for t in toks {
        match t.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Word | Kind::Quoted | Kind::Text if depth <= 0 => out.push(&t.text),
            Kind::Comma if depth <= 0 => out.push(","),
            Kind::Op if depth <= 0 => out.push(&t.text),
            Kind::Dot if depth <= 0 => out.push("."),
            _ => {}
        }
    }
    out
}

/// A utility command: the row of the table that fits best, and whether its object was named.
fn utility(toks: &[Tok]) -> Place {
    // `a.b` is one name, noise words do not count.
    let mut words: Vec<&str> = vec![];
    let mut joined = false;
    for w in words_of(toks) {
        if w == "." {
            joined = true;
        } else if joined {
            joined = false;
        } else if !NOISE.contains(&w) {
            words.push(w);
        }
    }
    let mut best: Option<(&'static Utility, usize)> = None;
    for row in UTILITIES {
        let pattern: Vec<&str> = row.0.split(' ').collect();
        let fits =
            pattern.len() <= words.len() && pattern.iter().zip(&words).all(|(p, w)| *p == "…" || p == w);
        if fits && best.is_none_or(|(_, n)| pattern.len() > n) {
            best = Some((row, pattern.len()));
        }
    }
    let Some((row, used)) = best else { return Place::Nothing };
    let rest = &words[used..];
    if let Some(on) = rest.iter().rposition(|w| *w == "on")
        && matches!(row.0, "grant" | "revoke")
    {
        return match rest.len() - on {
            1 => Place::Target,
            2 if rest[on + 1] == "schema" || rest[on + 1] == "all" => Place::Nothing,
            2 if rest[on + 1] == "table" => Place::Target,
            _ => Place::AfterUtility(row),
        };
    }
    if rest.is_empty() || rest.last() == Some(&",") {
        return match row.1 {
            Takes::Name => Place::Nothing,
            _ => Place::Utility(row),
        };
    }
    Place::AfterUtility(row)
}
