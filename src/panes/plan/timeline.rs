//! Self times laid end to end, in the order in which the nodes end: where the time went, from left to right.

use super::{opened::Opened, row, tree};
use crate::{
    core::{command::Command, theme::Theme},
    text::units,
    widgets::{cursor::Cursor, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Nodes with a smaller part are gathered in one line at the end.
const LEAST: f64 = 0.001;

/// A node's piece of the line of time.
#[derive(Clone, Debug)]
struct Piece {
    node: usize,
    /// Where it begins and how long it is, as parts of the whole.
    from: f64,
    share: f64,
}

/// The view.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    list: Cursor,
    pieces: Vec<Piece>,
    /// How many nodes are not shown, and their part.
    small: (usize, f64),
}

impl Timeline {
    /// Lays the nodes of a plan out.
    pub fn new(opened: &Opened) -> Self {
        let mut out = Self::default();
        let mut begun = 0.0;
        let whole: f64 = opened.shares.iter().sum();
        for node in ending_order(opened) {
            let share = opened.shares[node] / whole.max(f64::MIN_POSITIVE);
            if share >= LEAST {
                out.pieces.push(Piece { node, from: begun, share });
            } else {
                out.small.0 += 1;
                out.small.1 += share;
            }
            begun += share;
        }
        out
    }

    /// The node under the cursor.
    pub fn node(&self) -> Option<usize> {
        self.pieces.get(self.list.at).map(|p| p.node)
    }

    pub fn command(&mut self, command: Command) -> bool {
        self.list.command(command, self.pieces.len())
    }

    pub fn click(&mut self, x: u16, y: u16) -> bool {
        self.list.click(x, y, self.pieces.len())
    }

    pub fn wheel(&mut self, by: i32) {
        self.list.wheel(by, self.pieces.len());
    }

    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, opened: &Opened, theme: &Theme, focus: bool) {
        if area.height < 3 {
            return;
        }
        let head = theme.style("grid.header.type");
        paint::fill(buf, Rect { height: 1, ..area }, head);
        let name = (area.width * 2 / 5).clamp(20, 50).min(area.width);
        let figures = 16.min(area.width - name);
        let bars = Rect { x: area.x + name, width: area.width - name - figures, ..area };
        let what = if opened.by_cost { "own cost, end to end" } else { "self time, end to end" };
        paint::put(buf, area.x + 2, area.y, name, "node, in the order in which they end", head);
        paint::put_clipped(buf, bars.x, area.y, bars.width, what, head);
        if let Some(total) = opened.total_ms().filter(|_| !opened.by_cost) {
            let text = format!("{} ms", row::ms(total));
            paint::put_right(buf, bars.right(), area.y, figures, &text, head);
        }
        let foot = u16::from(self.small.0 > 0);
        let rows = Rect { y: area.y + 1, height: area.height - 1 - foot, ..area };
        for (n, place) in self.list.lines(rows, self.pieces.len()) {
            let piece = &self.pieces[n];
            let node = &opened.plan.nodes[piece.node];
            let cells = Rect { x: place.x + 2, width: name.saturating_sub(3), ..place };
            tree::draw_name(buf, cells, &row::name(node), false, theme);
            let style = theme.style(row::heat(piece.share));
            let at = |part: f64| (part * f64::from(bars.width)).round() as u16;
            let from = at(piece.from).min(bars.width.saturating_sub(1));
            let to = at(piece.from + piece.share).max(from + 1).min(bars.width);
            paint::put(buf, bars.x, place.y, from, &"·".repeat(from.into()), theme.style("plan.branch"));
            paint::put(buf, bars.x + from, place.y, to - from, &"█".repeat((to - from).into()), style);
            let f = &opened.figures.nodes[piece.node];
            let own = f.self_ms.map_or(String::new(), row::ms);
            paint::put_right(buf, bars.right() + 1, place.y, 8, &own, theme.style("text"));
            paint::put_right(buf, bars.right() + 10, place.y, 6, &row::percent(piece.share), style);
            if n == self.list.at {
                let style = theme.style(if focus { "list.cursor" } else { "tree.cursor.off" });
                paint::tint(buf, Rect { width: name, ..place }, style);
                if focus {
                    paint::put(buf, place.x, place.y, 1, "▸", style);
                }
            }
        }
        if foot > 0 {
            let nodes = units::counted(self.small.0 as u64, "node", "nodes");
            let share = row::percent(self.small.1);
            let share = if share.is_empty() { "nothing" } else { &share };
            let text = format!("  and {nodes} of less than 0.1% each: {share} together");
            paint::put_clipped(buf, area.x, area.bottom() - 1, area.width, &text, theme.style("text.dim"));
        }
    }
}

/// The nodes, children before their parents.
fn ending_order(opened: &Opened) -> Vec<usize> {
    let mut out = Vec::with_capacity(opened.plan.nodes.len());
    let mut open: Vec<usize> = vec![];
    for at in 0..opened.plan.nodes.len() {
        while open.last().is_some_and(|o| opened.ends[*o] as usize <= at) {
            out.extend(open.pop());
        }
        open.push(at);
    }
    out.extend(open.into_iter().rev());
    out
}
