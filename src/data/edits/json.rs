//! Changes inside a JSON document: the smallest that turn one document into another.
//!
//! All paths are in the coordinates of the document that was seen. The operations stand in reverse document order:
//! done one after the other, none moves what a later one means, because only what stands behind it has changed yet.

use super::{
    common::Common,
    differ::{Found, Pace, found, now},
};
use crate::data::json::{Json, Step};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Arrays are kept to be compared whole up to this size; of longer ones the length and the element are.
const ARRAY: usize = 64 << 10;
/// More changes than this are made as one of the part that holds them all: each is a call of its own for the server.
const MOST_OPS: usize = 500;
/// And so are changes for which the server would copy more bytes: each call makes the document anew.
const MOST_COPIED: usize = 1 << 30;
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
    /// Its text as seen; `None`: its length and `elements` are compared. So it is where elements are only changed, each
    /// of which there is no other like it, and where the text is too long to send.
    pub text: Option<String>,
    /// Number of its elements.
    pub count: usize,
    /// The elements that changes lead through or take out, with their texts.
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
        Self::knowing(seen, new, now(Common::of(seen, new, &mut Pace::none())))
    }

    /// The same with what is known already of what both share.
    pub(super) fn knowing(seen: &Json, new: &Json, mut common: Common) -> Self {
        common.flipped = false;
        let ops = as_one(seen, new, now(found(seen, new, &mut common, &mut Pace::none())));
        common.flipped = true;
        let inverse = as_one(new, seen, now(found(new, seen, &mut common, &mut Pace::none())));
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
    let mut pace = Pace::none();
    let mut common = now(Common::of(base, new, &mut pace));
    now(found(base, new, &mut common, &mut pace)).into_iter().map(|f| f.op).collect()
}

/// Too many changes become one: of the innermost object's part that holds them all, or of the whole.
fn as_one(base: &Json, new: &Json, ops: Vec<Found>) -> Vec<Found> {
    if ops.len() <= MOST_OPS && ops.len().saturating_mul(base.text().len()) <= MOST_COPIED || ops.len() < 2 {
        return ops;
    }
    let above = |f: &Found| f.op.path.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default();
    let mut path = ops.first().map(above).unwrap_or_default();
    for found in &ops {
        let both = path.iter().zip(&found.op.path);
        let common = both.take_while(|(a, b)| a == b && matches!(a, Step::Key(_))).count();
        path.truncate(common.min(above(found).len()));
    }
    let (Some(b), Some(n)) = (base.at(&path), new.at(&path)) else { return ops };
    let nodes = (1..=path.len()).filter_map(|depth| base.at(&path[..depth])).collect();
    let act = JsonAct::Set { old: base.raw(b).into(), new: new.raw(n).into() };
    vec![Found { op: JsonOp { path, act }, nodes }]
}

/// What must be as it was of the arrays that the paths of these changes lead through, for the paths to mean what they
/// meant. An element that is changed is known by its place and its text, when the array has no other like it; where
/// elements come or go, or are alike, the array is to be the same as a whole.
fn arrays(seen: &Json, ops: &[Found]) -> Vec<ArraySeen> {
    let shifts = |op: &JsonOp| match (&op.act, op.path.split_last()) {
        (JsonAct::Insert { .. } | JsonAct::Remove { .. }, Some((Step::Index(_), above))) => {
            Some(above.to_vec())
        }
        _ => None,
    };
    let shifted: HashSet<Vec<Step>> = ops.iter().filter_map(|f| shifts(&f.op)).collect();
    let mut out: Vec<ArraySeen> = vec![];
    let mut places: HashMap<Vec<Step>, Place<'_>> = HashMap::new();
    for Found { op, nodes } in ops {
        for (depth, step) in op.path.iter().enumerate() {
            let Step::Index(index) = step else { continue };
            let path = &op.path[..depth];
            let above = if depth == 0 { Some(0) } else { nodes.get(depth - 1).copied() };
            let Some(node) = above.or_else(|| seen.at(path)) else { break };
            let place = places.entry(path.to_vec()).or_insert_with(|| {
                let raw = seen.raw(node);
                let short = raw.len() <= ARRAY;
                let text = (short && shifted.contains(path)).then(|| raw.to_owned());
                out.push(ArraySeen { path: path.to_vec(), text, count: seen.count(node), elements: vec![] });
                Place::new(out.len() - 1, short.then_some((seen, node)))
            });
            let array = &mut out[place.number];
            if array.text.is_some() {
                break;
            }
            let element =
                nodes.get(depth).copied().or_else(|| seen.at(&op.path[..=depth])).map(|n| seen.raw(n));
            // A longer element is guarded by the arrays and old values inside of it.
            if let Some(text) = element.filter(|t| t.len() <= ARRAY) {
                if place.alike.get(text).is_some_and(|count| *count > 1) {
                    array.text = Some(seen.raw(node).to_owned());
                    array.elements.clear();
                } else if place.known.insert(*index) {
                    array.elements.push((*index, text.to_owned()));
                }
                break;
            }
        }
    }
    out
}

/// An array on the way.
struct Place<'a> {
    /// Which of those that are guarded.
    number: usize,
    /// Of a short one: how often each element is there.
    alike: HashMap<&'a str, usize>,
    /// Elements that are guarded.
    known: HashSet<usize>,
}

impl<'a> Place<'a> {
    fn new(number: usize, short: Option<(&'a Json, usize)>) -> Self {
        let mut alike = HashMap::new();
        if let Some((json, node)) = short {
            json.children(node).for_each(|c| *alike.entry(json.raw(c)).or_insert(0) += 1);
        }
        Self { number, alike, known: HashSet::new() }
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
    use super::{
        super::{apply, differ::same},
        *,
    };
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
    fn a_comparison_pauses_and_finds_the_same() {
        use super::super::Comparing;
        use std::sync::Arc;
        let item = |n: usize| format!("{{\"id\": {n}, \"tags\": [{n}, null]}}");
        let list = |gone: usize| (0..90_000).filter(|n| *n != gone).map(item).collect::<Vec<_>>().join(", ");
        let keys =
            |from: usize| (from..40_000).map(|n| format!("\"k{n}\": {n}")).collect::<Vec<_>>().join(", ");
        let seen = format!("{{\"a\": [{}], \"b\": {{{}}}}}", list(90_000), keys(0));
        let changed = format!("{{\"a\": [{}], \"b\": {{{}, \"z\": -1}}}}", list(70_000), keys(2));
        let (seen, changed) = (Arc::new(json(&seen)), Arc::new(json(&changed)));
        let mut comparing = Comparing::new(Arc::clone(&seen), Arc::clone(&changed));
        let mut pieces = 1;
        let (ops, shared) = loop {
            if let Some(found) = comparing.step() {
                break found;
            }
            pieces += 1;
        };
        assert!(pieces > 3, "{pieces} pieces");
        let edit = JsonEdit::between(&seen, &changed);
        assert_eq!(edit.inverse, ops.into_iter().map(|(op, _)| op).collect::<Vec<_>>());
        assert_eq!(edit.ops.len(), 4);
        assert_eq!(shared.between(&seen, &changed), edit);
    }

    #[test]
    fn distant_changes_of_a_long_array_stay_apart() {
        let item = |n: usize| format!("{{\"id\": {n}, \"price\": {n}.00}}");
        let all: Vec<String> = (0..20_000).map(item).collect();
        let list = |all: &[String]| json(&format!("{{\"items\": [{}]}}", all.join(", ")));
        let told = |changed: &[String]| {
            let (a, b) = (list(&all), list(changed));
            let edit = JsonEdit::between(&a, &b);
            assert_eq!(apply(a.text(), &edit.ops).unwrap(), b.text());
            assert_eq!(apply(b.text(), &edit.inverse).unwrap(), a.text());
            edit.ops.iter().map(|o| path_text(&o.path)).collect::<Vec<_>>()
        };
        let mut changed = all.clone();
        changed[7] = "{\"id\": 7, \"price\": 1}".into();
        changed[19_990] = "{\"id\": 19990, \"price\": 2}".into();
        assert_eq!(told(&changed), ["items[19990].price", "items[7].price"]);
        // One goes, one comes, a third is changed: the thousands between them are left alone.
        changed.remove(100);
        assert_eq!(told(&changed), ["items[19990].price", "items[100]", "items[7].price"]);
        changed.insert(15_000, "null".into());
        assert_eq!(told(&changed), ["items[19990].price", "items[15001]", "items[100]", "items[7].price"]);
        // All of them changed: one change of the array.
        let every: Vec<String> = all.iter().map(|i| i.replace(".00", ".5")).collect();
        assert_eq!(told(&every), ["items"]);
    }

    #[test]
    fn deep_documents_are_compared_without_a_deep_stack() {
        let deep = |inner: &str| format!("{}{inner}{}", "[{\"a\": ".repeat(5_000), "}]".repeat(5_000));
        let edit = JsonEdit::between(&json(&deep("1")), &json(&deep("2")));
        assert_eq!((edit.ops.len(), edit.ops[0].path.len()), (1, 10_000));
    }

    #[test]
    fn arrays_on_the_way_are_guarded() {
        let (a, b) = (json(r#"{"t": [1, {"x": [2]}]}"#), json(r#"{"t": [1, {"x": [3]}]}"#));
        let edit = JsonEdit::between(&a, &b);
        assert_eq!(edit.arrays.len(), 1);
        let seen = &edit.arrays[0];
        assert_eq!((seen.text.as_deref(), seen.count), (None, 2));
        assert_eq!(seen.elements, [(1, r#"{"x": [2]}"#.to_owned())]);
        // Elements that are alike cannot be told from each other, and what comes or goes moves the others.
        for (a, b) in [("[1, 2, 1]", "[1, 2, 3]"), ("[1, 2, 4]", "[1, 2]"), ("[1, 2, 4]", "[5, 2, 4, 6]")] {
            let edit = JsonEdit::between(&json(a), &json(b));
            assert_eq!(edit.arrays[0].text.as_deref(), Some(a), "{b}");
        }
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
