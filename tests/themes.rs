//! The themes that ship: complete, legible, and each within the colours it promises.

use pgdeck::{
    core::theme::NAMES,
    settings::themes::{BUILT_IN, parse},
};
use ratatui::style::{Color, Style};

fn luminance(colour: Color) -> f64 {
    let Color::Rgb(r, g, b) = colour else { panic!("{colour} is not a true colour") };
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// WCAG's contrast ratio, 1 to 21.
fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_theme_defines_every_name() {
    assert_eq!(BUILT_IN.len(), 4);
    for (name, text) in BUILT_IN {
        let theme = parse(name, text).unwrap_or_else(|e| panic!("{e}")).theme;
        let defined: Vec<&str> = theme.names().collect();
        for wanted in NAMES {
            let stem = wanted.split('.').next().unwrap_or(wanted);
            let found = defined.iter().any(|d| d == wanted || d == &stem);
            assert!(found, "theme {name} says nothing about {wanted}");
        }
        for d in defined {
            assert!(NAMES.contains(&d), "theme {name}: no screen asks for {d}");
        }
    }
}

#[test]
fn true_colour_themes_are_legible() {
    // Lines and line numbers decorate; everything else is read.
    let decoration = ["border", "grid.frozen", "editor.gutter"];
    for (name, read) in [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)] {
        let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name).expect(name);
        let theme = parse(name, text).expect("reads").theme;
        let base = theme.style("text");
        for wanted in NAMES {
            let s: Style = base.patch(theme.style(wanted));
            let (Some(fg), Some(bg)) = (s.fg, s.bg) else { panic!("{name}: {wanted} has no colours") };
            let least = if decoration.contains(wanted) { 1.5 } else { read };
            let is = contrast(fg, bg);
            assert!(is >= least, "{name}: {wanted} has a contrast of {is:.1}, wanted {least}");
        }
        // What lies over cells keeps each kind of cell legible.
        for over in ["grid.row", "grid.marked", "grid.cursor.off", "editor.selection", "editor.line", "popup"]
        {
            let bg = theme.style(over).bg.unwrap_or_else(|| panic!("{name}: {over} has no background"));
            for cell in NAMES.iter().filter(|n| n.starts_with("grid.cell") || n.starts_with("sql.")) {
                let fg = theme.style(cell).fg.or(base.fg).expect("a colour");
                let is = contrast(fg, bg);
                assert!(is >= 3.0, "{name}: {cell} on {over} has a contrast of {is:.1}");
            }
        }
    }
}

#[test]
fn the_plain_theme_uses_the_sixteen_only() {
    let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == "ansi16").expect("ansi16");
    let theme = parse("ansi16", text).expect("reads").theme;
    for name in theme.names() {
        for c in [theme.style(name).fg, theme.style(name).bg].into_iter().flatten() {
            assert!(!matches!(c, Color::Rgb(..) | Color::Indexed(_)), "{name} uses {c}");
        }
    }
}
