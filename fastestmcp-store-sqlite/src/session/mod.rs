//! The `SessionStateStore` seam.

mod commit;
mod count;
mod delete;
mod entry;
mod list_entries;
mod list_scopes;
mod load;
mod scope;

pub(crate) use self::scope::{discard, drop_if_empty};

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};

use crate::store::{SqliteStore, refuse};

#[async_trait]
impl SessionStateStore for SqliteStore {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.limits().check_load(scope, keys).map_err(refuse("load"))?;
        let load = load::Load::new(scope, keys, self.limits());
        let Some(touch) = touch else { return self.query(load).await };
        let found = self.query(load.clone()).await?;
        match found.value.scope.and_then(|info| touch.moves(found.now, &info)) {
            None => Ok(found),
            Some(_) => self.transact(load::TouchingLoad { load, touch }).await,
        }
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.limits().check_commit(&request).map_err(refuse("commit"))?;
        self.transact(commit::Commit { request, limits: self.limits().clone() }).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.limits().check_load(scope, &[prefix]).map_err(refuse("list_entries"))?;
        let max_bytes = self.limits().max_batch_bytes;
        self.query(list_entries::ListEntries { scope: scope.clone(), prefix: prefix.to_owned(), page, max_bytes }).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.limits().check_load(scope, &[]).map_err(refuse("delete_scope"))?;
        self.transact(delete::DeleteScope(scope.clone())).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.query(list_scopes::ListScopes { kind, page }).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.query(count::CountScopes { kind, at_most }).await
    }
}
