//! Small texts kept from one start to the next, a file each: drafts, column layouts.

use super::files;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Bytes of a text that is kept.
const TEXT: usize = 16 << 20;
/// Files kept; beyond that the oldest go, drafts last.
const FILES: usize = 2_000;

/// A folder of kept texts.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Of longer keys only so much stands in the file's name.
    pub(super) const NAME: usize = 160;

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The texts in this folder; it is made when the first is put.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The text of a key.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn get(&self, key: &str) -> io::Result<Option<String>> {
        let text = match fs::read_to_string(self.path(key)) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        // The first line is the key: long keys share their file names' beginnings.
        Ok(text.split_once('\n').filter(|(k, _)| *k == escaped(key)).map(|(_, text)| text.to_owned()))
    }

    /// Keeps a text, or forgets it.
    ///
    /// # Errors
    /// It cannot be written, or is too long; what was kept before stays.
    pub fn put(&self, key: &str, text: Option<&str>) -> io::Result<()> {
        let path = self.path(key);
        let Some(text) = text else {
            return match fs::remove_file(path) {
                Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    Err(e)
                }
                _ => Ok(()),
            };
        };
        if text.len() > TEXT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the text is too long to be kept (16 MiB)",
            ));
        }
        let new = !path.exists();
        files::replace_private(&path, format!("{}\n{text}", escaped(key)).as_bytes())?;
        if new { self.prune(FILES, &path) } else { Ok(()) }
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        let name = escaped(key);
        if name.len() <= 180 {
            return self.folder.join(name + ".txt");
        }
        // Only ASCII is left after escaping, so that every byte is a boundary.
        self.folder.join(format!("{}~{:016x}.txt", &name[..Self::NAME], hash(name.as_bytes())))
    }

    fn prune(&self, most: usize, newest: &Path) -> io::Result<()> {
        let mut files: Vec<(bool, SystemTime, PathBuf)> = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let draft = entry.file_name().to_string_lossy().starts_with("draft");
            // A file that has just gone is no matter.
            let time = entry.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            files.push((draft, time, entry.path()));
        }
        let surplus = files.len().saturating_sub(most);
        files.sort();
        for (_, _, path) in files.iter().filter(|(_, _, p)| p != newest).take(surplus) {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

/// A key as a file name: letters, digits and `.-_` as they are, other bytes as `%` and two digits.
pub(super) fn escaped(key: &str) -> String {
    let mut out = String::new();
    for (i, byte) in key.bytes().enumerate() {
        match byte {
            b'.' if i == 0 => out.push_str("%2e"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// FNV-1a: the same on every machine and version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn texts_come_back_by_key() {
        let dir = tempfile::tempdir().expect("folder");
        let kept = Kept::new(dir.path().join("kept"));
        let long = "layout.".to_owned() + &"ü/".repeat(200);
        let keys = ["draft.sql", "../x", "a b", ".hidden", "", &long, &(long.clone() + "!")];
        for key in keys {
            assert_eq!(kept.get(key).expect("reads"), None, "{key}");
            kept.put(key, Some(&format!("text of\n{key}"))).expect("writes");
        }
        for key in keys {
            assert_eq!(kept.get(key).expect("reads"), Some(format!("text of\n{key}")), "{key}");
            let mode = fs::metadata(kept.path(key)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 1);
        kept.put("a b", None).expect("forgets");
        kept.put("a b", None).expect("forgets twice");
        assert_eq!(kept.get("a b").expect("reads"), None);
        assert!(kept.put("x", Some(&"x".repeat(TEXT + 1))).is_err());
    }

    #[test]
    fn the_oldest_go_and_drafts_stay() {
        let dir = tempfile::tempdir().expect("folder");
        let kept = Kept::new(dir.path().to_owned());
        for key in ["draft.sql", "a", "b", "c"] {
            kept.put(key, Some("x")).expect("writes");
        }
        kept.prune(2, &kept.path("c")).expect("prunes");
        assert!(kept.get("draft.sql").expect("reads").is_some());
        assert!(kept.get("c").expect("reads").is_some());
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 2);
    }
}
