use std::time::Duration;

use fastestmcp::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};

use super::Counted;

#[async_trait]
impl TaskBackend for Counted<dyn TaskBackend> {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.calls.count("tasks.insert");
        self.seam.insert(task).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.calls.count("tasks.get");
        self.seam.get(ids, filter, part).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.calls.count("tasks.replace");
        self.seam.replace(request).await
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.calls.count("tasks.claim");
        self.seam.claim(request).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.calls.count("tasks.renew");
        self.seam.renew(leases, lease).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        self.calls.count("tasks.list");
        self.seam.list_tasks(filter, status, page).await
    }
}
