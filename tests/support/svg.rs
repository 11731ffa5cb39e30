//! A screen buffer as an SVG picture with its colours: for snapshot tests and the README.
//!
//! Every run of cells of one style is one `<text>` in which each sign has its own x, so that columns
//! stay aligned whatever font the viewer has. Box-drawing lines are drawn as lines: fonts leave gaps.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};
use std::fmt::Write;
use unicode_segmentation::UnicodeSegmentation;

/// Width and height of a cell, and where its baseline is.
const CELL: (f64, f64) = (8.4, 18.0);
const BASE: f64 = 13.4;
/// Room around the screen, and the bar of the window above it.
const PAD: f64 = 14.0;
const BAR: f64 = 30.0;

/// How the picture is framed.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// The window's title; without one there is no window bar.
    pub title: Option<&'a str>,
    /// What cells without a colour of their own are drawn in: text and ground.
    pub default: (&'a str, &'a str),
}

impl Default for Picture<'_> {
    fn default() -> Self {
        Self { title: None, default: ("#d3d9e3", "#13171e") }
    }
}

/// One cell as it looks.
#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: String,
    bold: bool,
    italic: bool,
    underline: bool,
    strike: bool,
}

/// The screen as SVG.
pub fn svg(buffer: &Buffer, picture: &Picture<'_>) -> String {
    let (w, h) = (f64::from(buffer.area.width) * CELL.0, f64::from(buffer.area.height) * CELL.1);
    let top = PAD + if picture.title.is_some() { BAR } else { 0.0 };
    let (width, height) = (w + 2.0 * PAD, h + top + PAD);
    let mut out = String::new();
    let ground = picture.default.1;
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"14\">"
    );
    let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{ground}\"/>");
    if let Some(title) = picture.title {
        bar(&mut out, title, width, picture);
    }
    let _ = writeln!(out, "<g transform=\"translate({PAD} {top})\" xml:space=\"preserve\">");
    for y in 0..buffer.area.height {
        line(&mut out, buffer, y, picture);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn bar(out: &mut String, title: &str, width: f64, picture: &Picture<'_>) {
    for (n, colour) in ["#ec6a5e", "#f4bf4f", "#61c554"].iter().enumerate() {
        let x = 20.0 + 18.0 * n as f64;
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"20\" r=\"5.5\" fill=\"{colour}\"/>");
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"25\" text-anchor=\"middle\" fill=\"{}\" opacity=\"0.65\" font-size=\"13\">{}</text>",
        width / 2.0,
        picture.default.0,
        escaped(title)
    );
}

fn line(out: &mut String, buffer: &Buffer, y: u16, picture: &Picture<'_>) {
    let (mut x, end) = (0, buffer.area.width);
    while x < end {
        let at = (buffer.area.x + x, buffer.area.y + y);
        let look = look(&buffer[at], picture);
        let (mut text, mut cells) = (String::new(), 0);
        while x + cells < end {
            let cell = &buffer[(at.0 + cells, at.1)];
            let wide = (pgdeck::text::width::grapheme(cell.symbol()) as u16).max(1);
            // A wide sign stands alone, so that a font with other widths shifts nothing.
            if look != self::look(cell, picture) || (wide > 1 && cells > 0) {
                break;
            }
            text.push_str(cell.symbol());
            cells += wide;
            if wide > 1 {
                break;
            }
        }
        run(out, (x, y), cells.min(end - x), &text, &look, picture);
        x += cells;
    }
}

fn run(out: &mut String, (x, y): (u16, u16), cells: u16, text: &str, look: &Look, picture: &Picture<'_>) {
    let (left, top) = (f64::from(x) * CELL.0, f64::from(y) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    if look.bg != picture.default.1 {
        // A little overlap hides the seam between two lines of one colour.
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            width + 0.3,
            CELL.1 + 0.3,
            look.bg
        );
    }
    for (n, g) in text.graphemes(true).enumerate() {
        let c = g.chars().next().unwrap_or(' ');
        drawn(out, left + n as f64 * CELL.0, top, c, &look.fg);
    }
    for word in words(text) {
        let mut style = format!("fill=\"{}\"", look.fg);
        for (on, attribute) in [(look.bold, " font-weight=\"bold\""), (look.italic, " font-style=\"italic\"")]
        {
            if on {
                style.push_str(attribute);
            }
        }
        let at: Vec<String> =
            (0..word.signs).map(|n| format!("{:.1}", left + (word.cell + n) as f64 * CELL.0)).collect();
        let (x, y) = (at.join(" "), top + BASE);
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y:.1}\" {style}>{}</text>", escaped(&word.text));
    }
    for (on, height) in [(look.underline, BASE + 2.2), (look.strike, BASE - 4.5)] {
        if on {
            let y = top + height;
            let _ = writeln!(
                out,
                "<path d=\"M{left:.1} {y:.1}h{width:.1}\" stroke=\"{}\" stroke-width=\"1\"/>",
                look.fg
            );
        }
    }
}

/// A piece of a run without long gaps.
struct Word {
    cell: usize,
    text: String,
    /// How many x positions it gets: one for a sign made of several characters, which stay together.
    signs: usize,
}

/// Splits a run at blanks and at signs that are drawn as lines; a combined sign stands alone.
fn words(text: &str) -> Vec<Word> {
    let mut out: Vec<Word> = vec![];
    let mut open = false;
    for (cell, g) in text.graphemes(true).enumerate() {
        let mut chars = g.chars();
        let single = (chars.next(), chars.next());
        if let (Some(c), None) = single {
            if c == ' ' || strokes(c).is_some() {
                open = false;
            } else if let Some(last) = out.last_mut().filter(|_| open) {
                last.text.push(c);
                last.signs += 1;
            } else {
                out.push(Word { cell, text: g.to_owned(), signs: 1 });
                open = true;
            }
        } else {
            out.push(Word { cell, text: g.to_owned(), signs: 1 });
            open = false;
        }
    }
    out
}

/// Where the lines of a box-drawing sign go from its middle: left, right, up, down; and how heavy.
fn strokes(c: char) -> Option<([bool; 4], f64)> {
    let (left, right, up, down) = match c {
        '─' | '━' => (true, true, false, false),
        '│' | '┃' => (false, false, true, true),
        '┌' | '╭' | '┏' => (false, true, false, true),
        '┐' | '╮' | '┓' => (true, false, false, true),
        '└' | '╰' | '┗' => (false, true, true, false),
        '┘' | '╯' | '┛' => (true, false, true, false),
        '├' => (false, true, true, true),
        '┤' => (true, false, true, true),
        '┬' => (true, true, false, true),
        '┴' => (true, true, true, false),
        '┼' => (true, true, true, true),
        _ => return None,
    };
    let heavy = matches!(c, '━' | '┃' | '┏' | '┓' | '┗' | '┛');
    Some(([left, right, up, down], if heavy { 2.2 } else { 1.1 }))
}

fn drawn(out: &mut String, left: f64, top: f64, c: char, colour: &str) {
    let Some(([l, r, u, d], weight)) = strokes(c) else { return };
    let (w, h) = CELL;
    let (x, y) = (left + w / 2.0, top + h / 2.0);
    let path = match c {
        '╭' => format!("M{x:.1} {:.1}v-{:.1}q0 -4 4 -4h{:.1}", top + h, h / 2.0 - 4.0, w / 2.0 - 4.0),
        '╮' => format!("M{left:.1} {y:.1}h{:.1}q4 0 4 4v{:.1}", w / 2.0 - 4.0, h / 2.0 - 4.0),
        '╰' => format!("M{x:.1} {top:.1}v{:.1}q0 4 4 4h{:.1}", h / 2.0 - 4.0, w / 2.0 - 4.0),
        '╯' => format!("M{x:.1} {top:.1}v{:.1}q0 4 -4 4h-{:.1}", h / 2.0 - 4.0, w / 2.0 - 4.0),
        _ => {
            let (from, to) = (if l { left } else { x }, if r { left + w } else { x });
            let (above, below) = (if u { top } else { y }, if d { top + h } else { y });
            let mut path = String::new();
            if from < to {
                let _ = write!(path, "M{from:.1} {y:.1}H{to:.1}");
            }
            if above < below {
                let _ = write!(path, "M{x:.1} {above:.1}V{below:.1}");
            }
            path
        }
    };
    let _ = writeln!(out, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{weight}\" fill=\"none\"/>");
}

fn look(cell: &ratatui::buffer::Cell, picture: &Picture<'_>) -> Look {
    let mut fg = hex(cell.fg, picture.default.0);
    let mut bg = hex(cell.bg, picture.default.1);
    let has = |m| cell.modifier.contains(m);
    if has(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    if has(Modifier::DIM) {
        fg = mixed(&fg, &bg);
    }
    Look {
        fg,
        bg,
        bold: has(Modifier::BOLD),
        italic: has(Modifier::ITALIC),
        underline: has(Modifier::UNDERLINED),
        strike: has(Modifier::CROSSED_OUT),
    }
}

/// Halfway between two `#rrggbb`.
fn mixed(a: &str, b: &str) -> String {
    let part = |text: &str, n: usize| u32::from_str_radix(&text[n..n + 2], 16).unwrap_or(0);
    let mid = |n| (part(a, n) * 6 + part(b, n) * 4) / 10;
    format!("#{:02x}{:02x}{:02x}", mid(1), mid(3), mid(5))
}

fn hex(colour: Color, default: &str) -> String {
    let named = match colour {
        Color::Reset => return default.to_owned(),
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(n) => return indexed(n),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    indexed(named)
}

fn indexed(n: u8) -> String {
    const NAMED: [&str; 16] = [
        "#000000", "#c23b3f", "#4e9a3a", "#c19c2d", "#3a6fc4", "#9a56b0", "#2f9fa8", "#c8ccd2", "#6b7280",
        "#f07178", "#8bd17c", "#f2d06b", "#7fb2ff", "#d79bf0", "#7fe0e0", "#ffffff",
    ];
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match n {
        0..=15 => NAMED[usize::from(n)].to_owned(),
        16..=231 => {
            let i = usize::from(n - 16);
            format!("#{:02x}{:02x}{:02x}", STEPS[i / 36], STEPS[i / 6 % 6], STEPS[i % 6])
        }
        _ => {
            let grey = 8 + 10 * (n - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
