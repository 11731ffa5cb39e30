//! What stands in for hits when nothing matches: rows with similar words, where pg_trgm is installed.

use super::{Search, run::How, tables::Table};
use crate::{
    core::pane::Cx,
    data::search::Mode,
    sql::{
        quote::ident,
        search::{Address, Alike, address},
    },
    text::units,
};

/// Rows read where no index serves similarity.
const SAMPLE: u64 = 20_000;

impl Search {
    /// Rows like the line may be looked for, and were not.
    pub(super) fn may_be_similar(&self) -> bool {
        let Some(shown) = self.shown.as_ref().filter(|s| s.hits.is_empty() && s.similar.is_none()) else {
            return false;
        };
        let asked = shown.text == self.input.text() && shown.mode == self.mode && self.mode != Mode::Raw;
        let words = shown.words.as_ref().is_some_and(|w| w.nodes > 0 && w.servable);
        asked && words && self.alike().is_some()
    }

    /// By what they are found; none: by nothing here.
    pub(super) fn alike(&self) -> Option<Alike<'_>> {
        let ([table], Some(offer)) = (self.tables.as_slice(), &self.offer) else { return None };
        let schema = |name: &str| offer.extensions.iter().find(|(n, _)| n == name).map(|(_, s)| s.as_str());
        let detail = table.detail.as_ref()?;
        if address(detail) == Address::None {
            return None;
        }
        let (text, index) = text(table, &offer.found.similar)?;
        Some(Alike {
            trgm: schema("pg_trgm")?,
            unaccent: schema("unaccent"),
            text,
            read: index.is_none().then_some(SAMPLE),
        })
    }

    /// Looks for them.
    pub(super) fn find_similar(&mut self, cx: &mut Cx<'_>) {
        self.start(How::Similar, cx);
        if self.run.is_none()
            && let Some(shown) = &mut self.shown
        {
            shown.similar = Some(0);
        }
    }

    /// What is said of them.
    pub(super) fn similar_line(&self) -> Option<String> {
        let shown = self.shown.as_ref().filter(|_| self.trouble.is_none())?;
        let rows = shown.similar.filter(|n| *n > 0)?;
        let ([table], Some(offer)) = (self.tables.as_slice(), &self.offer) else { return None };
        let by = match text(table, &offer.found.similar)? {
            (_, Some(index)) => format!(", by {index}"),
            _ if table.rows().is_some_and(|r| r <= SAMPLE) => String::new(),
            _ => format!(", in the last {} rows", units::count(SAMPLE)),
        };
        let meant: Vec<String> = shown.meant.iter().map(|(_, m)| format!("\"{m}\"")).collect();
        let meant = if meant.is_empty() {
            String::new()
        } else {
            format!(" Did you mean {}? Ctrl+Y takes it.", meant.join(", "))
        };
        let found = units::counted(rows, "row", "rows");
        Some(format!("Nothing matches.{meant} Below: {found} with similar words (pg_trgm{by})"))
    }
}

/// The text that is compared, and the index that serves: an indexed one of those shown, else the title, else the first
/// of the others.
fn text(table: &Table, indexed: &[(u32, String, String)]) -> Option<(String, Option<String>)> {
    let names = || table.title.iter().chain(&table.body).map(|n| ident(n));
    let index = |name: String| {
        let of = indexed.iter().find(|(o, e, _)| *o == table.source.relation && *e == name)?;
        Some((name, Some(of.2.clone())))
    };
    let first = || names().next().map(|name| (format!("{name}::text"), None));
    names().find_map(index).or_else(first)
}
