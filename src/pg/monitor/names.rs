//! Names for the OIDs in samples: asked for when an unknown one is seen, and kept.

use super::{Monitor, q};
use crate::{
    core::error::DbError,
    data::live::{Edge, LockObject, Names, Pulse, Sample, Session},
    pg::client::Client,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_postgres::types::{ToSql, Type};

impl Monitor {
    /// Does a pulse speak of something without a name?
    pub(super) fn unknown(&self, pulse: &Pulse) -> bool {
        let names = &self.names;
        let asked = |class: u32, oid: u32| self.nameless.contains(&(class, oid));
        let session = |s: &Arc<Session>| {
            s.database != 0 && !names.databases.contains_key(&s.database) && !asked(1, s.database)
                || s.role != 0 && !names.roles.contains_key(&s.role) && !asked(1, s.role)
        };
        let edge = |e: &Arc<Edge>| {
            let o = &e.object;
            o.database == names.database
                && (o.relation != 0 && !names.relations.contains_key(&o.relation) && !asked(0, o.relation))
                || is_object(o)
                    && !names.objects.contains_key(&(o.class, o.object))
                    && !asked(o.class, o.object)
        };
        pulse.sessions.iter().any(session) || pulse.edges.iter().any(edge)
    }

    /// Finds the names a pulse lacks, and tells all that are known.
    pub(super) async fn name(&mut self, client: &Client, pulse: &Pulse) -> Result<(), DbError> {
        if self.names.relations.len() + self.names.objects.len() + self.nameless.len() > Names::MOST {
            // Whoever shows samples keeps what it was told; what is still spoken of is asked again.
            (self.names.relations, self.names.objects) = Default::default();
            self.nameless.clear();
        }
        let sessions = pulse.sessions.iter();
        let unknown = |s: &&Arc<Session>| {
            s.database != 0 && !self.names.databases.contains_key(&s.database)
                || s.role != 0 && !self.names.roles.contains_key(&s.role)
        };
        if sessions.clone().any(|s| unknown(&s)) {
            self.read_names(client).await?;
            let names = &self.names;
            let gone = pulse.sessions.iter().flat_map(|s| {
                let database = (!names.databases.contains_key(&s.database)).then_some((1, s.database));
                let role = (!names.roles.contains_key(&s.role)).then_some((1, s.role));
                [database, role].into_iter().flatten()
            });
            self.nameless.extend(gone.collect::<Vec<_>>());
        }
        let here = |e: &&Arc<Edge>| e.object.database == self.names.database;
        let relations: BTreeSet<u32> =
            pulse.edges.iter().filter(here).map(|e| e.object.relation).filter(|oid| *oid != 0).collect();
        let relations: Vec<u32> =
            relations.into_iter().filter(|oid| !self.names.relations.contains_key(oid)).collect();
        if !relations.is_empty() {
            let args: &[(&(dyn ToSql + Sync), Type)] = &[(&relations, Type::OID_ARRAY)];
            for row in self.rows(client, q::RELATION_NAMES, args).await? {
                self.names.relations.insert(row.get("oid"), row.get::<_, &str>("name").into());
            }
            self.nameless.extend(relations.into_iter().map(|oid| (0, oid)));
        }
        let objects: BTreeSet<(u32, u32)> = pulse
            .edges
            .iter()
            .filter(|e| is_object(&e.object))
            .map(|e| (e.object.class, e.object.object))
            .filter(|o| !self.names.objects.contains_key(o))
            .collect();
        if !objects.is_empty() {
            let (classes, oids): (Vec<u32>, Vec<u32>) = objects.iter().copied().unzip();
            let args: &[(&(dyn ToSql + Sync), Type)] =
                &[(&classes, Type::OID_ARRAY), (&oids, Type::OID_ARRAY)];
            for row in self.rows(client, q::OBJECT_NAMES, args).await? {
                let key = (row.get("class"), row.get("object"));
                self.names.objects.insert(key, row.get::<_, &str>("name").into());
            }
            self.nameless.extend(objects);
        }
        self.tell(Sample::Names(self.names.clone())).await;
        Ok(())
    }

    /// All databases and roles.
    pub(super) async fn read_names(&mut self, client: &Client) -> Result<(), DbError> {
        for row in self.rows(client, q::NAMES, &[]).await? {
            let (oid, name): (u32, Arc<str>) = (row.get("oid"), row.get::<_, &str>("name").into());
            if row.get::<_, bool>("here") {
                self.names.database = oid;
            }
            let names = match row.get::<_, &str>("kind") {
                "d" => &mut self.names.databases,
                _ => &mut self.names.roles,
            };
            names.insert(oid, name);
        }
        self.tell(Sample::Names(self.names.clone())).await;
        Ok(())
    }
}

/// A lock on something that a catalog names by class and OID, rather than a relation or a key of the user's own.
fn is_object(object: &LockObject) -> bool {
    &*object.kind == "object"
}
