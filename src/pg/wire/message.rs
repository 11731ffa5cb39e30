//! What a server may send, read with care: a lying or broken server gives an error, never a panic.
//!
//! Our own reader and not `postgres_protocol::message::backend`, because names, error fields and
//! settings must survive bytes that are not UTF-8 and positions that are not numbers, and because a
//! length is checked before anything is waited for.

use crate::core::{error::DbError, event::Tx};
use crate::data::rows::Column;
use bytes::{Buf, Bytes, BytesMut};

/// Longest message that carries data: the server's own limit for a row is 1 GB.
const LONG: usize = 1 << 30;
/// Longest message of any other kind. libpq refuses these from 30,000 bytes on.
const SHORT: usize = 64 << 10;

/// One message of the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Authentication request: its code and what follows.
    Auth(u32, Bytes),
    /// Process id and secret for cancel requests.
    Key(i32, Bytes),
    /// `ParameterStatus`.
    Setting(String, String),
    /// `ErrorResponse`.
    Error(DbError),
    /// `NoticeResponse`.
    Notice(DbError),
    /// `NotificationResponse`: channel, payload, pid.
    Notification(String, String, i32),
    /// `RowDescription`.
    Columns(Vec<Column>),
    /// `DataRow`, still packed.
    Row(Bytes),
    /// `CommandComplete`.
    Complete(String),
    /// `EmptyQueryResponse`.
    Empty,
    /// `PortalSuspended`.
    Suspended,
    /// `CopyInResponse`.
    CopyIn,
    /// `CopyOutResponse`.
    CopyOut,
    /// `CopyBothResponse`.
    CopyBoth,
    /// `CopyData`.
    CopyData(Bytes),
    /// `CopyDone`.
    CopyDone,
    /// `ReadyForQuery`.
    Ready(Tx),
    /// Acknowledgements that carry nothing: ParseComplete, BindComplete, CloseComplete, NoData,
    /// ParameterDescription, NegotiateProtocolVersion.
    Quiet,
}

/// Takes the next whole message off the buffer: its tag and its body. `None`: more bytes are needed.
///
/// # Errors
/// When the length cannot be true.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, String> {
    let Some((tag, length)) = peek(buffer)? else { return Ok(None) };
    if buffer.len() < 1 + length {
        return Ok(None);
    }
    let mut whole = buffer.split_to(1 + length);
    whole.advance(5);
    Ok(Some((tag, whole.freeze())))
}

/// Tag of the next message if it is there as a whole.
pub fn next_tag(buffer: &BytesMut) -> Option<u8> {
    match peek(buffer) {
        Ok(Some((tag, length))) if buffer.len() > length => Some(tag),
        _ => None,
    }
}

/// The length of a row that begins the buffer, when it is longer than this. COPY sends each of its rows as a message, too.
pub fn long_row(buffer: &BytesMut, most: usize) -> Option<usize> {
    match peek(buffer) {
        Ok(Some((b'D' | b'd', length))) if length > most => Some(length),
        _ => None,
    }
}

fn peek(buffer: &BytesMut) -> Result<Option<(u8, usize)>, String> {
    let Some(&tag) = buffer.first() else { return Ok(None) };
    if !is_tag(tag) {
        return Err(format!("the answer begins with byte {}, which is no PostgreSQL message", show(tag)));
    }
    let Some(mut length) = buffer.get(1..5) else { return Ok(None) };
    let length = length.get_u32() as usize;
    let limit = if matches!(tag, b'D' | b'd' | b'T' | b'E' | b'N' | b'A') { LONG } else { SHORT };
    if length < 4 || length > limit {
        return Err(format!("message {} claims an impossible length of {length} bytes", show(tag)));
    }
    Ok(Some((tag, length)))
}

fn is_tag(tag: u8) -> bool {
    b"RKSENATDCIsGHWdcZ123ntv".contains(&tag)
}

fn show(tag: u8) -> String {
    if tag.is_ascii_graphic() { format!("'{}'", char::from(tag)) } else { format!("0x{tag:02x}") }
}

/// Reads a message's body.
///
/// # Errors
/// When the body does not hold what its tag promises.
pub fn parse(tag: u8, body: Bytes) -> Result<Message, String> {
    read(tag, body).ok_or_else(|| format!("message {} is cut short or malformed", show(tag)))
}

fn read(tag: u8, mut body: Bytes) -> Option<Message> {
    Some(match tag {
        b'R' => Message::Auth(body.try_get_u32().ok()?, body),
        b'K' => Message::Key(body.try_get_i32().ok()?, body),
        b'S' => Message::Setting(text(&mut body)?, text(&mut body)?),
        b'E' => Message::Error(fields(body)),
        b'N' => Message::Notice(fields(body)),
        b'A' => {
            let pid = body.try_get_i32().ok()?;
            Message::Notification(text(&mut body)?, text(&mut body)?, pid)
        }
        b'T' => Message::Columns(columns(body)?),
        b'D' => Message::Row(body),
        b'C' => Message::Complete(text(&mut body)?),
        b'I' => Message::Empty,
        b's' => Message::Suspended,
        b'G' => Message::CopyIn,
        b'H' => Message::CopyOut,
        b'W' => Message::CopyBoth,
        b'd' => Message::CopyData(body),
        b'c' => Message::CopyDone,
        b'Z' => Message::Ready(match body.try_get_u8().ok()? {
            b'I' => Tx::Idle,
            b'T' => Tx::Open,
            b'E' => Tx::Failed,
            _ => return None,
        }),
        _ => Message::Quiet,
    })
}

/// A text ended by NUL; bytes that are not UTF-8 become U+FFFD.
pub fn text(body: &mut Bytes) -> Option<String> {
    let end = body.iter().position(|b| *b == 0)?;
    let text = String::from_utf8_lossy(&body.split_to(end)).into_owned();
    body.advance(1);
    Some(text)
}

fn columns(mut body: Bytes) -> Option<Vec<Column>> {
    let count = body.try_get_u16().ok()?;
    let mut columns = Vec::with_capacity(usize::from(count).min(2048));
    for _ in 0..count {
        let name = text(&mut body)?;
        let table_oid = body.try_get_u32().ok()?;
        let attnum = body.try_get_i16().ok()?;
        let type_oid = body.try_get_u32().ok()?;
        let _length = body.try_get_i16().ok()?;
        let typmod = body.try_get_i32().ok()?;
        let _format = body.try_get_i16().ok()?;
        columns.push(Column { name, type_oid, typmod, table_oid, attnum });
    }
    Some(columns)
}

/// The cells of a `DataRow`, or `None` when it is malformed or has not `width` cells.
pub fn cells<'a>(row: &'a Bytes, width: usize, cells: &mut Vec<Option<&'a [u8]>>) -> Option<()> {
    cells.clear();
    let mut rest: &[u8] = row;
    if usize::from(rest.try_get_u16().ok()?) != width {
        return None;
    }
    for _ in 0..width {
        match rest.try_get_i32().ok()? {
            -1 => cells.push(None),
            length => {
                let (cell, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                cells.push(Some(cell));
                rest = after;
            }
        }
    }
    Some(())
}

/// The fields of an error or notice. Whatever is wrong with them, the text that is there is kept.
fn fields(mut body: Bytes) -> DbError {
    let mut e = DbError::default();
    let mut shown_severity = String::new();
    while body.has_remaining() {
        let kind = body.get_u8();
        if kind == 0 {
            break;
        }
        let Some(value) = text(&mut body) else {
            // No end: keep the rest as the message when none was seen.
            if e.message.is_empty() {
                e.message = String::from_utf8_lossy(&body).into_owned();
            }
            break;
        };
        match kind {
            b'S' => shown_severity = value,
            b'V' => e.severity = value,
            b'C' => e.code = value,
            b'M' => e.message = value,
            b'D' => e.detail = Some(value),
            b'H' => e.hint = Some(value),
            b'W' => e.context = Some(value),
            b'P' => e.position = value.trim().parse().ok().filter(|p| *p > 0),
            b'p' => e.internal_position = value.trim().parse().ok().filter(|p| *p > 0),
            b'q' => e.internal_query = Some(value),
            b's' => e.schema = Some(value),
            b't' => e.table = Some(value),
            b'c' => e.column = Some(value),
            b'n' => e.constraint = Some(value),
            _ => {}
        }
    }
    if e.severity.is_empty() {
        e.severity = shown_severity;
    }
    if e.message.is_empty() {
        e.message = "the server gave no message".into();
    }
    e
}

/// True when the server ends the session with this error.
pub fn ends_session(e: &DbError) -> bool {
    matches!(e.severity.as_str(), "FATAL" | "PANIC")
}

/// The number a command tag ends with: rows returned or changed.
pub fn tag_rows(tag: &str) -> Option<u64> {
    tag.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;

    fn message(tag: u8, body: &[u8]) -> BytesMut {
        let mut b = BytesMut::new();
        b.put_u8(tag);
        b.put_u32(body.len() as u32 + 4);
        b.put_slice(body);
        b
    }

    fn take(mut b: BytesMut) -> Message {
        let (tag, body) = frame(&mut b).unwrap().unwrap();
        assert!(b.is_empty());
        parse(tag, body).unwrap()
    }

    #[test]
    fn half_a_message_waits_and_a_lie_is_refused() {
        let whole = message(b'Z', b"I");
        for cut in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..cut]);
            assert_eq!(frame(&mut part), Ok(None), "{cut} bytes");
            assert_eq!(part.len(), cut);
            assert_eq!(next_tag(&part), None);
        }
        assert_eq!(take(whole), Message::Ready(Tx::Idle));
        for lie in
            [&b"Z\x7f\xff\xff\xff"[..], b"D\x7f\xff\xff\xff", b"C\0\0\0\x03", b"HTTP/1.1 400", b"\0\0\0\0\0"]
        {
            assert!(frame(&mut BytesMut::from(lie)).is_err(), "{lie:?}");
        }
    }

    #[test]
    fn malformed_bodies_are_errors() {
        for (tag, body) in [
            (b'T', &b"\0\x02id\0"[..]),
            (b'T', b""),
            (b'S', b"no end"),
            (b'Z', b"Q"),
            (b'Z', b""),
            (b'K', b"\0"),
            (b'A', b"\0\0\0\x01chan\0no end"),
            (b'R', b"\0\0"),
            (b'C', b"SELECT 1"),
        ] {
            assert!(parse(tag, Bytes::copy_from_slice(body)).is_err(), "{} {body:?}", char::from(tag));
        }
    }

    #[test]
    fn an_error_keeps_its_text_whatever_its_other_fields_are() {
        let Message::Error(e) = take(message(
            b'E',
            b"SFEHLER\0VERROR\0C42601\0Mbad \xff text\0Pabc\0p-3\0Dd\0Hh\0Ww\0qselect\0stt\0Zjunk\0\0",
        )) else {
            panic!("no error")
        };
        assert_eq!((e.severity.as_str(), e.code.as_str()), ("ERROR", "42601"));
        assert_eq!(e.message, "bad \u{fffd} text");
        assert_eq!((e.position, e.internal_position), (None, None));
        assert_eq!(e.detail.as_deref(), Some("d"));
        assert_eq!(e.internal_query.as_deref(), Some("select"));
        assert_eq!(e.schema.as_deref(), Some("tt"));
        let Message::Error(e) = take(message(b'E', b"Mno end of this text")) else { panic!("no error") };
        assert_eq!(e.message, "no end of this text");
        let Message::Error(e) = take(message(b'E', b"")) else { panic!("no error") };
        assert!(!e.message.is_empty());
    }

    #[test]
    fn cells_are_checked_against_the_width() {
        let row = Bytes::from_static(b"\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\0");
        let mut out = vec![];
        assert_eq!(cells(&row, 3, &mut out), Some(()));
        assert_eq!(out, [Some(&b"a"[..]), None, Some(b"")]);
        assert_eq!(cells(&row, 2, &mut out), None);
        for bad in [&b"\0\x01\0\0\0\x05ab"[..], b"\0\x01\xff\xff\xff\xf0", b"\0", b"\0\x01"] {
            assert_eq!(cells(&Bytes::from_static(bad), 1, &mut vec![]), None, "{bad:?}");
        }
    }

    #[test]
    fn rows_of_a_tag() {
        for (tag, rows) in [
            ("SELECT 3", Some(3)),
            ("INSERT 0 12", Some(12)),
            ("CREATE TABLE", None),
            ("", None),
            ("COPY 5", Some(5)),
        ] {
            assert_eq!(tag_rows(tag), rows, "{tag}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), tag in 0usize..23) {
            let tag = b"RKSENATDCIsGHWdcZ123ntv"[tag];
            let body = Bytes::from(bytes.clone());
            let _ = parse(tag, body.clone());
            let _ = cells(&body, 3, &mut vec![]);
            let mut buffer = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = frame(&mut buffer) {}
        }
    }
}
