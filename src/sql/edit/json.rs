//! Changes inside a jsonb document: only the touched paths are written, and guarded by what they held.

use super::{Returned, Returning, guard::Guards};
use crate::{
    data::{
        catalog::ColumnInfo,
        edits::{ArraySeen, JsonAct, JsonEdit, JsonOp},
        json::Step,
    },
    sql::{
        filter::{JSONB, Query, TEXT},
        quote::ident,
    },
};

/// `text[]`.
const PATH: u32 = 1009;

/// The document with all changes.
pub(super) fn expression(query: &mut Query, column: &ColumnInfo, edit: &JsonEdit) -> String {
    let mut out = ident(&column.name);
    for op in &edit.ops {
        let json = |query: &mut Query, text: &str| query.bind(Some(text.to_owned()), JSONB);
        out = match &op.act {
            JsonAct::Set { new, .. } if op.path.is_empty() => json(query, new),
            JsonAct::Set { new, .. } => {
                format!("jsonb_set({out}, {}, {}, false)", path(query, &op.path), json(query, new))
            }
            JsonAct::Add { new } => {
                format!("jsonb_set({out}, {}, {}, true)", path(query, &op.path), json(query, new))
            }
            JsonAct::Insert { new } => {
                format!("jsonb_insert({out}, {}, {})", path(query, &op.path), json(query, new))
            }
            JsonAct::Remove { .. } => format!("{out} #- {}", path(query, &op.path)),
            JsonAct::Rename { to, old } => {
                let from = path(query, &op.path);
                let to = path(query, &renamed(&op.path, to));
                format!("jsonb_set({out} #- {from}, {to}, {}, true)", json(query, old))
            }
        };
    }
    out
}

fn renamed(path: &[Step], to: &str) -> Vec<Step> {
    let mut path = path.to_vec();
    path.pop();
    path.push(Step::Key(to.to_owned()));
    path
}

/// The touched parts are as they were. With them as they were, none of the functions above can silently do nothing.
pub(super) fn guards(query: &mut Query, column: &ColumnInfo, edit: &JsonEdit, out: &mut Guards) {
    let name = ident(&column.name);
    for array in &edit.arrays {
        let at = place(query, &name, &array.path);
        match &array.text {
            Some(text) => out.push(format!("({at})::text = {}", query.bind(Some(text.clone()), TEXT))),
            None => {
                let count = query.bind(Some(array.count.to_string()), 23);
                out.push(format!(
                    "CASE jsonb_typeof({at}) WHEN 'array' THEN jsonb_array_length({at}) END = {count}"
                ));
                for (index, text) in &array.elements {
                    let mut path = array.path.clone();
                    path.push(Step::Index(*index));
                    is(query, &name, &path, text, out);
                }
            }
        }
    }
    for op in edit.ops.iter().filter(|op| !covered(&edit.arrays, &op.path)) {
        match &op.act {
            JsonAct::Set { old, .. } | JsonAct::Remove { old } => is(query, &name, &op.path, old, out),
            JsonAct::Rename { to, old } => {
                is(query, &name, &op.path, old, out);
                missing(query, &name, &renamed(&op.path, to), out);
            }
            JsonAct::Add { .. } => {
                let above = place(query, &name, &op.path[..op.path.len().saturating_sub(1)]);
                out.push(format!("jsonb_typeof({above}) = 'object'"));
                missing(query, &name, &op.path, out);
            }
            JsonAct::Insert { .. } => {}
        }
    }
}

/// Is the path inside an array, or an element, that is compared as a whole?
fn covered(arrays: &[ArraySeen], path: &[Step]) -> bool {
    arrays.iter().any(|a| {
        let below = path.strip_prefix(&a.path[..]);
        match (below, &a.text) {
            (Some(_), Some(_)) => true,
            (Some([Step::Index(i), ..]), None) => a.elements.iter().any(|(e, _)| e == i),
            _ => false,
        }
    })
}

fn is(query: &mut Query, name: &str, at: &[Step], text: &str, out: &mut Guards) {
    let at = place(query, name, at);
    out.push(format!("({at})::text = {}", query.bind(Some(text.to_owned()), TEXT)));
}

/// `#>` gives NULL only where nothing is: JSON null is a value.
fn missing(query: &mut Query, name: &str, at: &[Step], out: &mut Guards) {
    let at = place(query, name, at);
    out.push(format!("{at} IS NULL"));
}

fn place(query: &mut Query, name: &str, at: &[Step]) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{name} #> {}", path(query, at)) }
}

fn path(query: &mut Query, steps: &[Step]) -> String {
    let parts: Vec<String> = steps
        .iter()
        .map(|step| match step {
            Step::Index(i) => i.to_string(),
            Step::Key(key) => format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")),
        })
        .collect();
    query.bind(Some(format!("{{{}}}", parts.join(","))), PATH)
}

/// What the inverse must find: the texts as the server has them now.
pub(super) fn returning(query: &mut Query, column: &str, edit: &JsonEdit, out: &mut Returning) {
    let name = ident(column);
    for (i, op) in edit.inverse.iter().enumerate() {
        if old(op).is_some() {
            let at = place(query, &name, &op.path);
            out.push(format!("({at})::text"), Returned::Op(column.to_owned(), i));
        }
    }
    for (i, array) in edit.inverse_arrays.iter().enumerate() {
        if array.text.is_some() {
            let at = place(query, &name, &array.path);
            out.push(format!("({at})::text"), Returned::Array(column.to_owned(), i));
        }
        for (n, (index, _)) in array.elements.iter().enumerate() {
            let mut path = array.path.clone();
            path.push(Step::Index(*index));
            let at = place(query, &name, &path);
            out.push(format!("({at})::text"), Returned::Element(column.to_owned(), i, n));
        }
    }
}

/// What an operation expects to find.
fn old(op: &JsonOp) -> Option<&String> {
    match &op.act {
        JsonAct::Set { old, .. } | JsonAct::Remove { old } | JsonAct::Rename { old, .. } => Some(old),
        JsonAct::Add { .. } | JsonAct::Insert { .. } => None,
    }
}

/// The inverse with the texts that the server returned.
pub(super) fn inverse(edit: &JsonEdit, column: &str, returned: &[(Returned, Option<String>)]) -> JsonEdit {
    let mut out = JsonEdit {
        ops: edit.inverse.clone(),
        arrays: edit.inverse_arrays.clone(),
        inverse: edit.ops.clone(),
        inverse_arrays: edit.arrays.clone(),
        shown: String::new(),
    };
    for (what, text) in returned {
        let Some(text) = text else { continue };
        match what {
            Returned::Op(c, i) if c == column => {
                if let Some(
                    JsonAct::Set { old, .. } | JsonAct::Remove { old } | JsonAct::Rename { old, .. },
                ) = out.ops.get_mut(*i).map(|o| &mut o.act)
                {
                    old.clone_from(text);
                }
            }
            Returned::Array(c, i) if c == column => {
                if let Some(array) = out.arrays.get_mut(*i) {
                    array.text = Some(text.clone());
                }
            }
            Returned::Element(c, i, n) if c == column => {
                if let Some((_, seen)) = out.arrays.get_mut(*i).and_then(|a| a.elements.get_mut(*n)) {
                    seen.clone_from(text);
                }
            }
            _ => {}
        }
    }
    out
}
