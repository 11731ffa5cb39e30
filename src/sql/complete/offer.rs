//! From a place to the items that fit it, ranked.

use super::{
    Item, ItemKind, MOST,
    fit::fit,
    place::{Clause, Place, place},
    query::{Cte, Query, Source},
    tokens::{Kind, Spot},
    utility::{NOISE, Takes},
    words,
};
use crate::{
    data::catalog::{Catalog, RelKind, Relation, is_system},
    sql::quote::ident,
    text::units,
};
use std::collections::{HashMap, HashSet};

/// Relations whose columns are looked through before a FROM says which count.
const MANY: usize = 2_000;

/// An item with what it is found by and how well it fits the place (less is better).
pub(super) struct Offer {
    pub(super) item: Item,
    key: String,
    weight: u32,
}

/// All that is known while offering.
pub(super) struct Offers<'a> {
    pub(super) spot: &'a Spot,
    pub(super) catalog: &'a Catalog,
    pub(super) sources: Vec<Source>,
    ctes: Vec<Cte>,
    pub(super) out: Vec<Offer>,
}

/// What fits at this spot, best first.
pub(super) fn offers(spot: &Spot, catalog: &Catalog) -> Vec<Item> {
    let query = Query::new(&spot.toks, spot.before, catalog);
    let (sources, ctes) = query.visible();
    let mut o = Offers { spot, catalog, sources, ctes, out: vec![] };
    let meta = spot.toks.first().is_some_and(|t| t.kind == Kind::Op && t.text == "\\");
    let place = match place(&spot.toks[..spot.before]) {
        _ if meta => Place::Target,
        p => p,
    };
    if spot.qualifiers.is_empty() {
        o.at(place, &query);
    } else {
        o.qualified(place, &query);
    }
    o.ranked()
}

impl Offers<'_> {
    fn at(&mut self, place: Place, query: &Query<'_>) {
        match place {
            Place::Nothing => {}
            Place::Statement => self.keywords(words::STATEMENTS, 10),
            Place::From(joined) => {
                if joined {
                    self.joins();
                }
                self.relations(20, false);
                self.functions(200, true);
                self.keywords(&["SELECT", "LATERAL", "ONLY", "VALUES"], 150);
            }
            Place::Target => self.relations(20, true),
            Place::AfterFrom(open) => {
                if open {
                    self.keywords(&["ON", "USING"], 5);
                }
                self.keywords(words::AFTER_FROM, 20);
                self.keywords(words::CLAUSES, 60);
                self.keywords(&["ON", "USING", "SET", "RETURNING"], 150);
            }
            Place::On => {
                self.conditions();
                self.aliases(60);
                self.columns(100);
                self.functions(300, false);
                self.keywords(words::OPERANDS, 250);
            }
            Place::Operand(clause) => self.operand(clause),
            Place::AfterOperand(clause) => self.after_operand(clause),
            Place::TargetColumns => {
                let target = self.named_before(query).or_else(|| self.sources.first().cloned());
                self.own_columns(target.as_ref(), 10);
            }
            Place::UsingColumns => self.common_columns(),
            Place::Type => self.types(),
            Place::Words(w) => self.keywords(w, 10),
            Place::Utility(row) => self.utility(row.1, row.2, query),
            Place::AfterUtility(row) => self.keywords(row.2, 10),
        }
    }

    fn operand(&mut self, clause: Clause) {
        match clause {
            Clause::Over => self.keywords(&["PARTITION BY", "ORDER BY", "ROWS BETWEEN", "RANGE BETWEEN"], 5),
            Clause::Select => self.keywords(words::BEGIN_SELECT, 260),
            Clause::Values => self.keywords(&["DEFAULT"], 5),
            Clause::Set => self.keywords(&["DEFAULT"], 150),
            Clause::Group => self.keywords(&["ROLLUP", "CUBE", "GROUPING SETS"], 240),
            Clause::Limit => return self.keywords(&["ALL"], 10),
            _ => {}
        }
        if clause == Clause::Order || clause == Clause::Group {
            self.select_names(15);
        }
        self.columns(20);
        self.aliases(120);
        self.functions(200, false);
        self.keywords(words::OPERANDS, 250);
        if clause == Clause::Select {
            self.keywords(words::AFTER_SELECT, 255);
        }
        if self.spot.toks.last().is_some_and(|t| t.kind == Kind::Open) {
            self.keywords(&["SELECT", "WITH"], 180);
        }
    }

    fn after_operand(&mut self, clause: Clause) {
        let next: &[&str] = match clause {
            Clause::Select | Clause::Returning => words::AFTER_SELECT,
            Clause::Order => words::AFTER_ORDER,
            Clause::On => words::AFTER_FROM,
            Clause::Values => &["ON CONFLICT", "RETURNING"],
            Clause::Set => &["WHERE", "FROM", "RETURNING"],
            Clause::Over => &["ORDER BY", "PARTITION BY", "ASC", "DESC", "ROWS BETWEEN"],
            Clause::Limit => &["OFFSET", "ROWS", "FOR UPDATE"],
            _ => &[],
        };
        self.keywords(next, 10);
        if !matches!(clause, Clause::Limit | Clause::Values) {
            self.keywords(words::OPERATORS, 30);
        }
        if !matches!(clause, Clause::Order | Clause::Limit | Clause::Values | Clause::Set | Clause::Over) {
            self.keywords(words::CLAUSES, 40);
        }
    }

    fn utility(&mut self, takes: Takes, then: &'static [&'static str], query: &Query<'_>) {
        match takes {
            Takes::Relations => self.relations(20, true),
            Takes::Schemas => self.schemas(20),
            Takes::Functions => self.functions(20, false),
            Takes::Types => self.types(),
            Takes::Settings => {
                for name in words::SETTINGS {
                    self.push(name, ItemKind::Setting, "", 20);
                }
            }
            Takes::Columns => {
                let names: Vec<_> = self.spot.toks.iter().filter(|t| t.is_name()).collect();
                let at = names.iter().position(|t| t.text == "table").map_or(0, |n| n + 1);
                let name = names[at..]
                    .iter()
                    .find(|t| !NOISE.contains(&t.text.as_str()))
                    .map_or("", |t| t.text.as_str());
                for (name, kind) in query.relation(None, name, &[]).1 {
                    self.push(&ident(&name), ItemKind::Column, &kind, 20);
                }
            }
            Takes::Statement => {
                self.keywords(then, 10);
                self.keywords(
                    &["SELECT", "INSERT INTO", "UPDATE", "DELETE FROM", "WITH", "VALUES", "EXECUTE"],
                    20,
                );
                return;
            }
            Takes::Name => return,
            Takes::Words => {}
        }
        self.keywords(then, 100);
    }

    /// After `a.`: what belongs to it.
    fn qualified(&mut self, place: Place, query: &Query<'_>) {
        let q = self.spot.qualifiers.clone();
        let relations = matches!(
            place,
            Place::From(_)
                | Place::Target
                | Place::Utility(&(_, Takes::Relations, _))
                | Place::AfterUtility(_)
        );
        if let [.., schema, table] = q.as_slice() {
            let columns = query.relation(Some(schema), table, &[]).1;
            return self.own_columns(Some(&Source { columns, ..Source::default() }), 10);
        }
        let Some(name) = q.first() else { return };
        if !relations {
            let found = self.sources.iter().find(|s| s.alias == *name).cloned();
            let columns = match &found {
                Some(s) => s.columns.clone(),
                None => query.relation(None, name, &self.ctes).1,
            };
            for (n, (name, kind)) in columns.iter().enumerate() {
                self.push(&ident(name), ItemKind::Column, kind, 10 + n.min(50) as u32);
            }
            if !columns.is_empty() {
                return;
            }
            let functions: Vec<_> = self.catalog.functions.iter().filter(|f| *f.schema == **name).collect();
            for f in functions {
                self.push_function(&f.name, &f.arguments, &f.result, 100);
            }
        }
        for r in self.catalog.relations.iter().filter(|r| *r.schema == **name) {
            if self.fits(&r.name) {
                self.push_relation(r, false, 20);
            }
        }
        if let Place::Type = place {
            for t in self.catalog.types.iter().filter(|t| *t.schema == **name) {
                self.push(&ident(&t.name), ItemKind::Type, "", 20);
            }
        }
    }

    fn relations(&mut self, weight: u32, writable: bool) {
        for c in self.ctes.clone() {
            if !writable {
                self.push(&ident(&c.name), ItemKind::Cte, "with query", weight);
            }
        }
        let path: HashMap<&str, usize> =
            self.catalog.search_path.iter().enumerate().map(|(n, s)| (s.as_str(), n)).collect();
        // A name counts once: the first schema of the path that has it hides the others.
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for r in &self.catalog.relations {
            if let Some(n) = path.get(&*r.schema) {
                let first = seen.entry(&r.name).or_insert(*n);
                *first = (*first).min(*n);
            }
        }
        let mut found: Vec<(u8, u32, usize)> = vec![];
        for (n, r) in self.catalog.relations.iter().enumerate() {
            let Some(class) = fit(&r.name, &self.spot.prefix) else { continue };
            let place = path.get(&*r.schema).filter(|n| seen.get(&*r.name) == Some(*n));
            let at = match (place, r.partition_of, is_system(&r.schema)) {
                (Some(_), 0, false) => 1,
                (Some(_), _, false) => 20,
                (None, _, false) => 40,
                (_, _, true) => 200,
            };
            found.push((class, weight + at, n));
        }
        // Of tens of thousands only the best are made into items.
        if found.len() > MOST {
            found.select_nth_unstable(MOST);
            found.truncate(MOST);
        }
        for (_, at, n) in found {
            let r = &self.catalog.relations[n];
            let visible = path.get(&*r.schema).is_some_and(|p| seen.get(&*r.name) == Some(p));
            self.push_relation(r, !visible, at);
        }
        self.schemas(weight + 60);
    }

    fn schemas(&mut self, weight: u32) {
        for s in &self.catalog.schemas {
            self.push(&ident(s), ItemKind::Schema, "", weight + if is_system(s) { 150 } else { 0 });
        }
    }

    fn types(&mut self) {
        for (n, t) in words::TYPES.iter().enumerate() {
            self.push(t, ItemKind::Type, "", 30 + n as u32);
        }
        for t in &self.catalog.types {
            if !is_system(&t.schema) {
                let name = if self.catalog.search_path.iter().any(|s| **s == *t.schema) {
                    ident(&t.name)
                } else {
                    format!("{}.{}", ident(&t.schema), ident(&t.name))
                };
                self.push_keyed(&name, &t.name, ItemKind::Type, &t.schema, 20);
            }
        }
    }

    fn functions(&mut self, weight: u32, sets_only: bool) {
        let mut seen = HashSet::new();
        for f in &self.catalog.functions {
            if sets_only && !(f.result.starts_with("SETOF") || f.result.starts_with("TABLE")) {
                continue;
            }
            // The operators' own functions and the like are no help without a letter typed.
            if (is_system(&f.schema) && self.spot.prefix.is_empty()) || !self.fits(&f.name) {
                continue;
            }
            if seen.insert((&f.schema, &f.name)) {
                let common = words_common(&f.name);
                let far = if is_system(&f.schema) && !common { 30 } else { 0 };
                self.push_function(&f.name, &f.arguments, &f.result, weight + far);
            }
        }
    }

    /// Columns of all that is read here; qualified when the name alone would not do.
    fn columns(&mut self, weight: u32) {
        let mut count: HashMap<String, u32> = HashMap::new();
        for s in self.sources.iter().filter(|s| !s.outer) {
            for (name, _) in &s.columns {
                *count.entry(name.clone()).or_default() += 1;
            }
        }
        for s in self.sources.clone() {
            let far = if s.outer { 80 } else { 0 };
            for (n, (name, kind)) in s.columns.iter().enumerate() {
                let alone = !s.outer && count.get(name) == Some(&1);
                let full = format!("{}.{}", ident(&s.alias), ident(name));
                let insert = if alone { ident(name) } else { full };
                let remark = if self.sources.len() > 1 && alone {
                    format!("{kind}  {}", s.alias)
                } else {
                    kind.clone()
                };
                self.push_keyed(&insert, name, ItemKind::Column, &remark, weight + far + n.min(40) as u32);
            }
        }
        if self.sources.is_empty() && !self.spot.prefix.is_empty() {
            self.columns_of_all(weight + 60);
        }
    }

    /// Before a FROM was written: columns of any table in the search path that begin so.
    fn columns_of_all(&mut self, weight: u32) {
        let mut seen = HashSet::new();
        let own = self.catalog.relations.iter().filter(|r| !is_system(&r.schema) && r.partition_of == 0);
        for r in own.take(MANY) {
            let columns = self.catalog.columns.get(&r.oid).into_iter().flat_map(|c| c.iter());
            for c in columns.filter(|c| fit(&c.name, &self.spot.prefix).is_some_and(|c| c < 2)) {
                if seen.insert(c.name.as_str()) {
                    let remark = format!("{}  {}", c.type_name, r.name);
                    self.out.push(Offer {
                        item: Item { insert: ident(&c.name), kind: ItemKind::Column, remark },
                        key: c.name.clone(),
                        weight,
                    });
                }
            }
            if seen.len() >= MOST {
                break;
            }
        }
    }

    fn aliases(&mut self, weight: u32) {
        for s in self.sources.clone() {
            let far = if s.outer { 60 } else { 0 };
            self.push(&ident(&s.alias), ItemKind::Alias, "", weight + far);
        }
    }

    fn own_columns(&mut self, source: Option<&Source>, weight: u32) {
        let Some(s) = source else { return };
        for (n, (name, kind)) in s.columns.iter().enumerate() {
            self.push(&ident(name), ItemKind::Column, kind, weight + n.min(200) as u32);
        }
    }

    /// The relation named right before the parenthesis in which the cursor stands.
    fn named_before(&self, query: &Query<'_>) -> Option<Source> {
        let toks = &self.spot.toks[..self.spot.before];
        let mut depth = 0;
        let open = toks.iter().rposition(|t| {
            depth += match t.kind {
                Kind::Close => 1,
                Kind::Open => -1,
                _ => 0,
            };
            depth < 0
        })?;
        let name = toks[..open].last().filter(|t| t.is_name())?;
        let schema = match &toks[..open - 1] {
            [.., s, d] if d.kind == Kind::Dot => Some(s.text.as_str()),
            _ => None,
        };
        let (oid, columns) = query.relation(schema, &name.text, &[]);
        oid.map(|_| Source { oid, columns, ..Source::default() })
    }

    fn common_columns(&mut self) {
        let near: Vec<_> =
            self.sources.iter().filter(|s| !s.outer && s.at < self.spot.before).cloned().collect();
        let Some((new, old)) = near.split_last() else { return };
        let mut common = new.clone();
        common.columns.retain(|c| old.iter().any(|s| s.columns.iter().any(|o| o.0 == c.0)));
        self.own_columns(Some(&common), 10);
    }

    /// Names the select list gives, for ORDER BY and GROUP BY.
    fn select_names(&mut self, weight: u32) {
        let toks = &self.spot.toks[..self.spot.before];
        let mut names = vec![];
        for (i, t) in toks.iter().enumerate().skip(1) {
            let ends = toks.get(i + 1).is_none_or(|n| n.kind == Kind::Comma || n.is("from"));
            if t.is_name() && toks[i - 1].is("as") && ends {
                names.push(t.text.clone());
            }
        }
        for n in names {
            self.push(&ident(&n), ItemKind::Alias, "select list", weight);
        }
    }

    fn keywords(&mut self, words: &[&str], weight: u32) {
        for (n, w) in words.iter().enumerate() {
            let w = self.case(w);
            self.push(&w, ItemKind::Keyword, "", weight + (n as u32).min(9));
        }
    }

    /// A key word in the user's letters: those of the word being typed, else of the last key word.
    pub(super) fn case(&self, word: &str) -> String {
        let typed = self.spot.prefix.chars().find(|c| c.is_alphabetic()).map(char::is_uppercase);
        if typed.or(self.spot.capitals).unwrap_or(false) { word.into() } else { word.to_lowercase() }
    }

    pub(super) fn relation_name(&self, r: &Relation) -> String {
        let found = self.catalog.search_path.iter().any(|s| **s == *r.schema);
        if found { ident(&r.name) } else { format!("{}.{}", ident(&r.schema), ident(&r.name)) }
    }

    fn push_relation(&mut self, r: &Relation, qualify: bool, weight: u32) {
        let kind = match r.kind {
            RelKind::View | RelKind::MaterializedView => ItemKind::View,
            _ => ItemKind::Table,
        };
        let name = if qualify { format!("{}.{}", ident(&r.schema), ident(&r.name)) } else { ident(&r.name) };
        let far = if r.kind == RelKind::Sequence { 30 } else { 0 };
        let remark = match r.kind {
            RelKind::Table if r.rows >= 0.0 => format!("{} rows", units::about(r.rows as u64)),
            RelKind::Table | RelKind::View => String::new(),
            other => other.noun().to_owned(),
        };
        self.push_keyed(&name, &r.name, kind, &remark, weight + far);
    }

    fn push_function(&mut self, name: &str, arguments: &str, result: &str, weight: u32) {
        let open = match (self.spot.next, arguments.is_empty()) {
            (Some('('), _) => "",
            (_, true) => "()",
            _ => "(",
        };
        let remark = format!("({arguments}) {result}");
        // A function may have a name that no column may: `left`, `coalesce`.
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let written = if plain { name.to_owned() } else { ident(name) };
        self.push_keyed(&format!("{written}{open}"), name, ItemKind::Function, &remark, weight);
    }

    pub(super) fn push(&mut self, insert: &str, kind: ItemKind, remark: &str, weight: u32) {
        let key = insert.trim_matches('"').to_owned();
        self.push_keyed(insert, &key, kind, remark, weight);
    }

    pub(super) fn push_keyed(&mut self, insert: &str, key: &str, kind: ItemKind, remark: &str, weight: u32) {
        if self.spot.quoted && !key_may_be_quoted(kind) {
            return;
        }
        if !self.fits(key) {
            return;
        }
        let insert = if self.spot.quoted && !insert.starts_with('"') && kind != ItemKind::Join {
            format!("\"{}\"", key.replace('"', "\"\""))
        } else {
            insert.into()
        };
        let item = Item { insert, kind, remark: remark.trim().into() };
        self.out.push(Offer { item, key: key.into(), weight });
    }

    fn fits(&self, name: &str) -> bool {
        fit(name, &self.spot.prefix).is_some()
    }

    fn ranked(mut self) -> Vec<Item> {
        let prefix = self.spot.prefix.as_str();
        self.out.sort_by_cached_key(|o| {
            let class = fit(&o.key, prefix).unwrap_or(u8::MAX);
            let whole = o.key.len() != prefix.len();
            // What is already there is no completion: it goes last among its equals.
            let length = if prefix.is_empty() { 0 } else { o.key.len().min(64) };
            (class, o.weight, whole, length, o.key.to_lowercase())
        });
        let mut seen = HashSet::new();
        self.out.into_iter().map(|o| o.item).filter(|i| seen.insert(i.insert.clone())).collect()
    }
}

fn key_may_be_quoted(kind: ItemKind) -> bool {
    !matches!(kind, ItemKind::Keyword | ItemKind::Setting | ItemKind::Join)
}

/// Functions people call often come before the thousands that only the server calls.
fn words_common(name: &str) -> bool {
    words::COMMON_FUNCTIONS.contains(&name)
}
