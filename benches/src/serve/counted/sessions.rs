use fastestmcp::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};

use super::Counted;

#[async_trait]
impl SessionStateStore for Counted<dyn SessionStateStore> {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.calls.count("load");
        self.seam.load(scope, keys, touch).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.calls.count("commit");
        self.seam.commit(request).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.calls.count("list_entries");
        self.seam.list_entries(scope, prefix, page).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.calls.count("delete_scope");
        self.seam.delete_scope(scope).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.calls.count("list_scopes");
        self.seam.list_scopes(kind, page).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.calls.count("count_scopes");
        self.seam.count_scopes(kind, at_most).await
    }
}
