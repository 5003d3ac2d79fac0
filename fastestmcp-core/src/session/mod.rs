//! Scoped, versioned key-value state: the [`SessionStateStore`] seam and what is derived from it.

mod commit;
mod ext;
mod record;
mod registry;
mod scope;
mod settings;
mod subscriptions;

pub use commit::{Applied, CommitOutcome, CommitRequest, CommitRule, Expect, Lifetime, Op};
pub use ext::{SessionStateStoreExt, Update, UpdateError};
pub use record::{Entry, Loaded, ScopeInfo, Touch, Version};
pub use registry::{LiveSession, SessionError, SessionLimits, SessionRecord, SessionRegistry};
pub(crate) use registry::{VISIBILITY, decode};
pub use scope::{Scope, ScopeKind};
pub use settings::{LogLevel, SessionSettings};
pub use subscriptions::SubscribeError;

use std::sync::Arc;

use async_trait::async_trait;

use crate::backend::{At, Backend};
use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// Scoped, versioned key-value state with atomic multi-key commits ([contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md) S).
///
/// # To ensure correctness
/// - A **scope** has a deadline that a touch slides and an absolute end; all its keys are absent at once when either has
///   passed (G3). `System` scopes have neither and always exist.
/// - **S1** A load is one snapshot. **S2** A commit is all or nothing. **S3** A write under [`CommitRule::Existing`]
///   that races a deletion never resurrects the scope.
/// - **S4** Present-and-empty, present-`null` and absent are three things. **S5** Deleting a scope costs its caller O(1).
///   **S6** Puts to different keys of one scope never lose each other.
/// - Commits within a scope are serializable, over all nodes (G10). Nothing is promised across scopes.
/// - Versions of a key never repeat, also after it or its scope was deleted and made again (G10).
/// - A scope or entry that cannot be read is `Corrupt` for whoever names it and for nobody else (G16): lists leave it out
///   and tell the operator ([`Site::stepped_over`](crate::backend::Site::stepped_over)), sweeps go on past it, other keys
///   of the scope are served, and its scope can be deleted.
#[async_trait]
pub trait SessionStateStore: Backend {
    /// Reads the scope and some of its keys in one snapshot and one round trip, and slides the scope's deadline.
    ///
    /// `async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>>`
    ///
    /// The answer has one entry per key asked, in that order. A touch (S1) moves the deadline to
    /// `min(now + ttl, ends)` only if that gains more than `slack`, never shortens it, and does nothing on `System`
    /// scopes and absent ones; the answer shows the deadline as it is after it. It need not be durable before the answer.
    ///
    /// # Errors
    /// `TooLarge` (also if the values together exceed [`max_batch_bytes`](crate::limits::Limits::max_batch_bytes): ask
    /// for fewer keys at once), `Unavailable`, `Timeout`, `Corrupt`.
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>>;

    /// Applies all operations or none (S2, S3).
    ///
    /// `async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>>`
    ///
    /// Operations are checked in order; the first whose precondition does not hold is the one reported.
    ///
    /// # Errors
    /// `InvalidInput` (a key named twice, a lifetime of zero), `TooLarge` (also if what it takes exceeds
    /// `max_batch_bytes`), `Unavailable`, `Timeout`, `Contention`,
    /// `StorageFull`.
    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>>;

    /// The keys of a scope that start with `prefix`, ordered by their bytes. An absent scope has none. A page of large
    /// values ends early.
    ///
    /// `async fn list_entries(&self, scope: &Scope, prefix: &str, page: PageRequest) -> StoreResult<At<Page<(String, Entry)>>>`
    ///
    /// # Errors
    /// `InvalidCursor`, `TooLarge`, `Unavailable`, `Timeout`, `Corrupt`.
    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>>;

    /// Deletes a scope with all its keys at a cost that does not depend on their number (S5). True if it existed (a
    /// `System` scope: if it held a key). Idempotent.
    ///
    /// `async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>>`
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`, `Contention`, `StorageFull`.
    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>>;

    /// The live scopes of a kind, in an order that the backend chooses and keeps (S7). A `System` scope is listed while
    /// it holds a key.
    ///
    /// `async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>>`
    ///
    /// # Errors
    /// `InvalidCursor`, `Unavailable`, `Timeout`.
    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>>;

    /// How many live scopes of a kind there are, but not beyond `at_most`; may be 1 s old (S7).
    ///
    /// `async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>>`
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>>;
}

#[async_trait]
impl<S: SessionStateStore + ?Sized> SessionStateStore for Arc<S> {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        (**self).load(scope, keys, touch).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        (**self).commit(request).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        (**self).list_entries(scope, prefix, page).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        (**self).delete_scope(scope).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        (**self).list_scopes(kind, page).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        (**self).count_scopes(kind, at_most).await
    }
}
