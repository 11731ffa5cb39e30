//! What the query around the cursor reads: its relations with their aliases, its CTEs, and the
//! columns of subqueries, as far as a half-typed text tells.

use super::{
    tokens::{Kind, Tok},
    words::{NOT_ALIAS, QUERY_HEADS},
};
use crate::data::catalog::Catalog;
use std::ops::Range;

/// One thing in a FROM list, or the target of a write.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Source {
    /// The name its columns go by: the alias, or the relation's own name.
    pub alias: String,
    /// The name is an alias, not the relation's own.
    pub aliased: bool,
    /// `pg_class.oid` when it is a relation of the catalog.
    pub oid: Option<u32>,
    /// Columns: name and type (empty when not known).
    pub columns: Vec<(String, String)>,
    /// It stands in an enclosing query.
    pub outer: bool,
    /// Token number where it stands.
    pub at: usize,
}

/// A `WITH` query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cte {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<(String, String)>,
}

/// How deep subqueries are looked into.
const DEPTH: u8 = 4;

/// A statement's tokens with the partner of every parenthesis.
pub(super) struct Query<'a> {
    pub toks: &'a [Tok],
    /// For an open parenthesis its closing one, or the end when it is left open.
    close: Vec<usize>,
    catalog: &'a Catalog,
    /// The cursor stands before this token.
    at: usize,
}

impl<'a> Query<'a> {
    pub fn new(toks: &'a [Tok], at: usize, catalog: &'a Catalog) -> Self {
        let mut close = vec![0; toks.len()];
        let mut open = vec![];
        for (i, t) in toks.iter().enumerate() {
            match t.kind {
                Kind::Open => open.push(i),
                Kind::Close => {
                    if let Some(o) = open.pop() {
                        close[o] = i;
                    }
                }
                _ => {}
            }
        }
        for o in open {
            // A parenthesis that nobody closed yet: a subquery reaches to the end, anything else
            // is taken as not written, so that a FROM behind it still counts.
            close[o] = if is_query(toks, o + 1) { toks.len() } else { o };
        }
        Self { toks, close, catalog, at }
    }

    /// The relations and CTEs visible at the cursor, the innermost query's first.
    pub fn visible(&self) -> (Vec<Source>, Vec<Cte>) {
        let mut ctes = vec![];
        let mut levels = vec![(0..self.toks.len(), false)];
        for (i, t) in self.toks[..self.at].iter().enumerate() {
            if t.kind == Kind::Open && self.close[i] >= self.at && is_query(self.toks, i + 1) {
                let of_cte = i > 0 && ["as", "materialized"].contains(&self.toks[i - 1].text.as_str());
                levels.push((i + 1..self.close[i], of_cte));
            }
        }
        let mut all = vec![];
        for (range, _) in &levels {
            let (found, _) = self.ctes(range.clone(), &ctes, DEPTH);
            ctes.extend(found);
        }
        let mut cut = false;
        for (n, (range, of_cte)) in levels.iter().rev().enumerate() {
            if cut {
                break;
            }
            for mut s in self.sources(range.clone(), &ctes, DEPTH) {
                s.outer = n > 0;
                all.push(s);
            }
            cut = *of_cte;
        }
        (all, ctes)
    }

    /// The `WITH` queries at the head of a range, and where the main query begins.
    fn ctes(&self, range: Range<usize>, known: &[Cte], depth: u8) -> (Vec<Cte>, usize) {
        let mut out: Vec<Cte> = vec![];
        let mut i = range.start;
        // EXPLAIN, CREATE VIEW … AS and the like may stand before it.
        while i < range.end && !self.is(i, "with") {
            if QUERY_HEADS.contains(&self.text(i)) {
                return (out, range.start);
            }
            i = self.next(i);
        }
        if !self.is(i, "with") || depth == 0 {
            return (out, range.start);
        }
        i += 1;
        if self.is(i, "recursive") {
            i += 1;
        }
        while i < range.end && self.toks[i].is_name() {
            let mut cte = Cte { name: self.toks[i].text.clone(), columns: vec![] };
            i += 1;
            let mut named = vec![];
            if self.kind(i) == Some(Kind::Open) && !is_query(self.toks, i + 1) {
                named = self.names(i);
                i = self.next(i);
            }
            while ["as", "not", "materialized"].contains(&self.text(i)) {
                i += 1;
            }
            if self.kind(i) == Some(Kind::Open) {
                let mut seen = known.to_vec();
                seen.extend(out.iter().cloned());
                cte.columns = self.output(i + 1..self.close[i].max(i + 1), &seen, depth - 1);
                i = self.next(i);
            }
            rename(&mut cte.columns, named);
            out.push(cte);
            if self.kind(i) == Some(Kind::Comma) {
                i += 1;
            } else {
                break;
            }
        }
        (out, i.min(range.end))
    }

    /// What a query's FROM list and its target hold.
    fn sources(&self, range: Range<usize>, ctes: &[Cte], depth: u8) -> Vec<Source> {
        let (_, start) = self.ctes(range.clone(), &[], 1);
        let (start, end) = self.branch(start..range.end);
        let mut out = vec![];
        let mut listing = false;
        let mut i = start;
        let mut head = "";
        while i < end {
            let word = if self.toks[i].kind == Kind::Word { self.text(i) } else { "" };
            if head.is_empty() && QUERY_HEADS.contains(&word) {
                head = word;
            }
            let before = if i > start { self.text(i - 1) } else { "" };
            let item = match word {
                "from" => before != "distinct",
                "join" => true,
                "using" => ["delete", "merge"].contains(&head) && !listing_using(self, i),
                "update" => head == "update" && before != "for" && before != "do",
                "into" => ["insert", "merge"].contains(&head),
                "where" | "group" | "order" | "having" | "limit" | "offset" | "set" | "returning"
                | "window" | "values" | "select" | "fetch" | "conflict" => {
                    listing = false;
                    false
                }
                _ => listing && self.toks[i].kind == Kind::Comma,
            };
            if item {
                listing = true;
                let next = self.read_item(i + 1, end, ctes, depth, &mut out);
                i = next.max(i + 1);
            } else {
                i = self.next(i);
            }
        }
        out
    }

    /// The arm of a UNION (INTERSECT, EXCEPT) in which the cursor stands; the whole range otherwise.
    fn branch(&self, range: Range<usize>) -> (usize, usize) {
        let (mut start, mut end) = (range.start, range.end);
        let mut i = range.start;
        while i < range.end {
            if self.toks[i].kind == Kind::Word && ["union", "intersect", "except"].contains(&self.text(i)) {
                if i < self.at {
                    start = i + 1;
                } else {
                    end = i;
                    break;
                }
            }
            i = self.next(i);
        }
        // Only the range around the cursor has a cursor; of another one the first arm counts.
        if self.at < range.start || self.at > range.end {
            start = range.start;
        }
        (start, end)
    }

    /// Reads one FROM item beginning at `i`; returns where it ends.
    fn read_item(&self, mut i: usize, end: usize, ctes: &[Cte], depth: u8, out: &mut Vec<Source>) -> usize {
        let target = self.is(i.wrapping_sub(1), "into");
        while ["only", "lateral", "table"].contains(&self.text(i)) {
            i += 1;
        }
        if i >= end {
            return i;
        }
        let mut source = Source { at: i, ..Source::default() };
        if self.toks[i].kind == Kind::Open {
            let inner = i + 1..self.close[i].max(i + 1).min(end);
            i = self.next(i);
            if is_query(self.toks, inner.start) {
                if depth > 0 {
                    source.columns = self.output(inner, ctes, depth - 1);
                }
            } else {
                // Joined tables in parentheses.
                self.read_item(inner.start, inner.end, ctes, depth, out);
                let mut j = inner.start;
                while j < inner.end {
                    if self.is(j, "join") {
                        self.read_item(j + 1, inner.end, ctes, depth, out);
                    }
                    j = self.next(j);
                }
                return i;
            }
        } else if self.toks[i].is_name() && !self.reserved(i) {
            let mut path = vec![self.toks[i].text.clone()];
            i += 1;
            while self.kind(i) == Some(Kind::Dot) && i + 1 < end && self.toks[i + 1].is_name() {
                path.push(self.toks[i + 1].text.clone());
                i += 2;
            }
            let name = path.pop().unwrap_or_default();
            let schema = path.pop();
            if !target && self.kind(i) == Some(Kind::Open) && self.close[i] > i {
                i = self.next(i); // a function
            } else {
                (source.oid, source.columns) = self.relation(schema.as_deref(), &name, ctes);
            }
            source.alias = name;
        } else {
            return i;
        }
        if self.kind(i) == Some(Kind::Op) && self.text(i) == "*" {
            i += 1;
        }
        if self.is(i, "as") {
            i += 1;
        }
        if i < end && self.toks[i].is_name() && !self.reserved(i) {
            source.alias = self.toks[i].text.clone();
            source.aliased = true;
            i += 1;
            if self.kind(i) == Some(Kind::Open) && self.close[i] > i && !is_query(self.toks, i + 1) {
                rename(&mut source.columns, self.names(i));
                i = self.next(i);
            }
        }
        if !source.alias.is_empty() {
            out.push(source);
        }
        i
    }

    /// OID and columns of a relation or CTE by name.
    pub fn relation(
        &self,
        schema: Option<&str>,
        name: &str,
        ctes: &[Cte],
    ) -> (Option<u32>, Vec<(String, String)>) {
        if schema.is_none()
            && let Some(c) = ctes.iter().rev().find(|c| c.name == name)
        {
            return (None, c.columns.clone());
        }
        let Some(r) = self.catalog.find(schema, name) else { return (None, vec![]) };
        (Some(r.oid), columns(self.catalog, r.oid))
    }

    /// The columns a query gives.
    fn output(&self, range: Range<usize>, ctes: &[Cte], depth: u8) -> Vec<(String, String)> {
        let (own, start) = self.ctes(range.clone(), ctes, depth);
        let mut all = ctes.to_vec();
        all.extend(own);
        let mut i = start;
        while i < range.end && self.toks[i].kind == Kind::Open {
            i += 1; // ((select …) union …)
        }
        let sources = || self.sources(range.clone(), &all, depth.min(1));
        match self.text(i) {
            "values" if self.kind(i + 1) == Some(Kind::Open) => {
                let n = self.items(i + 2..self.close[i + 1]).len();
                (1..=n).map(|n| (format!("column{n}"), String::new())).collect()
            }
            "table" if i + 1 < range.end => self.relation(None, &self.toks[i + 1].text, &all).1,
            "insert" | "update" | "delete" | "merge" => {
                while i < range.end && !self.is(i, "returning") {
                    i = self.next(i);
                }
                self.listed(i + 1..range.end, &sources())
            }
            "select" => {
                i += 1;
                if self.is(i, "distinct") || self.is(i, "all") {
                    i += 1;
                    if self.is(i, "on") {
                        i = self.next(i + 1);
                    }
                }
                let mut end = i;
                while end < range.end
                    && !["from", "into", "where", "union", "order", "limit"].contains(&self.text(end))
                {
                    end = self.next(end);
                }
                self.listed(i..end.min(range.end), &sources())
            }
            _ => vec![],
        }
    }

    /// Names of a select list.
    fn listed(&self, range: Range<usize>, sources: &[Source]) -> Vec<(String, String)> {
        let mut out = vec![];
        for item in self.items(range) {
            let toks = &self.toks[item.clone()];
            match toks {
                [t] if t.text == "*" => {
                    out.extend(sources.iter().flat_map(|s| s.columns.iter().cloned()));
                }
                [q, d, t] if d.kind == Kind::Dot && t.text == "*" => {
                    out.extend(
                        sources.iter().filter(|s| s.alias == q.text).flat_map(|s| s.columns.iter().cloned()),
                    );
                }
                [.., t] if t.is_name() && !(toks.len() > 1 && t.is("end")) => {
                    let plain = toks.len() == 1 || toks[toks.len() - 2].kind == Kind::Dot;
                    let of = |s: &&Source| toks.len() < 3 || s.alias == toks[toks.len() - 3].text;
                    let kind = sources
                        .iter()
                        .filter(|s| plain && of(s))
                        .find_map(|s| s.columns.iter().find(|c| c.0 == t.text))
                        .map(|c| c.1.clone());
                    out.push((t.text.clone(), kind.unwrap_or_default()));
                }
                [f, o, .., c] if f.is_name() && o.kind == Kind::Open && c.kind == Kind::Close => {
                    out.push((f.text.clone(), String::new()));
                }
                _ => {}
            }
        }
        out
    }

    /// The parts of a range between its commas.
    fn items(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let end = range.end.min(self.toks.len());
        let mut out = vec![];
        let (mut start, mut i) = (range.start, range.start);
        while i < end {
            if self.toks[i].kind == Kind::Comma {
                out.push(start..i);
                start = i + 1;
            }
            i = self.next(i);
        }
        if start < end {
            out.push(start..end);
        }
        out.retain(|r| !r.is_empty());
        out
    }

    /// The names in a parenthesis.
    fn names(&self, open: usize) -> Vec<String> {
        self.items(open + 1..self.close[open].max(open + 1))
            .into_iter()
            .filter_map(|r| self.toks.get(r.start).filter(|t| t.is_name()).map(|t| t.text.clone()))
            .collect()
    }

    /// The token after this one, over a whole parenthesis.
    fn next(&self, i: usize) -> usize {
        match self.kind(i) {
            Some(Kind::Open) => (self.close[i] + 1).max(i + 1),
            _ => i + 1,
        }
    }

    fn kind(&self, i: usize) -> Option<Kind> {
        self.toks.get(i).map(|t| t.kind)
    }

    fn text(&self, i: usize) -> &str {
        self.toks.get(i).map_or("", |t| t.text.as_str())
    }

    fn is(&self, i: usize, word: &str) -> bool {
        self.toks.get(i).is_some_and(|t| t.is(word))
    }

    fn reserved(&self, i: usize) -> bool {
        self.toks[i].kind == Kind::Word && NOT_ALIAS.contains(&self.text(i))
    }
}

/// `USING (` after a join names columns, not a relation.
fn listing_using(q: &Query<'_>, i: usize) -> bool {
    q.kind(i + 1) == Some(Kind::Open) && !is_query(q.toks, i + 2)
}

/// Columns of a relation, without types when they were not read yet.
pub(super) fn columns(catalog: &Catalog, oid: u32) -> Vec<(String, String)> {
    catalog
        .columns
        .get(&oid)
        .map(|c| c.iter().map(|c| (c.name.clone(), c.type_name.clone())).collect())
        .unwrap_or_default()
}

/// `AS x(a, b)`: new names for the first columns.
fn rename(columns: &mut Vec<(String, String)>, names: Vec<String>) {
    for (n, name) in names.into_iter().enumerate() {
        match columns.get_mut(n) {
            Some(c) => c.0 = name,
            None => columns.push((name, String::new())),
        }
    }
}

/// Does a query begin here (perhaps behind further parentheses)?
pub(super) fn is_query(toks: &[Tok], mut i: usize) -> bool {
    while toks.get(i).is_some_and(|t| t.kind == Kind::Open) {
        i += 1;
    }
    toks.get(i).is_some_and(|t| t.kind == Kind::Word && QUERY_HEADS.contains(&t.text.as_str()))
}
