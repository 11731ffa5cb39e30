//! Drawing: the line, what the server made of it, the results with their hits marked.

use super::{
    Part, Search,
    run::{Outcome, Run, Served, counted},
};
use crate::{
    core::{theme::Theme, world::World},
    data::search::{Fragment, Hit, Keeper, Mode},
    sql::search::{MOST_COMPUTED, Reach},
    text::{clean, units, width},
    widgets::{paint, spark},
};
use ratatui::{Frame, buffer::Buffer, layout::Rect, style::Style};

/// Cells of the rank and its bar.
const RANK: u16 = 12;
/// Results that are another search's are shown dim from this age on.
const OLD: std::time::Duration = std::time::Duration::from_millis(300);

type Pieces = Vec<(String, Style)>;

impl Search {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        self.draw_title(buf, Rect { height: 1, ..area }, world);
        let line = Rect { y: area.y + 1, height: 1, ..area };
        self.areas.line = line;
        let x = paint::put(buf, line.x, line.y, line.width, " ▸ ", theme.style("key"));
        let fault = self.fault();
        let inside = Rect { x, width: line.right().saturating_sub(x + 1), ..line };
        self.input.draw_on(buf, inside, theme, self.part == Part::Line, fault.as_ref().map(|f| f.at));
        if self.input.text().is_empty() {
            let hint = match self.mode {
                Mode::Web => "words, \"a phrase\", or, -not",
                Mode::Plain => "words, all of which must be there",
                Mode::Phrase => "words beside each other",
                Mode::Raw => "a & b | !c, follow <-> ed, begin:*, 'quoted':A",
            };
            paint::put_clipped(buf, inside.x + 2, line.y, inside.width - 2, hint, theme.style("text.dim"));
        }
        let mut y = area.y + 2;
        let bottom = area.bottom();
        let filter = self.filter_line(theme);
        let similar = self.similar_line().map(|text| (format!("   {text}"), theme.style("message.notice")));
        let mut above = vec![self.words_line(theme)];
        above.extend(folded(self.outcome_line(world), usize::from(area.width.saturating_sub(1))));
        above.extend([filter, similar.into_iter().collect()]);
        for pieces in above.iter().filter(|p| !p.is_empty()) {
            if y < bottom {
                segments(buf, Rect { y, height: 1, ..area }, pieces);
                y += 1;
            }
        }
        let mut rest = Rect { y, height: bottom.saturating_sub(y), ..area };
        for text in self.trouble_lines(usize::from(area.width.saturating_sub(2))) {
            if rest.height > 1 {
                paint::put_clipped(buf, rest.x + 1, rest.y, rest.width - 1, &text.0, theme.style(text.1));
                rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
            }
        }
        let facets = self.facets_area(&mut rest);
        self.areas.facets = facets;
        self.areas.results = rest;
        if facets.width > 0 {
            self.draw_facets(buf, facets, theme);
        }
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(self.page()));
        if self.hits().is_empty() {
            return self.draw_nothing(buf, rest, world);
        }
        let each = self.lines_each() as u16;
        let old = self.late(world).is_some() || self.trouble.is_some();
        for (n, hit) in self.hits().iter().enumerate().skip(self.top).take(self.page()) {
            let y = rest.y + (n - self.top) as u16 * each;
            let place = Rect { y, height: each.min(rest.bottom().saturating_sub(y)), ..rest };
            self.draw_hit(buf, place, hit, n == self.at, old, theme);
        }
    }

    /// A search whose results have been waited for so long that those of the one before are no longer taken for them.
    fn late(&self, world: &World) -> Option<&Run> {
        self.run.as_ref().filter(|r| r.is_awaited() && world.now.saturating_sub(r.since) >= OLD)
    }

    /// What is searched, and how the line is read.
    fn draw_title(&self, buf: &mut Buffer, area: Rect, world: &World) {
        let theme = &world.theme;
        let style = theme.style("title.focus");
        paint::fill(buf, area, theme.style("title"));
        let listed = match self.hits().len() {
            n if n > self.page() => {
                format!("{} of {} listed · ", units::count(self.at as u64 + 1), units::count(n as u64))
            }
            _ => String::new(),
        };
        let right = format!("{listed}{} · {}", self.mode.word(), self.ranking.function());
        let cells = width::width(&right) as u16 + 1;
        let room = area.width.saturating_sub(cells + 1);
        let names: Vec<&str> = self.tables.iter().map(|t| t.name.as_str()).collect();
        let end = area.x + room;
        let mut x = paint::put(buf, area.x, area.y, 1, if names.is_empty() { " " } else { "▌" }, style);
        if names.is_empty() {
            let text = if world.server().is_none_or(|s| s.info.is_none()) {
                "not connected"
            } else if self.offer.is_none() {
                "looking for what is searchable …"
            } else {
                "nothing is chosen: F3 lists what can be searched"
            };
            paint::put_clipped(buf, x, area.y, end - x, text, theme.style("text.dim"));
        } else {
            x = paint::put_clipped(buf, x, area.y, end - x, &names.join(", "), style);
            let how = match self.tables.as_slice() {
                [one] if one.detail.is_some() => one.describe(),
                _ => String::new(),
            };
            paint::put_clipped(buf, x + 2, area.y, end.saturating_sub(x + 2), &how, theme.style("text.dim"));
        }
        paint::put_right(
            buf,
            area.right().saturating_sub(cells),
            area.y,
            cells - 1,
            &right,
            theme.style("title"),
        );
    }

    /// What the server made of the words.
    fn words_line(&self, theme: &Theme) -> Pieces {
        let dim = theme.style("text.dim");
        let mut out: Pieces = vec![("   ".into(), dim)];
        if let Some(fault) = self.fault() {
            out.push((fault.what.to_owned(), theme.style("message.error")));
            return out;
        }
        let Some(shown) = self.shown.as_ref().filter(|_| !self.input.text().trim().is_empty()) else {
            return out;
        };
        if self.trouble.is_some() {
            return vec![];
        }
        let Some(words) = &shown.words else { return out };
        if words.nodes > 0 {
            out.push((words.query.clone(), theme.style("sql.string")));
        }
        let operator = |w: &&String| !(shown.mode == Mode::Web && w.eq_ignore_ascii_case("or"));
        let stopped: Vec<&str> = words.stopped.iter().filter(operator).map(String::as_str).collect();
        if !stopped.is_empty() {
            let lead = if words.nodes > 0 { "   " } else { "" };
            out.push((format!("{lead}left out as stop words: {}", stopped.join(" ")), dim));
        }
        out
    }

    /// How much was found in which time, and what served it.
    fn outcome_line(&self, world: &World) -> Pieces {
        let theme = &world.theme;
        let dim = theme.style("text.dim");
        let mut out: Pieces = vec![("   ".into(), dim)];
        if let Some(run) = self.late(world) {
            out.push((
                format!("searching for \"{}\" …", width::clip(&run.text, 40)),
                theme.style("status.busy"),
            ));
            return out;
        }
        // What went wrong is said below; the figures would be those of another line.
        if self.trouble.is_some() {
            return vec![];
        }
        if self.fault().is_some() {
            return out;
        }
        let Some(shown) = &self.shown else { return out };
        let nodes = shown.words.as_ref().map_or(1, |w| w.nodes);
        if nodes == 0 {
            return out;
        }
        if let ([table], [outcome]) = (self.tables.as_slice(), shown.outcomes.as_slice()) {
            out.push((counted(outcome), theme.style("text.strong")));
            out.push((format!(" in {}", units::duration(outcome.took)), dim));
            out.push((ranked(outcome, table.source.keeper), dim));
            let index = table.source.index().filter(|_| outcome.reach.is_some_and(Reach::is_served));
            if let Some(condition) = index.and_then(|i| i.predicate.as_deref()) {
                out.push((format!(", only rows that meet {condition}"), theme.style("message.warning")));
            }
            out.push(served(outcome, table.rows(), table.source.index().is_some(), theme));
            return out;
        }
        // Of several tables only what matters.
        let warning = theme.style("message.warning");
        for (table, outcome) in self.tables.iter().zip(&shown.outcomes) {
            let lead = if out.len() > 1 { " · " } else { "" };
            out.push((format!("{lead}{} ", table.name), dim));
            out.push((counted(outcome), theme.style("text.strong")));
            match (outcome.reach, &outcome.served) {
                (Some(Reach::Sample(most)), _) if outcome.read.unwrap_or(0) > most => {
                    out.push((format!(" in {} rows (no index, F6 reads all)", units::count(most)), warning));
                }
                (_, Some(Served::Indexes(_) | Served::Partitions(_, 0))) => {
                    out.push((" by index".into(), theme.style("message.ok")))
                }
                _ => {}
            }
        }
        let all = shown.outcomes.iter().map(|o| o.took).sum();
        out.push((format!(" · {}", units::duration(all)), dim));
        out
    }

    /// What rows must meet; empty: nothing is filtered.
    fn filter_line(&self, theme: &Theme) -> Pieces {
        let mut out: Pieces = vec![];
        for table in self.tables.iter().filter(|t| !t.filter.is_empty()) {
            let name = if self.tables.len() > 1 { format!("{}: ", table.name) } else { String::new() };
            let lead = if out.is_empty() { "   only " } else { " │ " };
            out.push((format!("{lead}{name}"), theme.style("text.dim")));
            out.push((table.filter.describe(), theme.style("message.notice")));
        }
        if !out.is_empty() {
            out.push(("   X clears".into(), theme.style("text.dim")));
        }
        out
    }

    /// Takes the right of the results for the values beside them.
    fn facets_area(&self, rest: &mut Rect) -> Rect {
        let none = Rect { width: 0, ..*rest };
        let cells = if rest.width >= 100 { 26 } else { 24 };
        if self.facet_values().is_empty() || (rest.width < 100 && self.part != Part::Facets) {
            return none;
        }
        rest.width -= cells;
        Rect { x: rest.right(), width: cells, ..*rest }
    }

    fn draw_facets(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        for y in area.top()..area.bottom() {
            paint::put(buf, area.x, y, 1, "│", theme.style("border"));
        }
        let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let focused = self.part == Part::Facets;
        let facet = self.tables.first().and_then(|t| t.facet.clone());
        let Some(facet) = facet.filter(|_| area.height > 1) else { return };
        let title = theme.style(if focused { "title.focus" } else { "title" });
        let capped = self.shown.as_ref().and_then(|s| s.outcomes.iter().find(|o| o.is_capped()));
        let label = match capped {
            Some(outcome) => format!("{} of {} hits", facet.label(), units::count(outcome.most())),
            None => facet.label(),
        };
        paint::put_clipped(buf, inside.x + 1, inside.y, inside.width - 1, &label, title);
        let lines = usize::from(area.height - 1);
        self.facet_at = self.facet_at.min(self.facet_values().len().saturating_sub(1));
        self.facet_top = self.facet_top.min(self.facet_at).max((self.facet_at + 1).saturating_sub(lines));
        for (n, value) in self.facet_values().iter().enumerate().skip(self.facet_top).take(lines) {
            let y = inside.y + 1 + (n - self.facet_top) as u16;
            let picked = self.is_picked(value);
            let count = units::count(value.rows);
            let cells = width::width(&count) as u16;
            let mark = if picked { "✓" } else { " " };
            let style = theme.style(if picked { "text.mark" } else { "text" });
            let x = paint::put(buf, inside.x, y, 2, mark, style) + 1;
            let room = inside.right().saturating_sub(x + cells + 1);
            paint::put_clipped(buf, x, y, room, &facet.shown(&value.value), style);
            paint::put_right(buf, inside.right() - cells, y, cells, &count, theme.style("text.dim"));
            if focused && n == self.facet_at {
                paint::tint(buf, Rect { y, height: 1, ..inside }, theme.style("list.cursor"));
            }
        }
    }

    fn draw_hit(&self, buf: &mut Buffer, area: Rect, hit: &Hit, cursor: bool, old: bool, theme: &Theme) {
        if area.height == 0 {
            return;
        }
        let plain = theme.style(if old { "text.dim" } else { "text" });
        let strong = if old { plain } else { theme.style("text.strong") };
        let mark = theme.style("list.match");
        let dim = theme.style("text.dim");
        let best = self.shown.as_ref().map_or(1.0, |s| s.best);
        let rank = format!("{:>5.3} {}", hit.rank, spark::bar(f64::from(hit.rank / best), 5));
        let x = paint::put(buf, area.x + 1, area.y, RANK, &rank, dim);
        let x = x.max(area.x + 1 + RANK) + 1;
        let table = self.tables.get(hit.table);
        let mut key = self.key_of(hit);
        if let Some(table) = table.filter(|_| self.tables.len() > 1) {
            key = format!("{} {key}", table.name);
        }
        let key_cells = (width::width(&key) as u16).min(area.width / 3);
        let room = area.right().saturating_sub(x + key_cells + 2);
        // Without a title the text stands in its place.
        let untitled =
            table.is_some_and(|t| t.title.is_none()) && hit.text.as_ref().is_some_and(|t| !t.is_empty());
        match (&hit.marked, &hit.title) {
            _ if untitled => {}
            (Some(marked), _) => drop(put_fragment(buf, (x, area.y, room), marked, (strong, mark))),
            (None, Some(title)) => drop(paint::put_clipped(buf, x, area.y, room, title, strong)),
            (None, None) => drop(paint::put_clipped(buf, x, area.y, room, "(no title)", dim)),
        }
        paint::put_right(buf, area.right().saturating_sub(key_cells + 1), area.y, key_cells, &key, dim);
        if area.height > 1 {
            let cells = area.right().saturating_sub(x + 1);
            let mut below = Rect { x, y: area.y + 1, width: cells, height: area.height - 1 };
            if untitled {
                below = Rect { y: area.y, height: area.height, width: room, ..below };
            }
            match &hit.text {
                Some(fragments) => draw_fragments(buf, below, fragments, (plain, mark), dim),
                None => drop(paint::put(buf, x, below.y, cells, "…", dim)),
            }
        }
        if cursor {
            for y in area.top()..area.bottom() {
                paint::put(buf, area.x, y, 1, "▌", theme.style("border.focus"));
            }
            let style = if self.part == Part::Results { "list.cursor" } else { "grid.row" };
            paint::tint(buf, Rect { height: 1, ..area }, theme.style(style));
        }
    }
}

/// Of how many of them the best are shown.
fn ranked(outcome: &Outcome, keeper: Keeper) -> String {
    if !outcome.reach.is_some_and(Reach::is_served) {
        return String::new();
    }
    let newest = matches!(outcome.reach, Some(Reach::Newest { .. }));
    let capped = outcome.is_capped();
    let counted = units::count(outcome.most());
    match keeper.is_stored() {
        false if capped && !newest => format!(", {MOST_COMPUTED} of the first {counted} found ranked"),
        false if outcome.count > MOST_COMPUTED => format!(", the last {MOST_COMPUTED} by key ranked"),
        true if capped && newest => format!(", the last {counted} by key ranked"),
        true if capped => format!(", the first {counted} found ranked"),
        _ => String::new(),
    }
}

/// Which index served, or what was read instead.
fn served(outcome: &Outcome, rows: Option<u64>, indexed: bool, theme: &Theme) -> (String, Style) {
    let warning = theme.style("message.warning");
    match (outcome.reach, &outcome.served) {
        (Some(Reach::Sample(most)), _) => {
            let read = outcome.read.unwrap_or(0);
            if read <= most {
                let why = if indexed { "no index serves a search for what is not there" } else { "no index" };
                (format!(" · {why}: all {} rows were read", units::count(read)), theme.style("text.dim"))
            } else {
                let of = rows.map(|r| format!(" of ~{}", units::count(r))).unwrap_or_default();
                (
                    format!(
                        " · {}: only {}{of} rows were read, F6 reads all",
                        if indexed { "NO INDEX SERVES NEGATIONS ALONE" } else { "NO INDEX SERVES" },
                        units::count(most)
                    ),
                    warning,
                )
            }
        }
        (Some(Reach::Everything), _) => (" · every row was read".into(), theme.style("text.dim")),
        (_, Some(Served::Indexes(names))) => {
            (format!(" · served by {}", names.join(", ")), theme.style("message.ok"))
        }
        (_, Some(Served::Partitions(by_index, 0))) => (
            format!(
                " · served by the indexes of {}",
                units::counted(*by_index as u64, "partition", "partitions")
            ),
            theme.style("message.ok"),
        ),
        (_, Some(Served::Partitions(by_index, read))) => (
            format!(
                " · served by the indexes of {}, {read} read whole",
                units::counted(*by_index as u64, "partition", "partitions")
            ),
            warning,
        ),
        (_, Some(Served::Scan)) => (" · the planner read the table".into(), warning),
        _ => (String::new(), warning),
    }
}

/// In two lines when the last piece, which tells what to do, does not fit into one.
fn folded(mut pieces: Pieces, cells: usize) -> Vec<Pieces> {
    let taken: usize = pieces.iter().map(|(text, _)| width::width(text)).sum();
    match pieces.pop() {
        Some((last, style)) if taken > cells && pieces.len() > 1 => {
            let second = vec![(format!("   {}", last.trim_start_matches([' ', '·'])), style)];
            vec![pieces, second]
        }
        last => {
            pieces.extend(last);
            vec![pieces]
        }
    }
}

fn segments(buf: &mut Buffer, area: Rect, pieces: &[(String, Style)]) {
    let mut x = area.x;
    for (text, style) in pieces {
        x = paint::put_clipped(buf, x, area.y, area.right().saturating_sub(x + 1), text, *style);
    }
}

/// One fragment in one line; the x after it.
fn put_fragment(
    buf: &mut Buffer,
    (x, y, cells): (u16, u16, u16),
    fragment: &Fragment,
    (plain, mark): (Style, Style),
) -> u16 {
    let end = x + cells;
    let mut at = x;
    for piece in &fragment.pieces {
        at = paint::put_clipped(
            buf,
            at,
            y,
            end.saturating_sub(at),
            &piece.text,
            if piece.hit { mark } else { plain },
        );
    }
    at
}

/// Fragments, wrapped into the area; what does not fit is left out.
fn draw_fragments(
    buf: &mut Buffer,
    area: Rect,
    fragments: &[Fragment],
    (plain, mark): (Style, Style),
    dim: Style,
) {
    let (mut x, mut y) = (area.x, area.y);
    let mut word = |text: &str, style: Style| -> bool {
        let cells = width::width(&clean::line(text)) as u16;
        if x + cells > area.right() && x > area.x {
            (x, y) = (area.x, y + 1);
        }
        if y >= area.bottom() {
            return false;
        }
        let text = if x == area.x { text.trim_start() } else { text };
        x = paint::put_clipped(buf, x, y, area.right() - x, text, style);
        true
    };
    for (n, fragment) in fragments.iter().enumerate() {
        if n > 0 && !word(" … ", dim) {
            return;
        }
        for piece in &fragment.pieces {
            for part in piece.text.split_inclusive(' ') {
                if !word(part, if piece.hit { mark } else { plain }) {
                    return;
                }
            }
        }
    }
}
