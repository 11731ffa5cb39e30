//! The record view: one row of a grid, a field a line. The cursor is the grid's own: fields are its columns.

use crate::{
    core::{command::Command, theme::Theme},
    data::value::Kind,
    text::{clean, units, width},
    widgets::{
        grid::{EMPTY, GridCell, GridSource, GridState, NULL},
        paint,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// Lines of a value shown for a field that is not under the cursor.
const LINES: usize = 3;
/// Lines of the value under the cursor.
const MORE_LINES: usize = 12;

/// The state of the view: where it is scrolled to.
#[derive(Clone, Debug, Default)]
pub struct RecordView {
    top: usize,
    area: Rect,
    /// Field at each drawn line, for the mouse.
    drawn: Vec<usize>,
}

impl RecordView {
    /// Does a command within the row; `false`: not the view's.
    pub fn command(&mut self, command: Command, grid: &mut GridState, source: &dyn GridSource) -> bool {
        let shown = grid.shown().to_vec();
        let at = shown.iter().position(|c| *c == grid.column()).unwrap_or(0);
        let page = usize::from(self.area.height.max(2) - 1);
        let last = shown.len().saturating_sub(1);
        let to = match command {
            Command::Up => at.saturating_sub(1),
            Command::Down => (at + 1).min(last),
            Command::First => 0,
            Command::Last => last,
            Command::HalfUp => at.saturating_sub(page / 2),
            Command::HalfDown => (at + page / 2).min(last),
            Command::PageUp => at.saturating_sub(page),
            Command::PageDown => (at + page).min(last),
            Command::FindNext | Command::FindPrevious => {
                return self.find(command == Command::FindNext, grid, source, &shown, at);
            }
            _ => return false,
        };
        if let Some(column) = shown.get(to) {
            grid.go_column(*column);
        }
        true
    }

    /// The next field whose name or value holds the text looked for.
    fn find(
        &self,
        forward: bool,
        grid: &mut GridState,
        source: &dyn GridSource,
        shown: &[usize],
        at: usize,
    ) -> bool {
        let needle = grid.finding().to_lowercase();
        let n = shown.len();
        if needle.is_empty() || n == 0 {
            return true;
        }
        let hit = |column: &usize| {
            let value = source.cell(grid.row(), *column).bytes().map(String::from_utf8_lossy);
            source.column(*column).name.to_lowercase().contains(&needle)
                || value.is_some_and(|v| v.to_lowercase().contains(&needle))
        };
        let order = (1..=n).map(|i| shown[if forward { (at + i) % n } else { (at + n - i) % n }]);
        if let Some(column) = order.into_iter().find(hit) {
            grid.go_column(column);
        }
        true
    }

    /// A click: the field under it becomes the current one.
    pub fn click(&self, x: u16, y: u16, grid: &mut GridState) -> bool {
        if !self.area.contains((x, y).into()) {
            return false;
        }
        if let Some(column) = self.drawn.get(usize::from(y - self.area.y)) {
            grid.go_column(*column);
        }
        true
    }

    /// Draws the fields that fit.
    pub fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        grid: &GridState,
        source: &dyn GridSource,
        theme: &Theme,
    ) {
        let area = area.intersection(buf.area);
        self.area = area;
        self.drawn.clear();
        paint::fill(buf, area, theme.style("grid.cell"));
        let shown = grid.shown();
        if area.width < 10 || area.height == 0 || shown.is_empty() || source.end() <= grid.row() {
            return;
        }
        let heads: Vec<usize> =
            shown.iter().map(|c| width::width(&clean::line(source.column(*c).name))).collect();
        let name = heads.iter().copied().max().unwrap_or(0).clamp(4, usize::from(area.width) / 3);
        let types = if area.width >= 70 { 14 } else { 0 };
        let room = usize::from(area.width).saturating_sub(name + types + 4).max(4);
        let at = shown.iter().position(|c| *c == grid.column()).unwrap_or(0);
        let lines = |i: usize| {
            let most = if i == at { MORE_LINES.min(usize::from(area.height)) } else { LINES };
            preview(source.cell(grid.row(), shown[i]), room, most)
        };
        self.scroll(at, usize::from(area.height), |i| lines(i).len());
        let mut y = area.y;
        for (i, column) in shown.iter().enumerate().skip(self.top) {
            if y >= area.bottom() {
                break;
            }
            let head = source.column(*column);
            let place = Rect { y, height: 1, ..area };
            let style = if head.key { theme.style("grid.header.key") } else { theme.style("grid.header") };
            paint::put_clipped(buf, area.x + 1, y, name as u16, head.name, style);
            if types > 0 {
                let x = area.x + name as u16 + 2;
                paint::put_clipped(
                    buf,
                    x,
                    y,
                    types as u16 - 1,
                    &head.detail,
                    theme.style("grid.header.type"),
                );
            }
            let x = area.x + (name + types) as u16 + 3;
            let value = value_style(source.cell(grid.row(), *column), head.kind, theme);
            for line in lines(i) {
                if y >= area.bottom() {
                    break;
                }
                paint::put(buf, x, y, room as u16, &line, value);
                self.drawn.push(*column);
                y += 1;
            }
            if i == at {
                paint::tint(buf, place, theme.style("grid.cursor"));
            }
        }
    }

    /// Keeps the current field on the screen.
    fn scroll(&mut self, at: usize, height: usize, lines: impl Fn(usize) -> usize) {
        if at < self.top {
            self.top = at;
        }
        let mut used = 0;
        let mut first = at + 1;
        while first > self.top {
            used += lines(first - 1);
            if used > height && first <= at {
                break;
            }
            first -= 1;
        }
        self.top = self.top.max(first.min(at));
    }
}

fn value_style(cell: GridCell<'_>, kind: Kind, theme: &Theme) -> Style {
    theme.style(match (cell, kind) {
        (GridCell::Null, _) => "grid.cell.null",
        (GridCell::Text([]), _) => "grid.cell.empty",
        (GridCell::Loading, _) => "grid.cell.loading",
        (GridCell::Word(_), _) => "grid.cell.null",
        (_, Kind::Integer | Kind::Number | Kind::Money) => "grid.cell.number",
        (_, Kind::Bool) => "grid.cell.bool",
        (_, Kind::Time) => "grid.cell.time",
        (_, Kind::Json | Kind::Jsonb) => "grid.cell.json",
        _ => "grid.cell",
    })
}

/// A value in at most so many lines.
fn preview(cell: GridCell<'_>, room: usize, most: usize) -> Vec<String> {
    let (bytes, more) = match cell {
        GridCell::Null => return vec![NULL.into()],
        GridCell::Loading => return vec!["…".into()],
        GridCell::Word(w) => return vec![w.into()],
        GridCell::Text([]) => return vec![EMPTY.into()],
        GridCell::Text(b) => (b, None),
        GridCell::Cut(b, size) => (b, Some(size)),
    };
    let start = clean_start(bytes, room * most + 1);
    let mut out: Vec<String> = vec![];
    let mut full = start.len() < bytes.len();
    'lines: for line in clean::text(&start).lines() {
        for piece in width::wrap(line, room) {
            if out.len() == most {
                full = true;
                break 'lines;
            }
            out.push(line[piece].to_owned());
        }
    }
    if full || more.is_some() {
        let size =
            more.filter(|n| *n > 0).map_or(String::new(), |n| format!(" {} · v shows it", units::bytes(n)));
        let mark = format!(" …{size}");
        if let Some(last) = out.last_mut() {
            *last = format!("{}{mark}", width::head(last, room.saturating_sub(width::width(&mark))));
        }
    }
    out
}

/// The first so many cells' worth of a value, never in the midst of a character.
fn clean_start(bytes: &[u8], cells: usize) -> String {
    let end = bytes.len().min(cells * 4);
    let text = String::from_utf8_lossy(&bytes[..end]);
    let text = if end < bytes.len() { text.trim_end_matches(char::REPLACEMENT_CHARACTER) } else { &text };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews() {
        assert_eq!(preview(GridCell::Null, 10, 3), ["‹null›"]);
        assert_eq!(preview(GridCell::Text(b""), 10, 3), ["‹empty›"]);
        assert_eq!(preview(GridCell::Text(b"one two three"), 8, 3), ["one two ", "three"]);
        assert_eq!(preview(GridCell::Text(b"a\nb\nc\nd"), 8, 3), ["a", "b", "c …"]);
        let cut = preview(GridCell::Cut(b"abcdefghijklmnop", 5_000_000), 30, 1);
        assert!(cut[0].contains("4.8 MB"), "{cut:?}");
    }
}
