//! The tree: which nodes show, where the cursor is, and the lines on the screen. Only those are laid out.

use super::{opened::Opened, row};
use crate::{
    core::{command::Command, theme::Theme},
    data::plan::{Property, findings::Severity},
    widgets::{grid::Needle, paint, spark},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// A subtree with less than this part of the whole is folded at first …
const CHEAP: f64 = 0.02;
/// … when the plan has more nodes than fit a small screen.
const FEW: usize = 14;

/// The state of a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    folded: Vec<bool>,
    /// Numbers of the nodes that show.
    lines: Vec<u32>,
    /// Place in `lines`.
    at: usize,
    top: usize,
    area: Rect,
    needle: Needle,
}

impl Tree {
    /// A tree of this plan with its cheap parts folded, the cursor on the node that took most.
    pub fn new(opened: &Opened) -> Self {
        let mut tree = Self { folded: vec![false; opened.plan.nodes.len()], ..Self::default() };
        tree.fold_cheap(opened);
        if let Some(slowest) = opened.figures.slowest {
            tree.reveal(slowest, opened);
        }
        tree
    }

    /// The node under the cursor.
    pub fn node(&self) -> Option<usize> {
        self.lines.get(self.at).map(|n| *n as usize)
    }

    fn set_lines(&mut self, opened: &Opened) {
        let node = self.node();
        self.lines.clear();
        let mut at = 0;
        while at < opened.plan.nodes.len() {
            self.lines.push(at as u32);
            at = if self.folded[at] { opened.ends[at] as usize } else { at + 1 };
        }
        if let Some(node) = node {
            self.go(node);
        }
    }

    /// The cursor to the line of a node, or of the folded one above it.
    fn go(&mut self, node: usize) {
        self.at = self.lines.partition_point(|n| *n as usize <= node).saturating_sub(1);
    }

    /// Shows a node and goes to it.
    pub fn reveal(&mut self, node: usize, opened: &Opened) {
        let mut up = opened.plan.nodes.get(node).and_then(|n| n.parent);
        let mut changed = false;
        while let Some(parent) = up {
            changed |= std::mem::take(&mut self.folded[parent]);
            up = opened.plan.nodes[parent].parent.filter(|p| *p < parent);
        }
        if changed {
            self.set_lines(opened);
        }
        self.go(node);
    }

    /// Folds what costs little and holds no finding, unfolds the rest.
    pub fn fold_cheap(&mut self, opened: &Opened) {
        let count = opened.plan.nodes.len();
        let mut marks = Vec::with_capacity(count + 1);
        let mut sum = 0_u32;
        marks.push(sum);
        for mark in &opened.marks {
            sum += u32::from(mark.is_some_and(|m| m > Severity::Info));
            marks.push(sum);
        }
        for at in 0..count {
            let end = opened.ends[at] as usize;
            let quiet = marks[end] == marks[at];
            self.folded[at] =
                count > FEW && at > 0 && end > at + 1 && quiet && opened.whole_share(at) < CHEAP;
        }
        self.set_lines(opened);
    }

    fn fold_all(&mut self, fold: bool, opened: &Opened) {
        for at in 0..self.folded.len() {
            self.folded[at] = fold && at > 0 && opened.below(at) > 0;
        }
        self.set_lines(opened);
    }

    /// Moves and folds; `false`: not the tree's.
    pub fn command(&mut self, command: Command, opened: &Opened) -> bool {
        let last = self.lines.len().saturating_sub(1);
        let page = usize::from(self.area.height.max(2)) - 1;
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => (self.at + 1).min(last),
            Command::HalfUp => self.at.saturating_sub(page.div_ceil(2)),
            Command::HalfDown => (self.at + page.div_ceil(2)).min(last),
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => (self.at + page).min(last),
            Command::First => 0,
            Command::Last => last,
            Command::Left => return self.left(opened),
            Command::Right => return self.right(opened),
            Command::FoldAll => {
                self.fold_all(true, opened);
                self.at
            }
            Command::UnfoldAll => {
                self.fold_all(false, opened);
                self.at
            }
            Command::FoldCheap => {
                self.fold_cheap(opened);
                self.at
            }
            _ => return false,
        };
        true
    }

    fn left(&mut self, opened: &Opened) -> bool {
        let Some(node) = self.node() else { return true };
        if !self.folded[node] && opened.below(node) > 0 {
            self.folded[node] = true;
            self.set_lines(opened);
        } else if let Some(parent) = opened.plan.nodes[node].parent {
            self.go(parent);
        }
        true
    }

    fn right(&mut self, opened: &Opened) -> bool {
        let Some(node) = self.node() else { return true };
        if std::mem::take(&mut self.folded[node]) {
            self.set_lines(opened);
        } else if opened.below(node) > 0 {
            self.at = (self.at + 1).min(self.lines.len().saturating_sub(1));
        }
        true
    }

    /// What is looked for.
    pub fn finding(&self) -> &str {
        self.needle.text()
    }

    /// Looks for a text; `false`: it is nowhere.
    pub fn find(&mut self, text: &str, opened: &Opened) -> bool {
        self.needle = Needle::new(text);
        self.needle.is_empty() || self.find_from(0, true, opened)
    }

    /// The next or the previous match; `false`: there is none.
    pub fn find_next(&mut self, forward: bool, opened: &Opened) -> bool {
        !self.needle.is_empty() && self.find_from(1, forward, opened)
    }

    fn find_from(&mut self, first: usize, forward: bool, opened: &Opened) -> bool {
        let count = opened.plan.nodes.len();
        let Some(here) = self.node() else { return false };
        let hit = (first..count + first)
            .map(|step| if forward { (here + step) % count } else { (here + count - step % count) % count })
            .find(|n| self.holds(*n, opened));
        if let Some(hit) = hit {
            self.reveal(hit, opened);
        }
        hit.is_some()
    }

    /// Does the text stand in a node's name or properties?
    fn holds(&self, node: usize, opened: &Opened) -> bool {
        let node = &opened.plan.nodes[node];
        self.needle.occurs(row::name_text(node).as_bytes())
            || node.properties.iter().any(|(_, property)| match property {
                Property::Text(text) => self.needle.occurs(text.as_bytes()),
                Property::List(texts) => texts.iter().any(|t| self.needle.occurs(t.as_bytes())),
                _ => false,
            })
    }

    /// A click; true: on a node, now under the cursor.
    pub fn click(&mut self, x: u16, y: u16) -> bool {
        if !self.area.contains((x, y).into()) {
            return false;
        }
        let line = self.top + usize::from(y - self.area.y);
        let hit = line < self.lines.len();
        if hit {
            self.at = line;
        }
        hit
    }

    /// The wheel.
    pub fn wheel(&mut self, by: i32) {
        let last = self.lines.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by as isize).min(last);
    }

    /// Draws the heads of the columns and the lines that fit.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, opened: &Opened, theme: &Theme, focus: bool) {
        if area.height < 2 {
            return;
        }
        let columns = Columns::of(area.width, opened);
        columns.heads(buf, Rect { height: 1, ..area }, opened, theme);
        let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        self.area = area;
        let height = usize::from(area.height);
        self.at = self.at.min(self.lines.len().saturating_sub(1));
        self.top = self.top.clamp((self.at + 1).saturating_sub(height), self.at);
        self.top = self.top.min(self.lines.len().saturating_sub(height));
        let shown = self.lines.len().saturating_sub(self.top).min(height);
        let rest = Rect { y: area.y + shown as u16, height: area.height - shown as u16, ..area };
        columns.triggers(buf, rest, opened, theme);
        for (n, node) in self.lines.iter().skip(self.top).take(height).enumerate() {
            let row = Rect { y: area.y + n as u16, height: 1, ..area };
            let node = *node as usize;
            let line = Line { node, folded: self.folded[node] };
            draw_line(buf, row, opened, &line, &columns, &self.needle, theme);
            if self.top + n == self.at {
                let style = theme.style(if focus { "list.cursor" } else { "tree.cursor.off" });
                paint::tint(buf, row, style);
                if focus {
                    paint::put(buf, row.x, row.y, 1, "▸", style);
                }
            }
        }
    }
}

/// A node in its line.
pub(super) struct Line {
    pub node: usize,
    pub folded: bool,
}

/// The columns right of the tree, by the room there is: name, cells, and which.
pub(super) struct Columns {
    shown: Vec<(&'static str, u16, Kind)>,
    /// Cells they take together.
    cells: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bar,
    Share,
    Own,
    Whole,
    Rows,
    Estimated,
    Factor,
    Loops,
    Buffers,
    Processes,
    Cost,
}

impl Columns {
    fn of(width: u16, opened: &Opened) -> Self {
        let mut shown = vec![("", if width >= 110 { 14 } else { 8 }, Kind::Bar), ("", 5, Kind::Share)];
        if opened.figures.analyzed {
            if opened.figures.timed {
                shown.push(("self ms", 8, Kind::Own));
            }
            if opened.figures.timed && width >= 120 {
                shown.push(("all ms", 8, Kind::Whole));
            }
            shown.push(("rows", 7, Kind::Rows));
            if width >= 100 {
                shown.push(("estimated", 9, Kind::Estimated));
            }
            shown.push(("", 7, Kind::Factor));
            shown.push(("loops", 6, Kind::Loops));
            if width >= 90 {
                shown.push(("buffers", 7, Kind::Buffers));
            }
            if width >= 130 {
                shown.push(("procs", 5, Kind::Processes));
            }
        } else {
            shown.push(("cost", 10, Kind::Cost));
            shown.push(("rows", 9, Kind::Estimated));
        }
        let cells = shown.iter().map(|(_, c, _)| c + 1).sum();
        Self { shown, cells }
    }

    fn heads(&self, buf: &mut Buffer, area: Rect, opened: &Opened, theme: &Theme) {
        let style = theme.style("grid.header.type");
        paint::fill(buf, area, style);
        let first = if opened.by_cost { "share of cost" } else { "share of time" };
        paint::put(buf, area.x + 2, area.y, area.width.saturating_sub(self.cells), "node", style);
        let mut x = area.right().saturating_sub(self.cells);
        for (name, cells, kind) in &self.shown {
            match kind {
                Kind::Bar => {
                    paint::put(buf, x + 1, area.y, cells + 6, first, style);
                }
                _ => paint::put_right(buf, x + 1, area.y, *cells, name, style),
            }
            x += cells + 1;
        }
    }

    /// Below the last node: the triggers, which are no nodes but take time too.
    fn triggers(&self, buf: &mut Buffer, area: Rect, opened: &Opened, theme: &Theme) {
        let whole = opened.total_ms().unwrap_or_default();
        for (n, trigger) in opened.plan.triggers.iter().enumerate().take(usize::from(area.height)) {
            let y = area.y + n as u16;
            let (name, what) = super::details::trigger_words(trigger);
            let room = area.width.saturating_sub(self.cells + 2);
            paint::put_clipped(buf, area.x + 2, y, room, &format!("{name}: {what}"), theme.style("text"));
            let share = if whole > 0.0 { trigger.ms.unwrap_or_default() / whole } else { 0.0 };
            let style = theme.style(row::heat(share));
            let mut x = area.right().saturating_sub(self.cells);
            for (_, cells, kind) in &self.shown {
                match kind {
                    Kind::Bar => {
                        paint::put(buf, x + 1, y, *cells, &spark::bar(share, usize::from(*cells)), style);
                    }
                    Kind::Share => paint::put_right(buf, x + 1, y, *cells, &row::percent(share), style),
                    Kind::Own => {
                        let ms = trigger.ms.map(row::ms).unwrap_or_default();
                        paint::put_right(buf, x + 1, y, *cells, &ms, theme.style("text"));
                    }
                    _ => {}
                }
                x += cells + 1;
            }
        }
    }

    fn cell(&self, kind: Kind, opened: &Opened, node: usize, cells: u16) -> (String, &'static str) {
        let n = &opened.plan.nodes[node];
        let Some(f) = opened.figures.nodes.get(node) else { return (String::new(), "text") };
        let share = opened.shares.get(node).copied().unwrap_or_default();
        if n.never_executed && !matches!(kind, Kind::Estimated | Kind::Cost) {
            return (if matches!(kind, Kind::Own | Kind::Rows) { "never" } else { "" }.into(), "text.dim");
        }
        match kind {
            Kind::Bar => (spark::bar(share, usize::from(cells)), row::heat(share)),
            Kind::Share => (row::percent(share), row::heat(share)),
            Kind::Own => (f.self_ms.map(row::ms).unwrap_or_default(), "text"),
            Kind::Whole => (f.wall_ms.map(row::ms).unwrap_or_default(), "text.dim"),
            Kind::Rows => (f.rows.map(row::number).unwrap_or_default(), "text"),
            Kind::Estimated => (n.estimate.map(|e| row::number(e.rows)).unwrap_or_default(), "text.dim"),
            Kind::Factor => row::factor(f.misestimate),
            Kind::Loops => match n.actual.map(|a| a.loops) {
                Some(loops) if loops > 1.0 => (row::number(loops), "text"),
                _ => (String::new(), "text"),
            },
            Kind::Buffers => match row::touched(&f.self_blocks) {
                0 => (String::new(), "text"),
                bytes => (crate::text::units::bytes(bytes), "text"),
            },
            Kind::Processes => row::processes(opened, node),
            Kind::Cost => (n.estimate.map(|e| row::number(e.total_cost)).unwrap_or_default(), "text"),
        }
    }
}

/// Draws one line: mark of findings, branches, name, figures.
fn draw_line(
    buf: &mut Buffer,
    area: Rect,
    opened: &Opened,
    line: &Line,
    columns: &Columns,
    needle: &Needle,
    theme: &Theme,
) {
    let node = &opened.plan.nodes[line.node];
    let room = area.right().saturating_sub(columns.cells);
    let mut left = area.x + 2;
    if let Some(mark) = opened.marks.get(line.node).copied().flatten() {
        let (sign, style) = row::severity(mark);
        paint::put(buf, area.x + 1, area.y, 1, sign, theme.style(style));
        // Elsewhere a branch stands between the two.
        left += u16::from(node.depth == 0);
    }
    let x = branches(buf, Rect { x: left, width: room.saturating_sub(left), ..area }, opened, line, theme);
    let dim = node.never_executed;
    let mut pieces = row::name(node);
    if line.folded {
        let below = opened.below(line.node);
        let share = row::percent(opened.whole_share(line.node));
        pieces.push((format!("  +{below} folded {share}"), "plan.folded"));
    }
    let end = draw_name(buf, Rect { x, width: room.saturating_sub(x), ..area }, &pieces, dim, theme);
    if !needle.is_empty() {
        let text: String = pieces.iter().map(|(t, _)| t.as_str()).collect();
        for range in needle.places(&text) {
            let before = crate::text::width::width(&text[..range.start]) as u16;
            let cells = crate::text::width::width(&text[range]) as u16;
            let place = Rect { x: x + before, y: area.y, width: cells, height: 1 };
            let inside = Rect { x, y: area.y, width: end.saturating_sub(x), height: 1 };
            paint::tint(buf, place.intersection(inside), theme.style("grid.match"));
        }
    }
    let mut at = room;
    for (_, cells, kind) in &columns.shown {
        let (text, style) = columns.cell(*kind, opened, line.node, *cells);
        let style = theme.style(if dim { "text.dim" } else { style });
        match kind {
            Kind::Bar => {
                paint::put(buf, at + 1, area.y, *cells, &text, style);
            }
            _ => paint::put_right(buf, at + 1, area.y, *cells, &text, style),
        }
        at += cells + 1;
    }
}

/// Draws pieces of a name, clipped as one; returns the x behind it.
pub(super) fn draw_name(
    buf: &mut Buffer,
    area: Rect,
    pieces: &[(String, &'static str)],
    dim: bool,
    theme: &Theme,
) -> u16 {
    let mut x = area.x;
    for (text, style) in pieces {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            break;
        }
        let style: Style = theme.style(if dim { "text.dim" } else { style });
        x = paint::put_clipped(buf, x, area.y, room, text, style);
    }
    x
}

/// Draws the lines that lead to a node; returns the x behind them. A deep node shows only the nearest levels, and how
/// deep it is.
pub(super) fn branches(buf: &mut Buffer, area: Rect, opened: &Opened, line: &Line, theme: &Theme) -> u16 {
    let style = theme.style("plan.branch");
    let most = usize::from(area.width / 2) / 2;
    let depth = opened.plan.nodes[line.node].depth;
    let mut x = area.x;
    let mut levels = depth;
    if depth > most {
        levels = most.saturating_sub(3);
        let text = format!("‹{depth}› ");
        x = paint::put(buf, x, area.y, area.width, &text, style);
    }
    // From the node up: does a sibling of it, of its parent … follow?
    let mut signs: Vec<&str> = Vec::with_capacity(levels);
    let mut at = Some(line.node);
    while signs.len() < levels
        && let Some(node) = at
    {
        let last = opened.last.get(node).copied().unwrap_or(true);
        signs.push(match (signs.is_empty(), last) {
            (true, true) => "└ ",
            (true, false) => "├ ",
            (false, true) => "  ",
            (false, false) => "│ ",
        });
        at = opened.plan.nodes[node].parent.filter(|p| *p < node);
    }
    for sign in signs.iter().rev() {
        x = paint::put(buf, x, area.y, area.right().saturating_sub(x), sign, style);
    }
    let fold = match (line.folded, opened.below(line.node)) {
        (true, _) => "▸ ",
        (false, 0) => "",
        (false, _) => "▾ ",
    };
    paint::put(buf, x, area.y, area.right().saturating_sub(x), fold, style)
}
