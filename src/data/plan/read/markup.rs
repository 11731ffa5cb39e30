//! Tables in the markup that psql writes and web pages hold: HTML (`\pset format html`), AsciiDoc, and rows of which
//! each begins with the name of the column (expanded CSV, unaligned, troff).

use std::borrow::Cow;

/// How the cells of a text are written.
#[derive(Debug, Default)]
pub(super) struct Markup {
    /// Cells in `<td>`.
    table: bool,
    /// `<`, `>` and spaces are written as entities.
    escaped: bool,
    /// Cells behind `|`, within `|====`.
    asciidoc: bool,
    /// A table of troff.
    troff: bool,
    /// In a `<td>` that an earlier line opened.
    inside: bool,
}

impl Markup {
    /// What a text is written in, looked for once.
    pub fn of(text: &str) -> Self {
        let table = text.contains("<td") && text.contains("</td>");
        // XML has escapes of its own.
        let escaped = (table || text.contains("-&gt;")) && !text.contains("<explain ");
        Self {
            table,
            escaped,
            asciidoc: text.contains("\n|===="),
            troff: text.contains(".TS\n"),
            inside: false,
        }
    }

    /// It is written in something.
    pub fn any(&self) -> bool {
        self.table || self.escaped || self.asciidoc || self.troff
    }

    /// What a line says; whether it begins the row of an expanded table.
    pub fn line<'a>(&mut self, line: &'a str) -> (Cow<'a, str>, bool) {
        let mut line = Cow::Borrowed(line);
        if self.table {
            line = self.cell(&line).into();
        }
        if self.escaped && line.contains(['&', '<']) {
            line = unescaped(&line).into();
        }
        if self.asciidoc {
            line = asciidoc(&line).into();
        }
        let requests = ["\\fI", ".LP", ".TS", ".TE", ".T&", ".DS", ".DE", "c s.", "c l.", "c | l."];
        let request = requests.iter().any(|r| line.starts_with(r));
        if self.troff && (request || &*line == "_") {
            return (Cow::Borrowed(""), false);
        }
        if let Some(rest) = line.strip_prefix("QUERY PLAN")
            && let Some(value) = rest.strip_prefix([',', ';', '|', '\t'])
        {
            return (value.to_owned().into(), true);
        }
        (line, false)
    }

    /// The part of a line that stands in a cell. Headings of columns are in `<th>`, those of rows go over several columns.
    fn cell(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        loop {
            if !self.inside {
                let Some(at) = rest.find("<td") else { return out };
                let Some(end) = rest[at..].find('>') else { return out };
                self.inside = !rest[at..at + end].contains("colspan");
                rest = &rest[at + end + 1..];
                continue;
            }
            let end = rest.find("</td>");
            let part = &rest[..end.unwrap_or(rest.len())];
            let bare = part.trim_end();
            let broken = ["<br />", "<br/>", "<br>"].iter().find_map(|br| bare.strip_suffix(br));
            out.push_str(broken.unwrap_or(part));
            let Some(end) = end else { return out };
            self.inside = false;
            rest = &rest[end + "</td>".len()..];
        }
    }
}

fn unescaped(line: &str) -> String {
    line.replace("&nbsp;", " ")
        .replace("&#39;", "'")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// A line of a table of AsciiDoc without its specifiers; those that are nothing but specifiers say nothing.
fn asciidoc(line: &str) -> String {
    let value = line.strip_prefix("<l|QUERY PLAN <l|").or_else(|| line.strip_prefix('|'));
    let specifier =
        value == Some("====") || ["2+", "^l|", "[options=", "[cols="].iter().any(|s| line.starts_with(s));
    if specifier { String::new() } else { value.unwrap_or(line).replace("\\|", "|") }
}
