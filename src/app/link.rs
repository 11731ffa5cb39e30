//! What becomes of a connection: up, lost, tried again.

use super::{App, staging, with_hint};
use crate::{
    core::{
        event::{Link, Tx},
        ids::ConnId,
        pane::{Tell, Tone},
        world::Trouble,
    },
    data::live::Live,
};
use std::sync::Arc;

impl App {
    pub(super) fn link(&mut self, conn: ConnId, link: Link) {
        let server = self.world.conns.entry(conn).or_default();
        match &link {
            Link::Up(info) => {
                let same = server
                    .info
                    .as_ref()
                    .is_some_and(|i| i.database == info.database && i.address == info.address);
                let there = (**info).clone();
                server.info = Some(there.clone());
                let before = server.trouble.take();
                server.behind = None;
                server.tx = Tx::Idle;
                if !same {
                    server.catalog = None;
                }
                server.link = Some(link);
                if !same {
                    // Samples, too, are of the other place.
                    server.live = Live::default();
                    server.staged = Arc::default();
                    server.inverse.clear();
                    // The file of the other place still holds it.
                    self.drafts = staging::Drafts::default();
                }
                self.been(&there);
                self.withdraw_servers();
                self.toast.take_if(|toast| toast.of_link);
                if let Some(lost) = before.and_then(|t| t.lost) {
                    self.say(Tone::Warning, format!("Connected again; {lost}. Nothing was sent again"));
                }
                // A question may be one of another place that is tried.
                if !self.going.is_trying() {
                    self.close_password(conn);
                }
                self.reload_catalog();
                if !same {
                    self.recall_draft(conn);
                }
                return self.world_changed();
            }
            Link::NeedsPassword(prompt, error) => {
                let (prompt, error) = (prompt.clone(), error.as_ref().map(|e| with_hint(e)));
                server.link = Some(link);
                return self.ask_password(conn, prompt, error);
            }
            Link::Failed(error) => {
                // What is tried again by itself asks no second time.
                let first = server.info.is_none() && server.trouble.is_none();
                let error = (**error).clone();
                match &mut server.trouble {
                    // Why it was lost stays said.
                    Some(t) if t.lost.is_some() => (t.tried, t.next) = (Some(error), None),
                    _ => server.trouble = Some(Trouble { error, lost: None, tried: None, next: None }),
                }
                server.link = Some(link);
                if first && self.popups.is_empty() {
                    self.offer_servers();
                }
            }
            Link::Stayed(error) => {
                if let Some(look) = self.going.look.take() {
                    server.look = Some(look);
                }
                return self.stayed(conn, &with_hint(error));
            }
            Link::Elsewhere(link) => match &**link {
                Link::Connecting(place) => self.trying(place),
                Link::NeedsPassword(prompt, error) => {
                    let (prompt, error) = (prompt.clone(), error.as_ref().map(|e| with_hint(e)));
                    return self.ask_password(conn, prompt, error);
                }
                Link::Up(info) => {
                    let (address, database) = (info.address.clone(), info.database.clone());
                    return self.arrived(conn, &address, &database);
                }
                _ => return,
            },
            Link::Lost(error, lost) => {
                server.tx = Tx::Idle;
                let text = format!("Connection lost: {}. {lost}", error.message);
                server.trouble = Some(Trouble {
                    error: (**error).clone(),
                    lost: Some(lost.clone()),
                    tried: None,
                    next: None,
                });
                server.link = Some(link);
                self.on_sql(|pane, cx| pane.told(Tell::Lost(text), cx));
            }
            Link::Connecting(_) => server.link = Some(link),
            Link::Retry(after) => {
                if let Some(trouble) = &mut server.trouble {
                    trouble.next = Some(self.world.now + *after);
                }
            }
            Link::Known(info) => {
                let was = server.info.as_ref().is_some_and(|i| i.standby);
                // Settings of the session are known better here.
                if let Some(now) = &mut server.info {
                    (now.standby, now.pooler) = (info.standby, info.pooler);
                }
                if was && !info.standby {
                    server.behind = None;
                    self.say(Tone::Ok, "The standby was promoted: this server takes writes now");
                }
            }
        }
        self.world_changed();
    }
}
