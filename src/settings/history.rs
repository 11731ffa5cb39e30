//! The history of statements on disk: a JSON object a line, the newest last.
//!
//! Several pgdeck processes write one file. Each entry is one write in append mode under a shared lock;
//! who shortens the file takes the lock alone and puts a new file in its place.

use super::files;
use crate::{core::event::HistoryEntry, data::civil::civil};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

/// Bytes of an entry; a longer one is not kept, for half a statement must not be run again.
const ENTRY: usize = 256 << 10;
/// Bytes the file may grow to before it is shortened, and to which it is shortened.
const FILE: u64 = 48 << 20;
const SHORTENED: usize = 32 << 20;
/// Bytes read at once from the end.
const BLOCK: u64 = 256 << 10;

/// A history file.
#[derive(Clone, Debug)]
pub struct History {
    path: PathBuf,
    most: usize,
}

impl History {
    /// The history in this file, of at most so many entries; 0 keeps none.
    #[must_use]
    pub fn new(path: PathBuf, most: usize) -> Self {
        Self { path, most }
    }

    /// Adds an entry; false when it is too long to be kept or none are kept.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, entry: &HistoryEntry) -> io::Result<bool> {
        let mut line = line(entry);
        if self.most == 0 || line.len() > ENTRY {
            return Ok(false);
        }
        let mut file = self.open_for_append()?;
        let size = file.metadata()?.len();
        // A line that a full disk cut short must not spoil this one.
        let mut last = [b'\n'];
        if size > 0 && file.read_at(&mut last, size - 1).is_ok() && last != [b'\n'] {
            line.insert(0, b'\n');
        }
        file.write_all(&line)?;
        drop(file);
        if size > FILE {
            self.shorten()?;
        }
        Ok(true)
    }

    /// The newest entries whose statement or place contains a text (without regard to case), newest first.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn newest(&self, like: &str, count: usize) -> io::Result<Vec<HistoryEntry>> {
        let like = like.to_lowercase();
        let wanted = |e: &HistoryEntry| {
            like.is_empty() || e.sql.to_lowercase().contains(&like) || e.place.to_lowercase().contains(&like)
        };
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(e) => return Err(e),
        };
        let (mut out, mut seen) = (vec![], 0);
        if self.most == 0 || count == 0 {
            return Ok(out);
        }
        from_the_end(&mut file, |line| {
            if let Some(entry) = parse(line) {
                seen += 1;
                if wanted(&entry) {
                    out.push(entry);
                }
            }
            out.len() < count && seen < self.most
        })?;
        Ok(out)
    }

    /// Shortens the file when it has grown beyond its bounds; to be called once at the start.
    ///
    /// # Errors
    /// The file cannot be read or replaced.
    pub fn tidy(&self) -> io::Result<()> {
        let Ok(mut file) = File::open(&self.path) else { return Ok(()) };
        let mut lines = 0;
        from_the_end(&mut file, |_| {
            lines += 1;
            true
        })?;
        // A quarter more than wanted, so that not every start writes it anew.
        if lines > self.most + self.most / 4 || file.metadata()?.len() > FILE {
            self.shorten()
        } else {
            Ok(())
        }
    }

    fn shorten(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).open(&self.path)?;
        lock(&file, FlockOperation::LockExclusive);
        if !self.is_current(&file)? {
            // Somebody else has just done it.
            return Ok(());
        }
        let (mut kept, mut bytes): (Vec<Vec<u8>>, usize) = (vec![], 0);
        from_the_end(&mut file, |line| {
            if kept.len() >= self.most || bytes + line.len() > SHORTENED {
                return false;
            }
            if parse(line).is_some() {
                bytes += line.len() + 1;
                kept.push(line.to_vec());
            }
            true
        })?;
        kept.reverse();
        kept.push(vec![]);
        files::replace_private(&self.path, &kept.join(&b'\n'))
    }

    /// Opens and locks the file that is at the path: it may be replaced between the two.
    fn open_for_append(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            files::private_folder(folder)?;
        }
        loop {
            let file =
                OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
            lock(&file, FlockOperation::LockShared);
            if self.is_current(&file)? {
                if file.metadata()?.mode() & 0o077 != 0 {
                    files::make_private(&file)?;
                }
                return Ok(file);
            }
        }
    }

    fn is_current(&self, file: &File) -> io::Result<bool> {
        let (ours, there) = (file.metadata()?, fs::metadata(&self.path));
        Ok(there.is_ok_and(|t| (t.dev(), t.ino()) == (ours.dev(), ours.ino())))
    }
}

/// Some network file systems have no locks; there an entry may be lost when the file is shortened, no more.
fn lock(file: &File, operation: FlockOperation) {
    let _ = flock(file, operation);
}

/// Calls with every line that is not empty, the last first, until told to stop.
fn from_the_end(file: &mut File, mut each: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut at = file.seek(SeekFrom::End(0))?;
    let mut tail: Vec<u8> = vec![];
    while at > 0 {
        let size = at.min(BLOCK);
        at -= size;
        // At most BLOCK, which fits.
        let mut block = vec![0; size as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut block)?;
        block.append(&mut tail);
        let first =
            if at == 0 { 0 } else { block.iter().position(|b| *b == b'\n').map_or(block.len(), |p| p + 1) };
        for line in block[first..].rsplit(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            if !each(line) {
                return Ok(());
            }
        }
        block.truncate(first);
        // A line without end is not ours; memory stays bounded.
        tail = if block.len() > 4 * ENTRY { vec![] } else { block };
    }
    Ok(())
}

fn line(entry: &HistoryEntry) -> Vec<u8> {
    let mut out = json!({
        "at": entry.at,
        "place": entry.place,
        "sql": entry.sql,
        "millis": entry.millis,
        "rows": entry.rows,
        "failed": entry.failed,
    })
    .to_string()
    .into_bytes();
    out.push(b'\n');
    out
}

fn parse(line: &[u8]) -> Option<HistoryEntry> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Some(HistoryEntry {
        at: text("at").unwrap_or_default(),
        place: text("place").unwrap_or_default(),
        sql: text("sql")?,
        millis: value["millis"].as_u64().unwrap_or(0),
        rows: value["rows"].as_u64(),
        failed: text("failed"),
    })
}

/// Seconds since 1970 as `YYYY-MM-DD HH:MM:SS` UTC.
#[must_use]
pub fn stamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days as i64);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(sql: &str) -> HistoryEntry {
        HistoryEntry {
            at: stamp(0),
            place: "h/db".into(),
            sql: sql.into(),
            millis: 5,
            rows: Some(1),
            failed: None,
        }
    }

    fn sqls(history: &History, like: &str, count: usize) -> Vec<String> {
        history.newest(like, count).expect("reads").into_iter().map(|e| e.sql).collect()
    }

    #[test]
    fn entries_come_back_newest_first_and_filtered() {
        let dir = tempfile::tempdir().expect("folder");
        let history = History::new(dir.path().join("state/history.jsonl"), 100);
        assert_eq!(sqls(&history, "", 9), Vec::<String>::new());
        for sql in ["select 1", "UPDATE a\nset b = 'ü'", "select 2"] {
            assert!(history.append(&entry(sql)).expect("writes"));
        }
        assert_eq!(sqls(&history, "", 9), ["select 2", "UPDATE a\nset b = 'ü'", "select 1"]);
        assert_eq!(sqls(&history, "update", 9), ["UPDATE a\nset b = 'ü'"]);
        assert_eq!(sqls(&history, "h/d", 2).len(), 2);
        let failed = HistoryEntry { rows: None, failed: Some("42P01".into()), ..entry("x") };
        history.append(&failed).expect("writes");
        assert_eq!(history.newest("", 1).expect("reads"), [failed]);
        let mode = fs::metadata(&history.path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn broken_lines_are_passed_over_and_rights_taken_back() {
        let dir = tempfile::tempdir().expect("folder");
        let history = History::new(dir.path().join("h"), 100);
        fs::write(&history.path, b"\xff\n{}\n\n{\"sql\":\"a\"}\n{\"sql\":\"cut").expect("writes");
        fs::set_permissions(&history.path, fs::Permissions::from_mode(0o644)).expect("sets");
        history.append(&entry("b")).expect("writes");
        assert_eq!(sqls(&history, "", 9), ["b", "a"]);
        assert_eq!(fs::metadata(&history.path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let dir = tempfile::tempdir().expect("folder");
        let history = History::new(dir.path().join("h"), 8);
        for i in 0..20 {
            history.append(&entry(&format!("select {i}"))).expect("writes");
        }
        history.tidy().expect("tidies");
        let all = History::new(history.path.clone(), 100);
        assert_eq!(sqls(&all, "", 99).len(), 8);
        assert_eq!(sqls(&all, "", 99)[7], "select 12");
        assert!(!history.append(&entry(&"x".repeat(ENTRY))).expect("is left out"));
        assert!(!History::new(history.path.clone(), 0).append(&entry("x")).expect("is left out"));
        // Long lines reach over the blocks that are read.
        for i in 0..9 {
            history.append(&entry(&format!("{i}{}", "y".repeat(200_000)))).expect("writes");
        }
        let first: Vec<_> = sqls(&history, "", 8).iter().map(|s| s[..1].to_owned()).collect();
        assert_eq!(first.join(""), "87654321");
    }

    #[test]
    fn many_writers_lose_nothing_while_it_is_shortened() {
        let dir = tempfile::tempdir().expect("folder");
        let history = History::new(dir.path().join("h"), 10_000);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let history = history.clone();
                scope.spawn(move || {
                    for i in 0..100 {
                        history.append(&entry(&format!("{writer}:{i}"))).expect("writes");
                        if i % 10 == 0 {
                            history.shorten().expect("shortens");
                        }
                    }
                });
            }
        });
        let mut got = sqls(&history, "", 1_000);
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 400);
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 1);
    }

    #[test]
    fn times_are_written_out() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_200, "2024-03-01 00:00:00"),
            (4_102_444_799, "2099-12-31 23:59:59"),
        ] {
            assert_eq!(stamp(seconds), text);
        }
    }
}
