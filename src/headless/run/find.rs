//! Which query is meant by `NAME|FILE|-`.

use crate::{
    data::{
        near::distance,
        saved::{Origin, SavedQuery},
    },
    settings::saved,
    text::clean,
};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// The query and how errors name it. A saved query's name goes before a file's; `./NAME` is always a file.
pub(super) fn query(wanted: &str, places: &[(Origin, PathBuf)]) -> Result<(SavedQuery, String), String> {
    if wanted == "-" {
        return standard_input();
    }
    let path = Path::new(wanted);
    let is_path = wanted.starts_with(['.', '/']) || wanted.ends_with(".sql");
    if is_path && (path.exists() || wanted.starts_with(['.', '/'])) {
        return file(path);
    }
    let (found, problems) = saved::load(places);
    let names: Vec<&str> = found.iter().map(|q| q.name.as_str()).collect();
    let Some(at) = names.iter().position(|n| *n == wanted) else {
        if path.is_file() {
            return file(path);
        }
        return Err(unknown(wanted, &names, &problems));
    };
    let query = found[at].clone();
    let label = if query.path.is_empty() { query.name.clone() } else { query.path.clone() };
    Ok((query, label))
}

fn file(path: &Path) -> Result<(SavedQuery, String), String> {
    if path.is_dir() {
        return Err(format!("{} is a folder, not an .sql file", clean::line(&path.display().to_string())));
    }
    Ok((saved::load_file(path)?, path.display().to_string()))
}

fn standard_input() -> Result<(SavedQuery, String), String> {
    let label = "standard input";
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => {
            format!("{label} is not UTF-8: iconv -f LATIN1 -t UTF-8 makes it so")
        }
        _ => format!("{label} cannot be read: {e}"),
    })?;
    Ok((saved::parse("-", &text, Origin::File, label)?, label.into()))
}

fn unknown(wanted: &str, names: &[&str], problems: &[String]) -> String {
    let mut text = format!("there is no saved query and no file named {wanted:?}");
    let word = wanted.strip_suffix(".sql").unwrap_or(wanted).to_lowercase();
    let near: Vec<&str> =
        names.iter().filter(|n| is_near(&n.to_lowercase(), &word)).copied().take(5).collect();
    if near.is_empty() {
        text.push_str("; `pgdeck queries` lists the saved ones");
    } else {
        text.push_str(&format!("; did you mean {}?", near.join(", ")));
    }
    // the one that was meant may be one that could not be read
    for problem in problems.iter().filter(|p| p.contains(&format!("{word}.sql"))) {
        text.push_str(&format!("\n{problem}"));
    }
    text
}

/// One contains the other, or they differ in at most two letters.
fn is_near(name: &str, wanted: &str) -> bool {
    !wanted.is_empty() && (name.contains(wanted) || wanted.contains(name) || distance(name, wanted) <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_and_near_misses() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mine.sql"), "select 1").unwrap();
        std::fs::write(dir.path().join("broken.sql"), "-- since: x\nselect 1").unwrap();
        let places = [(Origin::User, dir.path().to_owned())];
        assert_eq!(query("mine", &places).unwrap().0.origin, Origin::User);
        assert_eq!(
            query("table-sizes", &places).unwrap(),
            (query("table-sizes", &[]).unwrap().0, "table-sizes".into())
        );
        let path = dir.path().join("mine.sql");
        assert_eq!(query(path.to_str().unwrap(), &[]).unwrap().0.origin, Origin::File);
        for (wanted, what) in [
            ("table-size", "did you mean table-sizes?"),
            ("tabel-sizes", "did you mean table-sizes?"),
            ("nothing-like-it", "`pgdeck queries`"),
            ("./nothing.sql", "nothing.sql: "),
            ("broken", "broken.sql:1: since"),
            ("/", "folder"),
        ] {
            let fault = query(wanted, &places).unwrap_err();
            assert!(fault.contains(what), "{wanted}: {fault}");
        }
    }
}
