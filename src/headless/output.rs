//! Where results go: standard output or a file that appears only when it is complete.

use crate::text::clean;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

/// The data's way out. Once the reader has gone (a broken pipe) everything written is dropped without an error.
pub(crate) struct Output {
    sink: BufWriter<Sink>,
    gone: bool,
}

enum Sink {
    Pipe(io::Stdout),
    Screen(Screen),
    /// Something that is no regular file, such as /dev/null or a named pipe: written as it is.
    Device(File),
    File(Pending),
}

impl Output {
    /// Standard output; what goes to a terminal has its control characters made visible.
    pub(crate) fn stdout() -> Self {
        let out = io::stdout();
        let sink =
            if out.is_terminal() { Sink::Screen(Screen { out, held: Vec::new() }) } else { Sink::Pipe(out) };
        Self::of(sink)
    }

    /// A file, replaced when `finish` is called and left alone otherwise.
    pub(crate) fn file(path: &Path) -> Result<Self, String> {
        let fault = |e: io::Error| format!("cannot write {}: {e}", path.display());
        match fs::metadata(path) {
            Ok(m) if m.is_dir() => Err(format!("cannot write {}: it is a folder", path.display())),
            Ok(m) if !m.is_file() => {
                let device = OpenOptions::new().write(true).open(path).map_err(fault)?;
                Ok(Self::of(Sink::Device(device)))
            }
            _ => Pending::create(path).map(|p| Self::of(Sink::File(p))).map_err(fault),
        }
    }

    fn of(sink: Sink) -> Self {
        Self { sink: BufWriter::with_capacity(64 << 10, sink), gone: false }
    }

    /// The reader has gone: nothing more needs to be made for it.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }

    /// All was written: lets it out, and puts the file in its place.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let (sink, _) = self.sink.into_parts();
        match sink {
            Sink::File(pending) => pending.keep(),
            _ => Ok(()),
        }
    }

    fn unless_gone<T>(&mut self, written: io::Result<T>, otherwise: T) -> io::Result<T> {
        match written {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(otherwise)
            }
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let written = self.sink.write(bytes);
        self.unless_gone(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = self.sink.flush();
        self.unless_gone(flushed, ())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Pipe(out) => out.write(bytes),
            Self::Screen(screen) => screen.write(bytes),
            Self::Device(file) => file.write(bytes),
            Self::File(pending) => pending.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Pipe(out) => out.flush(),
            Self::Screen(screen) => screen.flush(),
            Self::Device(file) => file.flush(),
            Self::File(pending) => pending.file.flush(),
        }
    }
}

/// A terminal: whole lines with control characters, escape sequences and direction marks made visible.
struct Screen {
    out: io::Stdout,
    held: Vec<u8>,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if let Some(end) = self.held.iter().rposition(|b| *b == b'\n') {
            let rest = self.held.split_off(end + 1);
            let lines = std::mem::replace(&mut self.held, rest);
            self.out.write_all(clean::text_bytes(&lines).as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.held);
        self.out.write_all(clean::text_bytes(&rest).as_bytes())?;
        self.out.flush()
    }
}

/// A file under a temporary name beside its place. Dropped without `keep` it is removed.
struct Pending {
    file: File,
    temporary: PathBuf,
    place: PathBuf,
}

impl Pending {
    fn create(path: &Path) -> io::Result<Self> {
        // a link stays a link: the file it points to is replaced
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
        let mode = fs::metadata(&place).map(|m| m.permissions());
        for attempt in 0..100 {
            let temporary = place.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    let pending = Self { file, temporary, place };
                    if let Ok(mode) = mode {
                        pending.file.set_permissions(mode)?;
                    }
                    super::stop::remove_when_killed(Some(pending.temporary.clone()));
                    return Ok(pending);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn keep(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.place)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // after `keep` there is nothing under this name any more
        let _ = fs::remove_file(&self.temporary);
        super::stop::remove_when_killed(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_only_when_it_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let mut out = Output::file(&path).unwrap();
        out.write_all(b"half").unwrap();
        out.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(out);
        assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (b"old".to_vec(), vec!["out.csv".into()]));
        let mut out = Output::file(&path).unwrap();
        out.write_all(b"new").unwrap();
        out.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(dir.path())), (b"new".to_vec(), vec!["out.csv".into()]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn links_stay_and_devices_are_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        let mut out = Output::file(&link).unwrap();
        out.write_all(b"new").unwrap();
        out.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        Output::file(Path::new("/dev/null")).unwrap().finish().unwrap();
        assert!(Output::file(dir.path()).err().unwrap().contains("folder"));
        assert!(Output::file(&dir.path().join("no/such/folder")).err().unwrap().contains("cannot write"));
    }
}
