//! A server in the place of another one: tried while that is kept, taken over to, left behind.

use super::{Server, lock};
use crate::{
    core::event::{Event, Link},
    pg::target::Target,
};

/// What its word is worth to the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is the connection there is.
    #[default]
    Here,
    /// It is tried while another one is kept.
    Tried,
    /// Another one is in its place.
    Gone,
}

impl Server {
    /// Another server is in its place: what it still tells of its connection would be taken for the other one's. News of
    /// jobs go on: they end them.
    pub fn left_behind(&self) {
        *lock(&self.stage) = Stage::Gone;
    }

    /// It is tried while another connection is kept: what it tells is told as of elsewhere.
    pub fn on_trial(&self) {
        *lock(&self.stage) = Stage::Tried;
    }

    /// It is only tried.
    pub fn is_on_trial(&self) -> bool {
        *lock(&self.stage) == Stage::Tried
    }

    /// Somebody was let in.
    pub fn is_reached(&self) -> bool {
        lock(&self.told).is_some()
    }

    /// It was tried and is the connection from now on.
    pub fn settle(&self) {
        *lock(&self.stage) = Stage::Here;
    }

    /// Tells what is known as of a connection that has just come up.
    pub async fn up(&self) {
        let info = lock(&self.told).clone();
        if let Some(info) = info {
            self.link(Link::Up(Box::new(info))).await;
        }
    }

    /// Where it leads.
    pub fn target(&self) -> &Target {
        &self.plan.target
    }

    /// Both lead to one server.
    pub fn is_beside(&self, other: &Self) -> bool {
        let (a, b) = (&self.plan.target, &other.plan.target);
        a.outside.ssh == b.outside.ssh
            && a.hosts.iter().any(|x| {
                b.hosts.iter().any(|y| (&x.host, &x.hostaddr, &x.port) == (&y.host, &y.hostaddr, &y.port))
            })
    }

    /// The password that was typed for another database of the same user and server is good here, too.
    pub fn inherit(&self, other: &Self) {
        let places = |t: &Target| -> Vec<_> {
            t.hosts.iter().map(|h| (h.host.clone(), h.hostaddr.clone(), h.port.clone())).collect()
        };
        let (a, b) = (&self.plan.target, &other.plan.target);
        if a.user() == b.user() && a.outside.ssh == b.outside.ssh && places(a) == places(b) {
            let password = lock(&other.password).clone();
            *lock(&self.password) = password;
        }
    }

    /// An event as the screen is to hear it from here; `None`: not at all.
    pub(super) fn as_told(&self, event: Event) -> Option<Event> {
        Some(match (*lock(&self.stage), event) {
            (Stage::Here, event) | (_, event @ Event::News(..)) => event,
            (Stage::Gone, _) => return None,
            (Stage::Tried, Event::Link(conn, Link::Failed(e) | Link::Lost(e, _))) => {
                Event::Link(conn, Link::Stayed(e))
            }
            (Stage::Tried, Event::Link(conn, link)) => Event::Link(conn, Link::Elsewhere(Box::new(link))),
            (Stage::Tried, _) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            event::News,
            ids::{ConnId, JobId},
        },
        pg::{
            server::{Plan, Routes},
            target::{Input, Nothing, resolve},
        },
    };
    use std::time::Duration;
    use tokio::sync::{mpsc, watch};

    #[tokio::test]
    async fn who_is_left_behind_tells_of_jobs_only() {
        let (events, mut told) = mpsc::channel(8);
        let (_closing, close) = watch::channel(false);
        let input = Input { connection: Some("host=h user=u".into()), ..Input::default() };
        let target = resolve(&input, &Nothing).expect("resolved");
        let plan = Plan { target, read_only: false, application_name: "deck".into() };
        let server = Server::new(ConnId(0), plan, Duration::ZERO, events, close, Routes::default());
        server.link(Link::Connecting("h".into())).await;
        server.left_behind();
        server.link(Link::Up(Box::default())).await;
        server.news(JobId(1), News::Resting).await;
        drop(server);
        assert!(matches!(told.recv().await, Some(Event::Link(_, Link::Connecting(_)))));
        assert!(matches!(told.recv().await, Some(Event::News(JobId(1), News::Resting))));
        assert!(told.recv().await.is_none());
    }
}
