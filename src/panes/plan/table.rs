//! The plan as a table: what each kind of node, or each relation, took together.

use super::{View, opened::Opened, row};
use crate::{
    core::{command::Command, theme::Theme},
    text::units,
    widgets::{cursor::Cursor, paint, spark},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::collections::HashMap;

/// A line of the table.
#[derive(Clone, Debug)]
pub(super) struct Group {
    name: String,
    nodes: usize,
    share: f64,
    ms: f64,
    rows: f64,
    bytes: u64,
    /// The node among them that took most.
    first: usize,
}

/// The view.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    list: Cursor,
    groups: Vec<Group>,
    of: View,
}

impl Table {
    /// Sums up a plan, by kind or by relation.
    pub fn new(opened: &Opened, of: View) -> Self {
        let mut groups: Vec<Group> = vec![];
        // Keyed by what the plan holds: a name is made for a line of the table, not for a node.
        let mut known = HashMap::<(Option<&str>, &str), usize>::new();
        for (at, node) in opened.plan.nodes.iter().enumerate() {
            let key = match (of, &node.relation) {
                (View::Relations, Some(relation)) => (node.schema.as_deref(), relation.as_str()),
                (View::Relations, None) => continue,
                _ if node.heading.is_empty() => (None, node.node_type.as_str()),
                _ => (None, node.heading.as_str()),
            };
            let number = *known.entry(key).or_insert_with(|| {
                let name = key.0.map_or(key.1.to_owned(), |schema| format!("{schema}.{}", key.1));
                groups.push(Group { name, nodes: 0, share: 0.0, ms: 0.0, rows: 0.0, bytes: 0, first: at });
                groups.len() - 1
            });
            let (group, f) = (&mut groups[number], &opened.figures.nodes[at]);
            group.nodes += 1;
            group.share += opened.shares[at];
            group.ms += f.self_ms.unwrap_or_default();
            group.rows += f.rows.unwrap_or_default();
            group.bytes += row::touched(&f.self_blocks);
            if opened.shares[at] > opened.shares[group.first] {
                group.first = at;
            }
        }
        groups.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
        Self { list: Cursor::default(), groups, of }
    }

    /// The most expensive node of the line under the cursor.
    pub fn node(&self) -> Option<usize> {
        self.groups.get(self.list.at).map(|g| g.first)
    }

    pub fn command(&mut self, command: Command) -> bool {
        self.list.command(command, self.groups.len())
    }

    pub fn click(&mut self, x: u16, y: u16) -> bool {
        self.list.click(x, y, self.groups.len())
    }

    pub fn wheel(&mut self, by: i32) {
        self.list.wheel(by, self.groups.len());
    }

    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, opened: &Opened, theme: &Theme, focus: bool) {
        if area.height < 2 {
            return;
        }
        let head = theme.style("grid.header.type");
        paint::fill(buf, Rect { height: 1, ..area }, head);
        let bar = if area.width >= 110 { 20 } else { 10 };
        let columns = [("nodes", 6), ("self ms", 9), ("rows", 9), ("buffers", 9)];
        let figures: u16 = columns.iter().map(|(_, c)| c + 1).sum::<u16>() + bar + 8;
        let name = area.width.saturating_sub(figures);
        let title = if self.of == View::Relations { "relation" } else { "kind of node" };
        paint::put(buf, area.x + 2, area.y, name, title, head);
        let mut x = area.x + name;
        let what = if opened.by_cost { "share of cost" } else { "share of time" };
        paint::put(buf, x + 1, area.y, bar + 6, what, head);
        x += bar + 8;
        for (title, cells) in columns {
            paint::put_right(buf, x, area.y, cells, title, head);
            x += cells + 1;
        }
        if self.groups.is_empty() {
            let text = "No node of this plan reads a relation";
            paint::put_clipped(buf, area.x + 2, area.y + 1, area.width - 2, text, theme.style("text.dim"));
        }
        let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let text = theme.style("text");
        for (n, place) in self.list.lines(rows, self.groups.len()) {
            let g = &self.groups[n];
            let style = if self.of == View::Relations { "plan.relation" } else { "plan.node" };
            paint::put_clipped(
                buf,
                place.x + 2,
                place.y,
                name.saturating_sub(3),
                &g.name,
                theme.style(style),
            );
            let heat = theme.style(row::heat(g.share));
            let mut x = place.x + name;
            paint::put(buf, x + 1, place.y, bar, &spark::bar(g.share, bar.into()), heat);
            paint::put_right(buf, x + bar + 2, place.y, 5, &row::percent(g.share), heat);
            x += bar + 8;
            let cells = [
                units::count(g.nodes as u64),
                if opened.figures.timed { row::ms(g.ms) } else { String::new() },
                if opened.figures.analyzed { row::number(g.rows) } else { String::new() },
                if g.bytes > 0 { units::bytes(g.bytes) } else { String::new() },
            ];
            for (cell, (_, cells)) in cells.iter().zip(columns) {
                paint::put_right(buf, x, place.y, cells, cell, text);
                x += cells + 1;
            }
            if n == self.list.at {
                let style = theme.style(if focus { "list.cursor" } else { "tree.cursor.off" });
                paint::tint(buf, place, style);
                if focus {
                    paint::put(buf, place.x, place.y, 1, "▸", style);
                }
            }
        }
    }
}
