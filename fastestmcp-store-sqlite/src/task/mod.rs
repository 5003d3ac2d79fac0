//! The `TaskBackend` seam.

mod claim;
mod get;
mod head;
mod insert;
mod list;
mod parts;
mod renew;
mod replace;

pub(crate) use self::parts::remove;

use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};

use crate::store::{SqliteStore, refuse};

#[async_trait]
impl TaskBackend for SqliteStore {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.limits().check_insert(&task).map_err(refuse("insert"))?;
        self.transact(insert::Insert(task)).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.limits().check_get(ids).map_err(refuse("get"))?;
        self.query(get::Get { ids: ids.to_vec(), filter: filter.clone(), part, limits: self.limits().clone() }).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.limits().check_replace(&request).map_err(refuse("replace"))?;
        self.transact(replace::Replace(request)).await
    }

    async fn claim(&self, mut request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.limits().check_claim(&request).map_err(refuse("claim"))?;
        request.queues.sort_unstable();
        request.queues.dedup();
        let max_bytes = self.limits().max_batch_bytes;
        self.transact(claim::Claim { request, max_bytes }).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.limits().check_renew(leases, lease).map_err(refuse("renew"))?;
        self.transact(renew::Renew { leases: leases.to_vec(), lease }).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        if let OwnerFilter::Is(owner) = filter {
            self.limits().check_key("owner", owner.as_str()).map_err(refuse("list_tasks"))?;
        }
        self.query(list::ListTasks { filter: filter.clone(), status, page }).await
    }
}
