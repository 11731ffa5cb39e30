//! Dates and times in the ISO form: the part at the cursor one up or down. Other forms are left to the server.

/// What a part of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// Hour, minute, and the second where it is written.
type Clock = (u32, u32, Option<u32>);

/// `2026-03-01`, `2026-03-01 12:30:00.5+01`, `12:30:00` read into numbers; what follows the seconds is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Iso {
    date: Option<(i64, u32, u32)>,
    /// Between date and time: a blank or `T`.
    gap: char,
    time: Option<Clock>,
    rest: String,
}

/// Takes exactly `count` digits from the front.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let head = text.get(..count).filter(|h| h.bytes().all(|b| b.is_ascii_digit()))?;
    Some((head.parse().ok()?, &text[count..]))
}

fn date(text: &str) -> Option<((i64, u32, u32), &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let real =
        year > 0 && (1..=12).contains(&month) && (1..=month_days(i64::from(year), month)).contains(&day);
    real.then_some(((i64::from(year), month, day), rest))
}

fn time(text: &str) -> Option<(Clock, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let second = rest.strip_prefix(':').and_then(|r| digits(r, 2));
    let real = hour < 24 && minute < 60 && second.is_none_or(|(s, _)| s < 60);
    let rest = second.map_or(rest, |(_, r)| r);
    real.then_some(((hour, minute, second.map(|(s, _)| s)), rest))
}

fn read(text: &str) -> Option<Iso> {
    if let Some((time, rest)) = time(text) {
        return Some(Iso { date: None, gap: ' ', time: Some(time), rest: rest.into() });
    }
    let (date, rest) = date(text)?;
    // Years before Christ count the other way.
    if text.ends_with("BC") {
        return None;
    }
    let Some(gap) = rest.chars().next() else {
        return Some(Iso { date: Some(date), gap: ' ', time: None, rest: String::new() });
    };
    if !matches!(gap, ' ' | 'T') {
        return None;
    }
    let (time, rest) = time(&rest[1..])?;
    Some(Iso { date: Some(date), gap, time: Some(time), rest: rest.into() })
}

fn write(iso: &Iso) -> String {
    let mut out = String::new();
    if let Some((y, m, d)) = iso.date {
        out.push_str(&format!("{y:04}-{m:02}-{d:02}"));
        if iso.time.is_some() {
            out.push(iso.gap);
        }
    }
    if let Some((h, m, s)) = iso.time {
        out.push_str(&format!("{h:02}:{m:02}"));
        if let Some(s) = s {
            out.push_str(&format!(":{s:02}"));
        }
    }
    out + &iso.rest
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i64, month: u32) -> u32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The part that stands at a byte; behind the end: the day of a date, the hour of a time.
fn part_at(iso: &Iso, at: usize, end: usize) -> Part {
    let time_from = match (iso.date, iso.time) {
        (Some(_), Some(_)) => 11,
        (Some(_), None) => usize::MAX,
        (None, _) => 0,
    };
    if at >= end {
        return if iso.time.is_some() { Part::Hour } else { Part::Day };
    }
    if at < time_from {
        return match at {
            0..=4 => Part::Year,
            5..=7 => Part::Month,
            _ => Part::Day,
        };
    }
    match at - time_from {
        0..=2 => Part::Hour,
        3..=5 => Part::Minute,
        _ => Part::Second,
    }
}

fn add_day(date: &mut (i64, u32, u32), by: i64) {
    let (y, m, d) = date;
    if by > 0 {
        *d += 1;
        if *d > month_days(*y, *m) {
            *d = 1;
            add_month(date, 1);
        }
    } else if *d > 1 {
        *d -= 1;
    } else {
        add_month(date, -1);
        date.2 = month_days(date.0, date.1);
    }
}

/// Keeps the day where the month has it.
fn add_month((y, m, d): &mut (i64, u32, u32), by: i64) {
    let month = i64::from(*m) - 1 + by;
    *y += month.div_euclid(12);
    *m = month.rem_euclid(12) as u32 + 1;
    *d = (*d).min(month_days(*y, *m));
}

/// The text with the part at the byte `at` one up (or down), carrying over; `None` where the text is no ISO form.
#[must_use]
pub fn step(text: &str, at: usize, up: bool) -> Option<String> {
    let mut iso = read(text)?;
    let by = if up { 1 } else { -1 };
    let part = part_at(&iso, at, text.len());
    let mut days = 0;
    if let Some((h, m, s)) = &mut iso.time {
        let size = match part {
            Part::Hour => 3600,
            Part::Minute => 60,
            Part::Second => 1,
            _ => 0,
        };
        let seconds = i64::from(*h) * 3600 + i64::from(*m) * 60 + i64::from(s.unwrap_or(0)) + by * size;
        days = seconds.div_euclid(86_400);
        let seconds = seconds.rem_euclid(86_400) as u32;
        (*h, *m) = (seconds / 3600, seconds / 60 % 60);
        if s.is_some() || part == Part::Second {
            *s = Some(seconds % 60);
        }
    }
    if let Some(date) = &mut iso.date {
        match part {
            Part::Year => add_month(date, 12 * by),
            Part::Month => add_month(date, by),
            Part::Day => add_day(date, by),
            _ if days != 0 => add_day(date, days),
            _ => {}
        }
        if !(1..=9999).contains(&date.0) {
            return None;
        }
    }
    Some(write(&iso))
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn parts_go_up_and_down_and_carry() {
        for (text, at, up, want) in [
            ("2026-02-28", 10, true, Some("2026-03-01")),
            ("2024-02-28", 10, true, Some("2024-02-29")),
            ("2026-01-01", 9, false, Some("2025-12-31")),
            ("2026-01-31", 5, true, Some("2026-02-28")),
            ("2024-02-29", 0, true, Some("2025-02-28")),
            ("2026-03-01 23:30:00.125+02", 26, true, Some("2026-03-02 00:30:00.125+02")),
            ("2026-03-01 00:00:00+00", 14, false, Some("2026-02-28 23:59:00+00")),
            ("2026-03-01T12:30", 3, false, Some("2025-03-01T12:30")),
            ("12:30", 5, true, Some("13:30")),
            ("23:59:59", 7, true, Some("00:00:00")),
            ("9999-12-31", 9, true, None),
            ("0044-03-15 BC", 9, true, None),
            ("March 1", 0, true, None),
            ("2026-02-30", 9, true, None),
            ("infinity", 0, true, None),
            ("", 0, true, None),
            ("2026-03-01é", 9, true, None),
            ("１２:30", 0, true, None),
        ] {
            assert_eq!(step(text, at, up).as_deref(), want, "{text} at {at}");
        }
    }
}
