//! A statement of somebody else, laid out and coloured.

use crate::{
    core::theme::Theme,
    sql::{
        highlight::{self, Class},
        layout::layout,
        lex::LineState,
    },
    widgets::{
        paint,
        textview::{LineSpans, TextView},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Texts of more bytes are shown as they came: laying out is for what people read.
const MOST: usize = 256 << 10;
/// Characters of a line in a view that can scroll.
const WIDE: usize = 100;

/// The text in lines of about so many cells.
fn lines(text: &str, width: usize) -> String {
    if text.len() > MOST { text.to_owned() } else { layout(text, width) }
}

fn spans<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Vec<(std::ops::Range<usize>, Class)>> {
    let mut state = LineState::Normal;
    lines
        .map(|line| {
            let (spans, next) = highlight::highlight_line(line, &state);
            state = next;
            spans
        })
        .collect()
}

/// A view of the whole text.
#[must_use]
pub fn view(text: &str) -> TextView {
    let mut view = TextView::new(&lines(text, WIDE));
    let coloured: Vec<LineSpans> = spans(view.lines().iter().map(String::as_str))
        .into_iter()
        .map(|line| line.into_iter().map(|(range, class)| (range, class.style())).collect())
        .collect();
    view.colour(coloured);
    view
}

/// Draws the first lines.
pub fn draw(buf: &mut Buffer, area: Rect, text: &str, theme: &Theme) {
    // Of a long text only what can be on the screen is laid out.
    let most = usize::from(area.width) * usize::from(area.height) * 2;
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let text = lines(&text[..end], usize::from(area.width.saturating_sub(2)));
    let spans = spans(text.lines().take(usize::from(area.height)));
    for ((line, spans), y) in text.lines().zip(spans).zip(area.y..area.bottom()) {
        let (mut x, mut at) = (area.x + 1, 0);
        let mut put = |text: &str, style: &str| {
            x = paint::put(buf, x, y, area.right().saturating_sub(x), text, theme.style(style));
        };
        for (range, class) in spans {
            put(&line[at..range.start], "editor");
            put(&line[range.clone()], class.style());
            at = range.end;
        }
        put(&line[at..], "editor");
    }
}
