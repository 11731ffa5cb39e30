//! What the server says: descriptions, the apply, the rows read anew.

use super::{
    Changes, Phase,
    conflict::{Conflict, Kind},
    fault::Fault,
    list::Line,
};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::{DbError, WRONG_ROWS},
        event::{News, Summary},
        ids::{JobId, Lane},
        pane::{Cx, Popup, Tell, Tone},
    },
    data::edits::{Text, What},
    sql::page::key_columns,
    text::units,
};

impl Changes {
    /// News of a job of ours.
    pub(super) fn heard(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if let Some(relation) = self.describing.get(&job).copied() {
            return self.described(job, relation, news);
        }
        match &mut self.phase {
            Phase::Applying(a) if a.job == job => match news {
                News::Started(n) => a.started(n, cx.world.now),
                News::Rows(batch) => a.came(&batch),
                News::Notice(notice) => a.said(&notice),
                News::Done(Summary { last: true, .. }) => self.applied(cx),
                News::Failed(n, error, _) => self.failed(n, &error, cx),
                _ => {}
            },
            Phase::Reading(r) if r.job == job => match news {
                News::Started(n) => r.at = n,
                News::Rows(batch) if !batch.is_empty() => {
                    let row = batch.row(0).map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned()));
                    if let Some(place) = r.rows.get_mut(r.at) {
                        *place = Some(row.collect::<Vec<Text>>());
                    }
                }
                News::Done(Summary { last: true, .. }) => self.compare(),
                News::Failed(_, error, _) => {
                    self.phase = Phase::Idle;
                    if let Some(fault) = &mut self.fault {
                        fault.lines.push(format!("The changed rows could not be read anew: {error}"));
                    }
                }
                _ => {}
            },
            Phase::Asking(asked, columns) if *asked == job => match news {
                News::Rows(batch) => {
                    let name = |r| batch.cell(r, 0).map(|b: &[u8]| String::from_utf8_lossy(b).into_owned());
                    columns.extend((0..batch.len()).filter_map(name));
                }
                News::Done(Summary { last: true, .. }) => {
                    let columns = std::mem::take(columns);
                    self.phase = Phase::Idle;
                    if let Some(fault) = &mut self.fault {
                        fault.set_columns(columns);
                    }
                    self.go_to_fault();
                }
                News::Failed(..) => self.phase = Phase::Idle,
                _ => {}
            },
            _ => {}
        }
    }

    fn described(&mut self, job: JobId, relation: u32, news: News) {
        let found = match news {
            News::Detail(Some(detail)) => Ok(detail),
            News::Detail(None) => Err("this table does not exist any more".into()),
            News::Failed(_, error, _) => Err(format!("its description cannot be read: {error}")),
            _ => return,
        };
        self.describing.remove(&job);
        self.details.insert(relation, found);
        self.replan();
    }

    fn applied(&mut self, cx: &mut Cx<'_>) {
        let Phase::Applying(applying) = std::mem::take(&mut self.phase) else { return };
        let (inverse, notes) = applying.finish(&self.details);
        let mut relations: Vec<u32> = vec![];
        for planned in &applying.plan {
            relations.push(planned.change.table.oid);
            if let Some(detail) = self.detail(planned.change.table.oid) {
                relations.extend(detail.referenced_by.iter().map(|f| f.from_oid));
            }
        }
        relations.sort_unstable();
        relations.dedup();
        let count = units::counted(applying.plan.len() as u64, "change", "changes");
        let undo = if inverse.is_empty() {
            "nothing of it can be taken back".into()
        } else {
            "U in Browse stages what takes them back".to_owned()
        };
        cx.tell(Tell::Applied { relations, inverse });
        cx.tell(Tell::Toast(Tone::Ok, format!("{count} applied ({undo})")));
        if !notes.is_empty() {
            cx.popup(Popup::Page { title: format!("{count} applied"), text: notes.join("\n") });
        }
        cx.tell(Tell::Close);
    }

    fn failed(&mut self, statement: usize, error: &DbError, cx: &mut Cx<'_>) {
        let Phase::Applying(applying) = std::mem::take(&mut self.phase) else { return };
        let at = applying.change(statement);
        let fault = Fault::new(error, at, &applying.plan, &self.details);
        let unknown = fault.unknown(error);
        self.fault = Some(fault);
        self.go_to_fault();
        if error.code == WRONG_ROWS {
            return self.read_again(&applying.plan, at, cx);
        }
        if let Some((relation, name)) = unknown.filter(|_| !error.fatal) {
            let statements = vec![Statement::read(
                include_str!("../../../queries/edit/constraint.sql"),
                vec![Some(relation.to_string()), Some(name)],
                vec![26, 25],
            )];
            let lane = Lane::Read(self.conn);
            let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: 1 << 20 });
            self.phase = Phase::Asking(job, vec![]);
        }
    }

    /// The cursor goes to the change that failed, and to its column.
    pub(super) fn go_to_fault(&mut self) {
        let Some(fault) = &self.fault else { return };
        let wrong = fault.change.as_ref();
        let Some(n) = self.plan.iter().position(|p| Some(&p.change) == wrong) else { return };
        let column = match &self.plan[n].change.what {
            What::Update { fields, .. } if fields.len() > 1 => {
                fields.iter().position(|f| fault.columns.contains(&f.column))
            }
            _ => None,
        };
        let line = column.map_or(Line::Change(n), |f| Line::Field(n, f));
        self.at = self.lines.iter().position(|l| *l == line).unwrap_or(self.at);
        self.sql_of = None;
    }

    /// The changed rows came: what differs from what was seen?
    fn compare(&mut self) {
        let Phase::Reading(reading) = std::mem::take(&mut self.phase) else { return };
        let mut conflicts = vec![];
        for (change, row) in reading.list.iter().zip(&reading.rows) {
            if let What::Bulk { count, .. } = &change.what {
                let now = row.as_ref().and_then(|r| r.first()?.as_ref()?.parse().ok());
                if let Some(now) = now.filter(|n| n != count) {
                    conflicts.push(Conflict::new(change, Kind::Count(now)));
                }
                continue;
            }
            let Some(detail) = self.detail(change.table.oid) else { continue };
            let name = |at: &usize| detail.columns[*at].name.clone();
            let keys: Vec<String> = key_columns(&detail).iter().map(name).collect();
            let row = row.as_ref().map(|cells| {
                detail.columns.iter().map(|c| c.name.clone()).zip(cells.iter().cloned()).collect()
            });
            conflicts.extend(Conflict::of_row(change, &keys, row));
        }
        if let Some(failed) = reading.failed
            && !conflicts.iter().any(|c| c.change == *failed)
        {
            conflicts.push(Conflict::new(&failed, Kind::Refused));
        }
        self.conflicts = conflicts;
        self.show_conflicts();
    }
}
