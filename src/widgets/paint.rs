//! Putting text on the buffer: the few strokes every widget uses.

use crate::text::{clean, width};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};
use unicode_segmentation::UnicodeSegmentation;

/// Writes `text` (cleaned here) in at most `cells` cells of line `y`; returns the x after it.
/// What does not fit is cut without a mark; anything outside the buffer is left out.
pub fn put(buf: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() || cells == 0 {
        return x;
    }
    let text = clean::line(text);
    buf.set_stringn(x, y, &text, cells as usize, style).0
}

/// As `put`, ending in `…` when it does not fit.
pub fn put_clipped(buf: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
    let text = clean::line(text);
    put(buf, x, y, cells, &width::clip(&text, cells as usize), style)
}

/// As `put_clipped`, at the right edge of the `cells`.
pub fn put_right(buf: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) {
    let text = clean::line(text);
    let text = width::clip(&text, cells as usize);
    let blank = cells.saturating_sub(width::width(&text) as u16);
    put(buf, x + blank, y, cells - blank, &text, style);
}

/// Writes text whose graphemes at these numbers (ascending) are marked by a second style.
pub fn put_marked(
    buf: &mut Buffer,
    x: u16,
    y: u16,
    cells: u16,
    text: &str,
    (style, mark): (Style, Style),
    positions: &[u32],
) -> u16 {
    let text = clean::line(text);
    let clipped = width::clip(&text, cells as usize);
    let end = put(buf, x, y, cells, &clipped, style);
    if !positions.is_empty() {
        let mut at = x;
        for (n, g) in clipped.graphemes(true).enumerate() {
            let w = width::grapheme(g) as u16;
            if positions.binary_search(&(n as u32)).is_ok() {
                tint(buf, Rect::new(at, y, w, 1), mark);
            }
            at += w;
        }
    }
    end
}

/// Blanks an area and lays a style over it; colours the style leaves open stay as they were.
pub fn fill(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buf[(x, y)];
            let (fg, bg) = (cell.fg, cell.bg);
            cell.reset();
            cell.set_fg(fg).set_bg(bg).set_style(style);
        }
    }
}

/// A line across the first row of an area.
pub fn rule(buf: &mut Buffer, area: Rect, style: Style) {
    for x in area.left()..area.right() {
        put(buf, x, area.y, 1, "─", style);
    }
}

/// Lays a style over what is drawn already.
pub fn tint(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    buf.set_style(area, style);
}

/// The style of a cursor where the widget has not the focus: the same place, but quiet.
#[must_use]
pub fn unfocused(style: Style) -> Style {
    style.remove_modifier(Modifier::REVERSED | Modifier::BOLD).add_modifier(Modifier::UNDERLINED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::CellWidth as _;

    #[test]
    fn widths_agree_with_the_screen_buffer() {
        for g in [
            "a",
            "ž",
            "日",
            "👍🏽",
            "👨\u{200d}👩",
            "e\u{301}",
            "ｶﾞ",
            "1\u{fe0f}\u{20e3}",
            "◌\u{301}",
            "␛",
            "‹",
            "·",
        ] {
            assert_eq!(width::grapheme(g) as u16, g.cell_width(), "{g}");
        }
    }

    #[test]
    fn outside_is_left_out() {
        let mut buf = Buffer::empty(Rect::new(2, 1, 5, 1));
        assert_eq!(put(&mut buf, 0, 0, 9, "no", Style::new()), 0);
        put(&mut buf, 4, 1, 99, "abcdef", Style::new());
        put_right(&mut buf, 2, 1, 2, "xyz", Style::new());
        assert_eq!(buf.content.iter().map(|c| c.symbol()).collect::<String>(), "x…abc");
        tint(&mut buf, Rect::new(0, 0, 99, 99), Style::new());
        fill(&mut buf, Rect::new(0, 0, 99, 99), Style::new());
    }
}
