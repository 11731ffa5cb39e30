//! Changes inside a JSON document: the smallest that turn one document into another.
//!
//! All paths are in the coordinates of the document that was seen. The operations stand in reverse document order:
//! done one after the other, none moves what a later one means, because only what stands behind it has changed yet.

use crate::data::json::{Json, JsonError, JsonKind, Patch, Step};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::HashMap};

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
        let (ops, inverse) = (diff(seen, new), diff(new, seen));
        Self {
            arrays: arrays(seen, &ops),
            inverse_arrays: arrays(new, &inverse),
            shown: new.text().chars().take(SHOWN).collect(),
            ops,
            inverse,
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
    let mut diff = Diff { base, new, path: vec![], ops: vec![] };
    diff.node(0, 0);
    diff.ops.reverse();
    diff.ops
}

struct Diff<'a> {
    base: &'a Json,
    new: &'a Json,
    path: Vec<Step>,
    ops: Vec<JsonOp>,
}

impl Diff<'_> {
    fn push(&mut self, step: Option<Step>, act: JsonAct) {
        let path = self.path.iter().cloned().chain(step).collect();
        self.ops.push(JsonOp { path, act });
    }

    fn within(&mut self, step: Step, b: usize, n: usize) {
        self.path.push(step);
        self.node(b, n);
        self.path.pop();
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
        let as_before = base.count(b) == new.count(n)
            && base.children(b).zip(new.children(n)).all(|(x, y)| base.raw_key(x) == new.raw_key(y));
        if as_before {
            for (x, y) in base.children(b).zip(new.children(n)) {
                if base.raw(x) != new.raw(y) {
                    self.within(key(base, x), x, y);
                }
            }
            return;
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
                Some(to) => self.push(Some(step), JsonAct::Rename { to: to.into_owned(), old }),
                None => self.push(Some(step), JsonAct::Remove { old }),
            }
        }
        for y in added {
            self.push(Some(key(new, y)), JsonAct::Add { new: new.raw(y).into() });
        }
    }

    fn array(&mut self, b: usize, n: usize) {
        let (base, new) = (self.base, self.new);
        let xs: Vec<usize> = base.children(b).collect();
        let ys: Vec<usize> = new.children(n).collect();
        let alike = |x: &usize, y: &usize| same(base, *x, new, *y);
        let front = xs.iter().zip(&ys).take_while(|(x, y)| alike(x, y)).count();
        let (xs, ys) = (&xs[front..], &ys[front..]);
        let back = xs.iter().rev().zip(ys.iter().rev()).take_while(|(x, y)| alike(x, y)).count();
        let (xs, ys) = (&xs[..xs.len() - back], &ys[..ys.len() - back]);
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
                self.push(Some(Step::Index(front + i)), JsonAct::Remove { old: base.raw(*x).into() });
            }
            for y in &ys[j..cj] {
                self.push(Some(Step::Index(front + ci)), JsonAct::Insert { new: new.raw(*y).into() });
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
fn arrays(seen: &Json, ops: &[JsonOp]) -> Vec<ArraySeen> {
    let mut out: Vec<ArraySeen> = vec![];
    for op in ops {
        for (depth, step) in op.path.iter().enumerate() {
            let Step::Index(index) = step else { continue };
            let path = &op.path[..depth];
            let Some(node) = seen.at(path) else { break };
            let at = out.iter().position(|a| a.path == path).unwrap_or_else(|| {
                let text = Some(seen.raw(node)).filter(|t| t.len() <= ARRAY).map(str::to_owned);
                let (path, count) = (path.to_vec(), seen.count(node));
                out.push(ArraySeen { path, text, count, elements: vec![] });
                out.len() - 1
            });
            if out[at].text.is_some() {
                break;
            }
            let element = seen.at(&op.path[..=depth]).map(|n| seen.raw(n));
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

/// Does the changes one after the other on a document like the one they were made for.
///
/// # Errors
/// A path leads nowhere there, or a text is no JSON.
pub fn apply(document: &str, ops: &[JsonOp]) -> Result<String, JsonError> {
    let mut json = Json::parse(document.to_owned())?;
    apply_to(&mut json, &[], ops)?;
    Ok(json.into_text())
}

/// As `apply`, in place, on the part at the path `under`; what takes each step back is returned, the last step last.
///
/// # Errors
/// See `apply`; the steps before it are done then.
pub fn apply_to(json: &mut Json, under: &[Step], ops: &[JsonOp]) -> Result<Vec<Patch>, JsonError> {
    let mut back = vec![];
    for op in ops {
        let patch = patch(json, under, op)?;
        back.push(json.apply(patch));
    }
    Ok(back)
}

/// The change that an operation is.
///
/// # Errors
/// See `apply`.
pub fn patch(json: &Json, under: &[Step], op: &JsonOp) -> Result<Patch, JsonError> {
    let path: Vec<Step> = under.iter().chain(&op.path).cloned().collect();
    one(json, &path, &op.act).unwrap_or_else(|| {
        let message = format!("there is no place {} in this document", path_text(&path));
        Err(JsonError { offset: 0, line: 1, column: 1, message })
    })
}

fn one(json: &Json, path: &[Step], act: &JsonAct) -> Option<Result<Patch, JsonError>> {
    let within = |kind: JsonKind| {
        let above = path.split_last()?.1;
        json.at(above).filter(|n| json.kind(*n) == kind)
    };
    match (act, path.last()) {
        (JsonAct::Set { new, .. }, _) => Some(json.replacing(json.at(path)?, new)),
        (JsonAct::Remove { .. }, _) => json.removing(json.at(path)?).map(Ok),
        (JsonAct::Rename { to, .. }, _) => json.renaming(json.at(path)?, to).map(Ok),
        (JsonAct::Add { new }, Some(Step::Key(key))) => {
            Some(json.inserting(within(JsonKind::Object)?, None, Some(key), new))
        }
        (JsonAct::Insert { new }, Some(Step::Index(index))) => {
            let array = within(JsonKind::Array)?;
            let before = json.children(array).nth(*index);
            Some(json.inserting(array, before, None, new))
        }
        _ => None,
    }
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
    use super::*;
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
    }
}
