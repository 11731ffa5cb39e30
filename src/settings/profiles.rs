//! Profiles: the `[profile.NAME]` sections of the config.

use super::{
    config::{Wrong, text, truth},
    themes,
};
use crate::core::{
    settings::{Profile, Rehearse},
    theme::{Theme, of_profile},
};
use ratatui::style::{Modifier, Style};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What is wrong with another word.
pub(super) const REHEARSE: &str = "must be \"always\", \"without-where\" or \"never\"";

/// Reads one section. Problems come with their byte offsets; the first also stays with the profile,
/// for a half-understood connection (read-only or not?) must not be opened.
pub(super) fn parse(
    name: &str,
    section: &Spanned<DeValue<'_>>,
    private: bool,
) -> (Profile, Vec<(usize, String)>) {
    let mut profile = Profile { name: name.into(), ..Profile::default() };
    let mut problems = vec![];
    let start = section.span().start;
    match section.get_ref() {
        DeValue::Table(rows) => read(rows, &mut profile, &mut problems),
        _ => problems.push((start, format!("profile.{name} must be a section: [profile.{name}]"))),
    }
    if !private && has_password(&profile) {
        let said = format!(
            "profile \"{name}\" has a password, but others can read this file: chmod 600 it, or keep passwords in ~/.pgpass"
        );
        problems.push((start, said));
    }
    if name.is_empty() || name.contains('=') || name.contains("://") {
        problems.push((start, format!("profile \"{name}\": the name looks like a connection string")));
    }
    profile.problem = problems.first().map(|(_, what)| what.clone());
    (profile, problems)
}

fn read(rows: &DeTable<'_>, profile: &mut Profile, problems: &mut Vec<(usize, String)>) {
    for (key, value) in rows {
        let (key, at) = (key.get_ref().as_ref(), key.span().start);
        if let Err(wrong) = set(profile, key, value.get_ref()) {
            problems.push((at, format!("{key} of profile \"{}\" {wrong}", profile.name)));
        }
    }
}

fn set(profile: &mut Profile, key: &str, value: &DeValue<'_>) -> Result<(), Wrong> {
    match key {
        "connection" => profile.connection = Some(text(value)?),
        "password_command" => profile.password_command = Some(text(value)?),
        "ssh" => {
            let destination = text(value)?;
            if destination.trim().is_empty() || destination.starts_with('-') {
                return Err("must be where ssh goes: \"bastion\", \"me@bastion.example.com\"".into());
            }
            profile.ssh = Some(destination);
        }
        "startup" => profile.startup = Some(text(value)?),
        "label" => profile.label = Some(text(value)?),
        "colour" | "color" => {
            let colour = value.as_str().and_then(themes::colour);
            profile.colour = Some(colour.ok_or("must be a colour: \"red\", \"#rrggbb\" …")?);
        }
        "read_only" => profile.read_only = truth(value)?,
        "production" => profile.production = truth(value)?,
        "rehearse" => {
            let word = value.as_str().and_then(Rehearse::of);
            profile.rehearse = Some(word.ok_or(REHEARSE)?);
        }
        "readonly" | "read-only" => return Err("is written read_only".into()),
        // Everything else is a connection keyword; whether there is one of that name, the resolver says.
        keyword => {
            let value = match value {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Boolean(on) => if *on { "1" } else { "0" }.to_owned(),
                _ => return Err("must be a text, a number, true or false".into()),
            };
            profile.params.push((keyword.to_owned(), value));
        }
    }
    Ok(())
}

/// The styles of the profiles that have a colour, in the colours there are: to be laid over every theme.
#[must_use]
pub fn styles(profiles: &[Profile], colours: themes::Colours) -> Theme {
    let style = |p: &Profile| {
        let colour = p.colour?;
        let style = Style::default().bg(colour).fg(themes::legible_on(colour)).add_modifier(Modifier::BOLD);
        Some((of_profile(&p.name), style))
    };
    themes::degrade(Theme::new("profiles", profiles.iter().filter_map(style).collect()), colours)
}

/// Whether a password stands in the section itself.
fn has_password(profile: &Profile) -> bool {
    let connection = profile.connection.as_deref().unwrap_or("");
    let credentials = connection.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    let in_uri = credentials.and_then(|c| c.rsplit_once('@')).is_some_and(|(who, _)| who.contains(':'));
    let secret = |key: &str| key.contains("password") || key.contains("secret") || key.starts_with("scram_");
    in_uri || secret(&connection.to_ascii_lowercase()) || profile.params.iter().any(|(key, _)| secret(key))
}

#[cfg(test)]
mod tests {
    use super::super::{config, themes::Colours};
    use crate::core::{settings::Rehearse, theme::of_profile};
    use ratatui::style::Color;

    #[test]
    fn a_section_becomes_a_profile() {
        let text = "[profile.a]\nconnection = \"host=h\"\nport = 6000\nkeepalives = false\n\
            colour = \"#ff0000\"\nread_only = true\nproduction = true\nrehearse = \"always\"\n[profile.\"b c\"]\n";
        let config = config::parse(text, "c", false).expect("TOML");
        assert_eq!(config.problems, Vec::<String>::new());
        let a = &config.profiles[0];
        assert_eq!(a.connection.as_deref(), Some("host=h"));
        let mut words: Vec<_> = a.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
        words.sort();
        assert_eq!(words.join(" "), "keepalives=0 port=6000");
        assert_eq!((a.colour, a.read_only), (Some(Color::Rgb(255, 0, 0)), true));
        assert_eq!((a.production, a.rehearse), (true, Some(Rehearse::Always)));
        assert_eq!(config.profiles[1].name, "b c");
    }

    #[test]
    fn a_colour_becomes_a_style_of_its_own() {
        let text = "[profile.\"a.b\"]\ncolour = \"#000080\"\n[profile.a]\ncolour = \"yellow\"\n[profile.c]\n";
        let config = config::parse(text, "c", false).expect("TOML");
        let styles = |colours| super::styles(&config.profiles, colours);
        let of = |colours, name| {
            let style = styles(colours).style(&of_profile(name));
            (style.fg, style.bg)
        };
        let navy = Color::Rgb(0, 0, 128);
        assert_eq!(of(Colours::True, "a.b"), (Some(Color::White), Some(navy)));
        assert_eq!(of(Colours::True, "a"), (Some(Color::Black), Some(Color::Yellow)));
        assert_eq!(of(Colours::True, "c"), (None, None));
        assert_eq!(of(Colours::True, "a.c"), (None, None));
        assert_eq!(of(Colours::Indexed, "a.b"), (Some(Color::White), Some(Color::Indexed(18))));
        assert_eq!(of(Colours::Sixteen, "a.b").1, Some(Color::Blue));
        assert_eq!(of(Colours::None, "a.b"), (None, None));
    }

    #[test]
    fn a_half_understood_profile_has_a_problem() {
        for (text, expected) in [
            ("read_only = 1", "c, line 2: read_only of profile \"a\" must be true or false"),
            ("readonly = true", "c, line 2: readonly of profile \"a\" is written read_only"),
            ("colour = \"puce\"", "c, line 2: colour of profile \"a\" must be a colour"),
            ("rehearse = \"often\"", "c, line 2: rehearse of profile \"a\" must be \"always\""),
            ("ssh = \"-oProxyCommand=x\"", "c, line 2: ssh of profile \"a\" must be where ssh goes"),
            ("password_command = 1", "c, line 2: password_command of profile \"a\" must be a text"),
            ("port = [1]", "c, line 2: port of profile \"a\" must be a text"),
            ("password = \"x\"", "c, line 1: profile \"a\" has a password, but others can read"),
            ("connection = \"postgres://u:p@h/d\"", "c, line 1: profile \"a\" has a password"),
            ("connection = \"user=u password=p\"", "c, line 1: profile \"a\" has a password"),
        ] {
            let config = config::parse(&format!("[profile.a]\n{text}"), "c", false).expect("TOML");
            assert!(config.problems[0].starts_with(expected), "{:?}", config.problems);
            assert!(config.profiles[0].problem.is_some());
            assert!(!format!("{config:?}").contains("p@h"));
        }
        let config = config::parse("[profile.a]\npassword = \"x\"", "c", true).expect("TOML");
        assert_eq!(config.problems, Vec::<String>::new());
    }
}
