//! Identities that events and effects carry.

/// One connected server and database, with all its sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u32);

/// One pane or popup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaneId(pub u32);

/// One piece of asked work; answers carry it back. Never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Which session of a connection a statement runs on. Panes name a lane; the hub owns the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The user's own kept session: what is typed in the SQL pane.
    Own(ConnId),
    /// Reading for Browse, record and value views, pickers. Always in read-only mode.
    Read(ConnId),
    /// Long reading beside browsing that nobody should wait behind, such as an exact count. Read-only too.
    Aside(ConnId),
    /// Samples of the live panes.
    Watch(ConnId),
    /// Catalog snapshots and descriptions.
    Catalog(ConnId),
}

impl Lane {
    /// The connection the lane belongs to.
    #[must_use]
    pub fn conn(self) -> ConnId {
        match self {
            Self::Own(c) | Self::Read(c) | Self::Aside(c) | Self::Watch(c) | Self::Catalog(c) => c,
        }
    }
}
