//! Themes: `themes/*.toml` into styles, the user's folder on top, and fewer colours for plain terminals.
//!
//! ```toml
//! inherits = "dark"                  # take everything else from there
//! [palette]                          # names for colours, used below
//! accent = "#7aa2f7"
//! [style]
//! "grid.cell" = { fg = "white", bg = "#101010" }
//! "grid.cell.null" = { fg = "accent", italic = true }
//! "grid.cell.number" = "cyan"        # short for { fg = "cyan" }
//! ```

use crate::core::theme::Theme;
use ratatui::style::{Color, Modifier, Style};
use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::Path,
};
use toml::de::{DeTable, DeValue};

/// The themes pgdeck brings along.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
];

const COLOURS: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// A theme file as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The styles it defines.
    pub theme: Theme,
    /// The theme it stands on.
    pub inherits: Option<String>,
}

/// Reads a theme.
///
/// # Errors
/// The first thing that cannot be understood, with its line.
pub fn parse(name: &str, text: &str) -> Result<Parsed, String> {
    let table = DeTable::parse(text).map_err(|e| {
        let line = e.span().map_or(1, |s| line_of(text, s.start));
        format!("theme {name}, line {line}: {}", e.message())
    })?;
    let mut reader = Reader { name, text, palette: HashMap::new(), styles: HashMap::new() };
    let mut inherits = None;
    // The palette first: the file's order must not matter.
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("palette", DeValue::Table(rows)) => {
                for (key, value) in rows {
                    let colour = reader.colour(value.get_ref(), value.span().start)?;
                    reader.palette.insert(key.get_ref().to_string(), colour);
                }
            }
            ("inherits", DeValue::String(base)) => inherits = Some(base.to_string()),
            ("style", DeValue::Table(_)) => {}
            (other, _) => {
                let said = format!("\"{other}\" is not known here ([palette], [style] or inherits = \"…\")");
                return Err(reader.wrong(key.span().start, &said));
            }
        }
    }
    for (key, value) in table.get_ref() {
        if let ("style", DeValue::Table(rows)) = (key.get_ref().as_ref(), value.get_ref()) {
            for (key, value) in rows {
                reader.style(key.get_ref(), value.get_ref(), value.span().start)?;
            }
        }
    }
    Ok(Parsed { theme: Theme::new(name, reader.styles), inherits })
}

/// The line of a byte offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    palette: HashMap<String, Color>,
    styles: HashMap<String, Style>,
}

impl Reader<'_> {
    fn wrong(&self, offset: usize, what: &str) -> String {
        format!("theme {}, line {}: {what}", self.name, line_of(self.text, offset))
    }

    /// One name's style, and the names below it: `[style.grid.cell]` is the same as `"grid.cell"`.
    fn style(&mut self, name: &str, value: &DeValue<'_>, offset: usize) -> Result<(), String> {
        let DeValue::Table(rows) = value else {
            let colour = self.colour(value, offset)?;
            self.styles.insert(name.into(), Style::default().fg(colour));
            return Ok(());
        };
        let (mut style, mut own) = (Style::default(), rows.is_empty());
        for (key, value) in rows {
            let (key, offset) = (key.get_ref().as_ref(), value.span().start);
            let modifier = MODIFIERS.iter().find(|(name, _)| *name == key);
            match (key, value.get_ref()) {
                (below, DeValue::Table(_)) => {
                    self.style(&format!("{name}.{below}"), value.get_ref(), offset)?;
                    continue;
                }
                ("fg", value) => style = style.fg(self.colour(value, offset)?),
                ("bg", value) => style = style.bg(self.colour(value, offset)?),
                (_, DeValue::Boolean(on)) if modifier.is_some() => {
                    let bits = modifier.map_or(Modifier::empty(), |(_, bits)| *bits);
                    style = if *on { style.add_modifier(bits) } else { style.remove_modifier(bits) };
                }
                (key, _) if modifier.is_some() => {
                    return Err(self.wrong(offset, &format!("{key} is true or false")));
                }
                (key, _) => {
                    let names: Vec<_> = MODIFIERS.iter().map(|(n, _)| *n).collect();
                    let said = format!("\"{key}\" is not part of a style (fg, bg, {})", names.join(", "));
                    return Err(self.wrong(offset, &said));
                }
            }
            own = true;
        }
        if own {
            self.styles.insert(name.into(), style);
        }
        Ok(())
    }

    /// A colour: a name, a palette name, `#rrggbb`, or a number from 0 to 255.
    fn colour(&self, value: &DeValue<'_>, offset: usize) -> Result<Color, String> {
        let found = match value {
            DeValue::String(text) => self.named(text),
            DeValue::Integer(number) => number.as_str().parse().ok().map(Color::Indexed),
            _ => None,
        };
        found.ok_or_else(|| {
            let names: Vec<_> = COLOURS.iter().map(|(n, _)| *n).collect();
            let said = format!(
                "not a colour; write \"#rrggbb\", a number from 0 to 255, a name of [palette], or one of {}",
                names.join(", ")
            );
            self.wrong(offset, &said)
        })
    }

    fn named(&self, text: &str) -> Option<Color> {
        self.palette.get(text).copied().or_else(|| colour(text))
    }
}

/// A colour by its name or as `#rrggbb`.
#[must_use]
pub fn colour(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#').filter(|h| h.len() == 6) {
        return u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+')).map(Color::from_u32);
    }
    let text = text.to_ascii_lowercase().replace(['_', ' '], "-").replace("grey", "gray");
    COLOURS.iter().find(|(name, _)| *name == text).map(|(_, colour)| *colour)
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colours {
    /// None, or none wanted.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The fixed 256.
    Indexed,
    /// Red, green and blue.
    True,
}

/// What the environment says about colours.
#[must_use]
pub fn colours(var: impl Fn(&str) -> Option<String>) -> Colours {
    let get = |name: &str| var(name).unwrap_or_default();
    let term = get("TERM");
    if !get("NO_COLOR").is_empty() || term == "dumb" {
        return Colours::None;
    }
    let own = ["kitty", "alacritty", "foot", "wezterm", "ghostty", "direct"];
    let programs = ["iTerm.app", "vscode", "WezTerm", "ghostty"];
    if matches!(get("COLORTERM").as_str(), "truecolor" | "24bit")
        || own.iter().any(|name| term.contains(name))
        || programs.contains(&get("TERM_PROGRAM").as_str())
    {
        return Colours::True;
    }
    if term.contains("256") { Colours::Indexed } else { Colours::Sixteen }
}

/// The theme in the colours there are.
#[must_use]
pub fn degrade(theme: Theme, colours: Colours) -> Theme {
    match colours {
        Colours::True => theme,
        Colours::None => theme.without_colour(),
        Colours::Indexed | Colours::Sixteen => {
            let styles = theme.names().map(|n| (n.to_owned(), fewer(theme.style(n), colours))).collect();
            Theme::new(&theme.name, styles)
        }
    }
}

fn fewer(style: Style, colours: Colours) -> Style {
    let near = |colour: Option<Color>| {
        colour.map(|c| if colours == Colours::Sixteen { sixteen(c) } else { indexed(c) })
    };
    let (fg, bg) = (near(style.fg), near(style.bg));
    let mut out = Style { fg, bg, underline_color: near(style.underline_color), ..style };
    // Two different colours must not fall together: the text would be gone.
    if let (Some(a), Some(b)) = (fg, bg)
        && a == b
        && style.fg != style.bg
    {
        out.fg = Some(if brightness(rgb(b)) > 128 { Color::Black } else { Color::White });
    }
    out
}

/// The terminal's usual sixteen.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// The six steps of the 256 colours' cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb(colour: Color) -> (u8, u8, u8) {
    match colour {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(i @ 0..=15) => SIXTEEN[usize::from(i)].1,
        Color::Indexed(i @ 16..=231) => {
            let i = usize::from(i - 16);
            (STEPS[i / 36], STEPS[i / 6 % 6], STEPS[i % 6])
        }
        Color::Indexed(i) => {
            let grey = 8 + 10 * (i - 232);
            (grey, grey, grey)
        }
        named => SIXTEEN.iter().find(|(c, _)| *c == named).map_or((0, 0, 0), |(_, rgb)| *rgb),
    }
}

fn brightness((r, g, b): (u8, u8, u8)) -> u32 {
    (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000
}

/// Black or white: what is read better on this colour.
pub(super) fn legible_on(background: Color) -> Color {
    let (r, g, b) = rgb(background);
    let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
    let luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    // Where the contrasts to black and to white are the same.
    if luminance > 0.179 { Color::Black } else { Color::White }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8, weight: u32| weight * u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0, 3) + square(a.1, b.1, 4) + square(a.2, b.2, 2)
}

fn indexed(colour: Color) -> Color {
    let Color::Rgb(r, g, b) = colour else { return colour };
    // The first sixteen are left out: every terminal has its own idea of them.
    let near = (16..=255).min_by_key(|i| distance((r, g, b), rgb(Color::Indexed(*i))));
    near.map_or(colour, Color::Indexed)
}

fn sixteen(colour: Color) -> Color {
    let (Color::Rgb(..) | Color::Indexed(_)) = colour else { return colour };
    let wanted = rgb(colour);
    let near = SIXTEEN.iter().min_by_key(|(_, rgb)| distance(wanted, *rgb));
    near.map_or(colour, |(c, _)| *c)
}

/// All names there are: built in, and files in the user's folder.
#[must_use]
pub fn names(folder: &Path) -> Vec<String> {
    let mut out: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "toml") {
            out.extend(path.file_stem().and_then(|s| s.to_str()).map(str::to_owned));
        }
    }
    out.into_iter().collect()
}

/// Loads a theme for a terminal: the built-in one of that name, the user's file over it.
///
/// # Errors
/// There is none of that name, or its file is wrong.
pub fn load(name: &str, folder: &Path, colours: Colours) -> Result<Theme, String> {
    // The two usual themes mix shades that sixteen colours cannot tell apart; one is made for that.
    let has_own = user_file(name, folder)?.is_some();
    let plain = BUILT_IN.iter().any(|(n, _)| *n == "ansi16");
    let name = match name {
        "dark" | "light" if colours == Colours::Sixteen && plain && !has_own => "ansi16",
        name => name,
    };
    let mut theme = gather(name, folder, 0)?;
    theme.name = name.into();
    Ok(degrade(theme, colours))
}

fn user_file(name: &str, folder: &Path) -> Result<Option<String>, String> {
    if name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.') {
        return Err(format!("theme \"{name}\": not a name of a file in {}", folder.display()));
    }
    let path = folder.join(format!("{name}.toml"));
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("theme {name}: {}: {e}", path.display())),
    }
}

fn gather(name: &str, folder: &Path, depth: u8) -> Result<Theme, String> {
    let built_in =
        BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| parse(name, text)).transpose()?;
    let own = user_file(name, folder)?.map(|text| parse(name, &text)).transpose()?;
    if built_in.is_none() && own.is_none() {
        return Err(format!(
            "no theme \"{name}\"; there are {} (add your own as {}/{name}.toml)",
            names(folder).join(", "),
            folder.display()
        ));
    }
    let inherits = own.as_ref().or(built_in.as_ref()).and_then(|p| p.inherits.clone());
    let mut theme = match inherits {
        Some(base) if depth >= 8 || base == name => {
            return Err(format!("theme {name}: inherits from itself"));
        }
        Some(base) => gather(&base, folder, depth + 1)?,
        None => Theme::default(),
    };
    for parsed in [built_in, own].into_iter().flatten() {
        theme.overlay(parsed.theme);
    }
    Ok(theme)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "
[style]
text = \"soft\"
\"text.dim\" = { fg = 8, dim = true, bold = false }
[style.grid.cell]
fg = \"#010203\"
bg = \"Light_Blue\"
null = { italic = true }
[palette]
soft = \"#aabbcc\"
";

    #[test]
    fn a_file_becomes_styles() {
        let theme = parse("t", SAMPLE).expect("reads").theme;
        assert_eq!(theme.style("text"), Style::default().fg(Color::Rgb(0xaa, 0xbb, 0xcc)));
        let dim = Style::default().fg(Color::Indexed(8)).add_modifier(Modifier::DIM);
        assert_eq!(theme.style("text.dim"), dim.remove_modifier(Modifier::BOLD));
        assert_eq!(
            theme.style("grid.cell.number"),
            Style::default().fg(Color::Rgb(1, 2, 3)).bg(Color::LightBlue)
        );
        assert_eq!(theme.style("grid.cell.null"), Style::default().add_modifier(Modifier::ITALIC));
        assert_eq!(theme.style("grid"), Style::default());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, expected) in [
            ("[style]\na = \"puce\"", "theme t, line 2: not a colour"),
            ("[style]\na = { fg = 256 }", "theme t, line 2: not a colour"),
            ("[style]\n\na = { size = 3 }", "theme t, line 3: \"size\" is not part of a style"),
            ("[style]\na = { bold = 1 }", "theme t, line 2: bold is true or false"),
            ("x = 1", "theme t, line 1: \"x\" is not known here"),
            ("[style\n", "theme t, line 1: "),
        ] {
            let said = parse("t", text).expect_err(text);
            assert!(said.starts_with(expected), "{said}");
        }
    }

    #[test]
    fn the_environment_tells_the_colours() {
        for (vars, expected) in [
            (&[("TERM", "xterm")][..], Colours::Sixteen),
            (&[("TERM", "xterm-256color")], Colours::Indexed),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Colours::True),
            (&[("TERM", "xterm-kitty")], Colours::True),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Colours::None),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")], Colours::None),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "")], Colours::True),
            (&[], Colours::Sixteen),
        ] {
            let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(colours(var), expected, "{vars:?}");
        }
    }

    #[test]
    fn colours_fall_to_their_nearest_and_text_stays_visible() {
        for (rgb, index, named) in [
            ((0, 0, 0), 16, Color::Black),
            ((255, 255, 255), 231, Color::White),
            ((255, 0, 0), 196, Color::LightRed),
            ((128, 128, 128), 244, Color::DarkGray),
        ] {
            let colour = Color::Rgb(rgb.0, rgb.1, rgb.2);
            assert_eq!(indexed(colour), Color::Indexed(index));
            assert_eq!(sixteen(colour), named);
        }
        assert_eq!(sixteen(Color::Reset), Color::Reset);
        let close = Style::default().fg(Color::Rgb(20, 20, 20)).bg(Color::Rgb(5, 5, 5));
        assert_eq!(fewer(close, Colours::Sixteen).fg, Some(Color::White));
        let theme = degrade(parse("t", SAMPLE).expect("reads").theme, Colours::None);
        assert_eq!(theme.style("grid.cell").fg, None);
    }

    #[test]
    fn the_users_folder_lies_on_top_and_may_inherit() {
        let dir = tempfile::tempdir().expect("folder");
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("writes");
        write("base.toml", "[style]\na = \"red\"\nb = \"red\"");
        write("mine.toml", "inherits = \"base\"\n[style]\nb = \"blue\"");
        write("loop.toml", "inherits = \"loop2\"");
        write("loop2.toml", "inherits = \"loop\"");
        let theme = load("mine", dir.path(), Colours::True).expect("loads");
        assert_eq!((theme.style("a").fg, theme.style("b").fg), (Some(Color::Red), Some(Color::Blue)));
        assert_eq!(theme.name, "mine");
        assert!(names(dir.path()).contains(&"mine".to_owned()));
        for (name, expected) in
            [("loop", "inherits from itself"), ("none", "no theme \"none\""), ("../x", "not a name")]
        {
            let said = load(name, dir.path(), Colours::True).expect_err(name);
            assert!(said.contains(expected), "{said}");
        }
    }
}
