//! Shapes and words as SVG.

use std::fmt::Write;

/// Width of a sign of the larger and of the smaller fixed-width font.
pub(super) const CHAR: f64 = 7.8;
pub(super) const SMALL_CHAR: f64 = 6.9;

/// How words look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Font {
    Title,
    Head,
    Node,
    Dead,
    Number,
    Figure,
    Detail,
    Note,
    Code,
    Step,
}

impl Font {
    fn class(self) -> &'static str {
        match self {
            Self::Title => "t",
            Self::Head => "h",
            Self::Node => "n",
            Self::Dead => "x",
            Self::Number => "i",
            Self::Figure => "f",
            Self::Detail => "d",
            Self::Note => "o",
            Self::Code => "c",
            Self::Step => "s",
        }
    }
}

/// The classes, in the picture itself so that it needs nothing else.
const STYLE: &str = "\
text{font-family:ui-monospace,'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace;font-size:13px;fill:#1f2733;white-space:pre}\
.t{font-family:system-ui,'Segoe UI','DejaVu Sans',Helvetica,Arial,sans-serif;font-size:16px;font-weight:600}\
.h{font-size:11.5px;fill:#667085}.x{fill:#98a1b0}.i{fill:#98a1b0}.f{fill:#1f2733}\
.d,.o{font-size:11.5px;fill:#667085}.o{font-style:italic}.c{font-size:11.5px;fill:#35517a}.s{fill:#1d6b45}\
.b{font-size:11.5px;fill:#fff}.m{font-size:11.5px}";

/// A picture in the making.
#[derive(Default)]
pub(super) struct Canvas {
    body: String,
}

impl Canvas {
    /// The whole picture.
    pub(super) fn finish(self, width: f64, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\">\n<style>{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fcfcfd\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        // a String takes everything
        let _ = self.body.write_fmt(line);
        self.body.push('\n');
    }

    /// Words from a point on.
    pub(super) fn text(&mut self, (x, y): (f64, f64), font: Font, words: &str) {
        if !words.is_empty() {
            self.put(format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{}\">{}</text>",
                font.class(),
                escaped(words)
            ));
        }
    }

    /// Words up to a point.
    pub(super) fn right(&mut self, (x, y): (f64, f64), font: Font, words: &str) {
        if !words.is_empty() {
            self.put(format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{}\" text-anchor=\"end\">{}</text>",
                font.class(),
                escaped(words)
            ));
        }
    }

    /// A thin line across.
    pub(super) fn rule(&mut self, from: f64, to: f64, y: f64) {
        self.put(format_args!("<path d=\"M{from:.1} {y:.1}H{to:.1}\" stroke=\"#d5dae2\"/>"));
    }

    /// The line of the tree from a node down and across to one below it.
    pub(super) fn elbow(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.put(format_args!(
            "<path d=\"M{:.1} {:.1}V{:.1}H{:.1}\" stroke=\"#c3cad5\" fill=\"none\"/>",
            from.0,
            from.1,
            to.1,
            to.0.max(from.0)
        ));
    }

    /// A bar of a part of this width, coloured by its share of the whole.
    pub(super) fn bar(&mut self, (x, y): (f64, f64), width: f64, part: f64, share: f64) {
        let colour = match share {
            s if s >= 0.5 => "#d9534f",
            s if s >= 0.1 => "#eba53a",
            _ => "#8fb1d6",
        };
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"15\" rx=\"2\" fill=\"#eef1f5\"/>"
        ));
        let filled = (width * part.clamp(0.0, 1.0)).max(if share > 0.0 { 1.0 } else { 0.0 });
        if filled > 0.0 {
            self.put(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{filled:.1}\" height=\"15\" rx=\"2\" fill=\"{colour}\"/>"
            ));
        }
    }

    /// Marks how far an estimate was off.
    pub(super) fn mark(&mut self, (x, y): (f64, f64), words: &str, factor: f64) {
        let (ground, ink) = match factor {
            f if f >= 100.0 => ("#fbdcdb", "#9c1f27"),
            f if f >= 10.0 => ("#fdeccb", "#8a5200"),
            _ => ("#eef1f5", "#4a5565"),
        };
        let width = words.chars().count() as f64 * 6.9 + 12.0;
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"17\" rx=\"8\" fill=\"{ground}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" class=\"m\" style=\"fill:{ink}\">{}</text>",
            y - 13.0,
            x + 6.0,
            y - 0.5,
            escaped(words)
        ));
    }

    /// A word on a coloured ground.
    pub(super) fn badge(&mut self, (x, y): (f64, f64), words: &str, colour: &str) {
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"74\" height=\"18\" rx=\"4\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" class=\"b\" text-anchor=\"middle\">{}</text>",
            y - 13.5,
            x + 37.0,
            y - 0.5,
            escaped(words)
        ));
    }

    /// A pointer at a node something was found about.
    pub(super) fn flag(&mut self, (x, y): (f64, f64), colour: &str) {
        self.put(format_args!("<path d=\"M{x:.1} {:.1}l7 4.5l-7 4.5z\" fill=\"{colour}\"/>", y - 4.5));
    }
}

/// Text for XML: what has a meaning there is escaped, what may not stand there is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}
