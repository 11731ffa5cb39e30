//! Changes inside a JSON document: the smallest that turn one document into another.
//!
//! All paths are in the coordinates of the document that was seen. The operations stand in reverse document order:
//! done one after the other, none moves what a later one means, because only what stands behind it has changed yet.

use super::common::{Common, Pair, alike};
use crate::data::json::{Json, JsonKind, Step};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// Cells of the table that finds which elements two arrays share; beyond it elements are compared pair by pair.
const MOST_PAIRS: usize = 250_000;
/// Arrays are kept to be compared whole up to this size; of longer ones the length and the element are.
const ARRAY: usize = 64 << 10;
/// Characters kept of the new document, for the grid.
const SHOWN: usize = 400;

/// One change at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonOp {
    /// Where.
    pub path: Vec<Step>,
    /// What.
    pub act: JsonAct,
}

/// See `JsonOp`. Texts are JSON as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JsonAct {
    /// The value there becomes another.
    Set {
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// The last step is a key that is not there yet.
    Add {
        /// Its value.
        new: String,
    },
    /// The value goes, and its key or place with it.
    Remove {
        /// Before.
        old: String,
    },
    /// A value is put before the element of the last step's number; the number may be that of elements.
    Insert {
        /// The value.
        new: String,
    },
    /// The last step is a key that gets another name.
    Rename {
        /// The name.
        to: String,
        /// Its value.
        old: String,
    },
}

/// An array that a changed path leads through: positions in it are only right while it is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArraySeen {
    /// Where it stands.
    pub path: Vec<Step>,
    /// Its text as seen; `None` when it is too long to send.
    pub text: Option<String>,
    /// Number of its elements.
    pub count: usize,
    /// Of a long array: the elements that changes lead through or take out, with their texts.
    pub elements: Vec<(usize, String)>,
}

/// All changes of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonEdit {
    /// In the order to be done.
    pub ops: Vec<JsonOp>,
    /// Arrays that must be unchanged.
    pub arrays: Vec<ArraySeen>,
    /// What takes them back, in the coordinates of the changed document.
    pub inverse: Vec<JsonOp>,
    /// See `arrays`, for the inverse.
    pub inverse_arrays: Vec<ArraySeen>,
    /// The beginning of the changed document, to be shown in its cell.
    pub shown: String,
}

impl JsonEdit {
    /// What turns one document into the other, and back.
    #[must_use]
    pub fn between(seen: &Json, new: &Json) -> Self {
        let mut common = Common::of(seen, new);
        let ops = found(seen, new, &mut common);
        common.flipped = true;
        let inverse = found(new, seen, &mut common);
        let plain = |found: Vec<Found>| found.into_iter().map(|f| f.op).collect();
        Self {
            arrays: arrays(seen, &ops),
            inverse_arrays: arrays(new, &inverse),
            shown: new.text().chars().take(SHOWN).collect(),
            ops: plain(ops),
            inverse: plain(inverse),
        }
    }

    /// Nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// The smallest changes that turn `base` into `new`, in the order to be done.
#[must_use]
pub fn diff(base: &Json, new: &Json) -> Vec<JsonOp> {
    found(base, new, &mut Common::of(base, new)).into_iter().map(|f| f.op).collect()
}

/// As `diff`, each with the node of `base` that it is about: what changes or goes, or what something is added to.
#[must_use]
pub fn diff_at(base: &Json, new: &Json) -> Vec<(JsonOp, usize)> {
    let found = found(base, new, &mut Common::of(base, new));
    found.into_iter().map(|f| (f.op, f.nodes.last().copied().unwrap_or(0))).collect()
}

fn found(base: &Json, new: &Json, common: &mut Common) -> Vec<Found> {
    let mut diff = Diff { base, new, common, path: vec![], nodes: vec![], ops: vec![] };
    diff.node(0, 0);
    diff.ops.reverse();
    diff.ops
}

/// An operation, and the nodes of the first document on its path as far as they are there.
struct Found {
    op: JsonOp,
    nodes: Vec<usize>,
}

struct Diff<'a> {
    base: &'a Json,
    new: &'a Json,
    common: &'a mut Common,
    path: Vec<Step>,
    /// The nodes of `base` along the path.
    nodes: Vec<usize>,
    ops: Vec<Found>,
}

impl Diff<'_> {
    fn push(&mut self, step: Option<(Step, Option<usize>)>, act: JsonAct) {
        let (mut path, mut nodes) = (self.path.clone(), self.nodes.clone());
        if let Some((step, node)) = step {
            path.push(step);
            nodes.extend(node);
        }
        self.ops.push(Found { op: JsonOp { path, act }, nodes });
    }

    fn within(&mut self, step: Step, b: usize, n: usize) {
        self.path.push(step);
        self.nodes.push(b);
        self.node(b, n);
        self.nodes.pop();
        self.path.pop();
    }

    /// The pairs of children that differ, of containers with as many. Where the texts are alike over many children,
    /// only their ends are looked at.
    fn pairs(&mut self, b: usize, n: usize) -> Arc<Vec<Pair>> {
        let sides = if self.common.flipped { (n, b) } else { (b, n) };
        let turned = |(i, x, y): &Pair| (*i, *y, *x);
        if let Some(there) = self.common.pairs.get(&sides) {
            return if self.common.flipped {
                Arc::new(there.iter().map(turned).collect())
            } else {
                Arc::clone(there)
            };
        }
        let (base, new) = (self.base, self.new);
        let begin = |json: &Json, node: usize| json.key_place(node).unwrap_or(json.place(node).0);
        let (mut out, mut i, mut x, mut y) = (vec![], 0, b + 1, n + 1);
        let (end, other) = (base.next(b), new.next(n));
        while x < end && y < other {
            let (from, to) = (begin(base, x), begin(new, y));
            let limit = from + alike(&base.text().as_bytes()[from..], &new.text().as_bytes()[to..]);
            let by = y.wrapping_sub(x);
            // What ends just where the texts part may go on there: `1` and `12`.
            while x < end && base.place(x).1 < limit {
                (x, i) = (base.next(x), i + 1);
            }
            y = x.wrapping_add(by);
            if x < end && y < other {
                if base.raw_key(x) != new.raw_key(y) || base.raw(x) != new.raw(y) {
                    out.push((i, x, y));
                }
                (x, y, i) = (base.next(x), new.next(y), i + 1);
            }
        }
        let out = Arc::new(out);
        let kept =
            if self.common.flipped { Arc::new(out.iter().map(turned).collect()) } else { Arc::clone(&out) };
        self.common.pairs.insert(sides, kept);
        out
    }

    /// The children of two containers without those that are alike in both because the texts are, and how many of
    /// those stand before them.
    fn children(&mut self, b: usize, n: usize) -> (usize, Vec<usize>, Vec<usize>) {
        let (base, new) = (self.base, self.new);
        let (Common { front, back, .. }, (b_start, b_end), (n_start, n_end)) =
            (&*self.common, base.place(b), new.place(n));
        let after = base.text().len() - b_end;
        // Only containers that begin and end alike correspond to each other child by child.
        let aligned = b == n && b_start == n_start && b_start < *front;
        if !aligned || after != new.text().len() - n_end || after >= *back {
            return (0, base.children(b).collect(), new.children(n).collect());
        }
        // What ends just where the texts part may go on there: `1` and `12`.
        let (front, back) = (*front, *back);
        let (count, from) = *self.common.walked.entry(b).or_insert_with(|| {
            let (mut count, mut at, end) = (0, b + 1, base.next(b));
            while at < end && base.place(at).1 < front {
                (count, at) = (count + 1, base.next(at));
            }
            (count, at)
        });
        let middle = |json: &Json, end: usize| {
            let limit = json.text().len() - back;
            let mut out = vec![];
            let mut at = from;
            while at < end && json.key_place(at).unwrap_or(json.place(at).0) <= limit {
                out.push(at);
                at = json.next(at);
            }
            out
        };
        (count, middle(base, base.next(b)), middle(new, new.next(n)))
    }

    fn node(&mut self, b: usize, n: usize) {
        if self.base.raw(b) == self.new.raw(n) {
            return;
        }
        match (self.base.kind(b), self.new.kind(n)) {
            (JsonKind::Object, JsonKind::Object) => self.object(b, n),
            (JsonKind::Array, JsonKind::Array) => self.array(b, n),
            _ if same(self.base, b, self.new, n) => {}
            _ => {
                let act = JsonAct::Set { old: self.base.raw(b).into(), new: self.new.raw(n).into() };
                self.push(None, act);
            }
        }
    }

    fn object(&mut self, b: usize, n: usize) {
        let (base, new) = (self.base, self.new);
        if base.count(b) == new.count(n) {
            let pairs = self.pairs(b, n);
            if pairs.iter().all(|(_, x, y)| base.raw_key(*x) == new.raw_key(*y)) {
                for (_, x, y) in pairs.iter() {
                    self.within(key(base, *x), *x, *y);
                }
                return;
            }
        }
        // Of a key written twice the last counts, as for the server.
        let there: HashMap<_, usize> = new.children(n).filter_map(|y| Some((new.key(y)?, y))).collect();
        let here: HashMap<_, usize> = base.children(b).filter_map(|x| Some((base.key(x)?, x))).collect();
        let mut added: Vec<usize> = new.children(n).filter(|y| last(&there, new, *y)).collect();
        added.retain(|y| new.key(*y).is_some_and(|k| !here.contains_key(&k)));
        for x in base.children(b).filter(|x| last(&here, base, *x)) {
            let Some(name) = base.key(x) else { continue };
            let step = Step::Key(name.clone().into_owned());
            if let Some(y) = there.get(&name) {
                self.within(step, x, *y);
                continue;
            }
            let old = base.raw(x).to_owned();
            let renamed = added.iter().position(|y| base.raw(x) == new.raw(*y));
            match renamed.map(|at| added.remove(at)).and_then(|y| new.key(y)) {
                Some(to) => self.push(Some((step, Some(x))), JsonAct::Rename { to: to.into_owned(), old }),
                None => self.push(Some((step, Some(x))), JsonAct::Remove { old }),
            }
        }
        for y in added {
            self.push(Some((key(new, y), None)), JsonAct::Add { new: new.raw(y).into() });
        }
    }

    fn array(&mut self, b: usize, n: usize) {
        let (base, new) = (self.base, self.new);
        if base.count(b) == new.count(n) {
            for (i, x, y) in self.pairs(b, n).iter() {
                self.within(Step::Index(*i), *x, *y);
            }
            return;
        }
        let (mut front, xs, ys) = self.children(b, n);
        let (mut xs, mut ys) = (&xs[..], &ys[..]);
        let alike = |x: &usize, y: &usize| same(base, *x, new, *y);
        let first = xs.iter().zip(ys).take_while(|(x, y)| alike(x, y)).count();
        (front, xs, ys) = (front + first, &xs[first..], &ys[first..]);
        let last = xs.iter().rev().zip(ys.iter().rev()).take_while(|(x, y)| alike(x, y)).count();
        (xs, ys) = (&xs[..xs.len() - last], &ys[..ys.len() - last]);
        let kept =
            if xs.len() == ys.len() || xs.is_empty() || ys.is_empty() { vec![] } else { self.common(xs, ys) };
        let (mut i, mut j) = (0, 0);
        for (ci, cj) in kept.into_iter().chain([(xs.len(), ys.len())]) {
            // Between two shared elements: as many changed as there are pairs, the rest goes or comes.
            while i < ci && j < cj {
                self.within(Step::Index(front + i), xs[i], ys[j]);
                (i, j) = (i + 1, j + 1);
            }
            for (i, x) in (i..ci).zip(&xs[i..ci]) {
                self.push(
                    Some((Step::Index(front + i), Some(*x))),
                    JsonAct::Remove { old: base.raw(*x).into() },
                );
            }
            for y in &ys[j..cj] {
                self.push(Some((Step::Index(front + ci), None)), JsonAct::Insert { new: new.raw(*y).into() });
            }
            (i, j) = (ci + 1, cj + 1);
        }
    }

    /// The longest sequence of elements that both share, as pairs of places.
    fn common(&self, xs: &[usize], ys: &[usize]) -> Vec<(usize, usize)> {
        if xs.len().saturating_mul(ys.len()) > MOST_PAIRS {
            return vec![];
        }
        let width = ys.len() + 1;
        let mut length = vec![0u32; (xs.len() + 1) * width];
        let alike = |i: usize, j: usize| self.base.raw(xs[i]) == self.new.raw(ys[j]);
        for i in (0..xs.len()).rev() {
            for j in (0..ys.len()).rev() {
                length[i * width + j] = if alike(i, j) {
                    length[(i + 1) * width + j + 1] + 1
                } else {
                    length[(i + 1) * width + j].max(length[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j, mut out) = (0, 0, vec![]);
        while i < xs.len() && j < ys.len() {
            if alike(i, j) {
                out.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if length[(i + 1) * width + j] >= length[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        out
    }
}

fn key(json: &Json, node: usize) -> Step {
    Step::Key(json.key(node).unwrap_or_default().into_owned())
}

/// Is the node the last one of its object with its key?
fn last(by_key: &HashMap<Cow<'_, str>, usize>, json: &Json, node: usize) -> bool {
    json.key(node).is_some_and(|k| by_key.get(&k) == Some(&node))
}

/// Do two nodes mean the same, however they are spaced and their keys are ordered? Numbers only when written alike.
fn same(a: &Json, x: usize, b: &Json, y: usize) -> bool {
    if a.raw(x) == b.raw(y) {
        return true;
    }
    match (a.kind(x), b.kind(y)) {
        (JsonKind::String, JsonKind::String) => a.value(x) == b.value(y),
        (JsonKind::Array, JsonKind::Array) => {
            a.count(x) == b.count(y) && a.children(x).zip(b.children(y)).all(|(x, y)| same(a, x, b, y))
        }
        (JsonKind::Object, JsonKind::Object) => {
            if a.count(x) != b.count(y) {
                return false;
            }
            let there: HashMap<_, usize> = b.children(y).filter_map(|y| Some((b.key(y)?, y))).collect();
            there.len() == b.count(y)
                && a.children(x).all(|x| {
                    let other = a.key(x).and_then(|k| there.get(&k).copied());
                    other.is_some_and(|y| same(a, x, b, y))
                })
        }
        _ => false,
    }
}

/// The arrays that must be as they were for the paths of these changes to mean what they meant.
fn arrays(seen: &Json, ops: &[Found]) -> Vec<ArraySeen> {
    let mut out: Vec<ArraySeen> = vec![];
    for Found { op, nodes } in ops {
        for (depth, step) in op.path.iter().enumerate() {
            let Step::Index(index) = step else { continue };
            let path = &op.path[..depth];
            let above = if depth == 0 { Some(0) } else { nodes.get(depth - 1).copied() };
            let Some(node) = above.or_else(|| seen.at(path)) else { break };
            let at = out.iter().position(|a| a.path == path).unwrap_or_else(|| {
                let text = Some(seen.raw(node)).filter(|t| t.len() <= ARRAY).map(str::to_owned);
                let (path, count) = (path.to_vec(), seen.count(node));
                out.push(ArraySeen { path, text, count, elements: vec![] });
                out.len() - 1
            });
            if out[at].text.is_some() {
                break;
            }
            let element =
                nodes.get(depth).copied().or_else(|| seen.at(&op.path[..=depth])).map(|n| seen.raw(n));
            // A longer element is guarded by the arrays and old values inside of it.
            if let Some(text) = element.filter(|t| t.len() <= ARRAY) {
                if !out[at].elements.iter().any(|(i, _)| i == index) {
                    out[at].elements.push((*index, text.to_owned()));
                }
                break;
            }
        }
    }
    out
}

/// A path for people: `tags[0].name`; the whole document is `$`.
#[must_use]
pub fn path_text(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Index(i) => out.push_str(&format!("[{i}]")),
            Step::Key(k) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(k);
            }
        }
    }
    if out.is_empty() { "$".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::{super::apply, *};
    use proptest::prelude::*;

    fn json(text: &str) -> Json {
        Json::parse(text.into()).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn check(base: &str, new: &str, want: &[&str]) {
        let (base, new) = (json(base), json(new));
        let ops = diff(&base, &new);
        let told: Vec<String> = ops
            .iter()
            .map(|o| {
                let path = path_text(&o.path);
                match &o.act {
                    JsonAct::Set { new, .. } => format!("{path} = {new}"),
                    JsonAct::Add { new } => format!("{path} + {new}"),
                    JsonAct::Remove { .. } => format!("{path} -"),
                    JsonAct::Insert { new } => format!("{path} < {new}"),
                    JsonAct::Rename { to, .. } => format!("{path} -> {to}"),
                }
            })
            .collect();
        assert_eq!(told, want, "{} -> {}", base.text(), new.text());
        let got = json(&apply(base.text(), &ops).unwrap());
        assert!(same(&got, 0, &new, 0), "{} is not {}", got.text(), new.text());
    }

    #[test]
    fn the_smallest_change_is_found() {
        check(r#"{"a": 1}"#, r#"{"a": 1}"#, &[]);
        check(r#"{"a": 1, "b": 2}"#, "{\"b\":2,\n \"a\":1}", &[]);
        check(r#"{"a": 1.0}"#, r#"{"a": 1.00}"#, &["a = 1.00"]);
        check(r#"{"a": {"b": [1, 2, 3]}}"#, r#"{"a": {"b": [1, 9, 3]}}"#, &["a.b[1] = 9"]);
        check(r#"{"a": 1}"#, r#"{"a": 1, "c": null}"#, &["c + null"]);
        check(r#"{"a": 1, "b": 2}"#, r#"{"b": 2}"#, &["a -"]);
        check(r#"{"a": [1], "b": 2}"#, r#"{"z": [1], "b": 2}"#, &["a -> z"]);
        check("[1, 2, 3, 4]", "[1, 3, 4]", &["[1] -"]);
        check("[1, 2, 3]", "[0, 1, 2, 3, 4]", &["[3] < 4", "[0] < 0"]);
        check("[]", "[1, 2]", &["[0] < 2", "[0] < 1"]);
        check("[1, 2, 3, 4, 5]", "[3, 4, 5, 1]", &["[5] < 1", "[1] -", "[0] -"]);
        check(r#"[{"a": 1}, 2]"#, r#"[{"a": 5}, 2, 3]"#, &["[2] < 3", "[0].a = 5"]);
        check("1", r#"{"a": 1}"#, &[r#"$ = {"a": 1}"#]);
        check("{}", "[]", &["$ = []"]);
        check(r#"{"a,b": 1, "": 2, "NULL": 3}"#, r#"{"a,b": 2, "": 2, "NULL": 3}"#, &["a,b = 2"]);
    }

    #[test]
    fn arrays_on_the_way_are_guarded() {
        let (a, b) = (json(r#"{"t": [1, {"x": [2]}]}"#), json(r#"{"t": [1, {"x": [3]}]}"#));
        let edit = JsonEdit::between(&a, &b);
        assert_eq!(edit.arrays.len(), 1);
        assert_eq!(edit.arrays[0].text.as_deref(), Some(r#"[1, {"x": [2]}]"#));
        let long = format!("[{}, {{\"a\": 1}}]", vec!["123456"; 20_000].join(", "));
        let changed = long.replace("{\"a\": 1}", "{\"a\": 2}");
        let edit = JsonEdit::between(&json(&long), &json(&changed));
        let seen = &edit.arrays[0];
        assert_eq!((seen.text.as_ref(), seen.count), (None, 20_001));
        assert_eq!(seen.elements, [(20_000, "{\"a\": 1}".to_owned())]);
        assert_eq!(apply(&changed, &edit.inverse).unwrap(), long);
    }

    #[test]
    fn texts_that_are_alike_at_both_ends() {
        check("[1, 12]", "[1, 2]", &["[1] = 2"]);
        check("[1, 1, 1]", "[1, 1]", &["[2] -"]);
        check("[1, 1]", "[1, 1, 1]", &["[2] < 1"]);
        check("[1]", "[12]", &["[0] = 12"]);
        check(r#"["a", "b"]"#, r#"["a\", \"b"]"#, &["[1] -", r#"[0] = "a\", \"b""#]);
        check(r#"{"a": "x\\"}"#, r#"{"a": "x\""}"#, &[r#"a = "x\"""#]);
        check(r#"{"a": {"b": 1}, "c": 1}"#, r#"{"a": {"b": 1, "c": 1}}"#, &["c -", "a.c + 1"]);
        check("[[1, 2], [3]]", "[[1, 2, 3]]", &["[1] -", "[0][2] < 3"]);
    }

    fn documents() -> impl Strategy<Value = String> {
        let leaf =
            prop::sample::select(vec!["null", "true", "1", "1.0", "-2e3", "\"\"", "\"x\"", "\"é\\n\""]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 40, 6, |inner| {
            let keys = prop::sample::select(vec!["a", "b", "c", "0", "", "a b", "a,b", "ü"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|v| format!("[{}]", v.join(", "))),
                prop::collection::btree_map(keys, inner, 0..6).prop_map(|m| {
                    let parts: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
                    format!("{{{}}}", parts.join(", "))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn changes_lead_to_the_new_document_and_back(a in documents(), b in documents()) {
            let (x, y) = (json(&a), json(&b));
            let edit = JsonEdit::between(&x, &y);
            let there = json(&apply(&a, &edit.ops).unwrap());
            prop_assert!(same(&there, 0, &y, 0), "{} is not {}", there.text(), b);
            let back = json(&apply(&b, &edit.inverse).unwrap());
            prop_assert!(same(&back, 0, &x, 0), "{} is not {}", back.text(), a);
        }

        #[test]
        fn one_changed_place_leads_there_and_back(
            a in documents(), node in any::<prop::sample::Index>(), part in documents(), what in 0..4,
        ) {
            let x = json(&a);
            let node = node.index(x.len());
            let patch = match what {
                0 => x.removing(node),
                1 => x.renaming(node, "new"),
                2 => x.moving(node, true),
                _ => x.replacing(node, &part).ok(),
            };
            let mut y = x.clone();
            if let Some(patch) = patch {
                y.apply(patch);
            }
            let edit = JsonEdit::between(&x, &y);
            let there = json(&apply(&a, &edit.ops).unwrap());
            prop_assert!(same(&there, 0, &y, 0), "{} is not {}", there.text(), y.text());
            let back = json(&apply(y.text(), &edit.inverse).unwrap());
            prop_assert!(same(&back, 0, &x, 0), "{} is not {}", back.text(), a);
            prop_assert!(what != 3 || edit.ops.len() <= diff(&json(x.raw(node)), &json(&part)).len().max(1));
        }
    }
}
