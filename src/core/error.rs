//! An error as PostgreSQL (or the way to it) reports it: a value until someone shows it.

/// A server error or notice with all its fields, or a failure of the connection itself (no `code`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DbError {
    /// `ERROR`, `FATAL`, `NOTICE` …, never localised; empty when it did not come from a server.
    pub severity: String,
    /// SQLSTATE; empty when it did not come from a server.
    pub code: String,
    /// Primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// CONTEXT (`where`).
    pub context: Option<String>,
    /// Position in the statement that was sent, in characters from 1.
    pub position: Option<u32>,
    /// Position in `internal_query`.
    pub internal_position: Option<u32>,
    /// The query the server made itself (function bodies and the like).
    pub internal_query: Option<String>,
    /// Schema, table, column, data type, constraint the error is about.
    pub schema: Option<String>,
    /// See `schema`.
    pub table: Option<String>,
    /// See `schema`.
    pub column: Option<String>,
    /// See `schema`.
    pub constraint: Option<String>,
    /// The connection is gone: the session's transaction, settings and temporary tables are lost.
    pub fatal: bool,
}

/// `DbError::code` of an apply whose statement met another number of rows than it must; all was rolled back. The
/// class `PD` is ours.
pub const WRONG_ROWS: &str = "PD001";
/// `DbError::code` of an apply that lost its connection at COMMIT and could not learn how it ended.
pub const UNKNOWN_OUTCOME: &str = "PD002";

impl DbError {
    /// A failure outside the server's own words.
    #[must_use]
    pub fn client(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The connection broke.
    #[must_use]
    pub fn lost(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: true, ..Self::default() }
    }

    /// The statement was cancelled by us or by somebody else (57014).
    #[must_use]
    pub fn is_cancel(&self) -> bool {
        self.code == "57014"
    }

    /// It was cancelled by us: every other 57014 (a time limit, somebody else) comes with a hint that says so.
    #[must_use]
    pub fn is_own_cancel(&self) -> bool {
        self.is_cancel() && self.hint.is_none()
    }

    /// The password was missing or wrong (28P01), or the server wants one that was not given.
    #[must_use]
    pub fn is_password(&self) -> bool {
        self.code == "28P01"
    }
}

impl std::fmt::Display for DbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.severity.is_empty() {
            write!(f, "{}: ", self.severity)?;
        }
        f.write_str(&self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for DbError {}
