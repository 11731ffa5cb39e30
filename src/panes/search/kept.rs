//! What is kept of the choices for the next start.

use super::{Search, tables::Table};
use crate::{
    core::{effect::Effect, pane::Cx, world::World},
    data::{
        catalog::Catalog,
        search::{Keeper, Source},
    },
    sql::search::sources::chosen,
};
use serde::{Deserialize, Serialize};

/// What is kept of a choice for the next start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub schema: String,
    pub name: String,
    /// The vector; empty: chosen columns.
    pub vector: String,
    pub columns: Vec<String>,
    /// Configuration, title and columns of the fragments, where they were chosen.
    pub config: Option<String>,
    pub title: Option<String>,
    pub body: Option<Vec<String>>,
    /// Column and key whose values stand beside the results; an empty column: none do.
    pub facet: Option<(String, Option<String>)>,
}

/// Tables whose choices are kept while they are not searched.
const MOST_PAST: usize = 40;

impl Kept {
    /// Something was chosen.
    fn is_choice(&self) -> bool {
        self.config.is_some() || self.title.is_some() || self.body.is_some() || self.facet.is_some()
    }

    /// It is about the same way to search the same relation.
    fn is_like(&self, other: &Self) -> bool {
        (&self.schema, &self.name, &self.vector, &self.columns)
            == (&other.schema, &other.name, &other.vector, &other.columns)
    }

    /// A way to search, without a choice.
    fn of(source: &Source, catalog: &Catalog) -> Option<Self> {
        let relation = catalog.relation(source.relation)?;
        let stands = source.keeper != Keeper::Chosen;
        Some(Self {
            schema: relation.schema.to_string(),
            name: relation.name.to_string(),
            vector: if stands { source.vector.clone() } else { String::new() },
            columns: source.chosen.clone(),
            ..Self::default()
        })
    }
}

/// All that is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptAll {
    pub tables: Vec<Kept>,
    /// Of tables that are not searched now.
    pub past: Vec<Kept>,
    pub mode: String,
    pub cover: bool,
    pub normalisation: Option<u8>,
    pub weights: Option<[f32; 4]>,
}

impl Search {
    /// What a kept choice means here and now.
    pub(super) fn kept_source(&self, kept: &Kept, catalog: &Catalog) -> Option<Source> {
        let relation = catalog.find(Some(&kept.schema), &kept.name)?;
        if kept.vector.is_empty() {
            if kept.columns.is_empty() {
                return None;
            }
            return Some(chosen(relation.oid, &kept.columns, &self.default_config()));
        }
        let same = |s: &&Source| s.relation == relation.oid && s.vector == kept.vector;
        self.offer.as_ref()?.found.sources.iter().find(same).cloned()
    }

    /// What was chosen for the tables searched until now is known when they are searched again.
    pub(super) fn remember(&mut self, cx: &Cx<'_>) {
        let Some(catalog) = cx.world.catalog().cloned() else { return };
        for kept in self.tables.iter().filter_map(|t| kept_of(t, &catalog)).filter(Kept::is_choice) {
            self.past.retain(|p| !p.is_like(&kept));
            self.past.push(kept);
        }
        let over = self.past.len().saturating_sub(MOST_PAST);
        self.past.drain(..over);
    }

    /// What was chosen when this was searched last.
    pub(super) fn remembered_of(&mut self, source: &Source, cx: &Cx<'_>) -> Kept {
        self.remember(cx);
        let this = cx.world.catalog().and_then(|c| Kept::of(source, c)).unwrap_or_default();
        self.past.iter().find(|p| p.is_like(&this)).cloned().unwrap_or_default()
    }

    /// Keeps the choice for the next start.
    pub(super) fn keep(&self, cx: &mut Cx<'_>) {
        let Some(catalog) = cx.world.catalog().cloned() else { return };
        let tables: Vec<Kept> = self.tables.iter().filter_map(|t| kept_of(t, &catalog)).collect();
        let kept = KeptAll {
            tables,
            past: self.past.clone(),
            mode: self.mode.word().into(),
            cover: self.ranking.cover,
            normalisation: Some(self.ranking.normalisation),
            weights: Some(self.ranking.weights),
        };
        cx.ask(Effect::Keep { key: key(cx.world), value: serde_json::to_string(&kept).ok() });
    }
}

fn kept_of(table: &Table, catalog: &Catalog) -> Option<Kept> {
    let Kept { schema, name, vector, columns, .. } = Kept::of(&table.source, catalog)?;
    Some(Kept { schema, name, vector, columns, ..table.kept.clone() })
}

/// The key under which the choice is kept.
pub(super) fn key(world: &World) -> String {
    format!("search.{}.tables", world.place().unwrap_or_default())
}
