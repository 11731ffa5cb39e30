//! Writing the samples kept to a file: the question for its name, and what became of it.

use crate::{
    core::{
        event::News,
        ids::JobId,
        pane::{Popup, Tell, Tone},
    },
    data::live::Micros,
};

const QUESTION: &str = "export-samples";

/// The file that is asked for or written.
#[derive(Debug, Default)]
pub struct Exports {
    writing: Option<JobId>,
}

impl Exports {
    /// The question for the file's name. `what`: part of the name offered; `at`: of the last sample; `hint`: what is
    /// written.
    #[must_use]
    pub fn ask(&self, what: &str, at: Micros, hint: String) -> Popup {
        let moment = crate::data::live::told::moment(at);
        let moment: String = moment.chars().filter(char::is_ascii_digit).take(14).collect();
        Popup::Line {
            question: QUESTION,
            title: "Write the samples kept to".into(),
            text: format!("pgdeck-{what}-{moment}.json"),
            hint,
        }
    }

    /// The file's name, once it is given.
    #[must_use]
    pub fn told(&self, tell: &Tell) -> Option<String> {
        match tell {
            Tell::Chosen { question: QUESTION, text, .. } if !text.trim().is_empty() => {
                Some(text.trim().into())
            }
            _ => None,
        }
    }

    /// It is being written.
    pub fn started(&mut self, job: JobId) {
        self.writing = Some(job);
    }

    /// What became of it; `None`: not its news.
    pub fn news(&mut self, job: JobId, news: &News) -> Option<(Tone, String)> {
        self.writing.take_if(|writing| *writing == job)?;
        match news {
            News::Written(Ok(path)) => {
                Some((Tone::Ok, format!("Written: {}", crate::text::clean::line(path))))
            }
            News::Written(Err(why)) => Some((Tone::Error, why.clone())),
            _ => None,
        }
    }
}
