//! Drawing a grid: only the rows and columns on the screen are looked at.

use super::{
    layout::{Drawn, Layout, Placing, head_lines},
    source::{GridCell, GridSource, Touch},
    state::GridState,
};
use crate::{
    core::theme::Theme,
    data::value::Kind,
    text::{clean, units, width},
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use std::borrow::Cow;

/// How SQL NULL is written: in marks, so that the text `NULL` is another thing without any colour.
pub const NULL: &str = "‹null›";
/// How the empty text is written.
pub const EMPTY: &str = "‹empty›";
const NULL_SHORT: &str = "∅";
const EMPTY_SHORT: &str = "''";

/// All styles of one drawing, looked up once.
struct Styles {
    cell: Style,
    null: Style,
    empty: Style,
    loading: Style,
    number: Style,
    boolean: Style,
    time: Style,
    json: Style,
    row: Style,
    marked: Style,
    cursor: Style,
    found: Style,
    mark: Style,
    more: Style,
    frozen: Style,
}

impl Styles {
    fn new(theme: &Theme, focused: bool) -> Self {
        let cursor = theme.style("grid.cursor");
        Self {
            cell: theme.style("grid.cell"),
            null: theme.style("grid.cell.null"),
            empty: theme.style("grid.cell.empty"),
            loading: theme.style("grid.cell.loading"),
            number: theme.style("grid.cell.number"),
            boolean: theme.style("grid.cell.bool"),
            time: theme.style("grid.cell.time"),
            json: theme.style("grid.cell.json"),
            row: theme.style("grid.row"),
            marked: theme.style("grid.marked"),
            cursor: if focused { cursor } else { theme.style("grid.cursor.off") },
            found: theme.style("grid.match"),
            mark: theme.style("text.mark"),
            more: theme.style("grid.more"),
            frozen: theme.style("grid.frozen"),
        }
    }

    fn of(&self, kind: Kind) -> Style {
        match kind {
            Kind::Integer | Kind::Number | Kind::Money => self.number,
            Kind::Bool => self.boolean,
            Kind::Time => self.time,
            Kind::Json | Kind::Jsonb => self.json,
            Kind::Bytes | Kind::Array | Kind::Text => self.cell,
        }
    }
}

impl GridState {
    /// Draws the grid into an area (borders are the pane's).
    pub fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        source: &dyn GridSource,
        theme: &Theme,
        focused: bool,
    ) {
        let area = area.intersection(buf.area);
        self.fit(source);
        self.last = self.lay_out(area, source);
        if area.is_empty() {
            return;
        }
        let styles = Styles::new(theme, focused);
        paint::fill(buf, area, styles.cell);
        self.draw_head(buf, source, theme, focused);
        self.draw_rows_under(buf, &styles);
        self.draw_gutter(buf, source, theme, &styles);
        for at in 0..self.last.columns.len() {
            self.draw_column(buf, source, theme, &styles, self.last.columns[at]);
        }
        self.draw_over(buf, &styles);
        if self.last.rows.is_empty() {
            self.draw_empty(buf, source, theme);
        }
    }

    fn lay_out(&mut self, area: Rect, source: &dyn GridSource) -> Layout {
        let head = head_lines(area.height);
        let room = u64::from(area.height - head).max(1);
        let (first, end) = (source.first(), source.end());
        if self.row < self.top {
            self.top = self.row;
        } else if self.row >= self.top.saturating_add(room) {
            self.top = self.row + 1 - room;
        }
        self.top = self.top.min(end.saturating_sub(room)).max(first);
        let rows = self.top..(self.top + room).min(end);
        let digits = if self.numbers { units::count(rows.end).len() as u16 + 1 } else { 0 };
        let gutter = (digits + 2).min(area.width / 3);
        let mut out = Layout { area, head, gutter, rows: rows.clone(), ..Layout::default() };
        if !self.columns.shown.is_empty() && area.width > gutter {
            self.place_columns(&mut out, source);
        }
        out
    }

    fn place_columns(&mut self, out: &mut Layout, source: &dyn GridSource) {
        let start = out.area.x + out.gutter;
        let end = out.area.right();
        let gap = if end - start >= 40 { 2 } else { 1 };
        let count = self.columns.shown.len();
        let cap = self.cap.min((end - start).saturating_sub(1).max(3));
        let mut placing = Placing { columns: &mut self.columns, source, rows: out.rows.clone(), cap, gap };
        out.frozen = placing.frozen(end - start);
        let (x, _) = placing.place(0..out.frozen, start, end, &mut out.columns);
        // Room for the line between frozen and scrolled columns.
        let x = if out.frozen > 0 { (x + 1).min(end) } else { x };
        let room = end - x;
        self.left = placing.scroll_to(self.position, self.left, out.frozen, room);
        self.left = placing.fill_back(self.left, out.frozen, room);
        let (x, cut) = placing.place(self.left..count, x, end, &mut out.columns);
        out.more_left = self.left > out.frozen;
        out.more_right = cut;
        if !cut {
            placing.spread((end + gap).saturating_sub(x), &mut out.columns);
        }
    }

    fn draw_head(&self, buf: &mut Buffer, source: &dyn GridSource, theme: &Theme, focused: bool) {
        let Layout { area, head, .. } = self.last;
        if head == 0 {
            return;
        }
        let plain = theme.style("grid.header");
        paint::fill(buf, Rect { height: 1, ..area }, plain);
        if head > 1 {
            paint::fill(buf, Rect { y: area.y + 1, height: 1, ..area }, theme.style("grid.header.type"));
        }
        for d in &self.last.columns {
            let c = source.column(d.column);
            let mut style = if c.key { theme.style("grid.header.key") } else { plain };
            if focused && d.column == self.column() {
                style = style.patch(theme.style("grid.header.active"));
            }
            let mut name = clean::line(c.name);
            if let Some(sort) = c.sort {
                let mark = if sort.descending { "▼" } else { "▲" };
                let rank = if sort.rank == 0 { String::new() } else { sort.rank.to_string() };
                let tail = format!(" {mark}{rank}");
                let room = (d.width as usize).saturating_sub(width::width(&tail));
                name = Cow::Owned(format!("{}{tail}", width::clip(&name, room)));
            }
            aligned(buf, d, area.y, &name, style, c.kind.right_aligned());
            if head > 1 {
                let style = theme.style("grid.header.type");
                aligned(buf, d, area.y + 1, &clean::line(&c.detail), style, c.kind.right_aligned());
            }
        }
        let more = theme.style("grid.more");
        if self.last.more_left {
            paint::put(buf, area.x, area.y, 1, "‹", more);
        }
        if self.last.more_right {
            paint::put(buf, area.right() - 1, area.y, 1, "›", more);
        }
        self.draw_frozen_line(buf, theme.style("grid.frozen"), area.y, head);
    }

    fn draw_frozen_line(&self, buf: &mut Buffer, style: Style, y: u16, lines: u16) {
        let columns = &self.last.columns;
        if self.last.frozen == 0 || columns.len() <= self.last.frozen {
            return;
        }
        let x = columns[self.last.frozen].x.saturating_sub(2);
        for y in y..y + lines {
            paint::put(buf, x, y, 1, "│", style);
        }
    }

    fn draw_gutter(&self, buf: &mut Buffer, source: &dyn GridSource, theme: &Theme, styles: &Styles) {
        let Layout { area, head, gutter, ref rows, .. } = self.last;
        let mark_x = area.x + gutter.saturating_sub(2);
        for (y, row) in (area.y + head..).zip(rows.clone()) {
            if gutter > 2 {
                paint::put_right(buf, area.x, y, gutter - 3, &units::count(row + 1), styles.more);
            }
            let touch = source.row_touch(row);
            if let Some(sign) = touch.sign().filter(|_| gutter >= 2) {
                paint::put(buf, mark_x + 1, y, 1, sign, theme.style(touch.style()));
            }
            let (sign, style) = match (self.is_selected(row), self.marks.contains(&row)) {
                (true, _) => ("┃", styles.marked),
                (_, true) => ("•", styles.marked),
                _ if row == self.row => ("▸", styles.more),
                _ => continue,
            };
            paint::put(buf, mark_x, y, gutter.min(1), sign, style);
        }
    }

    fn draw_column(
        &self,
        buf: &mut Buffer,
        source: &dyn GridSource,
        theme: &Theme,
        styles: &Styles,
        d: Drawn,
    ) {
        let kind = source.column(d.column).kind;
        let top = self.last.area.y + self.last.head;
        for (y, row) in (top..).zip(self.last.rows.clone()) {
            let cell = source.cell(row, d.column);
            let wide = d.width as usize;
            let (text, style, value) = match cell {
                GridCell::Null => (Cow::Borrowed(fitting(NULL, NULL_SHORT, wide)), styles.null, false),
                GridCell::Loading => (Cow::Borrowed("⋯"), styles.loading, false),
                GridCell::Word(w) => (width::clip(w, wide), styles.null, false),
                GridCell::Text([]) => (Cow::Borrowed(fitting(EMPTY, EMPTY_SHORT, wide)), styles.empty, false),
                GridCell::Text(b) => (one_line(b, wide, false), styles.of(kind), true),
                GridCell::Cut(b, _) => (one_line(b, wide, true), styles.of(kind), true),
            };
            let touch = source.touch(row, d.column);
            let style = if touch == Touch::None { style } else { style.patch(theme.style(touch.style())) };
            let x = aligned(buf, &d, y, &text, style, kind.right_aligned());
            if value {
                self.draw_marks(buf, styles, (x, y), cell, &text);
            }
        }
    }

    /// Colours the marks that stand for characters not shown, and what the search looks for.
    fn draw_marks(
        &self,
        buf: &mut Buffer,
        styles: &Styles,
        (x, y): (u16, u16),
        cell: GridCell<'_>,
        text: &str,
    ) {
        let changed = cell.bytes().is_some_and(|b| !b.starts_with(text.trim_end_matches('…').as_bytes()));
        if changed {
            for range in marks(text) {
                tint_range(buf, (x, y), text, range, styles.mark);
            }
        }
        let places = if self.quiet { vec![] } else { self.needle.places(text) };
        for range in places {
            tint_range(buf, (x, y), text, range, styles.found);
        }
    }

    /// What lies under the cells: the cursor's row and marked rows.
    fn draw_rows_under(&self, buf: &mut Buffer, styles: &Styles) {
        let Layout { area, head, .. } = self.last;
        for (y, row) in (area.y + head..).zip(self.last.rows.clone()) {
            let line = Rect { y, height: 1, ..area };
            if row == self.row {
                paint::tint(buf, line, Style { fg: None, ..styles.row });
            }
            if self.is_selected(row) || self.marks.contains(&row) {
                paint::tint(buf, line, Style { fg: None, ..styles.marked });
            }
        }
    }

    /// What lies over the cells: the line behind the frozen columns, the cursor.
    fn draw_over(&self, buf: &mut Buffer, styles: &Styles) {
        let top = self.last.area.y + self.last.head;
        self.draw_frozen_line(buf, styles.frozen, top, self.last.rows.clone().count() as u16);
        if let Some(d) = self.last.columns.iter().find(|d| d.column == self.column())
            && self.last.rows.contains(&self.row)
        {
            let y = top + (self.row - self.last.rows.start) as u16;
            paint::tint(buf, Rect::new(d.x, y, d.width, 1), styles.cursor);
        }
    }

    fn draw_empty(&self, buf: &mut Buffer, source: &dyn GridSource, theme: &Theme) {
        let Layout { area, head, .. } = self.last;
        let room = area.height.saturating_sub(head);
        if room == 0 {
            return;
        }
        let text = source.when_empty();
        let text = width::clip(&text, area.width as usize);
        let x = area.x + (area.width - width::width(&text) as u16) / 2;
        paint::put(buf, x, area.y + head + room / 2, area.width, &text, theme.style("text.dim"));
    }
}

fn fitting(long: &'static str, short: &'static str, cells: usize) -> &'static str {
    if width::width(long) <= cells { long } else { short }
}

/// The harmless beginning of a value in one line of this width, with `…` when there is more.
fn one_line(bytes: &[u8], cells: usize, cut: bool) -> Cow<'_, str> {
    let start = clean::start(bytes, cells);
    if !start.more && !cut {
        return match start.text {
            Cow::Borrowed(t) => width::clip(t, cells),
            Cow::Owned(t) => Cow::Owned(width::clip(&t, cells).into_owned()),
        };
    }
    let head = width::head(&start.text, cells.saturating_sub(1));
    Cow::Owned(format!("{head}{}", width::MORE))
}

/// Draws a text in a column's cells; returns the x it begins at.
fn aligned(buf: &mut Buffer, d: &Drawn, y: u16, text: &str, style: Style, right: bool) -> u16 {
    let text = width::clip(text, d.width as usize);
    let used = width::width(&text) as u16;
    let x = if right { d.x + d.width.saturating_sub(used) } else { d.x };
    paint::put(buf, x, y, used, &text, style);
    x
}

fn tint_range(buf: &mut Buffer, (x, y): (u16, u16), text: &str, range: std::ops::Range<usize>, style: Style) {
    let (Some(before), Some(inside)) = (text.get(..range.start), text.get(range)) else { return };
    let at = x + width::width(before) as u16;
    paint::tint(buf, Rect::new(at, y, width::width(inside) as u16, 1), style);
}

/// The marks that cleaning put into a text.
fn marks(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut out = vec![];
    let mut open = None;
    for (at, c) in text.char_indices() {
        match c {
            '‹' => open = Some(at),
            '›' => {
                if let Some(from) = open.take() {
                    out.push(from..at + c.len_utf8());
                }
            }
            '␀'..='␡' | clean::LINE_END | clean::TAB => out.push(at..at + c.len_utf8()),
            _ => {}
        }
    }
    out
}
