//! psql's patterns of names, as the regular expressions that the listings take.

/// Name and schema as regular expressions; none: any.
///
/// `*` is any text and `?` any sign, a dot stands between schema and name, what is not in quotes is folded to lower
/// case. Everything else means itself, so that no text is a wrong expression (psql lets the signs of one through).
#[must_use]
pub(super) fn expressions(pattern: &str) -> (Option<String>, Option<String>) {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut chars = pattern.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        let part = &mut parts[last];
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            '*' if !quoted => part.push_str(".*"),
            '?' if !quoted => part.push('.'),
            c if "|*+?()[]{}.^$\\".contains(c) => part.extend(['\\', c]),
            c if quoted => part.push(c),
            c => part.extend(c.to_lowercase()),
        }
    }
    let whole = |part: String| (!part.is_empty()).then(|| format!("^({part})$"));
    let name = parts.pop().and_then(whole);
    (name, parts.pop().and_then(whole))
}

#[cfg(test)]
mod tests {
    use super::expressions;

    #[test]
    fn patterns_as_psql_reads_them() {
        let some = |e: &str| Some(format!("^({e})$"));
        for (pattern, name, schema) in [
            ("", None, None),
            ("Posts", some("posts"), None),
            ("p*s?", some("p.*s."), None),
            ("public.*", some(".*"), some("public")),
            ("public.", None, some("public")),
            ("\"Na.me*\"", some("Na\\.me\\*"), None),
            ("\"my S\".\"a\"\"b\"", some("a\"b"), some("my S")),
            ("a(b[c\\", some("a\\(b\\[c\\\\"), None),
        ] {
            assert_eq!(expressions(pattern), (name, schema), "{pattern}");
        }
    }
}
