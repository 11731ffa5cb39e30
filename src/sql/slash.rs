//! The arguments of a backslash command, read as psql reads them: quotes, escapes, variables.

use super::lex::is_space;
use super::quote;
use super::variables::{Lookup, Variables};

/// The arguments in a command's text. `None` where one of them is the output of a program, or a variable
/// of which only a run tells the value.
#[must_use]
pub(super) fn arguments(text: &str, variables: &Variables) -> Option<Vec<String>> {
    let mut reader = Reader { text, at: 0, variables };
    let mut out = Vec::new();
    while let Some(argument) = reader.argument()? {
        out.push(argument);
    }
    Some(out)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    variables: &'a Variables,
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The next argument, if there is one.
    fn argument(&mut self) -> Option<Option<String>> {
        let bytes = self.text.as_bytes();
        while is_space(self.byte(self.at)) {
            self.at += 1;
        }
        if self.at >= bytes.len() || bytes[self.at] == b'\\' {
            return Some(None);
        }
        let mut out = String::new();
        while self.at < bytes.len() && !is_space(bytes[self.at]) && bytes[self.at] != b'\\' {
            match bytes[self.at] {
                b'\'' if !self.quoted(&mut out) => {
                    self.at = bytes.len();
                    return Some(None);
                }
                b'\'' => {}
                b'"' => {
                    // The quotes stay: psql takes them off only where a name is expected.
                    let Some(end) = self.text[self.at + 1..].find('"') else {
                        self.at = bytes.len();
                        return Some(None);
                    };
                    out.push_str(&self.text[self.at..self.at + end + 2]);
                    self.at += end + 2;
                }
                b'`' => return None,
                b':' => self.variable(&mut out)?,
                _ => {
                    let end = self.text[self.at..]
                        .find(|c: char| c.is_ascii() && (is_space(c as u8) || "\\'\"`:".contains(c)));
                    let end = end.map_or(bytes.len(), |n| self.at + n);
                    out.push_str(&self.text[self.at..end]);
                    self.at = end;
                }
            }
        }
        Some(Some(out))
    }

    /// A string in quotes; false when it has no end.
    fn quoted(&mut self, out: &mut String) -> bool {
        let mut raw = Vec::new();
        let mut at = self.at + 1;
        loop {
            match (self.byte(at), self.byte(at + 1)) {
                _ if at >= self.text.len() => return false,
                (b'\'', b'\'') => {
                    raw.push(b'\'');
                    at += 2;
                }
                (b'\'', _) => break,
                (b'\\', _) if at + 1 < self.text.len() => at = self.escape(at + 1, &mut raw),
                (b, _) => {
                    raw.push(b);
                    at += 1;
                }
            }
        }
        self.at = at + 1;
        out.push_str(&String::from_utf8_lossy(&raw));
        true
    }

    /// What stands behind a backslash in quotes; gives the byte behind it.
    fn escape(&self, at: usize, raw: &mut Vec<u8>) -> usize {
        let number = |from: usize, most: usize, radix: u32| {
            let digits = (from..from + most).take_while(|i| (self.byte(*i) as char).is_digit(radix)).count();
            let value = u32::from_str_radix(&self.text[from..from + digits], radix).unwrap_or(0);
            ((value & 0xff) as u8, from + digits)
        };
        let (byte, next) = match self.byte(at) {
            b'n' => (b'\n', at + 1),
            b't' => (b'\t', at + 1),
            b'b' => (8, at + 1),
            b'r' => (b'\r', at + 1),
            b'f' => (12, at + 1),
            b'0'..=b'7' => number(at, 3, 8),
            b'x' if self.byte(at + 1).is_ascii_hexdigit() => number(at + 1, 2, 16),
            other => (other, at + 1),
        };
        raw.push(byte);
        next
    }

    fn variable(&mut self, out: &mut String) -> Option<()> {
        let written = Reference::at(self.text, self.at);
        let Some(reference) = written else {
            out.push(':');
            self.at += 1;
            return Some(());
        };
        let end = self.at + reference.length;
        match reference.value(self.variables) {
            Lookup::Known(value) => out.push_str(&value),
            Lookup::Unset => out.push_str(&self.text[self.at..end]),
            Lookup::Unknown => return None,
        }
        self.at = end;
        Some(())
    }
}

/// A variable as it is written: `:name`, `:'name'`, `:"name"`, `:{?name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// The name without its signs.
    pub name: &'a str,
    /// What stands in front of the name behind the colon: 0, `'`, `"` or `{`.
    form: u8,
    length: usize,
}

impl<'a> Reference<'a> {
    /// The variable written at a colon, if one is.
    #[must_use]
    pub fn at(text: &'a str, at: usize) -> Option<Self> {
        let rest = text.get(at..)?.strip_prefix(':')?;
        let (form, inside, close) = match rest.as_bytes() {
            [b'\'', ..] => (b'\'', 1, "'"),
            [b'"', ..] => (b'"', 1, "\""),
            [b'{', b'?', ..] => (b'{', 2, "}"),
            _ => (0, 0, ""),
        };
        let is_name = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_';
        let end = rest[inside..].find(|c| !is_name(c)).map_or(rest.len(), |n| inside + n);
        let closed = end > inside && rest[end..].starts_with(close);
        closed.then(|| Self { name: &rest[inside..end], form, length: 1 + end + close.len() })
    }

    /// The value is text that psql reads on in, not a literal, a name or a truth.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.form == 0
    }

    /// What psql writes in its place.
    #[must_use]
    pub fn value(&self, variables: &Variables) -> Lookup {
        if self.form == b'{' {
            return match variables.is_set(self.name) {
                Some(true) => Lookup::Known("TRUE".into()),
                Some(false) => Lookup::Known("FALSE".into()),
                None => Lookup::Unknown,
            };
        }
        match (variables.get(self.name), self.form) {
            (Lookup::Known(value), b'\'') => Lookup::Known(literal(&value)),
            (Lookup::Known(value), b'"') => Lookup::Known(quote::quoted(&value)),
            (other, _) => other,
        }
    }
}

/// A value as libpq quotes it: the blank keeps the `E` off what stands in front.
fn literal(value: &str) -> String {
    let quoted = quote::literal(value);
    if quoted.starts_with('E') { format!(" {quoted}") } else { quoted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_as_psql_reads_them() {
        let mut variables = Variables::new(true);
        variables.set("v", Some("va l'ue".into()));
        variables.set("b", Some("a\\b".into()));
        variables.set("unknown", None);
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("", Some(&[])),
            ("a  b\tc ", Some(&["a", "b", "c"])),
            ("'it''s' 'a\\tb\\n\\x41\\101\\q\\'' x'y'z", Some(&["it's", "a\tb\nAAq'", "xyz"])),
            ("\"dq kept\"s", Some(&["\"dq kept\"s"])),
            (":v :'v' :\"v\" :{?v}", Some(&["va l'ue", "'va l''ue'", "\"va l'ue\"", "TRUE"])),
            (
                ":'b' :none :{?none} a:v a::b :",
                Some(&[" E'a\\\\b'", ":none", "FALSE", "ava l'ue", "a:a\\b", ":"]),
            ),
            ("':v' \":v\"", Some(&[":v", "\":v\""])),
            ("a 'open", Some(&["a"])),
            ("a \"open", Some(&["a"])),
            ("a`date`", None),
            (":unknown", None),
            (":{?unknown}", Some(&["TRUE"])),
            ("ünï :ü", Some(&["ünï", ":ü"])),
        ];
        for (text, want) in cases {
            let got = arguments(text, &variables);
            let got = got.as_ref().map(|a| a.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(got.as_deref(), *want, "{text}");
        }
    }
}
