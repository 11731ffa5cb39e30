//! The mouse: the wheel goes through what is under it, a click chooses, a double click opens.

use super::{PlanPane, View};
use crate::core::{
    command::Command,
    event::{Mouse, MouseKind},
    pane::{Cx, Pane},
};

impl PlanPane {
    /// What the mouse did.
    pub(super) fn on_mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let wheel = match mouse.kind {
            MouseKind::ScrollUp => -3,
            MouseKind::ScrollDown => 3,
            _ => 0,
        };
        let (x, y) = (mouse.x, mouse.y);
        if let Some(c) = &mut self.comparison {
            if wheel != 0 {
                c.wheel(wheel);
            } else if c.click(x, y) && mouse.kind == MouseKind::Double {
                self.command(Command::PlanDetails, cx);
            }
            return;
        }
        let at = ratatui::layout::Position { x, y };
        if wheel == 0
            && let Some((_, view)) = self.places.views.iter().find(|(r, _)| r.contains(at))
        {
            let view = *view;
            self.details = None;
            if let Some(open) = &mut self.open {
                open.turn(view);
            }
            return;
        }
        if let Some(details) = &mut self.details {
            return details.scroll(wheel.into());
        }
        let Some(open) = &mut self.open else { return };
        if self.places.findings.contains(at) {
            let len = open.plan.findings.len();
            if wheel != 0 {
                return open.findings.wheel(wheel, len);
            }
            self.focus_findings = true;
            if open.findings.click(x, y, len) && mouse.kind == MouseKind::Double {
                self.go_to_finding();
            }
        } else if self.places.main.contains(at) {
            if wheel != 0 {
                match open.view {
                    View::Tree => open.tree.wheel(wheel),
                    View::Kinds | View::Relations => open.table.wheel(wheel),
                    View::Timeline => open.timeline.wheel(wheel),
                }
                return self.follow();
            }
            self.focus_findings = false;
            let hit = match open.view {
                View::Tree => open.tree.click(x, y),
                View::Kinds | View::Relations => open.table.click(x, y),
                View::Timeline => open.timeline.click(x, y),
            };
            if hit {
                self.follow();
            }
            if hit && mouse.kind == MouseKind::Double {
                self.enter();
            }
        }
    }
}
