//! What every pane may read.

use super::{
    effect::LookAs,
    error::DbError,
    event::{Link, ServerInfo, Tx},
    ids::ConnId,
    keymap::Keymap,
    settings::Settings,
    theme::Theme,
};
use crate::data::{
    catalog::Catalog,
    edits::{Change, Staged},
    live::Live,
    saved::SavedQuery,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The shared, read-only view of the outside.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Time since the start; moves with every event.
    pub now: Duration,
    /// Screen size.
    pub size: (u16, u16),
    /// Connections by identity.
    pub conns: BTreeMap<ConnId, Server>,
    /// The connection new panes use.
    pub active: ConnId,
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Settings.
    pub settings: Settings,
    /// Saved queries found.
    pub saved: Option<Arc<[SavedQuery]>>,
}

/// One connection as panes see it.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// The last word about the link.
    pub link: Option<Link>,
    /// Why there is no connection just now, what went with it, and when it is tried again.
    pub trouble: Option<Trouble>,
    /// How far a standby is behind its primary, when it is one and that can be told.
    pub behind: Option<Duration>,
    /// Set once connected; kept when the link is lost.
    pub info: Option<ServerInfo>,
    /// The catalog snapshot, once read.
    pub catalog: Option<Arc<Catalog>>,
    /// Why it could not be read the last time.
    pub unread: Option<DbError>,
    /// Transaction state of the user's own session.
    pub tx: Tx,
    /// Changes that wait to be applied.
    pub staged: Arc<Staged>,
    /// Samples for the live panes.
    pub live: Live,
    /// As whom rows are looked at, when it is not oneself.
    pub look: Option<LookAs>,
    /// What takes the last applied changes back; none: nothing was applied, or it cannot be taken back.
    pub inverse: Vec<Change>,
}

/// A connection that could not be opened or was lost.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Why.
    pub error: DbError,
    /// What went with it, in plain words.
    pub lost: Option<String>,
    /// What came of trying again.
    pub tried: Option<DbError>,
    /// When it is tried again by itself.
    pub next: Option<Duration>,
}

impl World {
    /// The active connection.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.conns.get(&self.active)
    }

    /// Which database on which server is looked at; `None` before the first connection is up.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let info = self.server()?.info.as_ref()?;
        Some(format!("{}/{}", info.address, info.database))
    }

    /// The active connection's staged changes.
    #[must_use]
    pub fn staged(&self) -> Option<&Arc<Staged>> {
        Some(&self.server()?.staged)
    }

    /// The active connection's catalog.
    #[must_use]
    pub fn catalog(&self) -> Option<&Arc<Catalog>> {
        self.server()?.catalog.as_ref()
    }
}
