//! Writing the user's files so that nobody else reads them and no crash leaves half of one.

use rustix::fs::Mode;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Makes a folder and those above it; new ones are the user's alone.
///
/// # Errors
/// It cannot be made.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces a file, or makes it, in one step: a reader sees the old contents or the new.
/// The new file is the user's alone.
///
/// # Errors
/// It cannot be written; the old one is as it was.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    let (temporary, mut file) = temporary(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_data());
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The error that counts is the one above.
        let _ = fs::remove_file(&temporary);
    }
    done
}

/// A new file beside the one to replace, under a name nobody else takes.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.tmp", std::process::id()));
        let path = path.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            // Left behind by a process of the same number that was killed.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

/// Takes all rights of others off an open file.
pub(super) fn make_private(file: &File) -> io::Result<()> {
    rustix::fs::fchmod(file, Mode::RUSR | Mode::WUSR).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_replaced_file_is_whole_and_private() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("a/b/file");
        for text in ["one", "second"] {
            replace_private(&path, text.as_bytes()).expect("writes");
            assert_eq!(fs::read_to_string(&path).expect("reads"), text);
        }
        let mode = |p: &Path| fs::metadata(p).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&dir.path().join("a"))), (0o600, 0o700));
        assert_eq!(fs::read_dir(dir.path().join("a/b")).expect("lists").count(), 1);
    }
}
