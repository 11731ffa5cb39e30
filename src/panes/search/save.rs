//! The search as a saved query.

use super::Search;
use crate::{
    core::{
        effect::{Effect, Place},
        event::News,
        ids::JobId,
        pane::{Cx, Popup, Tell, Tone},
    },
    sql::search::saved_query,
    text::clean,
};

/// The question of its name.
pub(super) const SAVE: &str = "search-save";
/// The question when there is one of that name.
pub(super) const REPLACE: &str = "search-replace";

impl Search {
    /// Asks for the name.
    pub(super) fn ask_save(&mut self, cx: &mut Cx<'_>) {
        match self.text_to_save() {
            Err(why) => cx.toast(Tone::Note, why),
            Ok((text, table)) => {
                let text_name = format!("search-{table}");
                self.saving = Some((text_name.clone(), text));
                cx.popup(Popup::Line {
                    question: SAVE,
                    title: "Save the search as a query".into(),
                    text: text_name,
                    hint:
                        "Plain SQL with :query and :limit; Alt+9 lists it, pgdeck run NAME -p query=… runs it"
                            .into(),
                });
            }
        }
    }

    fn text_to_save(&self) -> Result<(String, String), String> {
        let [table] = self.tables.as_slice() else {
            return Err("One table's search can be saved: F3 chooses it".into());
        };
        let target = table.target(table.reach()).ok_or("The table is still being described")?;
        let name: String = table
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let text = self.input.text().to_owned();
        Ok((saved_query(&target, &self.ask(&text, 0))?, name))
    }

    /// A name was typed.
    pub(super) fn save_as(&mut self, name: &str, cx: &mut Cx<'_>) {
        let name = name.trim();
        if let Some(saving) = self.saving.as_mut().filter(|_| !name.is_empty()) {
            name.clone_into(&mut saving.0);
            self.write(false, cx);
        }
    }

    /// Writes the file.
    pub(super) fn write(&mut self, replace: bool, cx: &mut Cx<'_>) {
        let Some((path, text)) = self.saving.clone() else { return };
        let job = cx.start(|job| Effect::Write { job, path, text, place: Place::Saved, replace });
        self.writing = Some(job);
    }

    /// News of the file; `false`: of something else.
    pub(super) fn save_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        if self.writing != Some(job) {
            return false;
        }
        match news {
            News::Written(Ok(path)) => {
                (self.saving, self.writing) = (None, None);
                cx.toast(Tone::Ok, format!("Saved as {}", clean::line(path)));
                cx.tell(Tell::ReloadSaved);
            }
            News::Written(Err(why)) if why.ends_with("is there already") => {
                let name = self.saving.as_ref().map(|(n, _)| n.clone()).unwrap_or_default();
                cx.popup(Popup::Confirm {
                    question: REPLACE,
                    title: "Save the search as a query".into(),
                    text: format!("You have a query \"{}\" already.", clean::line(&name)),
                    buttons: vec!["Replace it".into(), "Leave it".into()],
                });
            }
            News::Written(Err(why)) => cx.toast(Tone::Error, format!("Not saved: {}", clean::line(why))),
            _ => {}
        }
        true
    }
}
