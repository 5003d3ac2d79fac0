use fastestmcp_core::page::{InvalidPosition, Listing, Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::TaskHead;
use rusqlite::params;

use super::head::{Found, anchor_of};
use crate::error::{Failure, stepped_over};
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, number};
use crate::walk::Walk;

#[derive(Debug)]
pub(super) struct ListTasks {
    pub(super) filter: OwnerFilter,
    pub(super) status: Option<u8>,
    pub(super) page: PageRequest,
}

impl ReadOperation for ListTasks {
    type Answer = Page<TaskHead>;
    const NAME: &'static str = "list_tasks";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure> {
        let listing = self.listing(snapshot);
        let (created, name) = match &self.page.after {
            None => (i64::MAX, Vec::new()),
            Some(position) => parse(&listing.anchor(position)?)?,
        };
        let limit = self.page.limit;
        let (namespace, most) = (snapshot.namespace, number(Walk::<TaskHead>::rows(limit) as u64));
        let sql = match (&self.filter, self.status) {
            (OwnerFilter::Any, _) => include_str!("../../sql/task_list.sql"),
            (OwnerFilter::Is(_), None) => include_str!("../../sql/task_list_owner.sql"),
            (OwnerFilter::Is(_), Some(_)) => include_str!("../../sql/task_list_status.sql"),
        };
        let mut statement = snapshot.statement(sql)?;
        let mut rows = match (&self.filter, self.status) {
            (OwnerFilter::Any, _) => statement.query(params![namespace, created, name, most])?,
            (OwnerFilter::Is(owner), None) => {
                statement.query(params![namespace, created, name, most, owner.as_str().as_bytes()])?
            }
            (OwnerFilter::Is(owner), Some(status)) => {
                statement.query(params![namespace, created, name, most, owner.as_str().as_bytes(), status])?
            }
        };
        let mut walk = Walk::new(listing, limit);
        while let Some(row) = rows.next()? {
            if walk.is_full() {
                return walk.cut();
            }
            walk.examined(anchor_of(row));
            match Found::of(row, snapshot) {
                Ok(Found::Live(task)) if self.status.is_none_or(|status| status == task.head.status) => {
                    walk.push(task.head);
                }
                Ok(_) => {}
                Err(failure) if failure.is_damage() => stepped_over(Self::NAME, "task", row.get(0)?),
                Err(failure) => return Err(failure),
            }
        }
        Ok(walk.end())
    }
}

impl ListTasks {
    fn listing(&self, snapshot: &Snapshot<'_>) -> Listing {
        let status = self.status.map_or(Vec::new(), |status| vec![status]);
        let (whose, owner) = match &self.filter {
            OwnerFilter::Any => (0, ""),
            OwnerFilter::Is(owner) => (1, owner.as_str()),
        };
        Listing::new(&[b"tasks", &snapshot.namespace.to_be_bytes(), &[whose], owner.as_bytes(), &status])
    }
}

fn parse(anchor: &[u8]) -> Result<(i64, Vec<u8>), Failure> {
    let (created, name) = anchor.split_first_chunk().ok_or(InvalidPosition)?;
    Ok((i64::from_be_bytes(*created), name.to_vec()))
}
