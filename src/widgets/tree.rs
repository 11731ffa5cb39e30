//! A tree as a list of lines: folding, a cursor, narrowing by fuzzy search. Tens of thousands of nodes are fine.

use super::paint;
use crate::{
    core::{command::Command, theme::Theme},
    text::{clean, fuzzy::Fuzzy, width},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::{collections::HashSet, hash::Hash};

/// One node; nodes are given in the order shown when all is unfolded, parents before children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<K> {
    /// Its identity, kept over reloading: fold state and cursor go by it.
    pub key: K,
    /// 0 for roots, a child has its parent's plus one.
    pub depth: u16,
    /// What is shown.
    pub text: String,
    /// What a search with a dot is matched with (`schema.name`); empty: the text.
    pub path: String,
    /// Shown dim at the right edge.
    pub remark: String,
    /// One sign before the text; may be empty.
    pub sign: &'static str,
    /// Style name of sign and text.
    pub style: &'static str,
    /// It can be unfolded.
    pub branch: bool,
}

/// What a click hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeHit {
    /// The fold sign; the node was folded or unfolded.
    Fold,
    /// The node, now under the cursor.
    Node,
}

/// The state of a tree.
#[derive(Clone, Debug)]
pub struct Tree<K> {
    nodes: Vec<Node<K>>,
    open: HashSet<K>,
    /// Numbers of the nodes that show.
    lines: Vec<usize>,
    /// Place in `lines`.
    at: usize,
    top: usize,
    area: Rect,
    typed: String,
    fuzzy: Fuzzy,
}

impl<K> Default for Tree<K> {
    fn default() -> Self {
        Self {
            nodes: vec![],
            open: HashSet::new(),
            lines: vec![],
            at: 0,
            top: 0,
            area: Rect::default(),
            typed: String::new(),
            fuzzy: Fuzzy::default(),
        }
    }
}

impl<K: Clone + Eq + Hash> Tree<K> {
    /// Replaces the nodes; what was unfolded and the cursor's node stay where they still exist.
    pub fn set(&mut self, nodes: Vec<Node<K>>) {
        let here = self.chosen().map(|n| n.key.clone());
        self.nodes = nodes;
        self.lay_out();
        if let Some(key) = here {
            self.go(&key);
        }
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node<K>] {
        &self.nodes
    }

    /// The node under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&Node<K>> {
        self.nodes.get(*self.lines.get(self.at)?)
    }

    /// Is this branch unfolded?
    #[must_use]
    pub fn is_open(&self, key: &K) -> bool {
        self.open.contains(key)
    }

    /// Folds or unfolds a branch.
    pub fn set_open(&mut self, key: &K, open: bool) {
        let changed = if open { self.open.insert(key.clone()) } else { self.open.remove(key) };
        if changed {
            let here = self.chosen().map(|n| n.key.clone());
            self.lay_out();
            if let Some(key) = here {
                self.go(&key);
            }
        }
    }

    /// Folds an unfolded branch under the cursor and the other way round; `false` on a leaf.
    pub fn toggle(&mut self) -> bool {
        let Some(node) = self.chosen().filter(|n| n.branch) else { return false };
        let key = node.key.clone();
        self.set_open(&key, !self.open.contains(&key));
        true
    }

    /// Unfolds everything, or folds everything.
    pub fn set_all_open(&mut self, open: bool) {
        let here = self.chosen().map(|n| n.key.clone());
        self.open.clear();
        if open {
            self.open.extend(self.nodes.iter().filter(|n| n.branch).map(|n| n.key.clone()));
        }
        self.lay_out();
        if let Some(key) = here {
            self.go(&key);
        }
    }

    /// The cursor to a node, unfolding what it is in; `false` when there is no such node.
    pub fn reveal(&mut self, key: &K) -> bool {
        let Some(number) = self.nodes.iter().position(|n| n.key == *key) else { return false };
        let mut depth = self.nodes[number].depth;
        for n in self.nodes[..number].iter().rev() {
            if n.depth < depth {
                depth = n.depth;
                self.open.insert(n.key.clone());
            }
        }
        self.lay_out();
        self.go(key)
    }

    /// The cursor to a node that shows; a folded-away one is found at its nearest shown parent.
    fn go(&mut self, key: &K) -> bool {
        let Some(number) = self.nodes.iter().position(|n| n.key == *key) else { return false };
        // Lines ascend by node number, so the nearest one before is the node or a node it is in.
        self.at = self.lines.partition_point(|n| *n <= number).saturating_sub(1);
        self.lines.get(self.at) == Some(&number)
    }

    /// Shows only nodes that match what is typed, with what they are in; empty shows all again.
    pub fn narrow(&mut self, typed: &str) {
        if self.typed == typed {
            return;
        }
        let here = self.chosen().map(|n| n.key.clone());
        typed.clone_into(&mut self.typed);
        self.fuzzy.look_for(typed);
        self.lay_out();
        if self.typed.is_empty()
            && let Some(key) = here
        {
            self.reveal(&key);
        }
    }

    /// What the tree is narrowed by.
    #[must_use]
    pub fn narrowed(&self) -> &str {
        &self.typed
    }

    /// How many lines show.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.lines.len()
    }

    fn lay_out(&mut self) {
        self.lines.clear();
        if self.typed.is_empty() {
            let mut closed: Option<u16> = None;
            for (number, n) in self.nodes.iter().enumerate() {
                if closed.is_some_and(|depth| n.depth > depth) {
                    continue;
                }
                self.lines.push(number);
                closed = (n.branch && !self.open.contains(&n.key)).then_some(n.depth);
            }
            self.at = self.at.min(self.lines.len().saturating_sub(1));
            return;
        }
        let by_path = self.typed.contains('.');
        let mut best = (0, None);
        // From the end, a node knows whether one of its children matched.
        let mut wanted_depth = 0;
        for number in (0..self.nodes.len()).rev() {
            let n = &self.nodes[number];
            let score = self.fuzzy.score(if by_path && !n.path.is_empty() { &n.path } else { &n.text });
            if let Some(score) = score
                && score >= best.0
            {
                best = (score, Some(number));
            }
            if score.is_some() || n.depth < wanted_depth {
                self.lines.push(number);
                wanted_depth = n.depth;
            }
        }
        self.lines.reverse();
        self.at = best.1.map_or(0, |n| self.lines.partition_point(|l| *l < n));
        self.top = 0;
    }

    /// Does a command of trees; `false`: not the tree's, or nothing to do (Right on a leaf).
    pub fn command(&mut self, command: Command) -> bool {
        let page = (self.area.height.max(2) - 1) as usize;
        let last = self.lines.len().saturating_sub(1);
        match command {
            Command::Up => self.at = self.at.saturating_sub(1),
            Command::Down => self.at = (self.at + 1).min(last),
            Command::First => self.at = 0,
            Command::Last => self.at = last,
            Command::HalfUp => self.at = self.at.saturating_sub(page.div_ceil(2)),
            Command::HalfDown => self.at = (self.at + page.div_ceil(2)).min(last),
            Command::PageUp => self.at = self.at.saturating_sub(page),
            Command::PageDown => self.at = (self.at + page).min(last),
            Command::Left => return self.fold_or_leave(),
            Command::Right => return self.unfold_or_enter(),
            Command::ToggleFold => return self.toggle(),
            Command::FoldAll => self.set_all_open(false),
            Command::UnfoldAll => self.set_all_open(true),
            _ => return false,
        }
        true
    }

    fn fold_or_leave(&mut self) -> bool {
        let Some(node) = self.chosen() else { return false };
        let (key, depth) = (node.key.clone(), node.depth);
        if node.branch && self.open.contains(&key) && self.typed.is_empty() {
            self.set_open(&key, false);
            return true;
        }
        let parent = self.lines[..self.at].iter().rposition(|n| self.nodes[*n].depth < depth);
        if let Some(at) = parent {
            self.at = at;
        }
        parent.is_some()
    }

    fn unfold_or_enter(&mut self) -> bool {
        let Some(node) = self.chosen().filter(|n| n.branch) else { return false };
        let (key, depth) = (node.key.clone(), node.depth);
        if !self.open.contains(&key) && self.typed.is_empty() {
            self.set_open(&key, true);
            return true;
        }
        let child = self.lines.get(self.at + 1).is_some_and(|n| self.nodes[*n].depth > depth);
        if child {
            self.at += 1;
        }
        child
    }

    /// The mouse wheel.
    pub fn wheel(&mut self, by: i64) {
        let height = self.area.height as usize;
        let last_top = self.lines.len().saturating_sub(height);
        self.top = (self.top as i64 + by).clamp(0, last_top as i64) as usize;
        let bottom = (self.top + height.max(1) - 1).min(self.lines.len().saturating_sub(1));
        self.at = self.at.clamp(self.top.min(bottom), bottom);
    }

    /// A click at this point of the screen.
    pub fn click(&mut self, x: u16, y: u16) -> Option<TreeHit> {
        if !self.area.contains((x, y).into()) {
            return None;
        }
        let at = self.top + (y - self.area.y) as usize;
        let node = self.nodes.get(*self.lines.get(at)?)?;
        let sign = self.area.x + indent(node.depth, self.area.width);
        let fold = node.branch && (sign..sign + 2).contains(&x);
        self.at = at;
        if fold {
            self.toggle();
            return Some(TreeHit::Fold);
        }
        Some(TreeHit::Node)
    }

    /// Draws the lines that fit.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme, focused: bool) {
        let area = area.intersection(buf.area);
        self.area = area;
        paint::fill(buf, area, theme.style("tree"));
        let height = area.height as usize;
        if height == 0 {
            return;
        }
        if self.at < self.top {
            self.top = self.at;
        } else if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
        self.top = self.top.min(self.lines.len().saturating_sub(height));
        for row in 0..height {
            let Some(number) = self.lines.get(self.top + row).copied() else { break };
            let place = Rect { y: area.y + row as u16, height: 1, ..area };
            self.draw_line(buf, place, number, theme);
            if self.top + row == self.at {
                let name = if focused { "tree.cursor" } else { "tree.cursor.off" };
                paint::tint(buf, place, theme.style(name));
            }
        }
        if self.lines.is_empty() {
            let text = if self.nodes.is_empty() { "nothing here" } else { "nothing matches" };
            paint::put_clipped(buf, area.x, area.y, area.width, text, theme.style("text.dim"));
        }
    }

    fn draw_line(&mut self, buf: &mut Buffer, place: Rect, number: usize, theme: &Theme) {
        let n = &self.nodes[number];
        let style = theme.style(n.style);
        let end = place.right();
        let mut x = place.x + indent(n.depth, place.width);
        let fold = match (n.branch, !self.typed.is_empty() || self.open.contains(&n.key)) {
            (false, _) => "  ",
            (true, true) => "▾ ",
            (true, false) => "▸ ",
        };
        x = paint::put(buf, x, place.y, end.saturating_sub(x), fold, theme.style("text.dim"));
        if !n.sign.is_empty() {
            x = paint::put(buf, x, place.y, end.saturating_sub(x), n.sign, style) + 1;
        }
        let room = end.saturating_sub(x);
        let text = clean::line(&n.text);
        let wide = (width::width_to(&text, room as usize) as u16).min(room);
        // Positions hold for the text as it is; a cleaned one is shown without them.
        let found = if *text == *n.text && !self.typed.contains('.') {
            self.fuzzy.positions(&n.text)
        } else {
            vec![]
        };
        paint::put_marked(buf, x, place.y, room, &text, (style, theme.style("list.match")), &found);
        let left = room.saturating_sub(wide + 2);
        let remark = clean::line(&n.remark);
        let needs = width::width(&remark) as u16;
        if needs > 0 && needs <= left {
            paint::put(buf, end - needs - 1, place.y, needs, &remark, theme.style("tree.count"));
        }
    }
}

/// Deep nodes keep some room for their text.
fn indent(depth: u16, width: u16) -> u16 {
    depth.saturating_mul(2).min(width / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(depth: u16, text: &str, branch: bool) -> Node<String> {
        Node {
            key: text.into(),
            depth,
            text: text.into(),
            path: String::new(),
            remark: "~12 k".into(),
            sign: "",
            style: "tree.table",
            branch,
        }
    }

    fn tree() -> Tree<String> {
        let mut t = Tree::default();
        t.set(vec![
            node(0, "audit", true),
            node(1, "log", false),
            node(0, "public", true),
            node(1, "posts", false),
            node(1, "users", false),
        ]);
        t
    }

    fn screen(t: &mut Tree<String>, width: u16, height: u16) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buf.area;
        t.draw(&mut buf, area, &Theme::default(), true);
        let line = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn folds_and_moves() {
        let mut t = tree();
        assert_eq!(screen(&mut t, 20, 3), "▸ audit       ~12 k\n▸ public      ~12 k\n");
        t.command(Command::Last);
        assert!(t.command(Command::Right));
        assert!(t.command(Command::Right));
        assert_eq!(t.chosen().map(|n| &*n.text), Some("posts"));
        assert!(!t.command(Command::Right), "a leaf");
        assert!(t.command(Command::Left));
        assert_eq!(t.chosen().map(|n| &*n.text), Some("public"));
        assert!(t.command(Command::Left));
        assert_eq!(t.shown(), 2);
        assert!(!t.command(Command::Left), "a root");
    }

    #[test]
    fn the_cursor_keeps_its_node() {
        let mut t = tree();
        assert!(t.reveal(&"users".to_owned()));
        let mut nodes = t.nodes().to_vec();
        nodes.insert(3, node(1, "comments", false));
        t.set(nodes);
        assert_eq!(t.chosen().map(|n| &*n.text), Some("users"));
        t.set_open(&"public".to_owned(), false);
        assert_eq!(t.chosen().map(|n| &*n.text), Some("public"));
        assert!(!t.reveal(&"gone".to_owned()));
    }

    #[test]
    fn narrowing_shows_matches_with_their_parents() {
        let mut t = tree();
        t.narrow("usr");
        assert_eq!(screen(&mut t, 12, 3), "▾ public\n    users\n");
        assert_eq!(t.chosen().map(|n| &*n.text), Some("users"));
        t.narrow("");
        assert_eq!(t.chosen().map(|n| &*n.text), Some("users"), "unfolded to where one was");
        t.narrow("zzz");
        assert_eq!(screen(&mut t, 20, 1), "nothing matches");
        assert_eq!(t.chosen(), None);
        assert!(!t.command(Command::Right));
    }

    #[test]
    fn clicks() {
        let mut t = tree();
        screen(&mut t, 20, 5);
        assert_eq!(t.click(0, 1), Some(TreeHit::Fold));
        assert_eq!(t.shown(), 4);
        assert_eq!(t.click(5, 2), Some(TreeHit::Node));
        assert_eq!(t.chosen().map(|n| &*n.text), Some("posts"));
        assert_eq!(t.click(5, 4), None);
        t.wheel(5);
    }

    #[test]
    fn small_screens_and_hostile_names() {
        let mut t = tree();
        let mut nodes = t.nodes().to_vec();
        nodes[0].text = "a\x1b[31m\u{202e}\n".into();
        nodes[0].remark = "\x07".into();
        nodes[0].depth = 9000;
        t.set(nodes);
        for w in 0..9 {
            for h in 0..4 {
                assert!(!screen(&mut t, w, h).contains('\x1b'));
            }
        }
    }
}
