//! What is kept of the choices for the next start.

use super::Search;
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

/// All that is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptAll {
    pub tables: Vec<Kept>,
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

    /// Keeps the choice for the next start.
    pub(super) fn keep(&self, cx: &mut Cx<'_>) {
        let Some(catalog) = cx.world.catalog().cloned() else { return };
        let tables: Vec<Kept> = (self.tables.iter())
            .filter_map(|t| {
                let relation = catalog.relation(t.source.relation)?;
                let stands = t.source.keeper != Keeper::Chosen;
                Some(Kept {
                    schema: relation.schema.to_string(),
                    name: relation.name.to_string(),
                    vector: if stands { t.source.vector.clone() } else { String::new() },
                    columns: t.source.chosen.clone(),
                    ..t.kept.clone()
                })
            })
            .collect();
        let kept = KeptAll {
            tables,
            mode: self.mode.word().into(),
            cover: self.ranking.cover,
            normalisation: Some(self.ranking.normalisation),
            weights: Some(self.ranking.weights),
        };
        cx.ask(Effect::Keep { key: key(cx.world), value: serde_json::to_string(&kept).ok() });
    }
}

/// The key under which the choice is kept.
pub(super) fn key(world: &World) -> String {
    format!("search.{}.tables", world.place().unwrap_or_default())
}
