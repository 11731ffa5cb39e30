//! Drawing a value: tree lines, text lines coloured as JSON, hexadecimal lines.

use super::{
    Body, ValueView,
    document::{Document, Mark},
    edit::{Draft, Place, meant},
};
use crate::{
    core::theme::Theme,
    data::json::JsonKind,
    text::units,
    widgets::{grid::NULL, paint, syntax},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

impl ValueView {
    /// Draws the value and, at the bottom, where the cursor is.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let area = area.intersection(buf.area);
        paint::fill(buf, area, theme.style("text"));
        if area.height < 2 || area.width < 8 {
            return;
        }
        let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
        let area = Rect { height: area.height - 1, ..area };
        self.area = area;
        if let Some(Draft::Text { editor, .. }) = &mut self.draft {
            let json = matches!(self.body, Body::Json(_));
            editor.draw(buf, area, theme, true, &mut |line, state, spans| {
                if json {
                    spans.extend(syntax::json_alone(line));
                }
                state.clone()
            });
            return self.draw_foot(buf, foot, theme);
        }
        if matches!(self.body, Body::Text(_)) || self.as_text {
            self.fit_lines();
        }
        let fresh = self.fresh_row();
        self.scroll(usize::from(area.height), fresh);
        let mut row = self.top;
        for y in area.top()..area.bottom() {
            let place = Rect { y, height: 1, ..area };
            let at = self.top + usize::from(y - area.y);
            if fresh == Some(at) {
                self.draw_line(buf, place, theme);
                continue;
            }
            if row >= self.rows() {
                break;
            }
            self.draw_row(buf, place, row, theme);
            if row == self.row && fresh.is_none() {
                paint::tint(buf, place, theme.style("grid.row"));
                if self.draft.is_some() {
                    self.draw_line(buf, place, theme);
                }
            }
            row += 1;
        }
        let plain = match &self.body {
            Body::Waiting(what) => Some((what.clone(), "text.dim")),
            Body::Null => Some((NULL.to_owned(), "grid.cell.null")),
            Body::Failed(what) => Some((what.clone(), "message.error")),
            Body::Parsing(parsing) => {
                let (read, all) = parsing.progress();
                let percent = read * 100 / all.max(1);
                Some((format!("reading the document … {percent} %"), "text.dim"))
            }
            Body::Text(plain) if plain.now.is_empty() => {
                Some((crate::widgets::grid::EMPTY.to_owned(), "grid.cell.empty"))
            }
            _ => None,
        };
        if let Some((text, style)) = plain {
            for (i, line) in text.lines().take(usize::from(area.height)).enumerate() {
                paint::put_clipped(
                    buf,
                    area.x + 1,
                    area.y + i as u16,
                    area.width - 1,
                    line,
                    theme.style(style),
                );
            }
        }
        self.draw_foot(buf, foot, theme);
    }

    fn scroll(&mut self, height: usize, fresh: Option<usize>) {
        self.row = self.row.min(self.rows().saturating_sub(1));
        let wanted = fresh.unwrap_or(self.row);
        if wanted < self.top {
            self.top = wanted;
        } else if wanted >= self.top + height {
            self.top = wanted + 1 - height;
        }
        let rows = self.rows() + usize::from(fresh.is_some());
        self.top = self.top.min(rows.saturating_sub(height));
    }

    /// The line of an entry that is not there yet.
    fn fresh_row(&self) -> Option<usize> {
        match &self.draft {
            Some(Draft::Line {
                place: Place::Key(parent, before) | Place::New(parent, before, _), ..
            }) => Some(self.row_of_new(*parent, *before)),
            _ => None,
        }
    }

    /// The line being typed, in its place in the tree.
    fn draw_line(&self, buf: &mut Buffer, place: Rect, theme: &Theme) {
        let (Body::Json(doc), Some(Draft::Line { input, place: what, fault })) = (&self.body, &self.draft)
        else {
            return;
        };
        let json = &doc.json;
        let (depth, key) = match what {
            Place::Value(node) => (json.depth(*node), json.key(*node).map(std::borrow::Cow::into_owned)),
            Place::Rename(node) => (json.depth(*node), None),
            Place::Key(parent, _) => (json.depth(*parent) + 1, None),
            Place::New(parent, _, key) => (json.depth(*parent) + 1, key.clone()),
        };
        let line = Rect { width: place.width, ..place };
        paint::fill(buf, line, theme.style("text"));
        let mut x = place.x + indent(depth, place.width);
        let put = |buf: &mut Buffer, x: u16, text: &str, style: &str| {
            paint::put(buf, x, place.y, place.right().saturating_sub(x), text, theme.style(style))
        };
        x = put(buf, x, "  ", "json.punct");
        match (what, key) {
            (Place::Key(..), _) => x = put(buf, x, "key: ", "text.dim"),
            (Place::Rename(_), _) => x = put(buf, x, "key: ", "text.dim"),
            (_, Some(key)) => {
                x = put(buf, x, &key, "json.key");
                x = put(buf, x, ": ", "json.punct");
            }
            (Place::New(..), None) => x = put(buf, x, "element: ", "text.dim"),
            (_, None) => {}
        }
        let rest = Rect { x, width: place.right().saturating_sub(x), ..place };
        input.draw_on(buf, rest, theme, true, fault.as_ref().map(|e| e.offset));
    }

    /// While typing: what it will become, or why it is not taken; and the style.
    fn typing_hint(&self) -> Option<(String, &'static str)> {
        match self.draft.as_ref()? {
            Draft::Line { fault: Some(e), .. } => Some((e.to_string(), "message.error")),
            Draft::Text { fault: Some(e), editor, .. } => {
                // Once the text is another one, the place is no more that of the error.
                let style = if editor.offset() == e.offset { "message.error" } else { "text.dim" };
                Some((e.to_string(), style))
            }
            Draft::Line { place: Place::Key(..), .. } => {
                Some(("the new key · Enter goes on to its value".into(), "text.dim"))
            }
            Draft::Line { place: Place::Rename(_), .. } => {
                Some(("the key's new name · Enter takes it, Esc leaves it".into(), "text.dim"))
            }
            Draft::Line { input, .. } => {
                let text = match meant(input.text()) {
                    Ok(json) if json == input.text().trim() => {
                        format!("{} · Enter takes it, Esc leaves it", kind_of(&json))
                    }
                    Ok(json) => format!("becomes the string {json} · Enter takes it, Esc leaves it"),
                    Err(_) => "JSON, or a word that becomes a string · Tab: true, false, null".into(),
                };
                Some((text, "text.dim"))
            }
            Draft::Text { .. } => Some(("Ctrl+S takes it over · Esc leaves".into(), "text.dim")),
        }
    }

    fn draw_row(&self, buf: &mut Buffer, place: Rect, row: usize, theme: &Theme) {
        match &self.body {
            Body::Json(doc) if !self.as_text => {
                if let Some(node) = doc.rows.node(row) {
                    tree_line(buf, place, doc, node, theme);
                }
            }
            Body::Json(_) => json_text(buf, place, self.lines.get(self.text(), row), theme),
            Body::Bytes(bytes) => {
                let at = row * 16;
                hex_line(buf, place, at, &bytes[at..bytes.len().min(at + 16)], theme);
            }
            _ => {
                let line = self.lines.get(self.text(), row);
                paint::put(buf, place.x, place.y, place.width, line, theme.style("text"));
            }
        }
    }

    fn draw_foot(&mut self, buf: &mut Buffer, foot: Rect, theme: &Theme) {
        let dim = theme.style("text.dim");
        if let Some((text, style)) = self.typing_hint() {
            let text = text.as_str();
            paint::put_clipped(buf, foot.x, foot.y, foot.width, text, theme.style(style));
            return;
        }
        let left = self.foot_path();
        let mut right = match &self.body {
            Body::Bytes(b) => units::counted(b.len() as u64, "byte", "bytes"),
            Body::Json(doc) => units::bytes(doc.json.text().len() as u64),
            Body::Text(plain) => units::bytes(plain.now.len() as u64),
            _ => String::new(),
        };
        if self.rows() > 1 {
            right = format!("line {}/{} · {right}", self.row + 1, self.rows());
        }
        if let Body::Json(doc) = &self.body
            && doc.json.kind(0) == JsonKind::Null
        {
            right = format!("JSON null, not SQL NULL · {right}");
        }
        if self.is_dirty() {
            right = format!("not staged · {right}");
        } else if self.is_staged() {
            right = format!("staged · {right}");
        }
        if !self.remark.is_empty() {
            right = format!("{} · {right}", self.remark);
        }
        let half = foot.width / 2;
        paint::put_right(buf, foot.x + half / 2, foot.y, foot.width - half / 2, &right, dim);
        if !left.is_empty() {
            paint::put_clipped(buf, foot.x, foot.y, half, &left, theme.style("text.strong"));
        }
    }

    /// The path of the node under the cursor.
    fn foot_path(&mut self) -> String {
        let (mut foot, state) = (std::mem::take(&mut self.foot), self.steps());
        let path = self.node().map(|(json, node)| foot.path(json, node, state));
        if path.is_some() {
            self.foot = foot;
        }
        path.unwrap_or_default()
    }
}

/// What a valid JSON text is, in words.
fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "JSON null",
        _ => "a number",
    }
}

/// Deep nodes keep some room for their text.
fn indent(depth: usize, width: u16) -> u16 {
    (depth * 2).min(usize::from(width) / 2) as u16
}

fn style_of(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::String => "json.string",
        JsonKind::Number => "json.number",
        JsonKind::Bool => "json.bool",
        JsonKind::Null => "json.null",
        JsonKind::Object | JsonKind::Array => "json.punct",
    }
}

fn tree_line(buf: &mut Buffer, place: Rect, doc: &Document, node: usize, theme: &Theme) {
    let (json, open, mark) = (&doc.json, doc.rows.is_open(node), doc.mark_of(node));
    let end = place.right();
    let mut x = place.x + indent(json.depth(node), place.width);
    let branch = json.count(node) > 0;
    let sign = if !branch {
        "  "
    } else if open {
        "▾ "
    } else {
        "▸ "
    };
    let put = |buf: &mut Buffer, x: u16, text: &str, style: &str| {
        paint::put(buf, x, place.y, end.saturating_sub(x), text, theme.style(style))
    };
    x = put(buf, x, sign, "json.punct");
    let begin = x;
    match (json.key(node), json.parent(node)) {
        (Some(key), _) => {
            x = put(buf, x, &key, "json.key");
            x = put(buf, x, ": ", "json.punct");
        }
        (None, Some(parent)) => {
            // Numbers of elements help in short arrays; in long ones finding them would cost too much.
            if json.count(parent) <= 10_000 {
                let number = json.children(parent).take_while(|c| *c < node).count();
                x = put(buf, x, &format!("{number}: "), "text.dim");
            }
        }
        (None, None) => {}
    }
    x = match json.kind(node) {
        JsonKind::Object => {
            let count = units::counted(json.count(node) as u64, "key", "keys");
            container(buf, place, x, ('{', '}'), &count, json.raw(node), open || !branch, theme)
        }
        JsonKind::Array => {
            let count = units::counted(json.count(node) as u64, "element", "elements");
            container(buf, place, x, ('[', ']'), &count, json.raw(node), open || !branch, theme)
        }
        kind => {
            let raw = json.raw(node);
            let cells = usize::from(end.saturating_sub(x));
            let shown = head(raw, cells * 4 + 4);
            paint::put_clipped(buf, x, place.y, cells as u16, shown, theme.style(style_of(kind)))
        }
    };
    let Some(mark) = mark else { return };
    let (style, was) = match mark {
        Mark::Added => ("grid.added", "  new".to_owned()),
        Mark::Changed(old) => ("grid.changed", format!("  was {old}")),
        Mark::Renamed(old) => ("grid.changed", format!("  was named {old}")),
        Mark::Lost(count) => ("grid.changed", format!("  {count} removed")),
    };
    paint::tint(buf, Rect { x: begin, width: x.saturating_sub(begin), ..place }, theme.style(style));
    let dim = theme.style("text.dim").remove_modifier(Modifier::UNDERLINED);
    paint::put_clipped(buf, x, place.y, end.saturating_sub(x), &was, dim);
}

#[allow(clippy::too_many_arguments, reason = "one line of a tree")]
fn container(
    buf: &mut Buffer,
    place: Rect,
    x: u16,
    signs: (char, char),
    count: &str,
    raw: &str,
    open: bool,
    theme: &Theme,
) -> u16 {
    let cells = place.right().saturating_sub(x);
    let x = paint::put(buf, x, place.y, cells, &format!("{}{}", signs.0, signs.1), theme.style("json.punct"));
    let dim = theme.style("text.dim");
    let cells = place.right().saturating_sub(x);
    let text = if open {
        format!(" {count}")
    } else {
        format!(" {count}  {}", head(raw, usize::from(place.width) * 4))
    };
    paint::put_clipped(buf, x, place.y, cells, &text, dim)
}

/// At most so many bytes of a text, ending between characters.
fn head(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    &text[..end]
}

/// A line of indented JSON, coloured token by token.
fn json_text(buf: &mut Buffer, place: Rect, line: &str, theme: &Theme) {
    let mut x = place.x;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (len, style) = match first {
            '"' => {
                let len = string_len(rest);
                let key = rest[len..].trim_start().starts_with(':');
                (len, if key { "json.key" } else { "json.string" })
            }
            '-' | '0'..='9' => (run(rest, |c| c.is_ascii_alphanumeric() || "+-.".contains(c)), "json.number"),
            't' | 'f' => (run(rest, char::is_alphanumeric), "json.bool"),
            'n' => (run(rest, char::is_alphanumeric), "json.null"),
            _ => (first.len_utf8(), "json.punct"),
        };
        x = paint::put(buf, x, place.y, place.right().saturating_sub(x), &rest[..len], theme.style(style));
        rest = &rest[len..];
    }
}

fn run(text: &str, good: impl Fn(char) -> bool) -> usize {
    text.find(|c| !good(c)).unwrap_or(text.len()).max(1)
}

fn string_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    // A wrapped line may begin in the midst of a string: never end between the bytes of a character.
    head(text, at + 1).len().max(1)
}

fn hex_line(buf: &mut Buffer, place: Rect, at: usize, bytes: &[u8], theme: &Theme) {
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let left = hex.get(..8.min(hex.len())).unwrap_or_default().join(" ");
    let right = hex.get(8..).unwrap_or_default().join(" ");
    let plain: String =
        bytes.iter().map(|b| if (0x20..0x7f).contains(b) { *b as char } else { '·' }).collect();
    let mut x = place.x;
    for (text, style) in [
        (format!("{at:08x}  "), "text.dim"),
        (format!("{left:<23}  {right:<23}  "), "grid.cell.number"),
        (plain, "text"),
    ] {
        x = paint::put(buf, x, place.y, place.right().saturating_sub(x), &text, theme.style(style));
    }
}
