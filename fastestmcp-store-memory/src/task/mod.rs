//! The task seam: records with their indexes under one lock per namespace.

mod claim;
mod owned;
mod queue;
mod record;
mod tasks;

pub(crate) use tasks::Tasks;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};

use crate::MemoryStore;
use crate::error::{invalid_cursor, refused};
use crate::position;

#[async_trait]
impl TaskBackend for MemoryStore {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.data.limits.check_insert(&task).map_err(refused("insert"))?;
        let mut tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        Ok(At::new(now, tasks.insert(task, now, &self.data.sequence)))
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.data.limits.check_get(ids).map_err(refused("get"))?;
        let tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        let mut bytes = 0;
        let record = |id: &TaskId| {
            let task = tasks.live(id.as_str(), now).filter(|task| filter.admits(&task.head.owner))?;
            let record = task.record(part);
            bytes += record.spec.as_ref().map_or(0, Bytes::len) + record.state.as_ref().map_or(0, Bytes::len);
            Some(record)
        };
        let records = ids.iter().map(record).collect();
        self.data.limits.check_answer(bytes).map_err(refused("get"))?;
        Ok(At::new(now, records))
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.data.limits.check_replace(&request).map_err(refused("replace"))?;
        let mut tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        Ok(At::new(now, tasks.replace(request, now, &self.data.sequence)))
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.data.limits.check_claim(&request).map_err(refused("claim"))?;
        let mut tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        Ok(At::new(now, tasks.claim(&request, self.data.limits.max_batch_bytes, now, &self.data.sequence)))
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.data.limits.check_renew(leases, lease).map_err(refused("renew"))?;
        let mut tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        let until = now.after(lease);
        Ok(At::new(now, leases.iter().map(|(id, token)| tasks.renew(id, *token, until, now)).collect()))
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        let listing = position::tasks(filter, status);
        let after = page.after.as_ref().map(|after| position::task_anchor(&listing, after));
        let after = after.transpose().map_err(invalid_cursor("list_tasks"))?;
        let tasks = self.space.tasks.lock();
        let now = self.data.clock.now();
        let newest = match filter {
            OwnerFilter::Any => Some(&tasks.newest),
            OwnerFilter::Is(owner) => tasks.owners.get(owner).map(|owned| &owned.newest),
        };
        let Some(newest) = newest else {
            return Ok(At::new(now, Page::last(Vec::new())));
        };
        let mut ids = newest.older(after.as_ref().map(|(created, id)| (*created, id.as_str()))).peekable();
        let mut items = Vec::new();
        let mut last = None;
        for task in ids.by_ref().take(page.limit.examined()).filter_map(|id| tasks.stored(id)) {
            last = Some(&task.head);
            if task.live(now) && status.is_none_or(|status| task.head.status == status) {
                items.push(task.head.clone());
                if items.len() == page.limit.get() {
                    break;
                }
            }
        }
        let next = ids.peek().and(last).map(|head| position::after_task(&listing, head.created, head.id.as_str()));
        Ok(At::new(now, Page { items, next }))
    }
}
