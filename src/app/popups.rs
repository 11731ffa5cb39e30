//! Popups: opening, closing, and the way of their answers back to who asked.

use super::{APP, App, Popped, commands, look, places, quit, staging};
use crate::{
    core::{
        effect::Effect,
        ids::{ConnId, PaneId},
        pane::{Pane, Popup, Tell},
    },
    panes::{
        changes::Changes, confirm::Confirm, delete::Delete, document::Document, edit::Edit, form::FormPopup,
        help, line::Line, menu::Menu, page::Page, palette::Palette, password::Password, pick::Pick,
        typed::Typed, upsert::UpsertPopup,
    },
};

/// How much of the screen a popup takes.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// As small as its content, in the middle.
    Small,
    /// Most of the screen.
    Large,
    /// At the bottom, full width.
    Bottom,
}

impl App {
    pub(super) fn popup(&mut self, asker: PaneId, popup: Popup) {
        let (pane, size): (Box<dyn Pane>, Size) = match popup {
            Popup::Confirm { question, title, text, buttons } => {
                (Box::new(Confirm::new(question, title, text, buttons)), Size::Small)
            }
            Popup::Decide { question, title, text, buttons, since } => {
                (Box::new(Confirm::new(question, title, text, buttons).since(since)), Size::Bottom)
            }
            Popup::Typed { question, title, text, word } => {
                (Box::new(Typed::new(question, title, text, word)), Size::Small)
            }
            Popup::Line { question, title, text, hint } => {
                (Box::new(Line::new(question, title, text, hint)), Size::Bottom)
            }
            Popup::Pick { question, title, items } => {
                (Box::new(Pick::new(question, title, items)), Size::Large)
            }
            Popup::Form { question, title, text, fields } => {
                (Box::new(FormPopup::new(question, title, text, fields)), Size::Small)
            }
            Popup::Edit(ask) => (Box::new(Edit::new(*ask)), Size::Small),
            Popup::Document(ask) => (Box::new(Document::new(*ask, &self.world)), Size::Large),
            Popup::Delete(ask) => (Box::new(Delete::new(*ask)), Size::Small),
            Popup::Upsert { detail, id } => (Box::new(UpsertPopup::new(detail, id)), Size::Small),
            Popup::Changes => (Box::new(Changes::default()), Size::Large),
            Popup::Page { title, text } => (Box::new(Page::new(title, text)), Size::Large),
        };
        self.push(asker, pane, size);
    }

    fn push(&mut self, asker: PaneId, pane: Box<dyn Pane>, size: Size) {
        let id = self.new_id();
        self.popups.push(Popped { id, asker, pane, size, area: ratatui::layout::Rect::default() });
        self.on_id(id, |pane, cx| pane.shown(cx));
    }

    /// Closes a popup; panes of the tab line do not close.
    pub(super) fn close(&mut self, id: PaneId) {
        if self.popups.iter().any(|p| p.id == id) {
            self.on_id(id, |pane, cx| pane.closed(cx));
            self.popups.retain(|p| p.id != id);
            self.jobs.forget_pane(id);
        }
    }

    /// An answer goes to who asked; the popup closes first, so that the asker may open the next.
    pub(super) fn answer(&mut self, from: PaneId, tell: Tell) {
        let Some(asker) = self.popups.iter().find(|p| p.id == from).map(|p| p.asker) else { return };
        self.close(from);
        if asker != APP {
            self.on_id(asker, |pane, cx| pane.told(tell, cx));
            return;
        }
        match tell {
            Tell::Answer { question: quit::QUESTION, button: 0 } => self.leave(),
            Tell::Answer { question: quit::QUESTION_TX, button } => self.quit_answer(button),
            Tell::Answer { question: commands::TERMINATE, button: 0 } => {
                if let Some(job) = self.cancelled {
                    self.out.push(Effect::Terminate { job });
                }
            }
            Tell::Answer { question: staging::DRAFT, button } => self.draft_answer(button),
            Tell::Answer { question: question @ (places::LEAVE | places::LEAVE_TX), button } => {
                self.leave_answer(question, button);
            }
            Tell::Chosen { question: places::PICK, index, .. } => self.server_chosen(index),
            Tell::Filled { question: look::FORM, values } => self.whom(&values),
            Tell::Chosen { question: commands::COMMAND_LINE, text, .. } => self.command_line(&text),
            _ => {}
        }
    }

    pub(super) fn ask_password(&mut self, conn: ConnId, prompt: String, error: Option<String>) {
        self.close_password(conn);
        self.push(APP, Box::new(Password::new(conn, prompt, error)), Size::Small);
    }

    /// The connection is up or asks anew: the old question is void.
    pub(super) fn close_password(&mut self, conn: ConnId) {
        let open: Vec<_> =
            self.popups.iter().filter(|p| p.pane.asks_password() == Some(conn)).map(|p| p.id).collect();
        for id in open {
            self.close(id);
        }
    }

    pub(super) fn open_help(&mut self) {
        let mut scopes = self.scopes();
        scopes.dedup();
        let text = help::text(&self.world, &scopes);
        let title = format!("Keys: {}", self.top_pane().title(&self.world));
        self.push(APP, Box::new(Page::new(title, text)), Size::Large);
    }

    pub(super) fn open_menu(&mut self) {
        let scopes = self.scopes();
        let pane = self.top_pane();
        let menu = Menu::new(&self.world, &scopes, |c| pane.can(c, &self.world));
        self.push(APP, Box::new(menu), Size::Bottom);
    }

    pub(super) fn open_palette(&mut self) {
        let themes = self.themes.iter().map(|t| t.name.clone()).collect();
        self.push(APP, Box::new(Palette::new(themes)), Size::Large);
    }
}
