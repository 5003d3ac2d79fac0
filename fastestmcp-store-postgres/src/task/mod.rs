//! The `TaskBackend` seam.

mod answer;
mod claim;
mod get;
mod insert;
mod list;
mod marks;
mod renew;
mod replace;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchLimits, Coalescer};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};

use self::insert::Inserts;
use self::marks::Marks;
use self::replace::Replaces;
use crate::database::{Database, refuse};
use crate::store::PostgresStore;

/// Two runs at once: one is carried out while another waits for its commit.
const BATCHES: BatchLimits = BatchLimits { lanes: 1, runs_per_lane: 2, max_items: 128, max_bytes: 1 << 20 };

/// What a store keeps for its tasks.
#[derive(Debug)]
pub(crate) struct Tasks {
    inserts: Coalescer<Inserts>,
    replaces: Coalescer<Replaces>,
    marks: Arc<Marks>,
}

impl Tasks {
    pub(crate) fn new(database: &Arc<Database>) -> Self {
        Self {
            inserts: Coalescer::new(Inserts(database.clone()), BATCHES),
            replaces: Coalescer::new(Replaces(database.clone()), BATCHES),
            marks: Arc::default(),
        }
    }
}

#[async_trait]
impl TaskBackend for PostgresStore {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        let database = self.database();
        database.limits.check_insert(&task).map_err(refuse("insert"))?;
        self.tasks().inserts.submit(0, task, database.timeout).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.database().limits.check_get(ids).map_err(refuse("get"))?;
        get::get(self.database(), ids, filter, part).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        let database = self.database();
        database.limits.check_replace(&request).map_err(refuse("replace"))?;
        self.tasks().replaces.submit(0, request, database.timeout).await
    }

    async fn claim(&self, mut request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.database().limits.check_claim(&request).map_err(refuse("claim"))?;
        request.queues.sort_unstable();
        request.queues.dedup();
        claim::claim(self.database(), &self.tasks().marks, request).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.database().limits.check_renew(leases, lease).map_err(refuse("renew"))?;
        renew::renew(self.database(), leases, lease).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        if let OwnerFilter::Is(owner) = filter {
            self.database().limits.check_key("owner", owner.as_str()).map_err(refuse("list_tasks"))?;
        }
        list::list(self.database(), filter, status, page).await
    }
}
