//! A tokio-postgres client on our own stream, for our own catalog SQL.

use super::{
    error,
    wire::{Binding, Login, LoginError, Stream},
};
use crate::core::error::DbError;
use bytes::BytesMut;
use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinHandle,
};
use tokio_postgres::{
    Config, config,
    tls::{ChannelBinding, TlsConnect, TlsStream},
};

/// A client with the task that drives its connection.
#[derive(Debug)]
pub struct Client {
    inner: tokio_postgres::Client,
    place: String,
    driver: JoinHandle<()>,
    /// What ended the connection, in the server's words: the client itself only says "closed".
    end: Arc<Mutex<Option<DbError>>>,
}

impl Client {
    /// The tokio-postgres client. Use `query_typed` with casts to built-in types only: poolers have
    /// no place for named statements.
    #[must_use]
    pub fn sql(&self) -> &tokio_postgres::Client {
        &self.inner
    }

    /// Where it leads, as people name it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// An error of this client's as ours, with the reason of a lost connection where it is known.
    #[must_use]
    pub fn error(&self, e: &tokio_postgres::Error) -> DbError {
        let told = self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match told.filter(|_| e.as_db_error().is_none()) {
            Some(end) => end,
            None => error::from_client(e, &self.place),
        }
    }

    /// What ended the connection, in the server's words where it gave any.
    #[must_use]
    pub fn end(&self) -> DbError {
        let told = self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.unwrap_or_else(|| DbError::lost("the connection was closed"))
    }

    /// The pid of its backend; `None` where it does not answer. Sent beside whatever else is asked.
    pub async fn pid(&self) -> Option<i32> {
        let rows = self.inner.query_typed("select pg_catalog.pg_backend_pid()", &[]).await.ok()?;
        rows.first()?.try_get(0).ok()
    }

    /// True once the connection is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Logs in on a connected stream.
///
/// # Errors
/// See [`LoginError`].
pub async fn enter(stream: Stream, login: &Login) -> Result<Client, LoginError> {
    let mut config = Config::new();
    config
        .user(&login.user)
        .ssl_mode(config::SslMode::Require)
        .ssl_negotiation(config::SslNegotiation::Direct);
    let mut settings = String::new();
    for (name, value) in &login.parameters {
        match name.as_str() {
            "database" => drop(config.dbname(value)),
            "application_name" => drop(config.application_name(value)),
            "options" => settings.push_str(value),
            _ => settings.push_str(&format!(" -c {name}={}", escape(value))),
        }
    }
    if !settings.is_empty() {
        config.options(settings.trim());
    }
    if let Some(password) = login.password.as_deref().filter(|p| !p.is_empty()) {
        config.password(password);
    }
    config.channel_binding(match login.binding {
        Binding::Disable => config::ChannelBinding::Disable,
        Binding::Prefer => config::ChannelBinding::Prefer,
        Binding::Require => config::ChannelBinding::Require,
    });
    let (inner, connection) =
        config.connect_raw(stream, AsItIs(Gate::new(login))).await.map_err(|e| refused(&e, login))?;
    let end = Arc::new(Mutex::new(None));
    let (kept, place) = (Arc::clone(&end), login.place.clone());
    let driver = tokio::spawn(async move {
        if let Err(e) = connection.await {
            let mut e = error::from_client(&e, &place);
            e.fatal = true;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
        }
    });
    Ok(Client { inner, place: login.place.clone(), driver, end })
}

/// A value inside the start-up packet's `options`: blanks and backslashes are escaped.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c == '\\' || c.is_whitespace() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn refused(e: &tokio_postgres::Error, login: &Login) -> LoginError {
    let ours = error::from_client(e, &login.place);
    if e.as_db_error().is_some() {
        return LoginError::Refused(ours);
    }
    if ours.message.contains("password missing") {
        return LoginError::NoPassword;
    }
    LoginError::Broken(ours)
}

/// Looks at what the server asks for before the client sees it: `require_auth` is not known there.
struct Gate {
    login: Login,
    /// What has come and is not a whole message yet.
    seen: BytesMut,
    proved: bool,
}

impl Gate {
    fn new(login: &Login) -> Option<Self> {
        login.methods.as_ref()?;
        Some(Self { login: login.clone(), seen: BytesMut::new(), proved: false })
    }

    /// More has come; whether the server has let us in.
    fn pass(&mut self, bytes: &[u8]) -> Result<bool, String> {
        self.seen.extend_from_slice(bytes);
        while let Some(head) = self.seen.get(..5) {
            let length = head[1..].iter().fold(0usize, |n, b| n << 8 | usize::from(*b)).max(4);
            if head[0] != b'R' {
                // An error or a notice; nothing is asked for.
                if self.seen.len() <= length {
                    return Ok(false);
                }
                drop(self.seen.split_to(length + 1));
                continue;
            }
            let Some(code) = self.seen.get(5..9) else { return Ok(false) };
            let code = code.iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
            if self.seen.len() <= length {
                return Ok(false);
            }
            drop(self.seen.split_to(length + 1));
            self.login.check(code, self.proved)?;
            if code == 0 {
                return Ok(true);
            }
            self.proved = true;
        }
        Ok(false)
    }
}

/// The stream is dressed already: TLS, if there is any, is done.
struct AsItIs(Option<Gate>);

impl TlsConnect<Stream> for AsItIs {
    type Stream = Dressed;
    type Error = io::Error;
    type Future = Ready<io::Result<Dressed>>;

    fn connect(self, stream: Stream) -> Self::Future {
        ready(Ok(Dressed(stream, self.0)))
    }
}

/// Our stream with its channel binding data as tokio-postgres wants it.
struct Dressed(Stream, Option<Gate>);

impl TlsStream for Dressed {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.end_point().map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for Dressed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        if let (Poll::Ready(Ok(())), Some(gate)) = (&read, &mut self.1) {
            match gate.pass(&buf.filled()[before..]) {
                Ok(false) => {}
                Ok(true) => self.1 = None,
                Err(why) => return Poll::Ready(Err(io::Error::other(why))),
            }
        }
        read
    }
}

impl AsyncWrite for Dressed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_escaped() {
        assert_eq!(escape("ISO, DMY"), "ISO,\\ DMY");
        assert_eq!(escape("a\\b"), "a\\\\b");
    }

    #[test]
    fn a_method_that_is_not_allowed_never_reaches_the_client() {
        let login = |list: &[&str]| Login {
            methods: Some((true, list.iter().map(|m| (*m).to_owned()).collect())),
            ..Login::default()
        };
        let notice = b"N\0\0\0\x05\0";
        let asks = |code: u8| [&b"R\0\0\0\x08\0\0\0"[..], &[code]].concat();
        let bytes = [&notice[..], &asks(3), &asks(0)].concat();
        for cut in 0..bytes.len() {
            let mut gate = Gate::new(&login(&["password"])).expect("a gate");
            let passed =
                gate.pass(&bytes[..cut]).expect("allowed") || gate.pass(&bytes[cut..]).expect("allowed");
            assert!(passed, "{cut}");
            let mut gate = Gate::new(&login(&["md5"])).expect("a gate");
            let refused = gate.pass(&bytes[..cut]).and_then(|_| gate.pass(&bytes[cut..]));
            assert!(refused.expect_err("refused").contains("\"password\""), "{cut}");
        }
        let mut gate = Gate::new(&login(&["scram-sha-256"])).expect("a gate");
        assert!(gate.pass(&asks(0)).expect_err("refused").contains("\"none\""));
    }
}
