//! Drawing Browse: the tree at the left, grids at the right, a title line over each part.

use super::{
    Browse, Over, Part, Typing,
    table::{Table, Trouble},
};
use crate::{
    core::{error::DbError, theme::Theme, world::World},
    data::catalog::is_system,
    text::{clean, width},
    widgets::paint,
};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    widgets::{Block, BorderType, Widget},
};
use std::time::Duration;

/// Rows of another row's children are not shown for longer than this.
const STALE_AFTER: Duration = Duration::from_millis(150);
/// Narrower than this, the tree shows only while it has the focus.
const TREE_FROM: u16 = 70;

impl Browse {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.areas = Default::default();
        if area.width < 16 || area.height < 3 {
            paint::put(
                frame.buffer_mut(),
                area.x,
                area.y,
                area.width,
                "too small",
                world.theme.style("text.dim"),
            );
            return;
        }
        let (tree, rest) = self.split(area);
        self.fit_tree(tree.width);
        if tree.width > 0 {
            self.draw_tree(frame, tree, world);
        }
        if rest.width > 0 {
            self.draw_rest(frame, rest, world);
        }
        self.draw_over(frame, if rest.width > 0 { rest } else { area }, world);
    }

    fn split(&self, area: Rect) -> (Rect, Rect) {
        let none = Rect { width: 0, ..area };
        if self.zoom {
            return if self.focus == Part::Tree { (area, none) } else { (none, area) };
        }
        let roomy = area.width >= TREE_FROM;
        let shown = match self.tree_shown {
            Some(shown) => shown || self.focus == Part::Tree,
            None => roomy || self.focus == Part::Tree,
        };
        if !shown {
            return (none, area);
        }
        if !roomy {
            return (area, none);
        }
        let cells = match area.width {
            150.. => 40,
            110.. => 32,
            90.. => 26,
            _ => 20,
        };
        (Rect { width: cells, ..area }, Rect { x: area.x + cells, width: area.width - cells, ..area })
    }

    /// A wide tree shows sizes, a narrow one only row counts.
    fn fit_tree(&mut self, cells: u16) {
        let wide = cells >= 30;
        if cells > 0 && wide != self.tree_wide {
            self.tree_wide = wide;
            self.fill_tree();
        }
    }

    fn draw_tree(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let focused = self.focus == Part::Tree && self.over.is_empty();
        let line = area.right() - 1;
        for y in area.top()..area.bottom() {
            paint::put(frame.buffer_mut(), line, y, 1, "│", theme.style("border"));
        }
        let area = Rect { width: area.width - 1, ..area };
        let database = world.catalog().map_or("", |c| c.database.as_str());
        let title = Rect { height: 1, ..area };
        draw_title(frame.buffer_mut(), title, (database, ""), "", focused, theme);
        let mut body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let narrowed = !self.tree.narrowed().is_empty();
        if let Some(Typing { part: Part::Tree, input }) = &self.typing {
            body.height = body.height.saturating_sub(1);
            let at = Rect { y: body.bottom(), height: 1, ..area };
            paint::put(frame.buffer_mut(), at.x, at.y, 1, "/", theme.style("key"));
            input.draw(frame, Rect { x: at.x + 1, width: at.width - 1, ..at }, theme, true);
        } else if narrowed {
            body.height = body.height.saturating_sub(1);
            let text = format!("/{} · Esc ends it", self.tree.narrowed());
            paint::put_clipped(
                frame.buffer_mut(),
                area.x,
                body.bottom(),
                area.width,
                &text,
                theme.style("text.dim"),
            );
        }
        self.areas.tree = Rect { y: area.y, height: area.height, ..body };
        if self.tree_of.is_none() {
            if let Some(error) = world.server().and_then(|s| s.unread.as_ref()) {
                return draw_unread(frame.buffer_mut(), body, error, world);
            }
            let text =
                if world.server().is_some_and(|s| s.info.is_some()) { "reading the catalog …" } else { "" };
            paint::put_clipped(frame.buffer_mut(), body.x, body.y, body.width, text, theme.style("text.dim"));
            return;
        }
        self.tree.draw(frame.buffer_mut(), body, theme, focused);
    }

    fn draw_rest(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        if self.main.is_none() {
            return draw_welcome(frame.buffer_mut(), area, world);
        }
        let (mut main, mut below) = (area, Rect { height: 0, ..area });
        if self.below.is_some() {
            if self.zoom && self.focus == Part::Below {
                (main, below) = (below, area);
            } else if !self.zoom && area.height >= 8 {
                let upper = (area.height * 11).div_ceil(20);
                main.height = upper;
                below = Rect { y: area.y + upper, height: area.height - upper, ..area };
            } else if self.focus == Part::Below {
                (main, below) = (below, area);
            }
        }
        (self.areas.main, self.areas.below) = (main, below);
        let free = self.over.is_empty();
        if main.height > 0
            && let Some(table) = &mut self.main
        {
            let focused = self.focus == Part::Main && free;
            let typing = self.typing.as_ref().filter(|t| t.part == Part::Main);
            let title = (table_title(table, world), table.describe_view());
            draw_table(frame, main, table, title, typing, focused, world);
        }
        if below.height > 0
            && let Some(lower) = &mut self.below
        {
            let focused = self.focus == Part::Below && free;
            let typing = self.typing.as_ref().filter(|t| t.part == Part::Below);
            let link = lower.link();
            let own = lower.table.describe_view();
            let and = if own.is_empty() || lower.table.view.filter.conditions.len() <= lower.table.pinned {
                " "
            } else {
                " and "
            };
            let view = format!("{link}{and}{own}");
            let title = (table_title(&lower.table, world), view.trim().to_owned());
            match lower.nothing {
                Some(why) => draw_nothing(frame.buffer_mut(), below, &title.0, why, focused, &world.theme),
                None => draw_table(frame, below, &mut lower.table, title, typing, focused, world),
            }
        }
    }

    fn draw_over(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        match self.over.pop() {
            Some(Over::Value(mut view)) => {
                let inner = draw_frame(frame.buffer_mut(), area, &view.title.clone(), "", theme);
                view.draw(frame.buffer_mut(), inner, theme);
                self.over.push(Over::Value(view));
            }
            Some(Over::Record(mut view)) => {
                if let Some(table) = self.table() {
                    let title = table_title(table, world);
                    let inner = draw_frame(frame.buffer_mut(), area, &title, &table.position(), theme);
                    let body = match self.typing.as_ref() {
                        Some(typing) if inner.height > 1 => {
                            let line = Rect { y: inner.bottom() - 1, height: 1, ..inner };
                            paint::put(frame.buffer_mut(), line.x, line.y, 1, "/", theme.style("key"));
                            typing.input.draw(
                                frame,
                                Rect { x: line.x + 1, width: line.width - 1, ..line },
                                theme,
                                true,
                            );
                            Rect { height: inner.height - 1, ..inner }
                        }
                        _ => inner,
                    };
                    view.draw(frame.buffer_mut(), body, &table.grid, table, theme);
                }
                self.over.push(Over::Record(view));
            }
            None => {}
        }
    }
}

/// The table's name, with its schema unless that is the first of the search path.
fn table_title(table: &Table, world: &World) -> String {
    let first = world.catalog().and_then(|c| c.search_path.iter().find(|s| !is_system(s)));
    let short = first.and_then(|s| table.name.strip_prefix(s.as_str())?.strip_prefix('.'));
    short.unwrap_or(&table.name).to_owned()
}

/// A title line: name and remark at the left, a word at the right.
fn draw_title(
    buf: &mut Buffer,
    area: Rect,
    (name, remark): (&str, &str),
    right: &str,
    focused: bool,
    theme: &Theme,
) {
    let style = theme.style(if focused { "title.focus" } else { "title" });
    paint::fill(buf, area, style);
    let mark = if focused { "▌" } else { " " };
    let x = paint::put(buf, area.x, area.y, area.width, mark, style);
    let x = paint::put_clipped(buf, x, area.y, area.right().saturating_sub(x), name, style);
    let right_cells = (width::width(&clean::line(right)) as u16 + 1).min(area.right().saturating_sub(x + 1));
    if !remark.is_empty() {
        let room = area.right().saturating_sub(x + right_cells + 3);
        let dim = style.patch(theme.style("text.dim"));
        paint::put_clipped(buf, x + 2, area.y, room, remark, dim);
    }
    if right_cells > 4 && !right.is_empty() {
        let at = area.right() - right_cells;
        paint::put_right(buf, at, area.y, right_cells.saturating_sub(1), right, style);
    }
}

fn draw_table(
    frame: &mut Frame<'_>,
    area: Rect,
    table: &mut Table,
    (name, mut view): (String, String),
    typing: Option<&Typing>,
    focused: bool,
    world: &World,
) {
    let theme = &world.theme;
    if table.is_stream() {
        if !view.is_empty() {
            view.push_str(" · ");
        }
        view.push_str("no key: read as a stream");
    }
    let staged = table.overlay.describe();
    let position =
        if staged.is_empty() { table.position() } else { format!("{staged} · {}", table.position()) };
    draw_title(frame.buffer_mut(), Rect { height: 1, ..area }, (&name, &view), &position, focused, theme);
    let mut body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if let Some(typing) = typing
        && body.height > 1
    {
        body.height -= 1;
        let line = Rect { y: body.bottom(), height: 1, ..area };
        paint::put(frame.buffer_mut(), line.x, line.y, 1, "/", theme.style("key"));
        typing.input.draw(frame, Rect { x: line.x + 1, width: line.width - 1, ..line }, theme, true);
    } else if let Some(text) = table.grid.find_message().filter(|_| body.height > 1) {
        body.height -= 1;
        let text = text.to_owned();
        let y = body.bottom();
        paint::put_clipped(frame.buffer_mut(), area.x, y, area.width, &text, theme.style("text.dim"));
    }
    let buf = frame.buffer_mut();
    if let Some(trouble) = &table.trouble {
        let lines = trouble_lines(trouble, !table.window.is_empty(), body.width);
        if table.window.is_empty() {
            paint::fill(buf, body, theme.style("grid.cell"));
            return draw_lines(buf, body, &lines, theme);
        }
        let most = (body.height / 2).min(lines.len() as u16);
        body.height -= most;
        draw_lines(buf, Rect { y: body.bottom(), height: most, ..body }, &lines, theme);
    }
    let old = table.stale.is_some_and(|since| world.now.saturating_sub(since) >= STALE_AFTER);
    if old && !table.window.is_empty() {
        paint::fill(buf, body, theme.style("grid.cell"));
        paint::put_clipped(buf, body.x + 1, body.y, body.width - 1, "reading …", theme.style("text.dim"));
        return;
    }
    let new = table.overlay.new_rows().len() as u16;
    if new > 0 && body.height > 6 {
        // A line of heading, and the rows.
        let lines = (new + 1).min(body.height / 2);
        let among = focused && table.overlay.focused;
        let strip = Rect { height: lines, ..body };
        table.with_new(|grid, source| grid.draw(buf, strip, source, theme, among));
        body.y += lines;
        body.height -= lines;
    }
    let focused = focused && !table.overlay.focused;
    table.with_grid(|grid, source| grid.draw(buf, body, source, theme, focused));
}

/// Why there is no tree.
fn draw_unread(buf: &mut Buffer, area: Rect, error: &DbError, world: &World) {
    let said = [
        (format!("The catalog cannot be read: {error}"), "message.error"),
        (error.hint.clone().unwrap_or_default(), "message.notice"),
        ("F5 tries again; SQL works without it.".to_owned(), "text"),
    ];
    let mut y = area.y;
    for (text, style) in said.iter().filter(|(text, _)| !text.is_empty()) {
        let text = clean::line(text);
        for part in width::wrap(&text, usize::from(area.width)) {
            if y >= area.bottom() {
                return;
            }
            paint::put_clipped(buf, area.x, y, area.width, text[part].trim_start(), world.theme.style(style));
            y += 1;
        }
    }
}

/// What went wrong, in lines of at most so many cells, and the way on.
fn trouble_lines(trouble: &Trouble, some_rows: bool, cells: u16) -> Vec<(String, &'static str)> {
    let error = &trouble.error;
    let cells = usize::from(cells.saturating_sub(2)).max(10);
    let mut out = vec![];
    let mut say = |text: &str, style| {
        for line in clean::text(text).lines() {
            out.extend(width::wrap(line, cells).into_iter().map(|r| (line[r].to_owned(), style)));
        }
    };
    if error.is_own_cancel() {
        say(&format!("Cancelled while {}. F5 goes on.", trouble.doing), "message.warning");
        return out;
    }
    say(&format!("{error}"), "message.error");
    if let Some(detail) = &error.detail {
        say(detail, "text");
    }
    if let Some(hint) = &error.hint {
        say(hint, "message.notice");
    }
    let way = match (&*error.code, some_rows) {
        ("42501", _) => "Your role may not read this. Ask for: GRANT SELECT ON … TO …; then F5 tries again.",
        ("42P01" | "42703", _) => "It was changed or dropped since. F5 in the tree reads the catalog anew.",
        ("57014", _) => "A time limit ended it. F5 tries again; a filter or another sort may be quicker.",
        _ if error.fatal => {
            "The connection was lost. F5 connects and reads again; filter and place are kept."
        }
        (_, true) => "The rows read so far stay. F5 tries again.",
        _ => "F5 tries again, X clears filter and sort, Backspace goes back.",
    };
    say(way, "text.dim");
    out
}

fn draw_lines(buf: &mut Buffer, area: Rect, lines: &[(String, &'static str)], theme: &Theme) {
    for (i, (text, style)) in lines.iter().take(usize::from(area.height)).enumerate() {
        paint::put_clipped(buf, area.x + 1, area.y + i as u16, area.width - 1, text, theme.style(style));
    }
}

fn draw_nothing(buf: &mut Buffer, area: Rect, name: &str, why: &str, focused: bool, theme: &Theme) {
    draw_title(buf, Rect { height: 1, ..area }, (name, ""), "", focused, theme);
    if area.height > 1 {
        paint::put_clipped(buf, area.x + 1, area.y + 1, area.width - 1, why, theme.style("text.dim"));
    }
}

fn draw_welcome(buf: &mut Buffer, area: Rect, world: &World) {
    let theme = &world.theme;
    let relations = world.catalog().map(|c| c.relations.iter().any(|r| !is_system(&r.schema)));
    let lines: &[&str] = match relations {
        Some(true) => &["Choose a table in the tree: Enter opens it, / finds it by name."],
        Some(false) => &["This database has no tables yet.", "Alt+2 goes to SQL, where they can be made."],
        None => &[],
    };
    for (i, line) in lines.iter().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        paint::put_clipped(
            buf,
            area.x + 2,
            area.y + 1 + i as u16,
            area.width - 2,
            line,
            theme.style("text.dim"),
        );
    }
}

/// A frame over everything in the area; returns what is inside.
fn draw_frame(buf: &mut Buffer, area: Rect, title: &str, right: &str, theme: &Theme) -> Rect {
    paint::fill(buf, area, theme.style("text"));
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.style("border.focus"));
    let inner = block.inner(area);
    block.render(area, buf);
    let cells = area.width.saturating_sub(4);
    let x =
        paint::put_clipped(buf, area.x + 2, area.y, cells, &format!(" {title} "), theme.style("title.focus"));
    let room = area.right().saturating_sub(x + 2);
    if !right.is_empty() && usize::from(room) > width::width(right) + 2 {
        paint::put_right(buf, x, area.y, room, &format!(" {right} "), theme.style("title"));
    }
    inner
}
