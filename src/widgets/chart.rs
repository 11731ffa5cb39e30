//! Columns over time: one cell a value, the newest at the right.

use super::paint;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

const UP: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One column of a stacked chart: parts from the bottom up.
pub type Stack<'a> = &'a [f64];

/// How a part of a stack is drawn: its sign, so that it can be told without colours, and its style.
pub type Ink = (&'static str, Style);

/// Draws the newest values as columns of eighths of a cell, scaled from 0 to `most`. Anything above 0 is seen.
pub fn columns(buf: &mut Buffer, area: Rect, values: &[f64], most: f64, style: Style) {
    let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
    let left = area.right() - shown.len() as u16;
    for (value, x) in shown.iter().zip(left..) {
        let all = usize::from(area.height) * 8;
        let share = if most > 0.0 && value.is_finite() { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let mut eighths = (share * all as f64).round() as usize;
        if *value > 0.0 {
            eighths = eighths.max(1);
        }
        for row in 0..area.height {
            let here = eighths.saturating_sub(usize::from(row) * 8).min(8);
            let y = area.bottom() - 1 - row;
            match here.checked_sub(1) {
                Some(step) => drop(paint::put(buf, x, y, 1, UP[step], style)),
                None if row == 0 => drop(paint::put(buf, x, y, 1, "▁", style.dim())),
                None => {}
            }
        }
    }
}

/// Draws the newest stacks, scaled so that `most` fills the height; each part in its ink, and a part that is there at all
/// gets a cell when there is room for it.
pub fn stacks(buf: &mut Buffer, area: Rect, stacks: &[Vec<f64>], most: f64, inks: &[Ink]) {
    let shown = &stacks[stacks.len().saturating_sub(usize::from(area.width))..];
    let left = area.right() - shown.len() as u16;
    for (stack, x) in shown.iter().zip(left..) {
        for (row, part) in cells(stack, usize::from(area.height), most).into_iter().enumerate() {
            let y = area.bottom() - 1 - row as u16;
            if let Some((sign, style)) = inks.get(part) {
                paint::put(buf, x, y, 1, sign, *style);
            }
        }
    }
}

/// Which part fills each cell of a column, from the bottom up.
fn cells(stack: Stack<'_>, height: usize, most: f64) -> Vec<usize> {
    let sum: f64 = stack.iter().sum();
    if sum <= 0.0 || most <= 0.0 || height == 0 {
        return vec![];
    }
    let there = stack.iter().filter(|part| **part > 0.0).count();
    let full = ((sum / most * height as f64).round() as usize).clamp(there.min(height), height);
    let mut out = Vec::with_capacity(full);
    let (mut before, mut left) = (0.0, there);
    for (n, part) in stack.iter().enumerate().filter(|(_, part)| **part > 0.0) {
        before += part;
        left -= 1;
        let upto = ((before / sum * full as f64).round() as usize).max(out.len() + 1);
        // Room is left for those above.
        out.resize(upto.min(full.saturating_sub(left)).max(out.len()), n);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_seen_and_the_height_is_that_of_the_sum() {
        assert_eq!(cells(&[1.0, 1.0], 4, 4.0), [0, 1]);
        assert_eq!(cells(&[9.0, 0.0, 1.0], 4, 10.0), [0, 0, 0, 2]);
        assert_eq!(cells(&[0.0, 0.0], 4, 10.0), [0; 0]);
        assert_eq!(cells(&[1.0, 1.0, 1.0], 2, 3.0).len(), 2, "no room for all");
        assert_eq!(cells(&[0.1], 5, 100.0), [0]);
    }

    #[test]
    fn columns_stand_at_the_right() {
        let area = Rect::new(0, 0, 4, 2);
        let mut buf = Buffer::empty(area);
        columns(&mut buf, area, &[0.0, 1.0, 16.0], 16.0, Style::default());
        let line = |y: u16| (0..4).map(|x| buf[(x, y)].symbol()).collect::<String>();
        assert_eq!((line(0), line(1)), ("   █".into(), " ▁▁█".into()));
    }
}
