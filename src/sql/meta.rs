//! psql's backslash commands, as far as a script's statements depend on them.

use super::lex::is_space;
use std::ops::Range;

/// What a backslash command does to the statement in front of it and to the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends the statement (`\g`, `\gset`, `\gexec`, `\watch` …).
    Send,
    /// Throws the statement away (`\r`).
    Reset,
    /// Starts a condition.
    If,
    /// Another branch with a condition.
    Elif,
    /// The last branch.
    Else,
    /// Ends a condition.
    Endif,
    /// Ends the script.
    Quit,
    /// `\copy`, which may bring data lines.
    Copy,
    /// Connects anew: session settings are the defaults again.
    Connect,
    /// `\set`, `\unset` and what else changes variables.
    Set,
    /// Anything else: the statement in front of it is left as it is.
    Other,
}

/// A backslash command in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaCommand {
    /// The backslash.
    pub start: usize,
    /// One past its last argument (and past a `\\` that ends it).
    pub end: usize,
    /// Its name without the backslash.
    pub name: Range<usize>,
    /// What stands behind the name, blanks around it left out.
    pub arguments: Range<usize>,
    /// What it does.
    pub action: Action,
    /// It stands in a branch that is not taken.
    pub inactive: bool,
    /// It stands in a branch of which only the run tells whether it is taken.
    pub conditional: bool,
    /// The lines `\copy … from stdin` takes.
    pub copy_data: Option<Range<usize>>,
}

impl MetaCommand {
    /// The command as written, without the `\\` behind it.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source[self.start..self.arguments.end].trim_end()
    }
}

/// Reads the command whose backslash is at `at`.
#[must_use]
pub fn parse(text: &str, at: usize) -> MetaCommand {
    parse_in(text, at, line_end(text, at))
}

/// The same where the end of its line is known, which a line full of commands would be searched for each time.
pub(super) fn parse_in(text: &str, at: usize, line_end: usize) -> MetaCommand {
    let bytes = text.as_bytes();
    let name_end = bytes[at + 1..line_end]
        .iter()
        .position(|b| is_space(*b) || *b == b'\\')
        .map_or(line_end, |n| at + 1 + n);
    let name = at + 1..name_end;
    let first = skip_space(bytes, name_end, line_end);
    let word = &text[name.clone()];
    let to_the_end =
        takes_whole_line(word) || !is_known(word) || (takes_pipe(word) && bytes.get(first) == Some(&b'|'));
    let end = if to_the_end { line_end } else { arguments_end(bytes, name_end, line_end) };
    let arguments = first.min(end)..end;
    let arguments = arguments.start..arguments.start + text[arguments].trim_end().len();
    let end = if bytes[end..line_end].starts_with(b"\\\\") { end + 2 } else { end };
    let action = action(word);
    MetaCommand {
        start: at,
        end,
        name,
        arguments,
        action,
        inactive: false,
        conditional: false,
        copy_data: None,
    }
}

/// The end of the line `at` is in, before its line end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text.as_bytes()[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| at + n);
    if end > at && text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end }
}

fn skip_space(bytes: &[u8], at: usize, end: usize) -> usize {
    bytes[at..end].iter().position(|b| !is_space(*b)).map_or(end, |n| at + n)
}

/// Arguments go on to the end of the line or to a backslash outside of quotes.
fn arguments_end(bytes: &[u8], mut at: usize, end: usize) -> usize {
    let mut quote = None;
    while at < end {
        match (quote, bytes[at]) {
            (None, b'\\') => return at,
            (None, q @ (b'\'' | b'"' | b'`')) => quote = Some(q),
            (Some(b'\''), b'\\') => at += 1,
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
        at += 1;
    }
    end
}

fn takes_whole_line(name: &str) -> bool {
    is_copy(name) || matches!(name, "h" | "help" | "!" | "ef" | "ev" | "sf" | "sf+" | "sv" | "sv+")
}

/// What psql knows. It throws away the whole rest of the line behind anything else.
fn is_known(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "?",
        "a",
        "bind",
        "bind_named",
        "c",
        "C",
        "cd",
        "close",
        "close_prepared",
        "connect",
        "conninfo",
        "copyright",
        "crosstabview",
        "e",
        "echo",
        "edit",
        "elif",
        "else",
        "encoding",
        "endif",
        "endpipeline",
        "errverbose",
        "f",
        "flush",
        "flushrequest",
        "g",
        "gdesc",
        "getenv",
        "getresults",
        "gexec",
        "gset",
        "gx",
        "H",
        "html",
        "i",
        "if",
        "include",
        "include_relative",
        "ir",
        "l",
        "l+",
        "list",
        "list+",
        "lo_export",
        "lo_import",
        "lo_list",
        "lo_list+",
        "lo_unlink",
        "lx",
        "lx+",
        "o",
        "out",
        "p",
        "parse",
        "password",
        "print",
        "prompt",
        "pset",
        "q",
        "qecho",
        "quit",
        "r",
        "reset",
        "restrict",
        "s",
        "sendpipeline",
        "set",
        "setenv",
        "startpipeline",
        "syncpipeline",
        "t",
        "T",
        "timing",
        "unrestrict",
        "unset",
        "w",
        "warn",
        "watch",
        "write",
        "x",
        "z",
        "zS",
        "zSx",
        "zx",
    ];
    takes_whole_line(name) || name.starts_with('d') || KNOWN.contains(&name)
}

/// The one command that psql knows in capitals too.
fn is_copy(name: &str) -> bool {
    name.eq_ignore_ascii_case("copy")
}

fn takes_pipe(name: &str) -> bool {
    matches!(name, "g" | "gx" | "o" | "out" | "w" | "write")
}

fn action(name: &str) -> Action {
    match name {
        "g" | "gx" | "gset" | "gexec" | "gdesc" | "crosstabview" | "watch" | "parse" | "sendpipeline" => {
            Action::Send
        }
        "r" | "reset" => Action::Reset,
        "if" => Action::If,
        "elif" => Action::Elif,
        "else" => Action::Else,
        "endif" => Action::Endif,
        "q" | "quit" => Action::Quit,
        name if is_copy(name) => Action::Copy,
        "c" | "connect" => Action::Connect,
        "set" | "unset" | "prompt" | "getenv" => Action::Set,
        _ => Action::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_psql_ends_it() {
        let cases = [
            ("\\d posts\nselect 1", "\\d posts", 8),
            ("\\a\\t", "\\a", 2),
            ("\\x \\\\ select 1;", "\\x", 5),
            ("\\echo 'a\\\\b \\' c' d\n", "\\echo 'a\\\\b \\' c' d", 19),
            ("\\copy t from 'a\\b' \\\\ x\r\nselect", "\\copy t from 'a\\b' \\\\ x", 23),
            ("\\g | cat \\x\n", "\\g | cat \\x", 11),
            ("\\g out.txt \\x\n", "\\g out.txt", 11),
            ("\\", "\\", 1),
            ("\\set a \"b\\c\"", "\\set a \"b\\c\"", 12),
            ("\\set a 'x\\", "\\set a 'x\\", 10),
        ];
        for (text, want, end) in cases {
            let c = parse(text, 0);
            assert_eq!((c.text(text), c.end), (want, end), "{text:?}");
        }
    }
}
