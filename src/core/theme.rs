//! Styles by dotted name; a missing name falls back to the left (`grid.cell.null` → `grid.cell` → `grid`).

use ratatui::style::{Modifier, Style};
use std::collections::HashMap;

/// A theme: a style per dotted name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Theme {
    /// File name without ending.
    pub name: String,
    styles: HashMap<String, Style>,
}

impl Theme {
    /// A theme of these styles.
    #[must_use]
    pub fn new(name: &str, styles: HashMap<String, Style>) -> Self {
        Self { name: name.into(), styles }
    }

    /// The style of a name, or of the longest prefix of it that has one.
    #[must_use]
    pub fn style(&self, name: &str) -> Style {
        let mut name = name;
        loop {
            if let Some(s) = self.styles.get(name) {
                return *s;
            }
            match name.rfind('.') {
                Some(at) => name = &name[..at],
                None => return Style::default(),
            }
        }
    }

    /// Lays another theme's styles over this one.
    pub fn overlay(&mut self, other: Self) {
        self.styles.extend(other.styles);
    }

    /// All names it defines, for tests and for writing a theme.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.styles.keys().map(String::as_str)
    }

    /// Removes all colours, keeping bold, underline and reverse (`NO_COLOR`). A background that
    /// says something (a cursor, a selection, a match) becomes reverse, that of a cursor without the
    /// focus an underline; one that only decorates goes.
    #[must_use]
    pub fn without_colour(mut self) -> Self {
        const SAYS: &[&str] = &["cursor", "active", "selection", "match", "failed"];
        for (name, s) in &mut self.styles {
            let end = name.rsplit('.').next().unwrap_or_default();
            let modifier = match s.bg {
                Some(_) if SAYS.contains(&end) => Modifier::REVERSED,
                Some(_) if end == "off" => Modifier::UNDERLINED,
                _ => Modifier::empty(),
            };
            s.fg = None;
            s.bg = None;
            s.underline_color = None;
            *s = s.add_modifier(modifier);
        }
        self
    }
}

/// The name of the style of a profile that has a colour. Dots in a profile's name part nothing.
#[must_use]
pub fn of_profile(name: &str) -> String {
    format!("profile.{}", name.replace('.', "\u{2024}"))
}

/// Every name the screens ask for. A theme need not define all; a test checks that the built-in
/// ones resolve each to something.
pub const NAMES: &[&str] = &[
    "text",
    "text.dim",
    "text.strong",
    "text.mark",
    "tab",
    "tab.active",
    "status",
    "status.tx.open",
    "status.tx.failed",
    "status.busy",
    "status.read-only",
    "status.error",
    "status.key",
    "profile",
    "border",
    "border.focus",
    "title",
    "title.focus",
    "grid.header",
    "grid.header.key",
    "grid.header.type",
    "grid.header.active",
    "grid.cell",
    "grid.cell.null",
    "grid.cell.empty",
    "grid.cell.number",
    "grid.cell.bool",
    "grid.cell.time",
    "grid.cell.json",
    "grid.cell.loading",
    "grid.changed",
    "grid.added",
    "grid.deleted",
    "grid.cursor",
    "grid.cursor.off",
    "grid.row",
    "grid.marked",
    "grid.match",
    "grid.frozen",
    "grid.more",
    "tree",
    "tree.schema",
    "tree.table",
    "tree.view",
    "tree.other",
    "tree.count",
    "tree.cursor",
    "tree.cursor.off",
    "list.cursor",
    "list.match",
    "popup",
    "popup.border",
    "popup.title",
    "button",
    "button.active",
    "input",
    "input.cursor",
    "input.error",
    "hint",
    "key",
    "message.error",
    "message.warning",
    "message.notice",
    "message.ok",
    "sql.keyword",
    "sql.string",
    "sql.number",
    "sql.comment",
    "sql.operator",
    "sql.identifier",
    "sql.function",
    "sql.type",
    "sql.parameter",
    "sql.meta",
    "sql.error",
    "editor",
    "editor.line",
    "editor.gutter",
    "editor.gutter.line",
    "editor.selection",
    "editor.current",
    "json.key",
    "json.string",
    "json.number",
    "json.bool",
    "json.null",
    "json.punct",
    "chart",
    "chart.other",
    "chart.warning",
    "chart.error",
    "plan",
    "plan.node",
    "plan.relation",
    "plan.branch",
    "plan.folded",
    "plan.bar",
    "plan.bad",
    "plan.worse",
    "plan.gone",
    "plan.new",
];

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    #[test]
    fn names_fall_back_to_the_left() {
        let red = Style::default().fg(Color::Red);
        let t = Theme::new("t", HashMap::from([("grid".to_owned(), red)]));
        assert_eq!(t.style("grid.cell.null"), red);
        assert_eq!(t.style("other"), Style::default());
    }

    #[test]
    fn without_colour_only_what_says_something_is_reversed() {
        let blue = Style::default().bg(Color::Blue).fg(Color::Red);
        let names = ["popup", "grid.cursor", "grid.row"];
        let t = Theme::new("t", names.map(|n| (n.to_owned(), blue)).into()).without_colour();
        let reversed = Style::default().add_modifier(Modifier::REVERSED);
        assert_eq!(names.map(|n| t.style(n)), [Style::default(), reversed, Style::default()]);
    }
}
