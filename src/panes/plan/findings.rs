//! The findings: what is wrong, ranked, and for the one under the cursor its reason and the next step.

use super::{opened::Opened, row};
use crate::{
    core::theme::Theme,
    data::plan::findings::Finding,
    text::{clean, width},
    widgets::{cursor::Cursor, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the list and, below it, all of the finding under the cursor.
pub(super) fn draw(
    buf: &mut Buffer,
    area: Rect,
    opened: &Opened,
    list: &mut Cursor,
    theme: &Theme,
    focus: bool,
) {
    if area.is_empty() {
        return;
    }
    let findings = &opened.findings;
    if findings.is_empty() {
        let text = if opened.figures.analyzed {
            "Nothing stands out: no finding passes its threshold"
        } else {
            "Without ANALYZE there is little to judge by: F9 runs it and measures"
        };
        list.hide();
        paint::put_clipped(buf, area.x + 1, area.y, area.width - 1, text, theme.style("text.dim"));
        return;
    }
    list.at = list.at.min(findings.len() - 1);
    let text = lines_of(&findings[list.at], usize::from(area.width.saturating_sub(3)));
    // The list takes what it needs while the text has room; at least two lines and half of the room.
    let needed = text.len() as u16 + 1;
    let wanted = (findings.len() as u16).min(area.height.saturating_sub(needed).max(area.height / 3).max(1));
    let rows = Rect { height: wanted.min(area.height), ..area };
    for (n, place) in list.lines(rows, findings.len()) {
        draw_line(buf, place, &findings[n], theme);
        if n == list.at {
            let style = theme.style(if focus { "list.cursor" } else { "tree.cursor.off" });
            paint::tint(buf, place, style);
            if focus {
                paint::put(buf, place.x, place.y, 1, "▸", style);
            }
        }
    }
    let mut y = rows.bottom();
    if area.bottom() > y + text.len() as u16 {
        let rule = "╌".repeat(usize::from(area.width.saturating_sub(2)));
        paint::put(buf, area.x + 1, y, area.width - 2, &rule, theme.style("border"));
        y += 1;
    }
    for (line, style) in text {
        if y >= area.bottom() {
            break;
        }
        paint::put(buf, area.x + 2, y, area.width.saturating_sub(3), &line, theme.style(style));
        y += 1;
    }
}

fn draw_line(buf: &mut Buffer, area: Rect, finding: &Finding, theme: &Theme) {
    let (sign, style) = row::severity(finding.severity);
    paint::put(buf, area.x + 1, area.y, 2, sign, theme.style(style));
    let saves = finding.saves_ms.filter(|ms| *ms > 0.0).map(row::ms).unwrap_or_default();
    paint::put_right(buf, area.x + 3, area.y, 8, &saves, theme.style("text"));
    let x = area.x + 12;
    paint::put_clipped(buf, x, area.y, area.right().saturating_sub(x), &finding.reason, theme.style("text"));
}

/// The whole finding, wrapped.
fn lines_of(finding: &Finding, cells: usize) -> Vec<(String, &'static str)> {
    let mut out = vec![];
    let parts = [
        (finding.reason.as_str(), "", "text"),
        (finding.next_step.as_str(), "→ ", "text.strong"),
        (finding.sql.as_deref().unwrap_or_default(), "  ", "sql.keyword"),
    ];
    for (text, lead, style) in parts.into_iter().filter(|(t, ..)| !t.is_empty()) {
        for (n, line) in clean::text(text).split('\n').enumerate() {
            let lead = if n == 0 { lead } else { "  " };
            let room = cells.saturating_sub(lead.len()).max(8);
            for (piece, range) in width::wrap(line, room).into_iter().enumerate() {
                let lead = if piece == 0 { lead } else { &"    "[..lead.chars().count().min(4)] };
                out.push((format!("{lead}{}", line[range].trim_end()), style));
            }
        }
    }
    out
}
