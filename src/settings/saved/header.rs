//! The comment header of a saved query: what the file says about itself.
//!
//! ```sql
//! -- title: Users with most posts
//! -- description: Who writes, and how much of it is published.
//! --   A line that starts with two or more blanks goes on with the line above.
//! -- param: limit int = 20  How many users
//! -- param: state text = all choices(all|published|draft)  Which posts
//! -- param: author text from (select username from users order by 1)  Whose
//! -- read-only
//! -- since: 14
//! ```
//!
//! The header ends at the first line that is not a `--` comment. Other comments in it are comments.

use crate::data::saved::Parameter;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub title: String,
    pub description: String,
    pub parameters: Vec<Parameter>,
    pub read_only: bool,
    pub since: u32,
}

/// A fault in a header: the line from 1, and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub line: usize,
    pub message: String,
}

/// One entry: its line, its key, and its text with the lines that go on with it (each after a `\n`).
struct Entry {
    line: usize,
    key: String,
    text: String,
}

/// The words before the colon that mean something; the first is the right one, the others are slips that would
/// otherwise pass for comments.
const KEYS: &[(&str, &[&str])] = &[
    ("title", &[]),
    ("description", &[]),
    ("param", &["params", "parameter", "parameters"]),
    ("read-only", &["readonly", "read_only", "read only"]),
    ("since", &[]),
];

/// Reads the header at the top of a file.
pub(super) fn read(text: &str) -> Result<Header, Fault> {
    let mut header = Header::default();
    for entry in entries(text)? {
        let fault = |message: String| Fault { line: entry.line, message };
        let value = entry.text.trim();
        match entry.key.as_str() {
            "title" => header.title = one_line(value),
            "description" => header.description = value.to_owned(),
            "read-only" => header.read_only = yes(value).map_err(fault)?,
            "since" => header.since = since(value).map_err(fault)?,
            _ => {
                let parameter = super::parameter::read(&entry.text).map_err(fault)?;
                if header.parameters.iter().any(|p| p.name == parameter.name) {
                    return Err(fault(format!("parameter {:?} is declared twice", parameter.name)));
                }
                header.parameters.push(parameter);
            }
        }
    }
    Ok(header)
}

fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::new();
    // lines that go on belong to the entry just above them, not to one before a plain comment
    let mut open = false;
    for (i, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("--") else {
            if line.trim().is_empty() && entries.is_empty() {
                continue;
            }
            break;
        };
        if open
            && comment.starts_with("  ")
            && !comment.trim().is_empty()
            && let Some(last) = entries.last_mut()
        {
            last.text.push('\n');
            last.text.push_str(comment.trim());
            continue;
        }
        let comment = comment.trim();
        let (word, value) = comment.split_once(':').unwrap_or((comment, ""));
        let word = word.trim().to_ascii_lowercase();
        let colon = comment.contains(':');
        let known = KEYS
            .iter()
            .find(|(key, slips)| *key == word || (colon || *key == "read-only") && slips.contains(&&*word));
        let Some((key, _)) = known else {
            open = false;
            continue;
        };
        if *key != word {
            return Err(Fault {
                line: i + 1,
                message: format!("{word:?} means nothing here: write {key:?}"),
            });
        }
        if *key != "read-only" && !colon {
            open = false; // just a comment that consists of the word
            continue;
        }
        if *key != "param" && entries.iter().any(|e| e.key == word) {
            return Err(Fault { line: i + 1, message: format!("{word:?} is given twice") });
        }
        open = true;
        entries.push(Entry {
            line: i + 1,
            key: word,
            text: value.strip_prefix(' ').unwrap_or(value).to_owned(),
        });
    }
    Ok(entries)
}

fn one_line(text: &str) -> String {
    text.split('\n').collect::<Vec<_>>().join(" ")
}

fn yes(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "" | "yes" | "true" | "on" => Ok(true),
        "no" | "false" | "off" => Ok(false),
        _ => Err(format!("read-only is yes or no, not {value:?}")),
    }
}

fn since(value: &str) -> Result<u32, String> {
    let major = value.split('.').next().unwrap_or(value);
    major.parse().map_err(|_| format!("since is a PostgreSQL version such as 14, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_header() {
        let header = read(concat!(
            "\n-- title: Users with\n--   most posts\n-- description: Who writes,\n--   and how much.\n",
            "-- a comment\n--   indented below a comment\n-- param: n int = 20  How many\n--    users\n",
            "-- read-only\n-- since: 14\n\nselect 1; -- title: no more header\n"
        ))
        .unwrap();
        assert_eq!(header.title, "Users with most posts");
        assert_eq!(header.description, "Who writes,\nand how much.");
        assert_eq!((header.read_only, header.since), (true, 14));
        assert_eq!(header.parameters.len(), 1);
        assert_eq!(header.parameters[0].help, "How many users");
    }

    #[test]
    fn no_header_is_fine() {
        for text in
            ["", "select 1", "-- just a comment: with a colon\nselect 1", "-- title\n-- Since\nselect 1"]
        {
            assert_eq!(read(text), Ok(Header::default()), "{text}");
        }
    }

    #[test]
    fn faults_name_the_line() {
        for (text, line, what) in [
            ("-- title: a\n-- title: b", 2, "twice"),
            ("-- parameter: x int", 1, "\"param\""),
            ("-- readonly", 1, "\"read-only\""),
            ("-- since: new", 1, "version"),
            ("-- read-only: maybe", 1, "yes or no"),
            ("-- title: x\n-- param: a\n-- param: a", 3, "declared twice"),
            ("\n-- param: 1x int", 2, "name"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.line, line, "{text}");
            assert!(fault.message.contains(what), "{text}: {}", fault.message);
        }
    }
}
