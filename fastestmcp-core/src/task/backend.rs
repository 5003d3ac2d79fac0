use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::record::{Part, TaskHead, TaskRecord, Token};
use super::request::{ClaimRequest, Claimed, InsertOutcome, NewTask, Renewed, ReplaceOutcome, ReplaceRequest};
use crate::backend::{At, Backend};
use crate::error::StoreResult;
use crate::ids::TaskId;
use crate::page::{Page, PageRequest};
use crate::principal::OwnerFilter;

/// Versioned task records with leases and fencing
/// ([contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md) T).
///
/// # To ensure correctness
/// - A backend knows no task statuses. What it does know: whether a task is open, when it is due, who holds it under
///   which token, and when it expires.
/// - An expired task is absent for every operation (G3): not read, listed, claimed, renewed, replaced, counted for a
///   quota, nor found by its idempotency key.
/// - Versions and tokens rise with every claim and replace and never repeat (G10). `renew` changes nothing but the end
///   of the lease (T2).
/// - Of the writers of one record exactly one wins each version. Every write under a stale token is refused (T4).
/// - A lease that ends makes its task due by itself, without a reaper: never before its end, at most 2 s after (T5).
/// - A record that cannot be read is `Corrupt` for whoever asks for it by its id and for nobody else (G16): a claim steps
///   over it, takes it off the due index and names it once in [`Claimed::damaged`]; a renewal answers [`Renewed::Lost`]
///   for it; a list leaves it out and tells the operator ([`Site::stepped_over`](crate::backend::Site::stepped_over));
///   a sweep goes on past it. Its neighbours lose neither time nor an attempt.
#[async_trait]
pub trait TaskBackend: Backend {
    /// Stores a task; durable and readable on every node before it returns (T1).
    ///
    /// `async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>>`
    ///
    /// Checked in this order: id, idempotency key, quota. The quota is exact under concurrency.
    ///
    /// # Errors
    /// `InvalidInput`, `TooLarge`, `Unavailable`, `Timeout`, `Contention`, `StorageFull`. After an unknown outcome
    /// repeat the same insert: it finds itself.
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>>;

    /// Reads records by id: one answer per id, in order; unknown, expired and not admitted by the filter are alike `None`.
    ///
    /// `async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>>`
    ///
    /// # Errors
    /// `TooLarge` (also if specs and states together exceed [`max_batch_bytes`](crate::limits::Limits::max_batch_bytes):
    /// ask for fewer tasks or parts at once), `Unavailable`, `Timeout`, `Corrupt`.
    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>>;

    /// Replaces status, state and phase if the guard holds.
    ///
    /// `async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>>`
    ///
    /// Checked in this order: missing, token, version.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidInput`, `Unavailable`, `Timeout`, `Contention`, `StorageFull`.
    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>>;

    /// Leases due tasks to a worker, each to exactly one of all claimers: by priority from 9 down, then by due time,
    /// then by id (T4). Raises version, claims and token of each.
    ///
    /// `async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>>`
    ///
    /// The order is exact for one claimer and for tasks that have been due for 1 s. A claim of large tasks brings fewer.
    ///
    /// # Errors
    /// `InvalidInput`, `TooLarge`, `Unavailable`, `Timeout`, `Contention`, `StorageFull`.
    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>>;

    /// Sets the ends of leases to `now + lease`, earlier or later than before; one answer each, in order (T2). A lease
    /// past its end is extended as long as nobody has reclaimed the task.
    ///
    /// `async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>>`
    ///
    /// # Errors
    /// `InvalidInput`, `TooLarge`, `Unavailable`, `Timeout`, `Contention`, `StorageFull`.
    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>>;

    /// The heads an owner may see, newest first: by creation time descending, then id descending, at a cost in
    /// proportion to the page (T10).
    ///
    /// `async fn list_tasks(&self, filter: &OwnerFilter, status: Option<u8>, page: PageRequest) -> StoreResult<At<Page<TaskHead>>>`
    ///
    /// # Errors
    /// `InvalidCursor`, `Unavailable`, `Timeout`.
    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>>;
}

#[async_trait]
impl<S: TaskBackend + ?Sized> TaskBackend for Arc<S> {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        (**self).insert(task).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        (**self).get(ids, filter, part).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        (**self).replace(request).await
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        (**self).claim(request).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        (**self).renew(leases, lease).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        (**self).list_tasks(filter, status, page).await
    }
}
