//! Plans out of whatever text holds them.

mod fields;
mod heading;
mod json;

use super::{Broken, Format, Reading};
use crate::data::json::Json;

/// Reads every plan in a text.
///
/// # Errors
/// There is no plan in it, not even the beginning of one.
pub fn read(text: &str) -> Result<Reading, Broken> {
    let none = |message: &str| Broken { line: 1, column: 1, message: message.into() };
    let Some(start) = text.find(['{', '[']) else { return Err(none("no plan was found in this text")) };
    let mut reading = Reading { format: Format::Json, ..Reading::default() };
    if let Some((json, error)) = Json::salvage(text[start..].to_owned()) {
        reading.plans = json::plans(&json);
        reading.broken = error.map(|e| Broken { line: e.line, column: e.column, message: e.message });
    }
    if reading.plans.is_empty() {
        return Err(reading.broken.unwrap_or_else(|| none("no plan was found in this text")));
    }
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_document_broken_off_keeps_what_was_whole() {
        let text = r#"[{"Plan": {"Node Type": "Hash Join", "Join Type": "Left", "Plans": [
            {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Actual Rows": 12"#;
        let reading = read(text).unwrap();
        let nodes = &reading.plans[0].nodes;
        assert_eq!(nodes.iter().map(|n| &*n.heading).collect::<Vec<_>>(), ["Hash Left Join", "Seq Scan"]);
        assert_eq!(nodes[1].actual, None, "12 may be the beginning of 1234");
        assert_eq!(reading.broken.unwrap().line, 2);
        assert!(read("nothing of the kind").is_err());
    }
}
