//! A statement as the messages that carry it.

use crate::{
    core::{effect::Statement, error::DbError},
    pg::guard::Around,
    sql::lex::{Lexer, Options, Token, TokenKind},
};
use bytes::{BufMut, BytesMut};
use postgres_protocol::{IsNull, message::frontend};
use std::io;

/// Puts a statement and what stands around it into `out`: the simple way for several statements at once and COPY, else in
/// the extended protocol's messages up to Sync.
///
/// # Errors
/// When it cannot be sent (a NUL, too long, too many parameters); then only part of it is in `out`.
pub(super) fn encode(statement: &Statement, around: &Around, out: &mut BytesMut) -> Result<(), DbError> {
    let bad = |e: io::Error| {
        if statement.sql.contains('\0') {
            DbError::client("the statement contains a NUL character, which PostgreSQL cannot take")
        } else {
            DbError::client(format!("the statement cannot be sent: {e}"))
        }
    };
    // COPY goes the simple way: in the extended protocol an error that races with our data would
    // leave it open how many times the server says that it is ready.
    let copy = || statement.params.is_empty() && first_word(&statement.sql).eq_ignore_ascii_case("copy");
    if statement.simple || (!around.extended && copy()) {
        return frontend::query(&statement.sql, out).map_err(bad);
    }
    for sql in around.before {
        ours(sql, out).map_err(bad)?;
    }
    for sql in &around.within {
        ours(sql, out).map_err(bad)?;
    }
    frontend::parse("", &statement.sql, statement.types.iter().copied(), out).map_err(bad)?;
    let put = |p: &Option<String>, out: &mut BytesMut| match p {
        None => Ok(IsNull::Yes),
        Some(s) => {
            out.put_slice(s.as_bytes());
            Ok(IsNull::No)
        }
    };
    // No format codes at all: every parameter and every result column is text.
    frontend::bind("", "", [], &statement.params, put, [], out).map_err(|e| match e {
        frontend::BindError::Serialization(e) => bad(e),
        frontend::BindError::Conversion(e) => DbError::client(e.to_string()),
    })?;
    frontend::describe(b'P', "", out).map_err(bad)?;
    frontend::execute("", 0, out).map_err(bad)?;
    for sql in around.after {
        ours(sql, out).map_err(bad)?;
    }
    frontend::sync(out);
    Ok(())
}

/// A statement around the user's: without parameters, and its rows, if it had any, without a description.
fn ours(sql: &str, out: &mut BytesMut) -> io::Result<()> {
    frontend::parse("", sql, [], out)?;
    let none: [Option<String>; 0] = [];
    frontend::bind("", "", [], none, |_, _| Ok(IsNull::Yes), [], out).map_err(|e| match e {
        frontend::BindError::Serialization(e) => e,
        frontend::BindError::Conversion(e) => io::Error::other(e),
    })?;
    frontend::execute("", 0, out)
}

/// The first word of a statement, after blanks and comments; nothing when it begins with something else.
fn first_word(sql: &str) -> &str {
    let first = Lexer::new(sql, Options::default()).find(Token::is_significant);
    first.filter(|token| token.kind == TokenKind::Word).map_or("", |token| token.text(sql))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Buf;

    #[test]
    fn the_first_word_is_found_behind_comments() {
        for (sql, word) in [
            ("copy t from stdin", "copy"),
            ("  -- note\n/* a /* nested */ b */\tCOPY t", "COPY"),
            ("select 1", "select"),
            ("-- only", ""),
            ("/* open", ""),
            ("/*é*/copy(", "copy"),
            ("\"copy\"", ""),
        ] {
            assert_eq!(first_word(sql), word, "{sql}");
        }
    }

    #[test]
    fn a_statement_goes_out_whole_or_not_at_all() {
        let mut out = BytesMut::new();
        let s = Statement {
            sql: "select $1".into(),
            params: vec![Some("x".into()), None],
            ..Statement::default()
        };
        encode(&s, &Around::default(), &mut out).unwrap();
        let mut tags = vec![];
        let mut rest = &out[..];
        while rest.has_remaining() {
            tags.push(rest.get_u8());
            let length = rest.get_u32() as usize;
            rest.advance(length - 4);
        }
        assert_eq!(tags, b"PBDES");
        let nul = Statement { sql: "select '\0'".into(), ..Statement::default() };
        let e = encode(&nul, &Around::default(), &mut BytesMut::new()).unwrap_err();
        assert!(e.message.contains("NUL"), "{e}");
    }
}
