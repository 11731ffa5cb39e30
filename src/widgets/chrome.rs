//! What stands around things: panels with a title, tab labels, bars of key hints, spinners, centred boxes.

use super::paint;
use crate::{
    core::theme::Theme,
    text::{clean, width},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    widgets::{Block, BorderType, Widget},
};
use std::time::Duration;

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The sign that turns while something runs; moves every 100 ms.
#[must_use]
pub fn spinner(now: Duration) -> &'static str {
    SPINNER[(now.as_millis() / 100) as usize % SPINNER.len()]
}

/// Draws a border with a title and returns what is inside. With the focus the border is heavy, so
/// that it is seen without colour too.
pub fn panel(buf: &mut Buffer, area: Rect, title: &str, focused: bool, theme: &Theme) -> Rect {
    panel_with(buf, area, (title, ""), focused, theme)
}

/// As `panel`, with a second text at the right of the lower border (position, counts).
pub fn panel_with(
    buf: &mut Buffer,
    area: Rect,
    (title, foot): (&str, &str),
    focused: bool,
    theme: &Theme,
) -> Rect {
    let area = area.intersection(buf.area);
    let (border, name, kind) = if focused {
        (theme.style("border.focus"), theme.style("title.focus"), BorderType::Thick)
    } else {
        (theme.style("border"), theme.style("title"), BorderType::Rounded)
    };
    let block = Block::bordered().border_type(kind).border_style(border);
    let inner = block.inner(area);
    block.render(area, buf);
    if area.width > 4 && area.height > 0 {
        let title = clean::line(title);
        if !title.is_empty() {
            let text = format!(" {} ", width::clip(&title, area.width as usize - 4));
            paint::put(buf, area.x + 1, area.y, area.width - 2, &text, name);
        }
        let foot = clean::line(foot);
        if !foot.is_empty() && area.height > 1 {
            let text = format!(" {} ", width::clip(&foot, area.width as usize - 4));
            let cells = width::width(&text) as u16;
            paint::put(
                buf,
                area.right() - 1 - cells,
                area.bottom() - 1,
                cells,
                &text,
                theme.style("text.dim"),
            );
        }
    }
    inner
}

/// A box of this size in the middle of an area, never larger than it.
#[must_use]
pub fn centred(area: Rect, cells: u16, lines: u16) -> Rect {
    let (w, h) = (cells.min(area.width), lines.min(area.height));
    Rect { x: area.x + (area.width - w) / 2, y: area.y + (area.height - h) / 2, width: w, height: h }
}

/// A popup: clears the box, draws its border and title, returns what is inside.
pub fn popup(buf: &mut Buffer, area: Rect, title: &str, theme: &Theme) -> Rect {
    let area = area.intersection(buf.area);
    let ground = theme.style("popup");
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    paint::fill(buf, area, theme.style("text").patch(ground));
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.style("popup.border"));
    let inner = block.inner(area);
    block.render(area, buf);
    let title = clean::line(title);
    if area.width > 4 && !title.is_empty() {
        let text = format!(" {} ", width::clip(&title, area.width as usize - 4));
        paint::put(buf, area.x + 1, area.y, area.width - 2, &text, theme.style("popup.title"));
    }
    inner
}

/// A place for a small box near a point (the text cursor): below it, else above, else where it fits.
#[must_use]
pub fn beside(all: Rect, at: Position, cells: u16, lines: u16) -> Rect {
    let cells = cells.min(all.width);
    let below = all.bottom().saturating_sub(at.y + 1);
    let above = at.y.saturating_sub(all.y);
    let (y, lines) = if below >= lines || below >= above {
        (at.y + 1, lines.min(below))
    } else {
        let lines = lines.min(above);
        (at.y - lines, lines)
    };
    let x = at.x.min(all.right().saturating_sub(cells)).max(all.x);
    Rect { x, y: y.min(all.bottom()), width: cells, height: lines }
}

/// Pieces of text in a line, each with its style, until the room is used up; the last one that
/// begins in it is clipped. Returns the x behind them.
pub fn segments(buf: &mut Buffer, area: Rect, pieces: &[(&str, Style)]) -> u16 {
    let mut x = area.x;
    for (text, style) in pieces {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            break;
        }
        x = paint::put_clipped(buf, x, area.y, room, text, *style);
    }
    x
}

/// Keys with what they do, as many as fit whole.
pub fn hints(buf: &mut Buffer, area: Rect, rows: &[(&str, &str)], theme: &Theme) {
    paint::fill(buf, Rect { height: area.height.min(1), ..area }, theme.style("hint"));
    let mut x = area.x;
    for (key, text) in rows {
        let cells = (width::width(key) + width::width(text) + 3) as u16;
        if x.saturating_add(cells) > area.right() {
            break;
        }
        let after = paint::put(buf, x + 1, area.y, cells, key, theme.style("key"));
        paint::put(buf, after + 1, area.y, cells, text, theme.style("hint"));
        x += cells;
    }
}

/// Buttons in a row; returns where each stands, for the mouse.
pub fn buttons(buf: &mut Buffer, area: Rect, labels: &[&str], active: usize, theme: &Theme) -> Vec<Rect> {
    let mut x = area.x;
    let mut out = vec![];
    for (n, label) in labels.iter().enumerate() {
        let label = clean::line(label);
        let text = if n == active { format!("[ {label} ]") } else { format!("  {label}  ") };
        let room = area.right().saturating_sub(x);
        let name = if n == active { "button.active" } else { "button" };
        let end = paint::put_clipped(buf, x, area.y, room, &text, theme.style(name));
        out.push(Rect { x, y: area.y, width: end - x, height: area.height.min(1) });
        x = (end + 1).min(area.right());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(buf: &Buffer, y: u16) -> String {
        (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn a_panel_shows_its_focus_without_colour() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 14, 3));
        let area = buf.area;
        let inner = panel_with(&mut buf, area, ("users\x1b", "row 1"), false, &Theme::default());
        assert_eq!(inner, Rect::new(1, 1, 12, 1));
        assert_eq!([line(&buf, 0), line(&buf, 2)], ["╭ users␛ ────╮", "╰───── row 1 ╯"]);
        panel(&mut buf, area, "a title too long", true, &Theme::default());
        assert_eq!(line(&buf, 0), "┏ a title t… ┓");
        for w in 0..6 {
            let mut buf = Buffer::empty(Rect::new(0, 0, w, 2));
            let area = buf.area;
            panel_with(&mut buf, area, ("abc", "def"), true, &Theme::default());
            popup(&mut buf, area, "abc", &Theme::default());
            hints(&mut buf, area, &[("F5", "run")], &Theme::default());
            buttons(&mut buf, area, &["Yes", "No"], 0, &Theme::default());
        }
    }

    #[test]
    fn boxes_find_their_place() {
        let all = Rect::new(0, 0, 40, 10);
        assert_eq!(centred(all, 20, 4), Rect::new(10, 3, 20, 4));
        assert_eq!(centred(all, 99, 99), all);
        assert_eq!(beside(all, Position::new(5, 2), 10, 5), Rect::new(5, 3, 10, 5));
        assert_eq!(beside(all, Position::new(38, 8), 10, 5), Rect::new(30, 3, 10, 5));
        assert_eq!(beside(all, Position::new(0, 9), 50, 50), Rect::new(0, 0, 40, 9));
    }

    #[test]
    fn hints_and_buttons_fit() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 2));
        let area = buf.area;
        hints(
            &mut buf,
            Rect { height: 1, ..area },
            &[("F5", "run"), ("Ctrl+P", "go to"), ("x", "y")],
            &Theme::default(),
        );
        assert_eq!(line(&buf, 0), " F5 run");
        let at = buttons(&mut buf, Rect { y: 1, height: 1, ..area }, &["Yes", "No"], 1, &Theme::default());
        assert_eq!(line(&buf, 1), "  Yes   [ No ]");
        assert_eq!(at, [Rect::new(0, 1, 7, 1), Rect::new(8, 1, 6, 1)]);
        assert_ne!(spinner(Duration::ZERO), spinner(Duration::from_millis(100)));
    }
}
