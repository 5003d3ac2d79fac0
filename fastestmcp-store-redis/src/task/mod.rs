//! The `TaskBackend` seam.

mod answer;
mod claim;
mod get;
mod head;
mod insert;
mod list;
mod renew;
mod replace;
mod request;
mod run;
mod sweep;

pub(crate) use self::run::TaskRuns;
pub(crate) use self::sweep::sweep;

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

use crate::store::{RedisStore, refuse};

#[async_trait]
impl TaskBackend for RedisStore {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.limits().check_insert(&task).map_err(refuse("insert"))?;
        self.task_runs().inserts.submit(0, task, self.timeout()).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.limits().check_get(ids).map_err(refuse("get"))?;
        get::get(self, ids, filter, part).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.limits().check_replace(&request).map_err(refuse("replace"))?;
        self.task_runs().replaces.submit(0, request, self.timeout()).await
    }

    async fn claim(&self, mut request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.limits().check_claim(&request).map_err(refuse("claim"))?;
        request.queues.sort_unstable();
        request.queues.dedup();
        claim::claim(self, &request).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.limits().check_renew(leases, lease).map_err(refuse("renew"))?;
        let renewal = renew::Renewal { leases: leases.to_vec(), lease };
        self.task_runs().renewals.submit(0, renewal, self.timeout()).await
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
        list::list(self, filter, status, &page).await
    }
}
