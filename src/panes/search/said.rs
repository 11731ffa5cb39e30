//! What is said where no results are: what went wrong and the way on, what to do, why nothing matched.

use super::{Search, Trouble};
use crate::{
    core::world::World,
    text::{clean, width},
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect};

impl Search {
    /// What went wrong, and the way on.
    pub(super) fn trouble_lines(&self, cells: usize) -> Vec<(String, &'static str)> {
        let Some(Trouble { what, error, quiet, syntax }) = &self.trouble else { return vec![] };
        let mut out = vec![];
        let mut say = |text: &str, style| {
            for line in clean::text(text).lines() {
                out.extend(width::wrap(line, cells.max(10)).into_iter().map(|r| (line[r].to_owned(), style)));
            }
        };
        if *quiet {
            say(what, "message.warning");
        } else if syntax.is_some() {
            // The line above says what is wrong with it; the server repeats all of it.
            say(&width::clip(&clean::line(&format!("{what}: {}", error.message)), cells), "message.error");
        } else {
            say(&format!("{what}: {error}"), "message.error");
            for more in [&error.detail, &error.hint].into_iter().flatten() {
                say(more, "text");
            }
            match &*error.code {
                "42501" => say("Your role may not read this: ask for GRANT SELECT, then F5.", "text.dim"),
                "42P01" | "42703" => say("It was changed or dropped since: F5 looks again.", "text.dim"),
                _ if error.fatal => {
                    say("The connection was lost: F5 connects and searches again.", "text.dim")
                }
                _ => say("F5 tries again.", "text.dim"),
            }
        }
        if !self.hits().is_empty() {
            let of = self.shown.as_ref().map_or("", |s| s.text.trim());
            say(&format!("Below: what was found for \"{}\"", width::clip(of, 40)), "text.dim");
        }
        out
    }

    pub(super) fn draw_nothing(&self, buf: &mut Buffer, area: Rect, world: &World) {
        let cells = area.width.saturating_sub(5).max(10);
        let mut y = area.y + 1;
        for text in self.nothing(world) {
            for range in width::wrap(&text, usize::from(cells)) {
                if y < area.bottom() {
                    paint::put(buf, area.x + 3, y, cells, &text[range], world.theme.style("text.dim"));
                }
                y += 1;
            }
        }
    }

    /// What stands where no results do.
    fn nothing(&self, world: &World) -> Vec<String> {
        if self.trouble.is_some() || world.server().is_none_or(|s| s.info.is_none()) {
            return vec![];
        }
        if self.tables.is_empty() {
            return match &self.offer {
                None => vec![],
                Some(_) => vec![
                    "No index of this database serves full-text search of whole tables.".into(),
                    "F3 chooses a table: without an index so many of its rows are searched at once, and all when you say so.".into(),
                ],
            };
        }
        if self.input.text().trim().is_empty() {
            return vec![
                "Type to search: results follow every key.".into(),
                "F2 changes how the line is read, F3 what is searched. Tab goes to the results, Enter opens a row.".into(),
            ];
        }
        let current = |s: &&super::Shown| s.text == self.input.text() && self.run.is_none();
        let Some(shown) = self.shown.as_ref().filter(current) else { return vec![] };
        match &shown.words {
            Some(w) if w.nodes == 0 && w.stopped.is_empty() => {
                vec!["There is no word in this that could be searched for.".into()]
            }
            Some(w) if w.nodes == 0 => {
                vec!["Only stop words: the dictionary leaves them out of every document, so nothing can match.".into()]
            }
            Some(words) => {
                let mut out = vec!["Nothing matches.".to_owned()];
                let meant: Vec<String> = shown.meant.iter().map(|(_, m)| format!("\"{m}\"")).collect();
                if !meant.is_empty() {
                    out.push(format!("Did you mean {}? Ctrl+Y takes it.", meant.join(", ")));
                }
                if self.tables.iter().any(|t| !t.filter.is_empty()) {
                    out.push("The filter holds, too: X in the results clears it.".into());
                }
                out.push("F9 tells what became of each word, and which rows have it.".into());
                if words.query.chars().any(super::why::is_unspaced) {
                    out.push(
                        "The server's parser cuts words at blanks: Chinese, Japanese and Thai are found by their beginning only (F9 tells more).".into(),
                    );
                }
                out
            }
            None => vec![],
        }
    }
}
