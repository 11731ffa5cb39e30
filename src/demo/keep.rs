//! `--keep DIR`: the data stays in a folder of the user's.
use std::{fs, path::Path};

use super::{
    DemoError,
    cluster::Settings,
    find::{self, Look},
    user::RunAs,
};

/// The file that tells our folder from others: no foreign data folder is ever touched.
const MARK: &str = "pgdeck-demo.txt";
const MARK_TEXT: &str = "The data of `pgdeck demo --keep`. Remove the folder when it is no longer wanted.\n";

/// Makes or checks the folder and points the settings at it.
pub(super) fn prepare(folder: &Path, settings: &mut Settings) -> Result<(), DemoError> {
    fs::create_dir_all(folder).map_err(DemoError::io("make", folder))?;
    let folder = fs::canonicalize(folder).map_err(DemoError::io("find", folder))?;
    let mark = folder.join(MARK);
    if !mark.is_file() {
        let mut entries = fs::read_dir(&folder).map_err(DemoError::io("read", &folder))?;
        if entries.next().is_some() {
            return Err(DemoError::Keep(format!(
                "{} is not empty and was not made by pgdeck demo: choose another folder for --keep",
                folder.display()
            )));
        }
        fs::write(&mark, MARK_TEXT).map_err(DemoError::io("write", &mark))?;
    }
    let user = RunAs::detect()?;
    user.give(&folder)?;
    reachable(&folder, user)?;
    let data = folder.join("data");
    if let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) {
        same_version(version.trim(), &folder, user, settings)?;
    }
    settings.data = Some(data);
    Ok(())
}

/// The server may run as somebody else, who must be able to work there.
fn reachable(folder: &Path, user: RunAs) -> Result<(), DemoError> {
    let test = user.command("/bin/sh").args(["-c", "cd \"$1\" && test -w .", "sh"]).arg(folder).output();
    if test.is_ok_and(|o| o.status.success()) {
        return Ok(());
    }
    Err(DemoError::Keep(format!(
        "the server does not run as root and cannot work in {}: choose a folder below /tmp, /var or /srv for --keep",
        folder.display()
    )))
}

/// Data of one major version is read by no other.
fn same_version(version: &str, folder: &Path, user: RunAs, settings: &mut Settings) -> Result<(), DemoError> {
    let major: u32 = version.parse().map_err(|_| {
        DemoError::Keep(format!("{}/data/PG_VERSION does not name a version: {version:?}", folder.display()))
    })?;
    let Some(bins) = find::find(&settings.look, user).into_iter().find(|b| b.major == major) else {
        return Err(DemoError::Keep(format!(
            "{} holds data of PostgreSQL {major}, which is not on this machine: install it or choose another folder for --keep",
            folder.display()
        )));
    };
    settings.look = Look::Folder(bins.folder);
    Ok(())
}
