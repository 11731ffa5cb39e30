//! Two plans node by node: side by side where there is room, one above the other otherwise.

use super::{
    draw::rule,
    opened::Opened,
    pairs::{Pair, pairs},
    row,
    tree::{self, Line},
};
use crate::{
    core::{command::Command, theme::Theme},
    text::{clean, units, width},
    widgets::{cursor::Cursor, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::sync::Arc;

/// Least width for two trees side by side.
const SIDE_BY_SIDE: u16 = 110;
/// A time or a number that differs by less is the same.
const ALIKE: f64 = 0.10;

/// Two plans, compared.
pub(super) struct Comparison {
    pub a: Arc<Opened>,
    pub b: Arc<Opened>,
    /// Costs are compared, as one of them has no times.
    by_cost: bool,
    pairs: Vec<Pair>,
    list: Cursor,
    lower: Cursor,
    verdict: Vec<(String, &'static str)>,
}

impl Comparison {
    pub fn new(a: Arc<Opened>, b: Arc<Opened>) -> Self {
        let pairs = pairs(&a.plan, &b.plan);
        let verdict = verdict(&a, &b, &pairs);
        let mut list = Cursor::default();
        // Where the difference is greatest.
        let by_cost = a.by_cost || b.by_cost;
        let change = |p: &Pair| (own(&a, p.a, by_cost) - own(&b, p.b, by_cost)).abs();
        list.at =
            (0..pairs.len()).max_by(|x, y| change(&pairs[*x]).total_cmp(&change(&pairs[*y]))).unwrap_or(0);
        Self { a, b, by_cost, pairs, list, lower: Cursor::default(), verdict }
    }

    /// The nodes under the cursor.
    pub fn pair(&self) -> Option<Pair> {
        self.pairs.get(self.list.at).copied()
    }

    pub fn command(&mut self, command: Command) -> bool {
        self.list.command(command, self.pairs.len())
    }

    pub fn click(&mut self, x: u16, y: u16) -> bool {
        let len = self.pairs.len();
        if self.lower.click(x, y, len) {
            self.list.at = self.lower.at;
            return true;
        }
        self.list.click(x, y, len)
    }

    pub fn wheel(&mut self, by: i32) {
        self.list.wheel(by, self.pairs.len());
    }

    /// The first one becomes the second.
    pub fn turn(&mut self) {
        let at = self.list.at;
        *self = Self::new(Arc::clone(&self.b), Arc::clone(&self.a));
        self.list.at = at.min(self.pairs.len().saturating_sub(1));
    }
}

/// A node's own time, or its own cost where one of the plans has no times.
fn own(opened: &Opened, node: Option<usize>, by_cost: bool) -> f64 {
    let Some(node) = node else { return 0.0 };
    if by_cost {
        return opened.costs.get(node).copied().unwrap_or_default();
    }
    opened.figures.nodes.get(node).and_then(|f| f.self_ms).unwrap_or_default()
}

/// `68× less`, `12 % more`, `same`.
fn change(from: f64, to: f64) -> String {
    if (from - to).abs() <= ALIKE * from.max(to) {
        return "same".into();
    }
    let (more, less) = if to > from { (to, from) } else { (from, to) };
    let way = if to > from { "more" } else { "less" };
    if less <= 0.0 {
        return if to > from { "new".into() } else { "gone".into() };
    }
    match more / less {
        f if f < 2.0 => format!("{:.0} % {way}", (to - from).abs() / from * 100.0),
        f => format!("{}× {way}", if f < 9.95 { format!("{f:.1}") } else { row::number(f) }),
    }
}

/// What the comparison says as a whole.
fn verdict(a: &Opened, b: &Opened, pairs: &[Pair]) -> Vec<(String, &'static str)> {
    let mut parts = vec![];
    let mut style = "text";
    let comparable = !a.by_cost && !b.by_cost;
    match (a.total_ms(), b.total_ms()) {
        (Some(from), Some(to)) if comparable => {
            style = match to / from.max(f64::MIN_POSITIVE) {
                f if f <= 1.0 - ALIKE => "message.ok",
                f if f >= 1.0 + ALIKE => "message.error",
                _ => "text",
            };
            parts.push(format!("time {} → {} ms: {}", row::ms(from), row::ms(to), change(from, to)));
        }
        _ => {
            let cost =
                |o: &Opened| o.plan.nodes.first().and_then(|n| n.estimate).map_or(0.0, |e| e.total_cost);
            let text = format!(
                "estimated cost {} → {}: {}",
                row::number(cost(a)),
                row::number(cost(b)),
                change(cost(a), cost(b))
            );
            parts.push(text);
            parts.push("costs are guesses: only ANALYZE of both tells".into());
        }
    }
    let touched = |o: &Opened| o.plan.nodes.first().map_or(0, |n| row::touched(&n.blocks));
    let (from, to) = (touched(a), touched(b));
    if from > 0 && to > 0 && comparable {
        let text = format!("buffers {} → {}", units::bytes(from), units::bytes(to));
        parts.push(text);
    }
    let gone = pairs.iter().filter(|p| p.b.is_none()).count() as u64;
    let new = pairs.iter().filter(|p| p.a.is_none()).count() as u64;
    parts.push(match (gone, new) {
        (0, 0) => "the same nodes".into(),
        (0, new) => format!("{} new", units::counted(new, "node", "nodes")),
        (gone, 0) => format!("{} gone", units::counted(gone, "node", "nodes")),
        (gone, new) => format!("{} gone, {new} new", units::counted(gone, "node", "nodes")),
    });
    let mut out = vec![(parts.join(" · "), style)];
    let differ: Vec<String> = differing(&a.plan.settings, &b.plan.settings);
    if !differ.is_empty() {
        out.push((format!("settings differ: {}", differ.join(", ")), "message.warning"));
    }
    if !a.key.is_empty() && !b.key.is_empty() && a.key != b.key {
        out.push(("these are plans of different statements".into(), "message.warning"));
    }
    out
}

fn differing(a: &[(String, String)], b: &[(String, String)]) -> Vec<String> {
    let get =
        |of: &[(String, String)], name: &str| of.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let mut names: Vec<&String> = a.iter().chain(b).map(|(n, _)| n).collect();
    names.sort();
    names.dedup();
    let unset = || "default".to_owned();
    names
        .into_iter()
        .filter(|n| get(a, n) != get(b, n))
        .map(|n| format!("{n} {} → {}", get(a, n).unwrap_or_else(unset), get(b, n).unwrap_or_else(unset)))
        .collect()
}

/// Draws the comparison over the whole pane.
pub(super) fn draw(buf: &mut Buffer, area: Rect, c: &mut Comparison, theme: &Theme) {
    let mut y = area.y;
    paint::fill(buf, Rect { height: 1, ..area }, theme.style("grid.header"));
    let title = "Comparison: before, and after (T turns them, Esc leaves)";
    paint::put_clipped(buf, area.x + 1, y, area.width - 1, title, theme.style("grid.header"));
    y += 1;
    for (text, style) in &c.verdict {
        let text = clean::line(text);
        for range in width::wrap(&text, usize::from(area.width.saturating_sub(2)).max(20)) {
            if y + 6 < area.bottom() {
                paint::put(buf, area.x + 1, y, area.width - 2, text[range].trim_end(), theme.style(style));
                y += 1;
            }
        }
    }
    let facts = facts(c);
    let foot = (facts.len() as u16 + 1).min(area.height / 3);
    let main = Rect { y, height: area.bottom().saturating_sub(y + foot), ..area };
    if area.width >= SIDE_BY_SIDE {
        let half = (area.width - 1) / 2;
        let left = Rect { width: half, ..main };
        let right = Rect { x: main.x + half + 1, width: area.width - half - 1, ..main };
        for y in main.top()..main.bottom() {
            paint::put(buf, main.x + half, y, 1, "│", theme.style("border"));
        }
        draw_side(buf, left, c, true, theme);
        draw_side(buf, right, c, false, theme);
    } else {
        let upper = Rect { height: main.height / 2, ..main };
        let lower = Rect { y: upper.bottom(), height: main.height - upper.height, ..main };
        draw_side(buf, upper, c, true, theme);
        draw_side(buf, lower, c, false, theme);
    }
    let foot = Rect { y: main.bottom(), height: foot, ..area };
    rule(buf, Rect { height: 1.min(foot.height), ..foot }, "this node", false, theme);
    for (n, (name, text)) in facts.iter().enumerate().take(usize::from(foot.height.saturating_sub(1))) {
        let y = foot.y + 1 + n as u16;
        paint::put(buf, foot.x + 1, y, 12, name, theme.style("text.dim"));
        paint::put_clipped(buf, foot.x + 14, y, foot.width.saturating_sub(15), text, theme.style("text"));
    }
}

/// One of the plans, in the lines of the pairs.
fn draw_side(buf: &mut Buffer, area: Rect, c: &mut Comparison, first: bool, theme: &Theme) {
    if area.height < 2 {
        return;
    }
    let (opened, letter) = if first { (&c.a, "before") } else { (&c.b, "after") };
    let opened = Arc::clone(opened);
    let ms = if c.by_cost { "cost" } else { "self ms" };
    let changed: u16 = if first { 0 } else { 13 };
    let figures = 9 + 8 + changed;
    let room = area.width.saturating_sub(figures);
    let style = theme.style("grid.header.type");
    paint::fill(buf, Rect { height: 1, ..area }, style);
    let took = opened.total_ms().map_or(String::new(), |t| format!(" · {} ms", row::ms(t)));
    let head = format!("{letter}: {}{took}", opened.origin.words());
    paint::put_clipped(buf, area.x + 1, area.y, room.saturating_sub(2), &head, style);
    let x = area.x + room;
    paint::put_right(buf, x, area.y, 8, ms, style);
    paint::put_right(buf, x + 9, area.y, 7, "rows", style);
    if !first {
        paint::put_right(buf, x + 17, area.y, changed - 1, "change", style);
    }
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let len = c.pairs.len();
    // Both sides scroll together.
    let list = if first { &mut c.list } else { &mut c.lower };
    let lines: Vec<_> = list.lines(rows, len).collect();
    if first {
        c.lower = c.list.clone();
    }
    for (n, place) in lines {
        let pair = c.pairs[n];
        let (here, other) = if first { (pair.a, pair.b) } else { (pair.b, pair.a) };
        let inside = Rect { x: place.x + 2, width: room.saturating_sub(3), ..place };
        match here {
            Some(node) => {
                let line = Line { node, folded: false };
                let x = tree::branches(buf, inside, &opened, &line, theme);
                let name = row::name(&opened.plan.nodes[node]);
                let rest = Rect { x, width: inside.right().saturating_sub(x), ..inside };
                tree::draw_name(buf, rest, &name, opened.plan.nodes[node].never_executed, theme);
                if other.is_none() {
                    let (sign, style) = if first { ("-", "grid.deleted") } else { ("+", "grid.added") };
                    paint::put(buf, place.x + 1, place.y, 1, sign, theme.style(style));
                    let cells = Rect { x, width: rest.width, ..rest };
                    paint::tint(buf, cells, theme.style(if first { "plan.gone" } else { "plan.new" }));
                }
                let x = area.x + room;
                paint::put_right(
                    buf,
                    x,
                    place.y,
                    8,
                    &figure(own(&opened, here, c.by_cost), c.by_cost),
                    theme.style("text"),
                );
                let rows = match opened.figures.analyzed {
                    true => opened.figures.nodes[node].rows,
                    false => opened.plan.nodes[node].estimate.map(|e| e.rows),
                };
                let rows = rows.map(row::number).unwrap_or_default();
                paint::put_right(buf, x + 9, place.y, 7, &rows, theme.style("text"));
            }
            None => {
                paint::put(buf, inside.x, place.y, inside.width, "·", theme.style("text.dim"));
            }
        }
        if !first {
            let (from, to) = (own(&c.a, pair.a, c.by_cost), own(&c.b, pair.b, c.by_cost));
            let text = match (pair.a, pair.b) {
                (None, _) => "new".into(),
                (_, None) => "gone".into(),
                // What takes next to nothing may double without a word.
                _ if c.a.shares[pair.a.unwrap_or(0)] < 0.005 && c.b.shares[pair.b.unwrap_or(0)] < 0.005 => {
                    String::new()
                }
                _ => change(from, to),
            };
            let style = match (from, to) {
                _ if text.is_empty() || text == "same" => "text.dim",
                (from, to) if to < from => "message.ok",
                _ => "message.warning",
            };
            paint::put_right(buf, area.x + room + 17, place.y, changed - 1, &text, theme.style(style));
        }
        if n == c.list.at {
            paint::tint(buf, place, theme.style("list.cursor"));
            paint::put(buf, place.x, place.y, 1, "▸", theme.style("list.cursor"));
        }
    }
}

/// A time, or a cost.
fn figure(value: f64, cost: bool) -> String {
    if cost { row::number(value) } else { row::ms(value) }
}

/// What differs between the nodes under the cursor.
fn facts(c: &Comparison) -> Vec<(&'static str, String)> {
    let Some(pair) = c.pair() else { return vec![] };
    let (a, b) = match (pair.a, pair.b) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) => return vec![("only before", full(&c.a, a))],
        (None, Some(b)) => return vec![("only after", full(&c.b, b))],
        (None, None) => return vec![],
    };
    let mut out = vec![];
    let (fa, fb) = (&c.a.figures.nodes[a], &c.b.figures.nodes[b]);
    let (na, nb) = (&c.a.plan.nodes[a], &c.b.plan.nodes[b]);
    let both =
        |name, from: String, to: String| (name, if from == to { from } else { format!("{from} → {to}") });
    let names = both("node", row::name_text(na), row::name_text(nb));
    out.push(names);
    if let (Some(from), Some(to)) = (fa.self_ms, fb.self_ms) {
        out.push(("self time", format!("{} → {} ms: {}", row::ms(from), row::ms(to), change(from, to))));
    } else if let (Some(from), Some(to)) = (na.estimate, nb.estimate) {
        let (from, to) = (from.total_cost, to.total_cost);
        out.push((
            "cost",
            format!("{} → {} with all below: {}", row::number(from), row::number(to), change(from, to)),
        ));
    }
    let estimate = |o: &Opened, n: usize| {
        let rows = o.figures.nodes[n].rows.map(row::number);
        let expected = o.plan.nodes[n].estimate.map(|e| row::number(e.rows)).unwrap_or_default();
        let factor = row::factor(o.figures.nodes[n].misestimate).0;
        match rows {
            Some(rows) => format!("{rows} (estimated {expected} a loop {factor})").replace(" )", ")"),
            None => format!("estimated {expected}"),
        }
    };
    out.push(both("rows", estimate(&c.a, a), estimate(&c.b, b)));
    let (from, to) = (row::touched(&fa.self_blocks), row::touched(&fb.self_blocks));
    if from + to > 0 {
        out.push(both("buffers", units::bytes(from), units::bytes(to)));
    }
    let loops =
        |o: &Opened, n: usize| o.plan.nodes[n].actual.map_or("never".into(), |a| row::number(a.loops));
    if c.a.figures.analyzed && c.b.figures.analyzed && loops(&c.a, a) != loops(&c.b, b) {
        out.push(both("loops", loops(&c.a, a), loops(&c.b, b)));
    }
    out
}

/// A node in a line: name, time, rows.
fn full(o: &Opened, node: usize) -> String {
    let f = &o.figures.nodes[node];
    let mut out = row::name_text(&o.plan.nodes[node]);
    if let Some(ms) = f.self_ms {
        out.push_str(&format!(" · {} ms", row::ms(ms)));
    }
    if let Some(rows) = f.rows {
        out.push_str(&format!(" · {} rows", row::number(rows)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::change;

    #[test]
    fn changes_in_words() {
        for (from, to, words) in [
            (100.0, 105.0, "same"),
            (100.0, 150.0, "50 % more"),
            (812.0, 12.0, "68× less"),
            (1.0, 2.5, "2.5× more"),
            (0.0, 1.0, "new"),
            (1.0, 0.0, "gone"),
            (0.0, 0.0, "same"),
        ] {
            assert_eq!(change(from, to), words);
        }
    }
}
