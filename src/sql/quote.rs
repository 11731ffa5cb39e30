//! Writing names and values into SQL so that they mean themselves.

use super::keywords::{Category, category};

/// A name as an identifier: quoted only where it would otherwise mean something else.
#[must_use]
pub fn ident(name: &str) -> String {
    let mut chars = name.bytes();
    let plain = chars.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && chars.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    // Key words that may be column or table names may be no function or type names and the other way
    // round: only the unreserved ones are safe everywhere.
    if plain && matches!(category(name), None | Some(Category::Unreserved)) {
        return name.to_owned();
    }
    quoted(name)
}

/// A name in quotes, needed or not.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `schema.name`, each part quoted where needed; only the name when the schema is empty.
#[must_use]
pub fn qualified(schema: &str, name: &str) -> String {
    if schema.is_empty() { ident(name) } else { format!("{}.{}", ident(schema), ident(name)) }
}

/// The name that an identifier stands for: `"a""b"` is `a"b`, what has no quotes is itself. The closing quote may be
/// missing, as while it is typed.
#[must_use]
pub fn unquoted(ident: &str) -> String {
    let Some(inner) = ident.strip_prefix('"') else { return ident.to_owned() };
    inner.strip_suffix('"').unwrap_or(inner).replace("\"\"", "\"")
}

/// A text as a string literal that reads the same whatever `standard_conforming_strings` is.
#[must_use]
pub fn literal(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if value.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::{Options, TokenKind, significant};
    use proptest::prelude::*;

    #[test]
    fn names_are_quoted_only_when_needed() {
        for (name, want) in [
            ("posts", "posts"),
            ("_x1", "_x1"),
            ("name", "name"),
            ("user", "\"user\""),
            ("left", "\"left\""),
            ("int", "\"int\""),
            ("Posts", "\"Posts\""),
            ("1st", "\"1st\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("größe", "\"größe\""),
            ("a$b", "\"a$b\""),
            ("", "\"\""),
        ] {
            assert_eq!(ident(name), want);
        }
        assert_eq!(qualified("public", "Order"), "public.\"Order\"");
        assert_eq!(qualified("", "t"), "t");
    }

    #[test]
    fn quotes_are_taken_off_once() {
        for name in ["posts", "Posts", "a\"b", "\"", "\"\"x\"\"", ""] {
            assert_eq!(unquoted(&quoted(name)), name);
        }
        assert_eq!(
            (unquoted("posts"), unquoted("\"open"), unquoted("\"")),
            ("posts".into(), "open".into(), String::new())
        );
    }

    /// Findings of plans may not ask this room, and quote by themselves.
    #[test]
    fn findings_quote_the_same_names() {
        let words = crate::sql::keywords::all()
            .map(|(word, _)| word)
            .chain(["posts", "Posts", "a b", "_x", "1st", "a\"b", "größe", ""]);
        for word in words {
            assert_eq!(crate::data::plan::findings::quoted_name(word), ident(word));
        }
    }

    #[test]
    fn literals_escape_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(""), "''");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }

    proptest! {
        #[test]
        fn a_quoted_text_is_one_token(value in ".*", on in any::<bool>()) {
            let options = Options { standard_conforming_strings: on, variables: true };
            let sql = format!("{};", literal(&value));
            let kinds: Vec<_> = significant(&sql, options).iter().map(|t| (t.kind, t.open)).collect();
            prop_assert_eq!(kinds.len(), 2);
            prop_assert!(matches!(kinds[0], (TokenKind::String(_), false)));
            let sql = format!("{};", ident(&value));
            prop_assert_eq!(significant(&sql, options).len(), 2);
        }
    }
}
