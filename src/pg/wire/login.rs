//! From a connected stream to a session that is ready: start-up packet and authentication.

use super::{
    message::{self, Message},
    session::Session,
    stream::Stream,
};
use crate::core::error::DbError;
use crate::pg::error::not_postgres;
use bytes::{Buf, Bytes};
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256},
    },
    message::frontend,
};

/// `channel_binding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Never.
    Disable,
    /// When server and certificate allow it.
    #[default]
    Prefer,
    /// Or do not connect.
    Require,
}

/// Who logs in, and how.
#[derive(Clone, Default)]
pub struct Login {
    /// How people name the server.
    pub place: String,
    /// User name.
    pub user: String,
    /// Password, if there is one.
    pub password: Option<String>,
    /// Start-up parameters besides `user`: `database`, `application_name`, `options`, any setting.
    pub parameters: Vec<(String, String)>,
    /// Channel binding.
    pub binding: Binding,
    /// `require_auth`: methods allowed (true) or refused (false), or no demand.
    pub methods: Option<(bool, Vec<String>)>,
}

/// Why a login failed.
#[derive(Clone, Debug)]
pub enum LoginError {
    /// The server wants a password and none was given.
    NoPassword,
    /// The server refused, in its own words.
    Refused(DbError),
    /// The connection broke, or something on our side stands against it.
    Broken(DbError),
}

impl Login {
    /// Logs in on a fresh stream.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn enter(&self, stream: Stream) -> Result<Session, LoginError> {
        let mut session = Session::new(stream, self.place.clone());
        let all = [("user", self.user.as_str()), ("client_encoding", "UTF8")]
            .into_iter()
            .chain(self.parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        frontend::startup_message(all, session.out())
            .map_err(|_| client("user, database and settings must not contain a NUL character"))?;
        self.authenticate(&mut session).await?;
        loop {
            match session.message().await.map_err(LoginError::Broken)? {
                Message::Key(pid, key) => (session.pid, session.key) = (pid, key),
                Message::Setting(name, value) => drop(session.parameters.insert(name, value)),
                Message::Notice(_) | Message::Quiet => {}
                Message::Ready(tx) => {
                    session.logged_in(tx);
                    return Ok(session);
                }
                Message::Error(e) => return Err(LoginError::Refused(e)),
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    async fn authenticate(&self, session: &mut Session) -> Result<(), LoginError> {
        let mut proved = false;
        loop {
            let (code, body) = match self.auth_message(session).await? {
                Message::Auth(code, body) => (code, body),
                Message::Error(e) => return Err(LoginError::Refused(e)),
                Message::Notice(_) | Message::Quiet => continue,
                other => return Err(self.unexpected(&other)),
            };
            match code {
                0 => {
                    if !proved {
                        self.allow("none")?;
                    }
                    return Ok(());
                }
                3 => {
                    self.allow("password")?;
                    session.method = "password";
                    let password = self.password()?.as_bytes();
                    frontend::password_message(password, session.out()).map_err(nul)?;
                }
                5 => {
                    self.allow("md5")?;
                    session.method = "md5";
                    let salt = body.get(..4).and_then(|s| s.try_into().ok());
                    let salt: [u8; 4] = salt.ok_or_else(|| client("the server sent a malformed md5 salt"))?;
                    let hash = md5_hash(self.user.as_bytes(), self.password()?.as_bytes(), salt);
                    frontend::password_message(hash.as_bytes(), session.out()).map_err(nul)?;
                }
                10 => {
                    self.allow("scram-sha-256")?;
                    self.scram(session, body).await?;
                }
                7 | 8 => return Err(client("the server asks for GSSAPI, which pgdeck does not support")),
                9 => return Err(client("the server asks for SSPI, which pgdeck does not support")),
                n => {
                    return Err(client(format!(
                        "the server asks for authentication method {n}, which is unknown"
                    )));
                }
            }
            proved = true;
        }
    }

    /// A message during authentication; what is not PostgreSQL at all is named as such.
    async fn auth_message(&self, session: &mut Session) -> Result<Message, LoginError> {
        let result = session.message().await;
        result.map_err(|e| {
            let said = session.received();
            match old_error(said) {
                Some(text) => {
                    LoginError::Refused(DbError { severity: "FATAL".into(), ..DbError::client(text) })
                }
                None if is_strange(said) => LoginError::Broken(not_postgres(said)),
                None => LoginError::Broken(e),
            }
        })
    }

    async fn scram(&self, session: &mut Session, mut offered: Bytes) -> Result<(), LoginError> {
        let mut mechanisms = vec![];
        while let Some(name) = message::text(&mut offered).filter(|n| !n.is_empty()) {
            mechanisms.push(name);
        }
        let offers = |name: &str| mechanisms.iter().any(|m| m == name);
        let end_point = session.end_point().filter(|_| self.binding != Binding::Disable);
        let (mechanism, binding) = match end_point {
            Some(hash) if offers(SCRAM_SHA_256_PLUS) => {
                (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash))
            }
            Some(_) if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unrequested()),
            None if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unsupported()),
            _ => {
                return Err(client(format!(
                    "the server offers only SASL {}, which pgdeck does not support",
                    mechanisms.join(", ")
                )));
            }
        };
        if self.binding == Binding::Require && mechanism != SCRAM_SHA_256_PLUS {
            return Err(unbound());
        }
        session.method = if mechanism == SCRAM_SHA_256_PLUS { "scram-sha-256-plus" } else { "scram-sha-256" };
        let mut scram = ScramSha256::new(self.password()?.as_bytes(), binding);
        frontend::sasl_initial_response(mechanism, scram.message(), session.out()).map_err(nul)?;
        let first = self.sasl_answer(session, 11).await?;
        scram.update(&first).map_err(|e| client(format!("SCRAM authentication failed: {e}")))?;
        frontend::sasl_response(scram.message(), session.out()).map_err(nul)?;
        let last = self.sasl_answer(session, 12).await?;
        scram.finish(&last).map_err(|_| {
            client("the server could not prove that it knows the password (SCRAM): it may not be the server it says it is")
        })
    }

    async fn sasl_answer(&self, session: &mut Session, wanted: u32) -> Result<Bytes, LoginError> {
        loop {
            match session.message().await.map_err(LoginError::Broken)? {
                Message::Auth(code, body) if code == wanted => return Ok(body),
                Message::Error(e) => return Err(LoginError::Refused(e)),
                Message::Notice(_) => {}
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    fn password(&self) -> Result<&str, LoginError> {
        self.password.as_deref().filter(|p| !p.is_empty()).ok_or(LoginError::NoPassword)
    }

    /// What the server asks for by the code of its message, against `require_auth`; `proved`: it asked for something
    /// before.
    ///
    /// # Errors
    /// Why it is not answered.
    pub(in crate::pg) fn check(&self, code: u32, proved: bool) -> Result<(), String> {
        let method = match code {
            0 if proved => return Ok(()),
            0 => "none",
            3 => "password",
            5 => "md5",
            10 => "scram-sha-256",
            // The rest of SCRAM, and what is refused anyhow.
            _ => return Ok(()),
        };
        self.allow(method).map_err(|e| match e {
            LoginError::Broken(e) | LoginError::Refused(e) => e.message,
            LoginError::NoPassword => String::new(),
        })
    }

    fn allow(&self, method: &str) -> Result<(), LoginError> {
        if self.binding == Binding::Require && method != "scram-sha-256" {
            return Err(unbound());
        }
        match &self.methods {
            Some((listed_allowed, list)) if list.iter().any(|m| m == method) != *listed_allowed => {
                Err(client(format!(
                    "the server wants authentication method \"{method}\", which require_auth does not allow"
                )))
            }
            _ => Ok(()),
        }
    }

    fn unexpected(&self, message: &Message) -> LoginError {
        let what = format!("{message:?}");
        let name = what.split(['(', ' ']).next().unwrap_or_default();
        LoginError::Broken(DbError::lost(format!(
            "{} broke the protocol: message {name} during authentication",
            self.place
        )))
    }
}

/// No message that a server may begin with.
fn is_strange(said: &[u8]) -> bool {
    said.first().is_some_and(|tag| !b"RENSKZv".contains(tag)) || said.starts_with(b"SSH-")
}

/// A server before PostgreSQL 7.4's protocol, or one that fails before it starts, sends `E` and plain text.
fn old_error(received: &[u8]) -> Option<String> {
    let mut text = received.strip_prefix(b"E")?;
    let length = text.get(..4).map(|mut l| l.get_u32())?;
    if (8..=30_000).contains(&length) {
        return None;
    }
    if let Some(end) = text.iter().position(|b| *b == 0) {
        text = &text[..end];
    }
    Some(String::from_utf8_lossy(text).trim().to_owned()).filter(|t| !t.is_empty())
}

fn client(text: impl Into<String>) -> LoginError {
    LoginError::Broken(DbError::client(text))
}

fn nul(_: std::io::Error) -> LoginError {
    client("the password contains a NUL character, which PostgreSQL cannot take")
}

fn unbound() -> LoginError {
    client(
        "channel_binding=require, but the server did not authenticate with channel binding (SCRAM over TLS)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_error_is_plain_text() {
        assert_eq!(old_error(b"Ecould not fork: no memory\n\0"), Some("could not fork: no memory".into()));
        assert_eq!(old_error(b"E\0\0\0\x20SFATAL\0"), None);
        assert_eq!(old_error(b"R\0\0\0"), None);
    }

    #[test]
    fn require_auth_allows_and_refuses() {
        let with = |listed, list: &[&str]| Login {
            methods: Some((listed, list.iter().map(|s| (*s).to_owned()).collect())),
            ..Login::default()
        };
        assert!(with(true, &["scram-sha-256"]).allow("md5").is_err());
        assert!(with(true, &["scram-sha-256", "md5"]).allow("md5").is_ok());
        assert!(with(false, &["password"]).allow("md5").is_ok());
        assert!(with(false, &["password", "none"]).allow("none").is_err());
        assert!(Login { binding: Binding::Require, ..Login::default() }.allow("none").is_err());
    }
}
