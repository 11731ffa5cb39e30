//! Changing a document in place: only what changed is parsed anew, everything behind it is moved along.

use super::{Json, JsonError, JsonKind, NONE, Node, parse, quoted};
use std::ops::Range;

/// A change of a document at one place. It fits the document it was made for and no other; applying it gives the
/// patch that takes it back, byte for byte.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Bytes that go.
    bytes: Range<usize>,
    /// What comes in their place.
    text: String,
    /// Nodes that go.
    nodes: Range<usize>,
    /// What comes in their place.
    new: Vec<Node>,
    /// The container in which this happens; `NONE` for the root.
    parent: u32,
    /// By how many children it grows.
    grows: i32,
    /// The nodes stay the same, but the first so many move behind the others.
    turned: usize,
}

impl Patch {
    /// The nodes that go.
    #[must_use]
    pub fn gone(&self) -> Range<usize> {
        self.nodes.clone()
    }

    /// How many nodes come in their place.
    #[must_use]
    pub fn coming(&self) -> usize {
        self.new.len()
    }

    /// Two neighbours change places: number of nodes of the first one, otherwise 0.
    #[must_use]
    pub fn turned(&self) -> usize {
        self.turned
    }
}

/// JSON without the blanks around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\n', '\t', '\r'])
}

impl Json {
    /// The parsed nodes of a text that is to stand at `at` as node number `index` of `parent`.
    fn part(&self, text: &str, at: usize, index: usize, parent: u32) -> Result<Vec<Node>, JsonError> {
        let room = (NONE as usize).saturating_sub(self.text.len());
        let nodes = if text.len() < room {
            parse::nodes(text)
        } else {
            Err((0, "the document would be too large".to_owned()))
        };
        let mut nodes = nodes.map_err(|(offset, message)| parse::place(text, offset, message))?;
        let (at, index) = (at as u32, index as u32);
        for n in &mut nodes {
            n.start += at;
            n.end += at;
            n.next += index;
            if n.key != NONE {
                n.key += at;
            }
            n.parent = if n.parent == NONE { parent } else { n.parent + index };
        }
        Ok(nodes)
    }

    /// Another value in place of a node.
    ///
    /// # Errors
    /// The text is no JSON.
    pub fn replacing(&self, node: usize, text: &str) -> Result<Patch, JsonError> {
        let old = self.nodes[node];
        // Places of errors are those of the text as it was typed.
        parse::nodes(text).map_err(|(offset, message)| parse::place(text, offset, message))?;
        let text = trimmed(text);
        let mut new = self.part(text, old.start as usize, node, old.parent)?;
        if let Some(first) = new.first_mut() {
            first.key = old.key;
        }
        Ok(Patch {
            bytes: old.start as usize..old.end as usize,
            text: text.to_owned(),
            nodes: node..old.next as usize,
            new,
            parent: old.parent,
            grows: 0,
            turned: 0,
        })
    }

    /// Without a node, its key and the comma that belongs to it. The root cannot go.
    #[must_use]
    pub fn removing(&self, node: usize) -> Option<Patch> {
        let parent = self.parent(node)?;
        Some(Patch {
            bytes: self.with_comma(node, parent),
            text: String::new(),
            nodes: node..self.next(node),
            new: vec![],
            parent: parent as u32,
            grows: -1,
            turned: 0,
        })
    }

    /// Where a node's key, or the node itself, begins.
    fn begin(&self, node: usize) -> usize {
        self.key_place(node).unwrap_or(self.place(node).0)
    }

    /// The bytes of a node, its key and the comma that belongs to it.
    fn with_comma(&self, node: usize, parent: usize) -> Range<usize> {
        let next = self.next(node);
        if next < self.next(parent) {
            return self.begin(node)..self.begin(next);
        }
        let from = match self.before(node, parent) {
            Some(before) => self.place(before).1,
            None => self.begin(node),
        };
        from..self.place(node).1
    }

    /// The sibling before a node.
    #[must_use]
    pub fn before(&self, node: usize, parent: usize) -> Option<usize> {
        // The node just before is the sibling or lies in it.
        let mut at = node.checked_sub(1).filter(|n| *n > parent)?;
        while self.parent(at)? != parent {
            at = self.parent(at)?;
        }
        Some(at)
    }

    /// A new child: before another one, or as the last. In an object with a key.
    ///
    /// # Errors
    /// The text is no JSON.
    pub fn inserting(
        &self,
        parent: usize,
        before: Option<usize>,
        key: Option<&str>,
        text: &str,
    ) -> Result<Patch, JsonError> {
        parse::nodes(text).map_err(|(offset, message)| parse::place(text, offset, message))?;
        let text = trimmed(text);
        let head = key.map_or_else(String::new, |k| format!("{}: ", quoted(k)));
        let end = self.next(parent);
        let last = if self.count(parent) > 0 { self.before(end, parent) } else { None };
        // As the neighbours are set apart, so is the new one.
        let sibling = before.or(last);
        let blank = sibling.map_or("", |s| {
            let upto = &self.text[..self.begin(s)];
            let blank = &upto[trimmed_end(upto).len()..];
            if blank.contains('\n') { blank } else { " " }
        });
        let (at, index, lead, tail) = match (before, last) {
            (Some(b), _) => (self.begin(b), b, String::new(), format!(",{blank}")),
            (None, Some(l)) => (self.place(l).1, end, format!(",{blank}"), String::new()),
            (None, None) => (self.place(parent).0 + 1, end, String::new(), String::new()),
        };
        let start = at + lead.len() + head.len();
        let mut new = self.part(text, start, index, parent as u32)?;
        if let Some(first) = new.first_mut()
            && key.is_some()
        {
            first.key = (at + lead.len()) as u32;
        }
        // Between the brackets of an empty container nothing is left but the new child.
        let upto = if sibling.is_none() { self.place(parent).1 - 1 } else { at };
        Ok(Patch {
            bytes: at..upto,
            text: format!("{lead}{head}{text}{tail}"),
            nodes: index..index,
            new,
            parent: parent as u32,
            grows: 1,
            turned: 0,
        })
    }

    /// Another name for the node's key; `None`: it has no key.
    #[must_use]
    pub fn renaming(&self, node: usize, to: &str) -> Option<Patch> {
        let from = self.key_place(node)?;
        let old = self.raw_key(node)?.len();
        Some(Patch {
            bytes: from..from + old,
            text: quoted(to),
            nodes: node..node,
            new: vec![],
            parent: self.nodes[node].parent,
            grows: 0,
            turned: 0,
        })
    }

    /// An array's element changes places with its neighbour; `None`: it is no element, or there is no neighbour.
    #[must_use]
    pub fn moving(&self, node: usize, down: bool) -> Option<Patch> {
        let parent = self.parent(node).filter(|p| self.kind(*p) == JsonKind::Array)?;
        let (a, b) = if down {
            (node, Some(self.next(node)).filter(|n| *n < self.next(parent))?)
        } else {
            (self.before(node, parent)?, node)
        };
        let ((from, a_end), (b_start, to)) = (self.place(a), self.place(b));
        let text =
            format!("{}{}{}", &self.text[b_start..to], &self.text[a_end..b_start], &self.text[from..a_end]);
        let end = self.next(b);
        let shifted = |range: Range<usize>, bytes: i64, by: i64| {
            let first = range.start as u32;
            self.nodes[range].iter().map(move |n| {
                let o = |v: u32| if v == NONE { v } else { (i64::from(v) + bytes) as u32 };
                let i = |v: u32| (i64::from(v) + by) as u32;
                let parent = if n.parent < first { n.parent } else { i(n.parent) };
                Node { start: o(n.start), end: o(n.end), key: o(n.key), parent, next: i(n.next), ..*n }
            })
        };
        let new = shifted(b..end, from as i64 - b_start as i64, a as i64 - b as i64)
            .chain(shifted(a..b, to as i64 - a_end as i64, end as i64 - b as i64))
            .collect();
        Some(Patch {
            bytes: from..to,
            text,
            nodes: a..end,
            new,
            parent: parent as u32,
            grows: 0,
            turned: b - a,
        })
    }

    /// Does a change; returns the one that takes it back.
    pub fn apply(&mut self, patch: Patch) -> Patch {
        let Patch { bytes, text, nodes, new, parent, grows, turned } = patch;
        let back_bytes = bytes.start..bytes.start + text.len();
        let by = (text.len() as u32).wrapping_sub(bytes.len() as u32);
        let more = (new.len() as u32).wrapping_sub(nodes.len() as u32);
        let back_nodes = nodes.start..nodes.start + new.len();
        let old_text = self.text[bytes.clone()].to_owned();
        self.text.replace_range(bytes.clone(), &text);
        let moved = Moved { by, more, to: bytes.end as u32, edge: nodes.end as u32 };
        let old = moved.exchange(&mut self.nodes, nodes, &new);
        let mut above = parent;
        while let Some(n) = self.nodes.get_mut(above as usize).filter(|_| above != NONE) {
            if above == parent {
                n.count = n.count.wrapping_add_signed(grows);
            }
            n.end = n.end.wrapping_add(by);
            n.next = n.next.wrapping_add(more);
            above = n.parent;
        }
        let turned = if turned == 0 { 0 } else { old.len() - turned };
        Patch {
            bytes: back_bytes,
            text: old_text,
            nodes: back_nodes,
            new: old,
            parent,
            grows: -grows,
            turned,
        }
    }
}

/// What lies behind a change moves along: so many bytes and so many nodes.
struct Moved {
    by: u32,
    more: u32,
    /// The first byte that moves.
    to: u32,
    /// The first node that moves.
    edge: u32,
}

impl Moved {
    fn node(&self, n: Node) -> Node {
        let key = n.key != NONE && n.key >= self.to;
        let parent = n.parent != NONE && n.parent >= self.edge;
        Node {
            start: n.start.wrapping_add(self.by),
            end: n.end.wrapping_add(self.by),
            next: n.next.wrapping_add(self.more),
            key: n.key.wrapping_add(if key { self.by } else { 0 }),
            parent: n.parent.wrapping_add(if parent { self.more } else { 0 }),
            count: n.count,
        }
    }

    /// Puts other nodes in place of some, and gives those that went. Of a long document most of the time goes into
    /// reading and writing all that follows, so each node is moved and mended in one go.
    fn exchange(&self, all: &mut Vec<Node>, gone: Range<usize>, new: &[Node]) -> Vec<Node> {
        let old = all[gone.clone()].to_vec();
        let (from, to, len) = (gone.end, gone.start + new.len(), all.len());
        if to <= from {
            if self.by != 0 || self.more != 0 {
                for at in from..len {
                    all[at - (from - to)] = self.node(all[at]);
                }
            }
            all.truncate(len - (from - to));
        } else {
            let Some(blank) = new.first() else { return old };
            all.resize(len + (to - from), *blank);
            for at in (from..len).rev() {
                all[at + (to - from)] = self.node(all[at]);
            }
        }
        all[gone.start..to].copy_from_slice(new);
        old
    }
}

fn trimmed_end(text: &str) -> &str {
    text.trim_end_matches([' ', '\n', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::{super::JsonRows, *};
    use proptest::prelude::*;

    fn parse(text: &str) -> Json {
        Json::parse(text.to_owned()).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn is_as_parsed(json: &Json) {
        let again = parse(json.text());
        assert_eq!(json.nodes, again.nodes, "{}", json.text());
    }

    fn did(text: &str, patch: impl FnOnce(&Json) -> Option<Patch>, want: &str) {
        let mut json = parse(text);
        let patch = patch(&json).expect("a patch");
        let back = json.apply(patch);
        assert_eq!(json.text(), want);
        is_as_parsed(&json);
        json.apply(back);
        assert_eq!(json.text(), text);
        is_as_parsed(&json);
    }

    #[test]
    fn each_change_in_place() {
        let doc = r#"{"a": [1, {"b": 2}, 3], "c": null}"#;
        did(doc, |j| j.replacing(2, " {\"x\": []} ").ok(), r#"{"a": [{"x": []}, {"b": 2}, 3], "c": null}"#);
        did(doc, |j| j.replacing(0, "7").ok(), "7");
        did(doc, |j| j.removing(1), r#"{"c": null}"#);
        did(doc, |j| j.removing(6), r#"{"a": [1, {"b": 2}, 3]}"#);
        did(doc, |j| j.removing(4), r#"{"a": [1, {}, 3], "c": null}"#);
        did(doc, |j| j.inserting(1, Some(3), None, "[9]").ok(), r#"{"a": [1, [9], {"b": 2}, 3], "c": null}"#);
        did(
            doc,
            |j| j.inserting(0, None, Some("z"), "{\"y\":1}").ok(),
            r#"{"a": [1, {"b": 2}, 3], "c": null, "z": {"y":1}}"#,
        );
        did(
            doc,
            |j| j.inserting(0, Some(1), Some("z"), "1").ok(),
            r#"{"z": 1, "a": [1, {"b": 2}, 3], "c": null}"#,
        );
        did(doc, |j| j.renaming(1, "a\"b"), r#"{"a\"b": [1, {"b": 2}, 3], "c": null}"#);
        did(doc, |j| j.moving(3, true), r#"{"a": [1, 3, {"b": 2}], "c": null}"#);
        did(doc, |j| j.moving(3, false), r#"{"a": [{"b": 2}, 1, 3], "c": null}"#);
        did("{ }", |j| j.inserting(0, None, Some("a"), "1").ok(), r#"{"a": 1}"#);
        did(
            "{\n  \"a\": 1\n}",
            |j| j.inserting(0, None, Some("b"), "2").ok(),
            "{\n  \"a\": 1,\n  \"b\": 2\n}",
        );
        let j = parse(doc);
        assert!(j.removing(0).is_none() && j.moving(1, true).is_none() && j.moving(2, false).is_none());
        assert!(j.moving(5, true).is_none() && j.renaming(2, "x").is_none());
        let e = j.replacing(2, "  [1,\n x]").expect_err("no JSON");
        assert_eq!((e.line, e.column), (2, 2));
    }

    #[test]
    fn what_was_folded_stays_folded() {
        let mut json = parse(r#"[{"a": 1}, {"b": 2}, {"c": {"d": 3}}]"#);
        let mut rows = JsonRows::new(&json);
        rows.fold(&json, 1, false);
        rows.fold(&json, 6, false);
        let mut step = |patch: Patch, json: &mut Json| {
            let (gone, coming, turned) = (patch.gone(), patch.coming(), patch.turned());
            let back = json.apply(patch);
            rows.patched(json, gone, coming, turned);
            let seen = (0..rows.len()).filter_map(|i| rows.node(i)).collect::<Vec<_>>();
            (back, seen)
        };
        let patch = json.inserting(0, Some(1), None, "[1, 2]").expect("json");
        let (back, seen) = step(patch, &mut json);
        assert_eq!(seen, [0, 1, 2, 3, 4, 6, 7, 8, 9]);
        let (_, seen) = step(back, &mut json);
        assert_eq!(seen, [0, 1, 3, 4, 5, 6]);
        let patch = json.moving(1, true).expect("a neighbour");
        let (back, seen) = step(patch, &mut json);
        assert_eq!(seen, [0, 1, 2, 3, 5, 6], "the fold went along");
        assert_eq!(step(back, &mut json).1, [0, 1, 3, 4, 5, 6]);
        let patch = json.removing(3).expect("not the root");
        assert_eq!(step(patch, &mut json).1, [0, 1, 3, 4]);
    }

    fn documents() -> impl Strategy<Value = String> {
        let leaf =
            prop::sample::select(vec!["null", "true", "1.50", "\"\"", "\"x\\\"\"", "\"é\"", "{}", "[]"]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 40, 5, |inner| {
            let keys = prop::sample::select(vec!["a", "b", "ü", "a\\n", ""]);
            let comma = prop::sample::select(vec![",", ", ", ",\n  "]);
            prop_oneof![
                (prop::collection::vec(inner.clone(), 0..5), comma.clone())
                    .prop_map(|(v, c)| format!("[{}]", v.join(c))),
                (prop::collection::vec((keys, inner), 0..5), comma).prop_map(|(m, c)| {
                    let parts: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                    format!("{{ {} }}", parts.join(c))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn splicing_is_the_same_as_parsing(
            doc in documents(),
            steps in prop::collection::vec((0usize..6, any::<prop::sample::Index>(), documents()), 1..8),
        ) {
            let mut json = parse(&doc);
            let mut rows = JsonRows::new(&json);
            let mut back = vec![];
            for (what, node, text) in steps {
                let node = node.index(json.len());
                let other = (node * 7 + what) % json.len();
                let open = rows.is_open(other);
                rows.fold(&json, other, !open);
                let patch = match what {
                    0 => json.replacing(node, &text).ok(),
                    1 => json.removing(node),
                    2 => json.renaming(node, &text),
                    3 => json.moving(node, true),
                    4 => json.moving(node, false),
                    _ => {
                        let key = (json.kind(node) == JsonKind::Object).then_some("new");
                        let open = key.is_some() || json.kind(node) == JsonKind::Array;
                        let before = json.children(node).nth(1);
                        if open { json.inserting(node, before, key, &text).ok() } else { None }
                    }
                };
                let Some(patch) = patch else { continue };
                let before = json.text().to_owned();
                let (gone, coming, turned) = (patch.gone(), patch.coming(), patch.turned());
                let fold = |rows: &JsonRows, n: usize| rows.is_open(n);
                let tail: Vec<bool> = (gone.end..json.len()).map(|n| fold(&rows, n)).collect();
                let undo = json.apply(patch);
                is_as_parsed(&json);
                rows.patched(&json, gone.clone(), coming, turned);
                let now: Vec<bool> = (gone.start + coming..json.len()).map(|n| fold(&rows, n)).collect();
                prop_assert_eq!(tail, now);
                prop_assert!(rows.is_right(&json));
                back.push((undo, before));
            }
            while let Some((undo, before)) = back.pop() {
                json.apply(undo);
                prop_assert_eq!(json.text(), &before);
                is_as_parsed(&json);
            }
        }
    }
}
