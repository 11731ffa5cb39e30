//! Saved queries: plain `.sql` files with a comment header, from three places; the later hide the earlier.
//!
//! The places are those that ship with pgdeck, the user's own folder, and `.pgdeck/queries/` of the project the
//! working directory is in. The header is described in `header`.

mod built_in;
mod header;
mod parameter;

use crate::{
    data::saved::{Origin, Parameter, SavedQuery},
    sql::{
        params,
        split::{self, SplitOptions},
    },
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// A file larger than this is no query somebody saved.
const LARGEST: u64 = 4 << 20;
/// Files read from one place at most.
const MOST_FILES: usize = 5_000;
/// Folders inside folders that are followed.
const DEEPEST: usize = 8;

/// Reads one query. `path` is where it stands (empty for built-in ones) and is named in errors.
///
/// # Errors
/// `FILE:LINE: what is wrong` for a header that makes no sense.
pub fn parse(name: &str, text: &str, origin: Origin, path: &str) -> Result<SavedQuery, String> {
    let header = header::read(text).map_err(|f| {
        let file = if path.is_empty() { name } else { path };
        format!("{file}:{}: {}", f.line, f.message)
    })?;
    let mut parameters = header.parameters;
    // statement by statement: the data lines of a COPY may hold anything
    for span in split::split(text, &SplitOptions::default()) {
        for used in params::names(&span.text(text)) {
            if !parameters.iter().any(|p| p.name == used) {
                parameters.push(Parameter { name: used, ..Parameter::default() });
            }
        }
    }
    Ok(SavedQuery {
        name: name.to_owned(),
        title: if header.title.is_empty() { name.to_owned() } else { header.title },
        description: header.description,
        parameters,
        read_only: header.read_only,
        since: header.since,
        text: text.to_owned(),
        origin,
        path: path.to_owned(),
    })
}

/// All saved queries by name: the built-in ones, then those of the places in order, a later one hiding an earlier
/// one of the same name. The second list says what could not be read and why.
#[must_use]
pub fn load(places: &[(Origin, PathBuf)]) -> (Vec<SavedQuery>, Vec<String>) {
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    let mut take = |parsed: Result<SavedQuery, String>| match parsed {
        Ok(query) => {
            found.insert(query.name.clone(), query);
            None
        }
        Err(problem) => Some(problem),
    };
    for (name, text) in built_in::QUERIES {
        problems.extend(take(parse(name, text, Origin::BuiltIn, "")));
    }
    for (origin, folder) in places {
        let mut files = Vec::new();
        walk(folder, DEEPEST, &mut files, &mut problems);
        files.sort();
        for file in files {
            problems.extend(take(read(&file, folder, *origin)));
        }
    }
    (found.into_values().collect(), problems)
}

/// Reads a file that was named outright, such as `run FILE`.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or has a header that makes no sense; the text names the file.
pub fn load_file(path: &Path) -> Result<SavedQuery, String> {
    let name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let shown = path.display().to_string();
    let bytes = fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
    parse(&name, &text(bytes).map_err(|e| format!("{shown}: {e}"))?, Origin::File, &shown)
}

/// The saved queries of the project around `from`: the nearest `.pgdeck/queries` in it or a folder above, not
/// beyond the root of a version-controlled tree, nor the home folder. A folder that somebody else could have put
/// there is not trusted, as its queries hide others; the error says so.
///
/// # Errors
/// When the nearest such folder belongs to another user.
pub fn project_folder(from: &Path, home: Option<&Path>) -> Result<Option<PathBuf>, String> {
    for folder in from.ancestors() {
        if home == Some(folder) {
            break;
        }
        let queries = folder.join(".pgdeck").join("queries");
        if queries.is_dir() {
            return if is_ours(&queries) {
                Ok(Some(queries))
            } else {
                Err(format!("{} belongs to another user: its queries are left out", queries.display()))
            };
        }
        if [".git", ".hg", ".svn", ".jj"].iter().any(|vcs| folder.join(vcs).exists()) {
            break;
        }
    }
    Ok(None)
}

/// True when the folder belongs to us or to root.
fn is_ours(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).is_ok_and(|m| m.uid() == 0 || m.uid() == rustix::process::geteuid().as_raw())
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, problems: &mut Vec<String>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => {
            // a folder that was never made is the usual case
            if e.kind() != io::ErrorKind::NotFound {
                problems.push(format!("{}: {e}", folder.display()));
            }
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') || files.len() >= MOST_FILES {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, files, problems);
            }
        } else if path.extension().is_some_and(|e| e == "sql") {
            files.push(path);
        }
    }
}

fn read(file: &Path, folder: &Path, origin: Origin) -> Result<SavedQuery, String> {
    let shown = file.display().to_string();
    let size = fs::metadata(file).map_err(|e| format!("{shown}: {e}"))?.len();
    if size > LARGEST {
        return Err(format!("{shown}: {size} bytes are too many for a saved query"));
    }
    let name = file.strip_prefix(folder).unwrap_or(file).with_extension("");
    let name = name.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    let bytes = fs::read(file).map_err(|e| format!("{shown}: {e}"))?;
    parse(&name, &text(bytes).map_err(|e| format!("{shown}: {e}"))?, origin, &shown)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undeclared_parameters_follow_the_declared_ones() {
        let q =
            parse("q", "-- param: b int = 1\nselect :a, :b, :a::text, ':no'", Origin::User, "q.sql").unwrap();
        assert_eq!(q.parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(q.parameters[1], Parameter { name: "a".into(), ..Parameter::default() });
        assert_eq!((q.title.as_str(), q.read_only), ("q", false));
    }

    #[test]
    fn errors_name_file_and_line() {
        let fault = parse("q", "-- title: x\n-- param: 1", Origin::User, "dir/q.sql").unwrap_err();
        assert!(fault.starts_with("dir/q.sql:2: "), "{fault}");
    }

    #[test]
    fn later_places_hide_earlier_ones_and_faults_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let (user, project) = (dir.path().join("user"), dir.path().join("project"));
        fs::create_dir_all(user.join("sub")).unwrap();
        fs::create_dir_all(&project).unwrap();
        fs::write(user.join("table-sizes.sql"), "-- title: mine\nselect 1").unwrap();
        fs::write(user.join("sub/x.sql"), "select 1").unwrap();
        fs::write(user.join("bad.sql"), "-- since: x\n").unwrap();
        fs::write(user.join(".hidden.sql"), "select 1").unwrap();
        fs::write(user.join("note.txt"), "select 1").unwrap();
        fs::write(project.join("table-sizes.sql"), "-- title: ours\nselect 1").unwrap();
        fs::write(project.join("latin1.sql"), b"select '\xe9'").unwrap();
        let (found, problems) = load(&[
            (Origin::User, user),
            (Origin::Project, project),
            (Origin::Project, dir.path().join("missing")),
        ]);
        let by_name = |n: &str| found.iter().find(|q| q.name == n);
        assert_eq!(by_name("table-sizes").unwrap().title, "ours");
        assert_eq!(by_name("sub/x").unwrap().origin, Origin::User);
        assert!(by_name(".hidden").is_none() && by_name("note").is_none() && by_name("bad").is_none());
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("bad.sql:1: since"), "{problems:?}");
        assert!(problems[1].contains("latin1.sql: not UTF-8 at byte 8"), "{problems:?}");
    }

    #[test]
    fn the_project_ends_at_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (outer, repo) = (root.join("outer"), root.join("outer/repo"));
        let deep = repo.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(outer.join(".pgdeck/queries")).unwrap();
        assert_eq!(project_folder(&deep, None), Ok(Some(outer.join(".pgdeck/queries"))));
        assert_eq!(project_folder(&deep, Some(&outer)), Ok(None));
        fs::create_dir_all(repo.join(".git")).unwrap();
        assert_eq!(project_folder(&deep, None), Ok(None));
        fs::create_dir_all(repo.join(".pgdeck/queries")).unwrap();
        assert_eq!(project_folder(&deep, None), Ok(Some(repo.join(".pgdeck/queries"))));
    }
}
