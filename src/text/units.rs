//! Numbers for people: bytes, durations, counts.

use std::time::Duration;

/// `512 B`, `1.5 kB`, `64 MB`; a kilobyte has 1,024 bytes as in PostgreSQL.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    // 1,023.95 would be printed as "1024".
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", short(value), UNITS[unit])
}

/// `0.4 ms`, `12 ms`, `1.2 s`, `2 min 05 s`, `3 h 07 min`, `4 d 02 h`.
#[must_use]
pub fn duration(d: Duration) -> String {
    let s = d.as_secs();
    let ms = d.as_secs_f64() * 1000.0;
    match s {
        0 if ms < 9.95 => format!("{ms:.1} ms"),
        0 if ms < 999.5 => format!("{ms:.0} ms"),
        0..=59 if d.as_secs_f64() < 59.95 => format!("{:.1} s", d.as_secs_f64()),
        0..=3599 => format!("{} min {:02} s", s / 60, s % 60),
        3600..=86_399 => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {:02} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// The same in whole seconds, for what counts: `4 s`.
#[must_use]
pub fn seconds(d: Duration) -> String {
    match d.as_secs() {
        s @ 0..=59 => format!("{s} s"),
        s => duration(Duration::from_secs(s)),
    }
}

/// `14:02:31 UTC`, of microseconds since 1970.
#[must_use]
pub fn clock(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `~950`, `~12 k`, `~1.2 M`: for estimates, which must not look exact.
#[must_use]
pub fn about(n: u64) -> String {
    const UNITS: [&str; 4] = ["k", "M", "G", "T"];
    if n < 1000 {
        return format!("~{n}");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("~{} {}", short(value), UNITS[unit])
}

/// `1 row`, `2 rows`, `12,345 rows`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

fn short(value: f64) -> String {
    let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 kB"),
            (1536, "1.5 kB"),
            (64 << 20, "64 MB"),
            ((1 << 20) - 1, "1 MB"),
            (u64::MAX, "16 EB"),
        ] {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn times() {
        for (ms, text) in [
            (0.4, "0.4 ms"),
            (12.0, "12 ms"),
            (999.7, "1.0 s"),
            (1234.0, "1.2 s"),
            (59_990.0, "0 min 59 s"),
            (125_000.0, "2 min 05 s"),
            (11_220_000.0, "3 h 07 min"),
            (353_000_000.0, "4 d 02 h"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(ms / 1000.0)), text);
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_345), "12,345");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(about(950), "~950");
        assert_eq!(about(12_345), "~12 k");
        assert_eq!(about(1_234_567), "~1.2 M");
        assert_eq!(about(999_999), "~1 M");
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(20_000, "row", "rows"), "20,000 rows");
    }
}
