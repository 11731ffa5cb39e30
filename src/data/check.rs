//! What is wrong with a value for a type, as far as its text tells without asking the server.

use super::types;

/// Says what a value of this type must be when the text surely is none; `Ok` leaves the last word
/// to the server.
///
/// # Errors
/// What it must be, to be put behind "must be".
pub fn value(type_name: &str, text: &str) -> Result<(), String> {
    if text.contains('\0') {
        return Err("text without the character NUL".into());
    }
    let whole_in = |least: i128, most: i128| whole(text, least, most);
    match types::oid(type_name) {
        Some(16) => must(boolean(text), "true or false"),
        Some(21) => whole_in(i16::MIN.into(), i16::MAX.into()),
        Some(23) => whole_in(i32::MIN.into(), i32::MAX.into()),
        Some(20) => whole_in(i64::MIN.into(), i64::MAX.into()),
        Some(26) => whole_in(0, u32::MAX.into()),
        Some(700 | 701 | 1700) => must(number(text), "a number"),
        Some(1082) => must(date(text), "a date such as 2026-03-01"),
        Some(1114 | 1184) => must(date(text), "a time such as 2026-03-01 12:30"),
        Some(2950) => must(uuid(text), "a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        Some(114 | 3802) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(_) => Ok(()),
            Err(e) => Err(format!("JSON ({e})")),
        },
        Some(1186) => must(!text.trim().is_empty(), "an interval such as 7 days"),
        _ => Ok(()),
    }
}

/// Words of a time that are no abbreviation of a zone, or of one that means the same everywhere.
const NO_ZONES: &[&str] = &[
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "mon",
    "tue",
    "tues",
    "wed",
    "weds",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "infinity",
    "now",
    "today",
    "tomorrow",
    "yesterday",
    "epoch",
    "allballs",
    "empty",
    "null",
    "utc",
    "gmt",
    "zulu",
];

/// Types with times in a zone: timestamptz, its arrays, ranges and multiranges.
#[must_use]
pub fn has_zone(oid: u32) -> bool {
    matches!(oid, 1184 | 1185 | 3910 | 3911 | 4534 | 6153)
}

/// Is a date or time printed in the ISO style, which every session reads as the same one? Others depend on the order
/// of day and month, and on abbreviations of zones.
#[must_use]
pub fn is_iso(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits >= 4 && text.as_bytes().get(digits) == Some(&b'-')) || matches!(text, "infinity" | "-infinity")
}

/// The abbreviation of a zone in a text of times. The server prints the session's own and reads another list: `IST` of
/// Kolkata is read as Israel's. Offsets and whole names such as `Asia/Kolkata` are read as they are meant.
#[must_use]
pub fn zone_word(text: &str) -> Option<&str> {
    let mut words = text.split(|c: char| c.is_whitespace() || "\"{}[](),".contains(c));
    words.find_map(|word| {
        let letters = word.trim_start_matches(|c: char| c.is_ascii_digit() || ":.".contains(c));
        let short = (3..=9).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_alphabetic());
        (short && !NO_ZONES.contains(&letters.to_ascii_lowercase().as_str())).then_some(letters)
    })
}

fn must(fits: bool, what: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(what.into()) }
}

fn whole(text: &str, least: i128, most: i128) -> Result<(), String> {
    let plain = text.trim();
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    if other_notation(digits) {
        return Ok(());
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("a whole number".into());
    }
    let fits = plain.parse::<i128>().is_ok_and(|n| (least..=most).contains(&n));
    must(fits, &format!("a whole number from {least} to {most}"))
}

/// `0x1f`, `0o17`, `0b11` and `1_000` are numbers from PostgreSQL 16 on.
fn other_notation(unsigned: &str) -> bool {
    let text = unsigned.to_ascii_lowercase().replace('_', "");
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    match text.split_at_checked(2) {
        Some(("0x", rest)) => all(rest, 16),
        Some(("0o", rest)) => all(rest, 8),
        Some(("0b", rest)) => all(rest, 2),
        _ => unsigned.contains('_') && unsigned.starts_with(|c: char| c.is_ascii_digit()) && all(&text, 10),
    }
}

fn number(text: &str) -> bool {
    let t = text.trim();
    let word = t.trim_start_matches(['-', '+']).to_ascii_lowercase();
    t.parse::<f64>().is_ok()
        || ["nan", "inf", "infinity"].contains(&word.as_str())
        || other_notation(&word)
        || (word.contains('_') && word.replace('_', "").parse::<f64>().is_ok())
}

/// The server takes any unique beginning of these words.
fn boolean(text: &str) -> bool {
    let v = text.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| v.len() >= least && word.starts_with(&v);
    matches!(&*v, "1" | "0")
        || [("true", 1), ("false", 1), ("yes", 1), ("no", 1), ("on", 2), ("off", 2)]
            .iter()
            .any(|(w, n)| begins(w, *n))
}

/// Has a digit or is one of the words; in what order day and month stand is the server's matter.
fn date(text: &str) -> bool {
    const WORDS: [&str; 7] = ["today", "tomorrow", "yesterday", "now", "epoch", "infinity", "-infinity"];
    let t = text.trim().to_ascii_lowercase();
    if WORDS.contains(&t.as_str()) {
        return true;
    }
    let iso: Option<(u32, u32)> = {
        let mut parts = t.splitn(3, '-');
        let year = parts.next().filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()));
        let month = parts.next().and_then(|m| m.parse().ok());
        let day: Option<u32> = parts.next().and_then(|d| {
            let digits: String = d.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        year.and(month.zip(day))
    };
    match iso {
        Some((month, day)) => (1..=12).contains(&month) && (1..=31).contains(&day),
        None => t.bytes().filter(u8::is_ascii_digit).count() >= 2,
    }
}

fn uuid(text: &str) -> bool {
    let t = text.trim().trim_start_matches('{').trim_end_matches('}');
    t.bytes().filter(u8::is_ascii_hexdigit).count() == 32
        && t.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn what_surely_is_no_value_is_told() {
        for (kind, good, bad) in [
            (
                "int",
                &["1", "-7", " 3 ", "0x1f", "-0b11", "1_000"][..],
                &["", "x", "1.5", "3000000000", "1abc", "0x", "12b", "_1"][..],
            ),
            ("bigint", &["9223372036854775807"], &["9223372036854775808"]),
            ("numeric(10,2)", &["1.5", "-3", "1e3", "NaN", "1_000.5"], &["", "a", "1,5", "1box"]),
            ("bool", &["t", "TRUE", "off", "1"], &["", "maybe", "o"]),
            ("date", &["2026-03-01", "today", "March 1 2026"], &["", "soon", "2026-13-01", "2026-01-32"]),
            ("timestamptz", &["2026-03-01 12:30", "now"], &["later"]),
            ("uuid", &["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], &["6ba7"]),
            ("jsonb", &["{\"a\": 1}", "null"], &["{a}", ""]),
            ("text", &["", "x"], &["a\0b"]),
            ("mood", &["anything"], &[]),
            ("", &["anything"], &[]),
        ] {
            for g in good {
                assert_eq!(value(kind, g), Ok(()), "{kind} {g:?}");
            }
            for b in bad {
                assert!(value(kind, b).is_err(), "{kind} {b:?}");
            }
        }
    }
}
