//! News of jobs: to the pane that asked, or to the program itself.

use super::{APP, App, jobs};
use crate::core::{event::News, pane::Tone};

impl App {
    pub(super) fn news(&mut self, job: crate::core::ids::JobId, news: News) {
        let Some(owner) = self.jobs.owner(job) else {
            // Between two runs the server speaks under the number of the last one.
            if matches!(news, News::Notification(..) | News::Notice(_)) {
                self.on_sql(|pane, cx| pane.news(job, news, cx));
            }
            return;
        };
        if let Some(conn) = owner.own
            && let Some(server) = self.world.conns.get_mut(&conn)
        {
            match &news {
                News::Done(s) => server.tx = s.tx,
                News::Failed(_, _, tx) => server.tx = *tx,
                News::Setting(name, value) => {
                    if let Some(info) = server.info.as_mut() {
                        match name.as_str() {
                            "TimeZone" => info.time_zone.clone_from(value),
                            "in_hot_standby" => info.standby = value == "on",
                            "default_transaction_read_only" => info.read_only = value == "on",
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        self.jobs.answered(job, &news);
        if jobs::ends(&news) {
            self.jobs.forget(job);
            if self.cancelled == Some(job) {
                self.cancelled = None;
            }
        }
        if owner.pane == APP {
            self.own_news(job, news);
        } else {
            self.on_id(owner.pane, |pane, cx| pane.news(job, news, cx));
        }
    }

    fn own_news(&mut self, job: crate::core::ids::JobId, news: News) {
        if self.roles_came(job, &news) {
            return;
        }
        match &news {
            News::Servers(found) if self.servers_came(job, found) => return,
            News::Remembered(text) if self.places_came(job, text.as_deref()) => return,
            News::Done(s) if s.last && self.left(job, true) => return,
            News::Failed(..) => drop(self.left(job, false)),
            _ => {}
        }
        match news {
            News::Remembered(text) if self.drafts.asked.is_some_and(|(j, _)| j == job) => {
                self.draft_came(text)
            }
            // What was asked for before may be of another database.
            News::Catalog(catalog) if self.cataloguing == Some(job) => {
                if let Some(server) = self.world.conns.get_mut(&self.world.active) {
                    server.catalog = Some(catalog);
                }
                self.world_changed();
            }
            News::Saved(found, problems) => {
                self.world.saved = Some(found);
                if let Some(first) = problems.first() {
                    let more = if problems.len() > 1 {
                        format!(" (and {} more)", problems.len() - 1)
                    } else {
                        String::new()
                    };
                    self.say(Tone::Warning, format!("{first}{more}"));
                }
                self.world_changed();
            }
            News::Done(s) if s.last && self.quitting == Some(job) => self.leave(),
            News::Failed(_, error, _) => {
                self.quitting = None;
                if self.cataloguing == Some(job)
                    && let Some(server) = self.world.conns.get_mut(&self.world.active)
                {
                    server.unread = Some((*error).clone());
                }
                self.say(Tone::Error, crate::text::clean::line(&error.to_string()).into_owned());
                if let Some(toast) = self.toast.as_mut().filter(|_| error.fatal) {
                    toast.of_link = true;
                }
            }
            _ => {}
        }
    }
}
