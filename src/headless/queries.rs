//! `pgdeck queries`: the saved queries, in any output format.

use crate::{
    data::{
        rows::{Batch, Column},
        saved::{Origin, Parameter},
    },
    format::{End, Format},
    headless::{exit::Exit, output::Output},
    settings::saved,
    text::clean,
};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Lists them on standard output; what could not be read is told on standard error.
///
/// # Errors
/// Writing failed.
pub fn queries(places: &[(Origin, PathBuf)], format: &Format) -> io::Result<Exit> {
    let mut out = Output::stdout();
    let exit = list(places, format, &mut out, &mut io::stderr())?;
    out.finish()?;
    Ok(exit)
}

fn list(
    places: &[(Origin, PathBuf)],
    format: &Format,
    out: &mut dyn Write,
    narration: &mut dyn Write,
) -> io::Result<Exit> {
    let (found, problems) = saved::load(places);
    let columns = ["name", "title", "parameters", "read_only", "from", "path"].map(Column::text);
    let mut batch = Batch::new(columns.len());
    for q in &found {
        let parameters = q.parameters.iter().map(parameter).collect::<Vec<_>>().join(", ");
        let read_only = if q.read_only { "yes" } else { "no" };
        let path = (!q.path.is_empty()).then_some(q.path.as_str());
        let cells = [
            Some(&*q.name),
            Some(&*q.title),
            Some(&*parameters),
            Some(read_only),
            Some(q.origin.word()),
            path,
        ];
        batch.push(cells.map(|c| c.map(str::as_bytes)));
    }
    let mut writer = format.writer().map_err(io::Error::other)?;
    writer.begin(out, &columns)?;
    writer.rows(out, &batch)?;
    writer.end(out, &End { rows: batch.len() as u64, tag: String::new() })?;
    for problem in &problems {
        writeln!(narration, "pgdeck: {}", clean::line(problem))?;
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Usage })
}

/// `limit int = 20`.
fn parameter(p: &Parameter) -> String {
    let mut text = p.name.clone();
    if !p.type_name.is_empty() {
        text.push(' ');
        text.push_str(&p.type_name);
    }
    match &p.default {
        Some(Some(value)) => text.push_str(&format!(" = {value}")),
        Some(None) => text.push_str(" = NULL"),
        None => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;

    #[test]
    fn the_list_says_where_each_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mine.sql"), "-- param: n int = 3\n-- read-only\nselect :n, :m")
            .unwrap();
        std::fs::write(dir.path().join("bad.sql"), "-- since: ?").unwrap();
        let places = [(Origin::User, dir.path().to_owned())];
        let (mut out, mut narration) = (Vec::new(), Vec::new());
        let format = format::find("csv").unwrap();
        let exit = list(&places, format, &mut out, &mut narration).unwrap();
        let out = String::from_utf8(out).unwrap();
        let path = dir.path().join("mine.sql");
        assert!(out.contains(&format!("mine,mine,\"n int = 3, m\",yes,user,{}\n", path.display())), "{out}");
        assert!(out.contains("table-sizes,Table sizes,limit int = 50,yes,built-in,\n"), "{out}");
        assert_eq!(exit, Exit::Usage);
        assert!(String::from_utf8(narration).unwrap().contains("bad.sql:1: since"));
    }
}
