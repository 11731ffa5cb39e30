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

/// The statement psql makes of what stands behind its `\copy`, blank for blank; `None` where psql says that it
/// makes no sense.
#[must_use]
pub fn as_psql_sends(text: &str) -> Option<String> {
    let mut words = Words { rest: text };
    let mut word = words.next(".,()", "\"")?;
    let mut sql = String::from("COPY ");
    if word.eq_ignore_ascii_case("binary") {
        sql.push_str(word);
        word = words.next(".,()", "\"")?;
    }
    let mut add = |word: &str, apart: bool| {
        sql.push_str(if apart { " " } else { "" });
        sql.push_str(word);
    };
    if word == "(" {
        words.parentheses("\"'", &mut add)?;
        word = words.next(".,()", "\"'")?;
    } else {
        add(word, true);
        word = words.next(".,()", "\"")?;
        if word == "." {
            add(word, false);
            add(words.next(".,()", "\"")?, false);
            word = words.next(".,()", "\"")?;
        }
        if word == "(" {
            words.parentheses("\"", &mut add)?;
            word = words.next(".,()", "\"")?;
        }
    }
    let end = match word.to_ascii_lowercase().as_str() {
        "from" => " FROM STDIN ",
        "to" => " TO STDOUT ",
        _ => return None,
    };
    let file = words.next(";", "'")?;
    if file.eq_ignore_ascii_case("program") && !words.next(";", "'")?.starts_with('\'') {
        return None;
    }
    let rest = words.rest.strip_prefix(is_blank).unwrap_or(words.rest);
    Some(format!("{sql}{end}{rest}"))
}

/// The words of a `\copy` as psql finds them.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The next word: a delimiter, something in quotes, or what stands before the next of these or a blank.
    fn next(&mut self, delimiters: &str, quotes: &str) -> Option<&'a str> {
        let text = self.rest.trim_start_matches(is_blank);
        let first = text.chars().next()?;
        let escapes = quotes.contains('\'') && (text.starts_with("E'") || text.starts_with("e'"));
        let end = if delimiters.contains(first) {
            1
        } else if escapes {
            1 + quoted_end(&text[1..], true)
        } else if quotes.contains(first) {
            quoted_end(text, false)
        } else {
            let ends = |c: char| is_blank(c) || delimiters.contains(c) || quotes.contains(c);
            text.find(ends).unwrap_or(text.len())
        };
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        Some(word)
    }

    /// Everything up to the parenthesis that closes the one just read.
    fn parentheses(&mut self, quotes: &str, add: &mut impl FnMut(&str, bool)) -> Option<()> {
        add("(", true);
        let mut depth = 1;
        while depth > 0 {
            let word = self.next("()", quotes)?;
            depth += i32::from(word == "(") - i32::from(word == ")");
            add(word, true);
        }
        Some(())
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The end of what starts with a quote.
fn quoted_end(text: &str, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 1,
            b if b == bytes[0] && bytes.get(at + 1) == Some(&b) => at += 1,
            b if b == bytes[0] => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
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
    use super::{as_psql_sends, parse};

    #[test]
    fn what_psql_makes_of_it() {
        for (text, want) in [
            ("t to stdout", Some("COPY  t TO STDOUT ")),
            ("BINARY t FROM 'a b'", Some("COPY BINARY t FROM STDIN ")),
            ("t(a,\"Q q\") to 'x y' csv  header;", Some("COPY  t ( a, \"Q q\" ) TO STDOUT csv  header;")),
            ("s . \"T\" from x.csv;", Some("COPY  s.\"T\" FROM STDIN ;")),
            (
                "(select f(a),'it''s' ,\")\", E'\\'(' from t) to program 'cat' csv",
                Some("COPY  ( select f ( a ) , 'it''s' , \")\" , E'\\'(' from t ) TO STDOUT csv"),
            ),
            ("t to  stdout  csv", Some("COPY  t TO STDOUT  csv")),
            ("t to", None),
            ("t", None),
            ("(select 1 to stdout", None),
            ("t with stdout", None),
            ("t to program cat", None),
            ("", None),
        ] {
            assert_eq!(as_psql_sends(text).as_deref(), want, "{text}");
        }
    }

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
