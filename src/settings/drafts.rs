//! Drafts: kept texts that belong to one running console, so that two consoles do not overwrite each other's. What a
//! console left behind, however it ended, goes to the next that asks.
//!
//! Every console holds the lock of a file of its own as long as it runs, and its drafts bear that file's name. Nobody
//! holds the lock of a dead one, so nothing has to be cleaned up after a crash.

use super::{
    files,
    kept::{Kept, escaped},
};
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
    process::{Pid, test_kill_process},
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What the names of lock files begin with: as those of drafts, so that they are kept as long.
const LOCK: &str = "draft-lock.";
/// Consoles of one process number (in several containers over one home folder) at most.
const MOST: u32 = 1_000;

/// This console's drafts.
#[derive(Debug)]
pub struct Drafts {
    kept: Kept,
    own: Option<Own>,
}

/// Under which name this console has its drafts.
#[derive(Debug)]
struct Own {
    name: String,
    lock: PathBuf,
    /// Locked until the process ends.
    _file: Option<File>,
}

impl Drafts {
    /// Drafts among these texts.
    #[must_use]
    pub fn new(kept: Kept) -> Self {
        Self { kept, own: None }
    }

    /// Keeps this console's draft, or forgets it.
    ///
    /// # Errors
    /// It cannot be written; what was kept before stays.
    pub fn put(&mut self, key: &str, text: Option<&str>) -> io::Result<()> {
        if text.is_none() && self.own.is_none() {
            return Ok(()); // no draft is this console's yet
        }
        let key = self.own_key(key)?;
        self.kept.put(&key, text)
    }

    /// This console's draft; else the newest that a console left which runs no more, and which is this one's from now
    /// on.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn get(&mut self, key: &str) -> io::Result<Option<String>> {
        let own = self.own_key(key)?;
        if let Some(text) = self.kept.get(&own)? {
            return Ok(Some(text));
        }
        let path = self.kept.path(&own);
        for left in self.left(key)? {
            // Of several consoles that start at once one gets it.
            match fs::rename(&left, &path) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            }
            let whole = fs::read_to_string(&path)?;
            let text = whole.split_once('\n').map_or("", |(_, text)| text);
            self.kept.put(&own, Some(text))?;
            return Ok(Some(text.to_owned()));
        }
        Ok(None)
    }

    /// The files of this draft whose consoles run no more, the newest first.
    fn left(&self, key: &str) -> io::Result<Vec<PathBuf>> {
        let (begin, folder) = (escaped(&format!("{key}@")), self.kept.folder());
        let name_begins = &begin[..begin.len().min(Kept::NAME)];
        let mut found: Vec<(SystemTime, PathBuf)> = vec![];
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.to_str().is_some_and(|n| n.starts_with(name_begins) && n.ends_with(".txt")) {
                continue;
            }
            let path = entry.path();
            let Some(owner) = owner(&path, &begin) else { continue };
            if self.own.as_ref().is_some_and(|o| o.name == owner) || !alive(folder, &owner) {
                let time = entry.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((time, path));
            }
        }
        found.sort_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    fn own_key(&mut self, key: &str) -> io::Result<String> {
        let own = match self.own.take() {
            Some(own) => own,
            None => claim(self.kept.folder())?,
        };
        let key = format!("{key}@{}", own.name);
        self.own = Some(own);
        Ok(key)
    }
}

impl Drop for Drafts {
    fn drop(&mut self) {
        if let Some(own) = &self.own {
            // What is left behind is taken for a crash's, and does no harm.
            let _ = fs::remove_file(&own.lock);
        }
    }
}

/// Locks a file for this console, and clears away those of consoles that crashed.
fn claim(folder: &Path) -> io::Result<Own> {
    files::private_folder(folder)?;
    clear(folder)?;
    let pid = std::process::id();
    for number in 0..MOST {
        let name = format!("{pid}.{number}");
        let lock = folder.join(format!("{LOCK}{name}"));
        loop {
            let file = File::options().create(true).append(true).mode(0o600).open(&lock)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => break,
                // A file system without locks: the process number alone tells who is alive.
                Err(_) => return Ok(Own { name, lock, _file: None }),
            }
            // Somebody may have cleared it away between the two steps.
            let there = fs::metadata(&lock).is_ok_and(|m| file.metadata().is_ok_and(|f| f.ino() == m.ino()));
            if there {
                return Ok(Own { name, lock, _file: Some(file) });
            }
        }
    }
    Err(io::Error::other("no lock is free"))
}

fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(owner) = entry.file_name().to_str().and_then(|n| Some(n.strip_prefix(LOCK)?.to_owned()))
        else {
            continue;
        };
        let Ok(file) = File::open(entry.path()) else { continue };
        let free = flock(&file, FlockOperation::NonBlockingLockExclusive);
        if free.is_ok() || (free != Err(Errno::WOULDBLOCK) && !runs(&owner)) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Does the console of this name run?
fn alive(folder: &Path, owner: &str) -> bool {
    let Ok(file) = File::open(folder.join(format!("{LOCK}{owner}"))) else { return false };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => false,
        Err(Errno::WOULDBLOCK) => true,
        Err(_) => runs(owner),
    }
}

/// Is there a process of this console's number?
fn runs(owner: &str) -> bool {
    let number = owner.split('.').next().and_then(|n| n.parse().ok());
    // What may not be signalled is there all the same.
    number.and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Whose draft a file holds; `None`: it is none of this key.
fn owner(path: &Path, begin: &str) -> Option<String> {
    let mut line = String::new();
    BufReader::new(File::open(path).ok()?.take(4096)).read_line(&mut line).ok()?;
    let owner = line.trim_end().strip_prefix(begin)?;
    let plain = !owner.is_empty() && owner.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| owner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a console that ends: `crash` leaves its lock file.
    fn end(mut drafts: Drafts, crash: bool) {
        if crash {
            drafts.own = None;
        }
    }

    fn get(drafts: &mut Drafts, key: &str) -> Option<String> {
        drafts.get(key).expect("reads")
    }

    #[test]
    fn each_has_its_own_and_what_is_left_behind_goes_to_the_next() {
        let dir = tempfile::tempdir().expect("folder");
        let start = || Drafts::new(Kept::new(dir.path().join("kept")));
        let long = format!("draft.edits.{}", "host/".repeat(60));
        for crash in [false, true] {
            for key in ["draft.sql", &long] {
                let (mut one, mut two) = (start(), start());
                assert_eq!(get(&mut one, key), None);
                one.put(key, Some("first\ndraft")).expect("writes");
                assert_eq!(get(&mut two, key), None, "the first is alive");
                two.put(key, Some("second")).expect("writes");
                assert_eq!(get(&mut one, key).as_deref(), Some("first\ndraft"));
                assert_eq!(get(&mut one, "draft.edits.other"), None);
                end(one, crash);
                let (mut three, mut four) = (start(), start());
                assert_eq!(get(&mut three, key).as_deref(), Some("first\ndraft"));
                assert_eq!(get(&mut four, key), None, "it has been taken up");
                two.put(key, None).expect("forgets");
                end(two, crash);
                assert_eq!(get(&mut four, key), None);
                three.put(key, None).expect("forgets");
                end(three, crash);
                end(four, crash);
            }
        }
        drop(start().get("draft.sql"));
        let left: Vec<_> = fs::read_dir(dir.path().join("kept")).expect("lists").collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn names_that_look_like_owners_are_no_owners() {
        let dir = tempfile::tempdir().expect("folder");
        let start = || Drafts::new(Kept::new(dir.path().to_owned()));
        let mut one = start();
        one.put("draft.edits.h/a@1.2", Some("x")).expect("writes");
        drop(one);
        assert_eq!(get(&mut start(), "draft.edits.h/a"), None);
        assert_eq!(get(&mut start(), "draft.edits.h/a@1.2").as_deref(), Some("x"));
    }
}
