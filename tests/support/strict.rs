//! A strict reader of what a program writes to a terminal: every byte must be text that shows itself, or one of the
//! few sequences that drawing needs. It shares nothing with the code under test.

/// What kind of writing is judged.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// A screen that is drawn.
    Screen,
    /// Lines that are printed one after the other.
    Lines,
}

/// What was found wrong, with what stood around it.
pub fn faults(raw: &[u8], place: Place) -> Vec<String> {
    let mut found = vec![];
    let mut at = 0;
    let mut before: Option<char> = None;
    while at < raw.len() && found.len() < 20 {
        let fault = |what: String| {
            let from = at.saturating_sub(40);
            let to = (at + 40).min(raw.len());
            format!("byte {at}: {what} in {:?}", String::from_utf8_lossy(&raw[from..to]))
        };
        if place == Place::Lines && (raw[at] == b'\n' || raw[at..].starts_with(b"\r\n")) {
            at += 1 + usize::from(raw[at] == b'\r');
            before = None;
            continue;
        }
        if raw[at] == 0x1b && place == Place::Screen {
            match sequence(&raw[at..]) {
                Ok(length) => at += length,
                Err(what) => {
                    found.push(fault(what));
                    at += 1;
                }
            }
            before = None;
            continue;
        }
        match character(&raw[at..]) {
            // The last bytes may be cut in the midst of a character.
            None if raw.len() - at < 4 => break,
            None => {
                found.push(fault(format!("0x{:02x} is no UTF-8", raw[at])));
                at += 1;
            }
            Some(c) => {
                if let Some(what) = harmful(c, before) {
                    found.push(fault(what));
                }
                at += c.len_utf8();
                before = Some(c);
            }
        }
    }
    found
}

fn character(bytes: &[u8]) -> Option<char> {
    let most = bytes.len().min(4);
    (1..=most).find_map(|n| std::str::from_utf8(&bytes[..n]).ok()).and_then(|s| s.chars().next())
}

/// Why a character must not come to a terminal by itself.
fn harmful(c: char, before: Option<char>) -> Option<String> {
    let code = c as u32;
    let what = match code {
        0..=0x1f | 0x7f => "a control character",
        0x80..=0x9f => "a C1 control character",
        0x061c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 => "a bidi control",
        0x2028 | 0x2029 => "a line or paragraph separator",
        0xad
        | 0x034f
        | 0x115f
        | 0x1160
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b
        | 0x2060..=0x2065
        | 0x206a..=0x206f
        | 0x3164
        | 0xfeff
        | 0xffa0
        | 0xfff0..=0xfffb
        | 0x1d173..=0x1d17a => "invisible",
        0xe0000..=0xe007f => "a tag character",
        0xe0080..=0xe00ff | 0xe01f0..=0xe0fff => "invisible",
        // A joiner belongs between two characters of a script or of emoji.
        0x200c | 0x200d if before.is_none_or(|b| b.is_ascii()) => "a joiner that joins nothing",
        _ => return None,
    };
    Some(format!("U+{code:04X}, {what},"))
}

/// The length of a sequence that begins here, or what it is instead of one that drawing needs.
fn sequence(bytes: &[u8]) -> Result<usize, String> {
    match bytes.get(1) {
        Some(b'[') => {}
        // Only a cut at the very end.
        None => return Ok(1),
        Some(other) => return Err(format!("ESC {:?}", *other as char)),
    }
    let Some(length) = bytes[2..].iter().position(|b| (0x40..=0x7e).contains(b)) else {
        return if bytes.len() < 24 { Ok(bytes.len()) } else { Err("a CSI without an end".into()) };
    };
    let (body, last) = (&bytes[2..2 + length], bytes[2 + length]);
    let text = String::from_utf8_lossy(body).into_owned();
    let numbers = |t: &str| t.split(';').all(|n| n.len() <= 4 && n.bytes().all(|b| b.is_ascii_digit()));
    let known = match last {
        // Where the cursor goes, and how what follows looks.
        b'H' => numbers(&text) && text.split(';').count() == 2,
        b'm' => text.split([';', ':']).all(|n| n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit())),
        b'J' => text == "2",
        b'h' | b'l' => ["?25", "?7", "?1049", "?2004", "?2026", "?1000", "?1002", "?1003", "?1006", "?1015"]
            .contains(&&*text),
        // The keyboard's finer ways of telling keys.
        b'u' => text.starts_with('>') || text.starts_with('<'),
        _ => false,
    };
    if known { Ok(3 + length) } else { Err(format!("CSI {text}{}", last as char)) }
}
