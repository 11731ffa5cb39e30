//! Drawing a value: tree lines, text lines coloured as JSON, hexadecimal lines.

use super::{Body, ValueView};
use crate::{
    core::theme::Theme,
    data::json::{Json, JsonKind},
    text::units,
    widgets::{grid::NULL, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};

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
        if matches!(self.body, Body::Text) || self.as_text {
            self.lines.fit(usize::from(area.width).saturating_sub(1));
        }
        self.scroll(usize::from(area.height));
        for i in 0..usize::from(area.height) {
            let row = self.top + i;
            if row >= self.rows() {
                break;
            }
            let place = Rect { y: area.y + i as u16, height: 1, ..area };
            self.draw_row(buf, place, row, theme);
            if row == self.row {
                paint::tint(buf, place, theme.style("grid.row"));
            }
        }
        let plain = match &self.body {
            Body::Waiting(what) => Some((what.clone(), "text.dim")),
            Body::Null => Some((NULL.to_owned(), "grid.cell.null")),
            Body::Failed(what) => Some((what.clone(), "message.error")),
            Body::Text if self.raw.is_empty() => {
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

    fn scroll(&mut self, height: usize) {
        self.row = self.row.min(self.rows().saturating_sub(1));
        if self.row < self.top {
            self.top = self.row;
        } else if self.row >= self.top + height {
            self.top = self.row + 1 - height;
        }
        self.top = self.top.min(self.rows().saturating_sub(height));
    }

    fn draw_row(&self, buf: &mut Buffer, place: Rect, row: usize, theme: &Theme) {
        match &self.body {
            Body::Json(json, rows) if !self.as_text => {
                if let Some(node) = rows.node(row) {
                    tree_line(buf, place, json, node, rows.is_open(node), theme);
                }
            }
            Body::Json(..) => json_text(buf, place, self.lines.get(row), theme),
            Body::Bytes(bytes) => {
                let at = row * 16;
                hex_line(buf, place, at, &bytes[at..bytes.len().min(at + 16)], theme);
            }
            _ => {
                paint::put(buf, place.x, place.y, place.width, self.lines.get(row), theme.style("text"));
            }
        }
    }

    fn draw_foot(&self, buf: &mut Buffer, foot: Rect, theme: &Theme) {
        let left = match self.node() {
            Some((json, node)) => json.path_text(node),
            None => String::new(),
        };
        let dim = theme.style("text.dim");
        let mut right = match &self.body {
            Body::Bytes(b) => units::counted(b.len() as u64, "byte", "bytes"),
            Body::Json(..) | Body::Text => units::bytes(self.raw.len() as u64),
            _ => String::new(),
        };
        if self.rows() > 1 {
            right = format!("line {}/{} · {right}", self.row + 1, self.rows());
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

fn tree_line(buf: &mut Buffer, place: Rect, json: &Json, node: usize, open: bool, theme: &Theme) {
    let indent = (json.depth(node) * 2).min(usize::from(place.width) / 2) as u16;
    let end = place.right();
    let mut x = place.x + indent;
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
    match json.kind(node) {
        JsonKind::Object => {
            let count = units::counted(json.count(node) as u64, "key", "keys");
            container(buf, place, x, ('{', '}'), &count, json.raw(node), open || !branch, theme);
        }
        JsonKind::Array => {
            let count = units::counted(json.count(node) as u64, "element", "elements");
            container(buf, place, x, ('[', ']'), &count, json.raw(node), open || !branch, theme);
        }
        kind => {
            let raw = json.raw(node);
            let cells = usize::from(end.saturating_sub(x));
            let shown = head(raw, cells * 4 + 4);
            paint::put_clipped(buf, x, place.y, cells as u16, shown, theme.style(style_of(kind)));
        }
    }
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
) {
    let cells = place.right().saturating_sub(x);
    let x = paint::put(buf, x, place.y, cells, &format!("{}{}", signs.0, signs.1), theme.style("json.punct"));
    let dim = theme.style("text.dim");
    let cells = place.right().saturating_sub(x);
    let text = if open {
        format!(" {count}")
    } else {
        format!(" {count}  {}", head(raw, usize::from(place.width) * 4))
    };
    paint::put_clipped(buf, x, place.y, cells, &text, dim);
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
