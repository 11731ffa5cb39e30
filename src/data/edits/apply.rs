//! Changes inside a JSON document done on a document.

use super::{JsonAct, JsonOp, path_text};
use crate::data::json::{Json, JsonError, JsonKind, Patch, Step};

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
