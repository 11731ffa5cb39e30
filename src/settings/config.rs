//! The config file: settings, keys and profiles, with every mistake named by its line.

use super::{
    profiles::{self, REHEARSE},
    themes::line_of,
};
use crate::core::settings::{Profile, Rehearse, Settings};
use std::{collections::BTreeMap, fs, io, ops::RangeInclusive, os::unix::fs::PermissionsExt, path::Path};
use toml::de::{DeTable, DeValue};

/// The commented config with every default, for a user to begin with.
pub const COMMENTED: &str = include_str!("../../assets/config.toml");

/// What a config file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The settings, defaults where nothing is said.
    pub settings: Settings,
    /// The named connections; one with a mistake says so in `problem`.
    pub profiles: Vec<Profile>,
    /// What is wrong, a line each; what is right counts all the same.
    pub problems: Vec<String>,
}

/// A mistake in a value, told without its place.
pub(super) type Wrong = String;

struct Row {
    name: &'static str,
    set: fn(&mut Settings, &DeValue<'_>) -> Result<(), Wrong>,
}

/// EVERY SETTING, one row.
const ROWS: &[Row] = &[
    Row { name: "theme", set: |s, v| put(&mut s.theme, text(v)) },
    Row { name: "result_budget", set: |s, v| put(&mut s.result_budget, size(v, 1 << 20..=64 << 30)) },
    Row { name: "rest_seconds", set: |s, v| put(&mut s.rest_seconds, number(v, 1..=86_400)) },
    Row { name: "cell_prefix", set: |s, v| put(&mut s.cell_prefix, number(v, 16..=1_000_000)) },
    Row { name: "column_width", set: |s, v| put(&mut s.column_width, number(v, 4..=1_000)) },
    Row { name: "mouse", set: |s, v| put(&mut s.mouse, truth(v)) },
    Row { name: "hints", set: |s, v| put(&mut s.hints, truth(v)) },
    Row { name: "history_size", set: |s, v| put(&mut s.history_size, number(v, 0..=1_000_000)) },
    Row {
        name: "rehearse",
        set: |s, v| put(&mut s.rehearse, v.as_str().and_then(Rehearse::of).ok_or(REHEARSE.into())),
    },
    Row { name: "analyze_seconds", set: |s, v| put(&mut s.analyze_seconds, number(v, 0..=86_400)) },
    Row { name: "tab_width", set: |s, v| put(&mut s.tab_width, number(v, 1..=16)) },
];

fn put<T>(place: &mut T, value: Result<T, Wrong>) -> Result<(), Wrong> {
    *place = value?;
    Ok(())
}

pub(super) fn text(value: &DeValue<'_>) -> Result<String, Wrong> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a text in quotes".into())
}

pub(super) fn truth(value: &DeValue<'_>) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| "must be true or false".into())
}

fn number<T: TryFrom<u64>>(value: &DeValue<'_>, range: RangeInclusive<u64>) -> Result<T, Wrong> {
    let wrong = || format!("must be a number from {} to {}", range.start(), range.end());
    let digits = value.as_integer().ok_or_else(wrong)?;
    let number = u64::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|n| range.contains(n));
    number.and_then(|n| T::try_from(n).ok()).ok_or_else(wrong)
}

/// Bytes, as a number or a text like `64 MiB`.
fn size(value: &DeValue<'_>, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
    let Some(text) = value.as_str() else { return number(value, range) };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("must be a size like \"64 MiB\"".into()),
    };
    let number: u64 = digits.trim().parse().map_err(|_| "must be a size like \"64 MiB\"".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|n| range.contains(n))
        .ok_or_else(|| format!("must be from {} MiB to {} GiB", range.start() >> 20, range.end() >> 30))
}

/// Reads the text of a config file. `private`: nobody else can read the file.
///
/// # Errors
/// It is not TOML; then nothing of it counts.
pub fn parse(text: &str, file: &str, private: bool) -> Result<Config, String> {
    let table = DeTable::parse(text).map_err(|e| {
        let line = e.span().map_or(1, |s| line_of(text, s.start));
        format!("{file}, line {line}: {}", e.message().trim_end())
    })?;
    let mut config = Config::default();
    let mut problems: Vec<(usize, String)> = vec![];
    for (key, value) in table.get_ref() {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        match (name, value.get_ref()) {
            ("keys", DeValue::Table(scopes)) => read_keys(scopes, &mut config.settings, &mut problems),
            ("profile", DeValue::Table(rows)) => {
                for (key, value) in rows {
                    let (profile, wrong) = profiles::parse(key.get_ref(), value, private);
                    problems.extend(wrong);
                    config.profiles.push(profile);
                }
            }
            ("keys" | "profile", _) => {
                problems.push((at, format!("{name} must be sections: [{name}.NAME]")));
            }
            (name, value) => match ROWS.iter().find(|r| r.name == name) {
                Some(row) => {
                    if let Err(wrong) = (row.set)(&mut config.settings, value) {
                        problems.push((at, format!("{name} {wrong}")));
                    }
                }
                None => {
                    let names: Vec<_> = ROWS.iter().map(|r| r.name).collect();
                    let said = format!("no setting \"{name}\"; there are {}", names.join(", "));
                    problems.push((at, said));
                }
            },
        }
    }
    problems.sort();
    let say = |(offset, what): (usize, String)| format!("{file}, line {}: {what}", line_of(text, offset));
    config.problems = problems.into_iter().map(say).collect();
    Ok(config)
}

/// `[keys.PLACE]` sections; the names in them are for the key map to judge.
fn read_keys(scopes: &DeTable<'_>, settings: &mut Settings, problems: &mut Vec<(usize, String)>) {
    for (scope, rows) in scopes {
        let name = scope.get_ref().to_string();
        let DeValue::Table(rows) = rows.get_ref() else {
            problems.push((scope.span().start, format!("keys.{name} must be a section: [keys.{name}]")));
            continue;
        };
        let mut out = BTreeMap::new();
        for (keys, command) in rows {
            let keys_text = keys.get_ref().to_string();
            match command.get_ref().as_str() {
                Some(command) => {
                    out.insert(keys_text, command.to_owned());
                }
                None => problems
                    .push((keys.span().start, format!("\"{keys_text}\" must name a command in quotes"))),
            }
        }
        settings.keys.insert(name, out);
    }
}

/// Reads a config file. One that is not there is the same as an empty one, unless it was asked for by name.
///
/// # Errors
/// It cannot be read, or is not TOML.
pub fn load(path: &Path, asked_for: bool) -> Result<Config, String> {
    let file = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !asked_for => return Ok(Config::default()),
        Err(e) => return Err(format!("config {file}: {e}")),
    };
    let private = fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 == 0);
    parse(&text, &file, private)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::keymap::Keymap;

    /// The commented config with the comment signs taken off its settings.
    fn uncommented() -> String {
        let setting =
            |l: &&str| l.strip_prefix('#').is_some_and(|l| l.starts_with(|c: char| !c.is_whitespace()));
        let lines = COMMENTED.lines().map(|l| if setting(&l) { &l[1..] } else { l });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_commented_config_shows_every_setting_with_its_default() {
        assert_eq!(parse(COMMENTED, "c", true), Ok(Config::default()));
        let mut config = parse(&uncommented(), "c", true).expect("TOML");
        assert_eq!(config.problems, Vec::<String>::new());
        for row in ROWS {
            let line = format!("\n#{} = ", row.name);
            assert_eq!(COMMENTED.matches(&line).count(), 1, "{}", row.name);
        }
        assert_eq!(Keymap::builtin().overlay(&config.settings.keys), Vec::<String>::new());
        config.settings.keys.clear();
        assert_eq!(config.settings, Settings::default());
        assert_eq!(config.profiles.len(), 1);
        assert!(config.profiles[0].read_only && config.profiles[0].label.as_deref() == Some("the shop"));
    }

    #[test]
    fn mistakes_are_named_by_line_and_the_rest_counts() {
        let text = "mous = true\nmouse = 1\ntab_width = 99\nresult_budget = \"12 parsecs\"\nhints = false\n\
            [keys.grid]\n\"x\" = 3\n\"y\" = \"copy\"\n[keys]\nglobal = 1\n";
        let config = parse(text, "c.toml", true).expect("TOML");
        let expected = [
            "c.toml, line 1: no setting \"mous\"; there are theme,",
            "c.toml, line 2: mouse must be true or false",
            "c.toml, line 3: tab_width must be a number from 1 to 16",
            "c.toml, line 4: result_budget must be a size like",
            "c.toml, line 7: \"x\" must name a command in quotes",
            "c.toml, line 10: keys.global must be a section",
        ];
        assert_eq!(config.problems.len(), expected.len(), "{:#?}", config.problems);
        for (said, expected) in config.problems.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said}");
        }
        assert!(!config.settings.hints && config.settings.mouse);
        assert_eq!(config.settings.keys["grid"]["y"], "copy");
        assert_eq!(parse("\na = \n", "c", true).expect_err("no TOML").split(':').next(), Some("c, line 2"));
    }

    #[test]
    fn sizes_may_be_numbers_or_texts() {
        for (text, bytes) in [("33554432", 32 << 20), ("\"128MiB\"", 128 << 20), ("\"2 GB\"", 2 << 30)] {
            let config = parse(&format!("result_budget = {text}"), "c", true).expect("TOML");
            assert_eq!((config.settings.result_budget, config.problems.len()), (bytes, 0), "{text}");
        }
    }

    #[test]
    fn a_missing_file_is_an_empty_one_unless_it_was_named() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("config.toml");
        assert_eq!(load(&path, false), Ok(Config::default()));
        assert!(load(&path, true).is_err());
        fs::write(&path, "hints = false").expect("writes");
        assert!(!load(&path, true).expect("reads").settings.hints);
    }
}
