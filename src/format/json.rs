//! JSON: objects in column order, numbers and embedded documents digit for digit; an array, or one object a line.

use super::{End, Writer, names::unique};
use crate::data::{
    rows::{Batch, Column},
    value::{Cell, Kind},
};
use std::io;

/// `[{…},{…}]` per result, or `{…}` per line.
pub(super) struct Json {
    lines: bool,
    /// `"name":` of each column, escaped once.
    keys: Vec<Vec<u8>>,
    kinds: Vec<Kind>,
    any: bool,
    /// Values with bytes that JSON cannot hold.
    replaced: u64,
    buffer: Vec<u8>,
}

impl Json {
    /// One array per result.
    pub(super) fn array() -> Self {
        Self {
            lines: false,
            keys: Vec::new(),
            kinds: Vec::new(),
            any: false,
            replaced: 0,
            buffer: Vec::new(),
        }
    }

    /// One object per line.
    pub(super) fn lines() -> Self {
        Self { lines: true, ..Self::array() }
    }
}

/// A JSON string. Control characters of all kinds and direction marks are escaped, which means the same to every
/// reader and does nothing to a terminal. Bytes that are not UTF-8 cannot be in JSON: they become U+FFFD, and this is
/// false.
pub(super) fn string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let mut whole = true;
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_control()
                    || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
            whole = false;
        }
    }
    out.push(b'"');
    whole
}

/// True for `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`: NaN, Infinity and the like are not numbers in JSON.
pub(super) fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
        (n > 0).then(|| &text[n..])
    }
    let whole = text.strip_prefix(b"-").unwrap_or(text);
    let Some(mut rest) = digits(whole) else { return false };
    if whole.starts_with(b"0") && whole.len() - rest.len() > 1 {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let Some(after) = digits(fraction) else { return false };
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let unsigned =
            exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let Some(after) = digits(unsigned) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// A document as the server printed it. `json` keeps its line breaks, which stand only between tokens (a string
/// cannot hold one), so on one line they become blanks.
fn document(out: &mut Vec<u8>, bytes: &[u8], one_line: bool) -> bool {
    let start = out.len();
    let whole = std::str::from_utf8(bytes).is_ok();
    if whole {
        out.extend_from_slice(bytes);
    } else {
        out.extend_from_slice(String::from_utf8_lossy(bytes).as_bytes());
    }
    if one_line {
        for b in &mut out[start..] {
            if matches!(b, b'\n' | b'\r') {
                *b = b' ';
            }
        }
    }
    whole
}

/// False: bytes were replaced.
fn value(out: &mut Vec<u8>, cell: Cell<'_>, kind: Kind, one_line: bool) -> bool {
    let Some(bytes) = cell else {
        out.extend_from_slice(b"null");
        return true;
    };
    match kind {
        Kind::Bool if bytes == b"t" => out.extend_from_slice(b"true"),
        Kind::Bool if bytes == b"f" => out.extend_from_slice(b"false"),
        Kind::Integer | Kind::Number if is_number(bytes) => out.extend_from_slice(bytes),
        // an empty text is no document: nothing the server sends, but the output must stay JSON
        Kind::Json | Kind::Jsonb if !bytes.is_empty() => return document(out, bytes, one_line),
        _ => return string(out, bytes),
    }
    true
}

impl Writer for Json {
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.keys = unique(columns.iter().map(|c| c.name.as_str()))
            .iter()
            .map(|name| {
                let mut key = Vec::with_capacity(name.len() + 3);
                string(&mut key, name.as_bytes());
                key.push(b':');
                key
            })
            .collect();
        self.kinds = columns.iter().map(Column::kind).collect();
        self.any = false;
        if self.lines { Ok(()) } else { out.write_all(b"[") }
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        for row in 0..batch.len() {
            if !self.lines {
                buffer.extend_from_slice(if self.any { b",\n" } else { b"\n" });
            }
            self.any = true;
            buffer.push(b'{');
            for (i, (key, kind)) in self.keys.iter().zip(&self.kinds).enumerate() {
                if i > 0 {
                    buffer.push(b',');
                }
                buffer.extend_from_slice(key);
                let whole = value(&mut buffer, batch.cell(row, i), *kind, self.lines);
                self.replaced += u64::from(!whole);
            }
            buffer.push(b'}');
            if self.lines {
                buffer.push(b'\n');
            }
        }
        let written = out.write_all(&buffer);
        self.buffer = buffer;
        written
    }

    fn end(&mut self, out: &mut dyn io::Write, _: &End) -> io::Result<()> {
        match (self.lines, self.any) {
            (true, _) => Ok(()),
            (false, true) => out.write_all(b"\n]\n"),
            (false, false) => out.write_all(b"]\n"),
        }
    }

    fn replaced(&self) -> u64 {
        self.replaced
    }
}

#[cfg(test)]
mod tests {
    use super::is_number;
    use crate::format::testing::{column, written};
    use proptest::prelude::*;

    #[test]
    fn numbers_as_json_knows_them() {
        for ok in [
            "0",
            "-0",
            "1",
            "-12",
            "1.50",
            "0.1",
            "1e10",
            "1E-20",
            "1.5e+300",
            "123456789012345678901234567890",
        ] {
            assert!(is_number(ok.as_bytes()), "{ok}");
        }
        for no in [
            "",
            "-",
            "NaN",
            "Infinity",
            "-Infinity",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "1 ",
            "0x1",
            "$1.00",
            "1_000",
        ] {
            assert!(!is_number(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn values_by_type() {
        for (oid, value, expected) in [
            (23, Some("7"), "7"),
            (20, Some("9223372036854775807"), "9223372036854775807"),
            (1700, Some("1.10"), "1.10"),
            (1700, Some("NaN"), "\"NaN\""),
            (701, Some("Infinity"), "\"Infinity\""),
            (790, Some("$1.00"), "\"$1.00\""),
            (16, Some("t"), "true"),
            (16, Some("f"), "false"),
            (25, Some("7"), "\"7\""),
            (25, None, "null"),
            (3802, None, "null"),
            (3802, Some("null"), "null"),
            (114, Some("{\"b\":1,  \"a\":2, \"a\":3}"), "{\"b\":1,  \"a\":2, \"a\":3}"),
            (
                3802,
                Some("{\"n\": 12345678901234567890123.456789}"),
                "{\"n\": 12345678901234567890123.456789}",
            ),
            (1007, Some("{1,2}"), "\"{1,2}\""),
            (
                25,
                Some("\u{1b}]0;x\u{7}\u{9b}\u{202e}\u{7f}\u{0}"),
                "\"\\u001b]0;x\\u0007\\u009b\\u202e\\u007f\\u0000\"",
            ),
            (25, Some("a\"b\\c\n\t漢"), "\"a\\\"b\\\\c\\n\\t漢\""),
        ] {
            let rows: &[&[Option<&str>]] = &[&[value]];
            assert_eq!(written("json", &[column("v", oid)], rows), format!("[\n{{\"v\":{expected}}}\n]\n"));
            assert_eq!(written("ndjson", &[column("v", oid)], rows), format!("{{\"v\":{expected}}}\n"));
        }
    }

    #[test]
    fn documents_stay_on_their_line_in_ndjson() {
        let doc = "{\n  \"a\": \"x\\ny\",\r\n  \"b\": 2\n}";
        assert_eq!(written("json", &[column("d", 114)], &[&[Some(doc)]]), format!("[\n{{\"d\":{doc}}}\n]\n"));
        let line = written("ndjson", &[column("d", 114)], &[&[Some(doc)]]);
        assert_eq!(line, "{\"d\":{   \"a\": \"x\\ny\",    \"b\": 2 }}\n");
    }

    #[test]
    fn empty_results_and_repeated_names() {
        assert_eq!(written("json", &[column("a", 25)], &[]), "[]\n");
        assert_eq!(written("ndjson", &[column("a", 25)], &[]), "");
        assert_eq!(
            written("ndjson", &[column("a", 23), column("a", 23)], &[&[Some("1"), Some("2")]]),
            "{\"a\":1,\"a_2\":2}\n"
        );
        assert_eq!(written("json", &[], &[&[], &[]]), "[\n{},\n{}\n]\n");
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_is_json_and_the_text_comes_back(name in ".*", value in proptest::option::of("(?s).*")) {
            let out = written("ndjson", &[column(&name, 25)], &[&[value.as_deref()]]);
            prop_assert_eq!(out.matches('\n').count(), 1);
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(read.get(&name).unwrap().as_str().map(str::to_owned), value);
        }
    }
}
