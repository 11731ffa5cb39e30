//! The mouse in Browse: clicks choose, a click on a heading sorts, the wheel scrolls.

use super::{Browse, Over, Part};
use crate::{
    core::{
        event::{Mouse, MouseKind},
        pane::Cx,
    },
    widgets::{grid::Hit, tree::TreeHit},
};

/// Rows a turn of the wheel scrolls.
const WHEEL: i64 = 3;

impl Browse {
    pub(super) fn do_mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if !self.over.is_empty() {
            return self.mouse_over(mouse, cx);
        }
        let at = (mouse.x, mouse.y).into();
        let part = if self.areas.tree.contains(at) {
            Part::Tree
        } else if self.areas.below.contains(at) {
            Part::Below
        } else if self.areas.main.contains(at) {
            Part::Main
        } else {
            return;
        };
        let wheel = match mouse.kind {
            MouseKind::ScrollUp => Some(-WHEEL),
            MouseKind::ScrollDown => Some(WHEEL),
            MouseKind::Press | MouseKind::Double => None,
            MouseKind::Drag => return,
        };
        match (wheel, part) {
            (Some(by), Part::Tree) => self.tree.wheel(by),
            (Some(by), part) => self.wheel(part, by, cx),
            (None, Part::Tree) => self.press_tree(mouse, cx),
            (None, part) => self.press_grid(part, mouse, cx),
        }
    }

    fn wheel(&mut self, part: Part, by: i64, cx: &mut Cx<'_>) {
        let table = match part {
            Part::Below => self.below.as_mut().map(|b| &mut b.table),
            _ => self.main.as_mut(),
        };
        if let Some(table) = table {
            table.with_grid(|grid, source| grid.wheel(by, source));
            table.look_ahead(cx);
        }
    }

    fn press_tree(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.focus = Part::Tree;
        if self.tree.click(mouse.x, mouse.y) == Some(TreeHit::Node) {
            self.typing = None;
            self.open_node(cx);
        }
    }

    fn press_grid(&mut self, part: Part, mouse: Mouse, cx: &mut Cx<'_>) {
        self.focus = part;
        let hit = self.table_mut().and_then(|t| t.grid.click(mouse.x, mouse.y));
        match (hit, mouse.kind) {
            (Some(Hit::Header(_)), MouseKind::Press) => self.sort(false, cx),
            (Some(Hit::Cell(..)), MouseKind::Double) => self.open_value(cx),
            (Some(Hit::Gutter(_)), MouseKind::Double) => self.open_record(),
            _ => {}
        }
        if let Some(table) = self.table_mut() {
            table.look_ahead(cx);
        }
    }

    fn mouse_over(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let wheel = match mouse.kind {
            MouseKind::ScrollUp => -1,
            MouseKind::ScrollDown => 1,
            _ => 0,
        };
        match self.over.pop() {
            Some(Over::Value(mut view)) => {
                if wheel == 0 {
                    view.click(mouse.x, mouse.y);
                } else {
                    view.wheel(wheel * WHEEL);
                }
                self.over.push(Over::Value(view));
            }
            Some(Over::Record(mut view)) => {
                let double = mouse.kind == MouseKind::Double;
                if let Some(table) = self.table_mut() {
                    table.with_grid(|grid, source| {
                        if wheel == 0 {
                            view.click(mouse.x, mouse.y, grid);
                        } else {
                            let command = if wheel < 0 {
                                crate::core::command::Command::Up
                            } else {
                                crate::core::command::Command::Down
                            };
                            view.command(command, grid, source);
                        }
                    });
                }
                self.over.push(Over::Record(view));
                if double {
                    self.open_value(cx);
                }
            }
            None => {}
        }
    }
}
