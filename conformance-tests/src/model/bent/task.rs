use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::limits::MAX_DURATION;
use fastestmcp_core::page::{Page, PageLimit, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};

use super::Bent;
use crate::model::Bug;

impl Bent {
    fn status(&self, status: u8) -> u8 {
        if self.switch.bends(Bug::StatusIn7Bits, status > 127) { status & 127 } else { status }
    }

    async fn closed(&self, task: &NewTask) -> StoreResult<u32> {
        let filter = OwnerFilter::Is(task.owner.clone());
        let listed = self.inner.list_tasks(&filter, None, PageRequest::first(PageLimit::MAX)).await?.value.items;
        Ok(u32::try_from(listed.iter().filter(|head| !head.open).count()).unwrap_or(u32::MAX))
    }

    /// Leases for ever first, and for as long as was asked afterwards.
    async fn in_two_steps(&self, mut request: ClaimRequest) -> StoreResult<At<Claimed>> {
        let lease = std::mem::replace(&mut request.lease, MAX_DURATION);
        let mut claimed = self.inner.claim(request).await?;
        tokio::task::yield_now().await;
        for record in &mut claimed.value.tasks {
            self.switch.fire();
            if let Some(held) = &record.head.lease {
                self.inner.renew(&[(record.head.id.clone(), held.token)], lease).await?;
                record.head.due = Some(claimed.now.after(lease));
            }
        }
        Ok(claimed)
    }
}

#[async_trait]
impl TaskBackend for Bent {
    async fn insert(&self, mut task: NewTask) -> StoreResult<At<InsertOutcome>> {
        task.id = TaskId::new(self.name(task.id.as_str()));
        (task.spec, task.state) = (self.value(task.spec), self.value(task.state));
        task.status = self.status(task.status);
        if self.switch.bends(Bug::KeyIgnored, task.idempotency.is_some()) {
            task.idempotency = None;
        }
        if self.switch.bends(Bug::QuotaOfZeroIsNone, task.quota == Some(0)) {
            task.quota = None;
        }
        if self.switch.has(Bug::QuotaCountsClosed) && task.quota.is_some() {
            let closed = self.closed(&task).await?;
            self.switch.bends(Bug::QuotaCountsClosed, closed > 0);
            task.quota = task.quota.map(|quota| quota.saturating_sub(closed));
        }
        Ok(self.timed(self.inner.insert(task).await?))
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        let ids: Vec<TaskId> = ids.iter().map(|id| TaskId::new(self.name(id.as_str()))).collect();
        let part = if self.switch.is(Bug::PartIgnored) { Part::All } else { part };
        let filter = if self.switch.is(Bug::OwnerUnchecked) { &OwnerFilter::Any } else { filter };
        Ok(self.timed(self.inner.get(&ids, filter, part).await?))
    }

    async fn replace(&self, mut request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        request.status = self.status(request.status);
        request.state = self.value(request.state);
        Ok(self.timed(self.inner.replace(request).await?))
    }

    async fn claim(&self, mut request: ClaimRequest) -> StoreResult<At<Claimed>> {
        if self.switch.is(Bug::ClaimIgnoresLimit) {
            request.limit += 1;
        }
        let mut first = request.clone();
        (first.limit, first.queues) = (0, request.queues.first().cloned().into_iter().collect());
        let several = request.queues.len() > 1;
        let mut claimed = match self.switch.has(Bug::DroppedClaimStrands) {
            true => self.in_two_steps(request).await?,
            false => self.inner.claim(request).await?,
        };
        if self.switch.bends(Bug::DueOfFirstQueue, several) {
            claimed.value.next_due = self.inner.claim(first).await?.value.next_due;
        }
        if self.switch.has(Bug::ClaimsTwice) {
            let mut last = self.between.claimed.lock();
            if claimed.value.tasks.is_empty() {
                claimed.value.tasks = std::mem::take(&mut *last);
                self.switch.bends(Bug::ClaimsTwice, !claimed.value.tasks.is_empty());
            } else {
                last.clone_from(&claimed.value.tasks);
            }
        }
        Ok(self.timed(claimed))
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        Ok(self.timed(self.inner.renew(leases, lease).await?))
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        let status = if self.switch.bends(Bug::StatusFilterIgnored, status.is_some()) { None } else { status };
        Ok(self.timed(self.inner.list_tasks(filter, status, page).await?))
    }
}
