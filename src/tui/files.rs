//! The user's files: drafts, history, saved queries. Done off the loop, in order.

use crate::{
    core::{
        effect::{Effect, Place},
        error::DbError,
        event::{Event, HistoryEntry, News, Tx},
        ids::JobId,
        settings::Profile,
    },
    data::{live::export::Export, saved::Origin},
    settings::{
        drafts::Drafts,
        files,
        history::{self, History},
        kept::Kept,
        paths::Paths,
        saved,
    },
    text::units,
};
use std::{
    collections::HashMap,
    fs, io,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// History entries a search gives at most.
const HISTORY: usize = 2_000;

/// Where the user's files are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The usual folders; without them nothing is kept.
    pub paths: Option<Paths>,
    /// Folders with saved queries.
    pub saved: Vec<(Origin, PathBuf)>,
    /// Entries kept in the history.
    pub history_size: usize,
    /// The profiles of the config.
    pub profiles: Vec<Profile>,
}

/// A task that does what concerns files, one after the other.
#[derive(Debug)]
pub struct Files {
    wishes: mpsc::UnboundedSender<Effect>,
    task: JoinHandle<()>,
}

impl Files {
    /// Starts the task.
    #[must_use]
    pub fn start(places: Places, events: mpsc::Sender<Event>) -> Self {
        let (wishes, mut inbox) = mpsc::unbounded_channel();
        let task = tokio::task::spawn_blocking(move || {
            let mut worker = Worker::new(places);
            worker.tidy();
            while let Some(wish) = inbox.blocking_recv() {
                if let Some(event) = worker.perform(wish)
                    && events.blocking_send(event).is_err()
                {
                    // Nobody listens any more, but what is still waiting must be kept.
                    while let Ok(wish) = inbox.try_recv() {
                        worker.perform(wish);
                    }
                    break;
                }
            }
        });
        Self { wishes, task }
    }

    /// Queues a wish.
    pub fn perform(&self, wish: Effect) {
        // The task ends only after this sender is dropped.
        let _ = self.wishes.send(wish);
    }

    /// Waits until all that was asked is on disk.
    pub async fn finish(self, inbox: &mut mpsc::Receiver<Event>) {
        inbox.close();
        while inbox.try_recv().is_ok() {}
        drop(self.wishes);
        let _ = self.task.await;
    }
}

struct Worker {
    places: Places,
    history: Option<History>,
    kept: Option<Kept>,
    drafts: Option<Drafts>,
    /// Drafts that could not be written, and why: each is told once.
    unkept: HashMap<String, String>,
}

/// Drafts are those of one console; other kept texts are the user's, whichever console kept them.
fn is_draft(key: &str) -> bool {
    key.starts_with("draft.")
}

impl Worker {
    fn new(places: Places) -> Self {
        let history = places.paths.as_ref().map(|p| History::new(p.history.clone(), places.history_size));
        let kept = places.paths.as_ref().map(|p| Kept::new(p.kept.clone()));
        let drafts = kept.clone().map(Drafts::new);
        Self { places, history, kept, drafts, unkept: HashMap::new() }
    }

    fn tidy(&self) {
        if let Some(history) = &self.history {
            // A history that cannot be shortened is only long.
            let _ = history.tidy();
        }
    }

    /// A draft was kept, or not; the event when that is news.
    fn told(&mut self, key: String, done: Result<(), String>) -> Option<Event> {
        match done {
            Ok(()) => {
                self.unkept.remove(&key)?;
                Some(Event::Draft { key, trouble: None })
            }
            Err(why) if self.unkept.get(&key) == Some(&why) => None,
            Err(why) => {
                self.unkept.insert(key.clone(), why.clone());
                Some(Event::Draft { key, trouble: Some(why) })
            }
        }
    }

    fn keep_draft(&mut self, key: &str, value: Option<&str>) -> Result<(), String> {
        let Some(drafts) = &mut self.drafts else {
            // Nothing to forget where nothing is kept.
            return if value.is_none() {
                Ok(())
            } else {
                Err("there is no home folder to keep it in".into())
            };
        };
        drafts.put(key, value).map_err(|e| unwritten(self.kept.as_ref(), &e))
    }

    fn perform(&mut self, wish: Effect) -> Option<Event> {
        match wish {
            Effect::Keep { key, value } if is_draft(&key) => {
                let done = self.keep_draft(&key, value.as_deref());
                return self.told(key, done);
            }
            _ => {}
        }
        self.answer(wish).map(|(job, news)| Event::News(job, news))
    }

    fn answer(&mut self, wish: Effect) -> Option<(JobId, News)> {
        match wish {
            Effect::Write { job, path, text, place, replace } => {
                Some((job, News::Written(self.write(&path, &text, place, replace))))
            }
            Effect::Export { job, path, what } => Some((job, News::Written(export(&path, &what)))),
            Effect::Read { job, path, most } => Some((job, News::Read(read_text(&path, most)))),
            Effect::FindServers { job, recent } => {
                let found = super::places::find(&self.places.profiles, &recent);
                Some((job, News::Servers(found.into())))
            }
            Effect::LoadSaved { job } => {
                let (found, problems) = saved::load(&self.places.saved);
                Some((job, News::Saved(found.into(), problems)))
            }
            Effect::LoadHistory { job, like } => {
                let found = self.history.as_ref().map(|h| h.newest(&like, HISTORY));
                Some((job, News::History(found.and_then(Result::ok).unwrap_or_default().into())))
            }
            Effect::Remember(entry) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
                let entry = HistoryEntry { at: history::stamp(now), ..entry };
                // A history that cannot be written must not stop the work; the next start says nothing either.
                let _ = self.history.as_ref().map(|h| h.append(&entry));
                None
            }
            Effect::Recall { job, key } if is_draft(&key) => {
                match self.drafts.as_mut().map(|d| d.get(&key)) {
                    Some(Err(e)) => {
                        let why = unwritten(self.kept.as_ref(), &e);
                        let error = DbError::client(format!("The draft of last time cannot be read: {why}"));
                        Some((job, News::Failed(0, Box::new(error), Tx::Idle)))
                    }
                    found => Some((job, News::Remembered(found.and_then(Result::ok).flatten()))),
                }
            }
            Effect::Keep { key, value } => {
                let _ = self.kept.as_ref().map(|k| k.put(&key, value.as_deref()));
                None
            }
            Effect::Recall { job, key } => {
                let text = self.kept.as_ref().and_then(|k| k.get(&key).ok()).flatten();
                Some((job, News::Remembered(text)))
            }
            _ => None,
        }
    }

    fn write(&self, path: &str, text: &str, place: Place, replace: bool) -> Result<String, String> {
        let path = self.target(path, place)?;
        let done = if replace {
            files::replace_private(&path, text.as_bytes())
        } else {
            write_new(&path, |file| file.write_all(text.as_bytes()))
        };
        done.map_err(|e| unwritable(&path, &e))?;
        Ok(path.display().to_string())
    }

    fn target(&self, path: &str, place: Place) -> Result<PathBuf, String> {
        let folder = match place {
            Place::Path => {
                return Ok(at_home(path));
            }
            Place::Saved => self.places.paths.as_ref().map(|p| p.queries.clone()),
            Place::Project => {
                self.places.saved.iter().find(|(o, _)| *o == Origin::Project).map(|(_, p)| p.clone())
            }
        };
        let folder = folder.ok_or("there is no folder for it")?;
        let parts: Vec<&str> = path.split('/').collect();
        if parts.iter().any(|p| p.is_empty() || p.starts_with('.') || p.contains(['\\', '\0'])) {
            return Err(format!("\"{path}\" is no name for a query (letters, digits, - and /)"));
        }
        Ok(folder.join(format!("{path}.sql")))
    }
}

/// Writes samples to a file that must not be there yet, as they are made into text.
fn export(path: &str, what: &Export) -> Result<String, String> {
    let path = at_home(path);
    let lines = |file: &mut fs::File| {
        let mut out = io::BufWriter::new(file);
        what.lines().try_for_each(|line| out.write_all(line.as_bytes()))?;
        out.flush()
    };
    write_new(&path, lines).map_err(|e| unwritable(&path, &e))?;
    Ok(path.display().to_string())
}

/// Why a file was not written.
fn unwritable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{} is there already", path.display()),
        _ => format!("cannot write {}: {error}", path.display()),
    }
}

/// What went wrong in the folder of kept texts.
fn unwritten(kept: Option<&Kept>, error: &io::Error) -> String {
    match kept {
        Some(kept) => format!("{}: {error}", kept.folder().display()),
        None => error.to_string(),
    }
}

/// The text of a file: nothing that is no plain file, that is too long, or no text.
fn read_text(path: &str, most: u64) -> Result<String, String> {
    let path = at_home(path);
    let say = |e: io::Error| format!("cannot read {}: {e}", path.display());
    let about = fs::metadata(&path).map_err(say)?;
    if !about.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    let mut bytes = vec![];
    fs::File::open(&path).map_err(say)?.take(most + 1).read_to_end(&mut bytes).map_err(say)?;
    if bytes.len() as u64 > most {
        return Err(format!("{} is longer than {}", path.display(), units::bytes(most)));
    }
    String::from_utf8(bytes).map_err(|_| format!("{} is no text in UTF-8", path.display()))
}

/// A path as typed: `~/` is the home folder.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Writes a file that must not be there yet, whole or not at all.
fn write_new(path: &Path, write: impl FnOnce(&mut fs::File) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write(&mut file).and_then(|()| file.sync_data()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_of_bounded_length_is_read() {
        let dir = tempfile::tempdir().expect("folder");
        let path = |name: &str| dir.path().join(name).display().to_string();
        fs::write(path("plan"), "Seq Scan").expect("written");
        fs::write(path("bytes"), [0xff, 0xfe]).expect("written");
        assert_eq!(read_text(&path("plan"), 8).as_deref(), Ok("Seq Scan"));
        for (name, most, why) in [
            ("plan", 7, "longer than 7 B"),
            ("bytes", 8, "no text"),
            ("none", 8, "cannot read"),
            ("", 8, "no file"),
        ] {
            let said = read_text(&path(name), most).expect_err("refused");
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_query_is_saved_once_and_stays_in_its_folder() {
        let dir = tempfile::tempdir().expect("folder");
        let paths = Paths::at(dir.path(), dir.path());
        let worker = Worker::new(Places { paths: Some(paths.clone()), ..Places::default() });
        let written = worker.write("report/daily", "select 1", Place::Saved, false).expect("written");
        assert_eq!(written, paths.queries.join("report/daily.sql").display().to_string());
        assert!(worker.write("report/daily", "select 2", Place::Saved, false).is_err());
        assert_eq!(fs::read_to_string(&written).expect("there"), "select 1");
        worker.write("report/daily", "select 2", Place::Saved, true).expect("replaced");
        for bad in ["../x", "", "a//b", ".hidden", "/etc/x"] {
            assert!(worker.write(bad, "x", Place::Saved, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_draft_that_cannot_be_written_is_told_once_and_again_when_it_can() {
        let dir = tempfile::tempdir().expect("folder");
        let paths = Paths::at(dir.path(), dir.path());
        let mut worker = Worker::new(Places { paths: Some(paths.clone()), ..Places::default() });
        let mut keep = |value: Option<&str>| {
            let wish = Effect::Keep { key: "draft.x".into(), value: value.map(str::to_owned) };
            match worker.perform(wish) {
                Some(Event::Draft { key, trouble }) => {
                    assert_eq!(key, "draft.x");
                    Some(trouble)
                }
                _ => None,
            }
        };
        fs::write(&paths.kept, "in the way").expect("written");
        assert_eq!(keep(None), None, "there is nothing to forget");
        let said = keep(Some("one")).flatten().expect("told");
        assert!(said.contains(&paths.kept.display().to_string()), "{said}");
        assert_eq!(keep(Some("two")), None, "once");
        let long = "x".repeat(17 << 20);
        fs::remove_file(&paths.kept).expect("removed");
        assert!(keep(Some(&long)).flatten().is_some_and(|w| w.contains("16 MiB")), "another trouble");
        assert_eq!(keep(Some("three")), Some(None), "it can be written again");
        assert_eq!(keep(Some("four")), None);
        fs::remove_dir_all(&paths.kept).expect("removed");
        fs::write(&paths.kept, "in the way").expect("written");
        assert!(keep(Some("five")).flatten().is_some());
        assert_eq!(keep(None), Some(None), "what is not there is forgotten");
    }
}
