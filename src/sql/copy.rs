//! psql's `\copy`: which COPY it is, and which file of this machine it is about.

use super::lex::{Options, TokenKind, significant};

/// A `\copy` taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The statement for the server, with STDIN or STDOUT in the place of the file.
    pub sql: String,
    /// The file as it was named.
    pub file: String,
    /// From the server to the file.
    pub to: bool,
}

const USAGE: &str = "\\copy TABLE from FILE, or \\copy (QUERY) to FILE csv header";

/// Reads what stands behind `\copy`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Copy, String> {
    let text = text.trim().trim_end_matches(';').trim_end();
    let tokens = significant(text, Options::default());
    let mut depth = 0_i32;
    let found = tokens.iter().find(|t| {
        match t.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth -= 1,
            _ => {}
        }
        depth == 0 && (t.is_word(text, "from") || t.is_word(text, "to"))
    });
    let Some(word) = found else { return Err(format!("Neither from nor to: {USAGE}")) };
    let what = text[..word.start].trim();
    if what.is_empty() {
        return Err(format!("No table and no query: {USAGE}"));
    }
    let to = word.is_word(text, "to");
    let (file, options) = file_name(text[word.end..].trim_start())?;
    let other_end = if to { "TO STDOUT" } else { "FROM STDIN" };
    let sql = format!("COPY {what} {other_end} {options}").trim_end().to_owned();
    Ok(Copy { sql, file, to })
}

/// The file's name and what follows it.
fn file_name(text: &str) -> Result<(String, &str), String> {
    if let Some(mut rest) = text.strip_prefix('\'') {
        let mut name = String::new();
        loop {
            let Some(end) = rest.find('\'') else {
                return Err("The file's name has no closing quote".into());
            };
            name.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(more) => {
                    name.push('\'');
                    rest = more;
                }
                None if name.is_empty() => return Err(format!("No file is named: {USAGE}")),
                None => return Ok((name, rest.trim())),
            }
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (name, options) = (&text[..end], text[end..].trim());
    match name.to_ascii_lowercase().as_str() {
        "" => Err(format!("No file is named: {USAGE}")),
        "program" => Err("\\copy starts no programs here: name a file".into()),
        "stdin" | "stdout" | "pstdin" | "pstdout" => {
            Err("The screen is no file: name one, or run COPY … TO STDOUT to see the rows".into())
        }
        _ => Ok((name.to_owned(), options)),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_file_is_taken_out_of_the_statement() {
        for (text, sql, file, to) in [
            ("posts to /tmp/p.csv csv header;", "COPY posts TO STDOUT csv header", "/tmp/p.csv", true),
            ("posts (id, title) FROM 'it''s.txt'", "COPY posts (id, title) FROM STDIN", "it's.txt", false),
            (
                "(select a from b where c = ' to ') To ~/x.csv with (format csv)",
                "COPY (select a from b where c = ' to ') TO STDOUT with (format csv)",
                "~/x.csv",
                true,
            ),
            ("\"from\" from a.csv where id > 3", "COPY \"from\" FROM STDIN where id > 3", "a.csv", false),
        ] {
            let c = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((c.sql.as_str(), c.file.as_str(), c.to), (sql, file, to), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "Neither"),
            ("posts", "Neither"),
            ("from x", "No table"),
            ("posts to", "No file"),
            ("posts to ''", "No file"),
            ("posts to 'x", "closing quote"),
            ("posts to program 'gzip'", "no programs"),
            ("posts from stdin", "no file"),
        ] {
            let e = parse(text).expect_err(text);
            assert!(e.contains(part), "{text}: {e}");
        }
    }
}
