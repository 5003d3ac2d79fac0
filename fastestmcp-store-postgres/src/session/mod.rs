//! The `SessionStateStore` seam.

mod commit;
mod count;
mod delete;
mod entry;
mod list_entries;
mod list_scopes;
mod load;
mod put;
mod scope;
mod touch;

pub(crate) use self::commit::Commits;
pub(crate) use self::load::Loads;

use std::time::Instant;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};

use self::load::Glance;
use crate::database::refuse;
use crate::store::PostgresStore;

#[async_trait]
impl SessionStateStore for PostgresStore {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.database().limits.check_load(scope, keys).map_err(refuse("load"))?;
        let load = load::Load::new(scope, keys);
        let begun = Instant::now();
        if let Glance::Loaded(found) = self.loads().submit(load.clone()).await? {
            let moves = |info| touch.is_some_and(|touch| touch.moves(found.now, &info).is_some());
            if !found.value.scope.is_some_and(moves) {
                return Ok(found);
            }
        }
        let left = self.database().timeout.saturating_sub(begun.elapsed());
        touch::run(self.database(), load, touch, left).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.database().limits.check_commit(&request).map_err(refuse("commit"))?;
        self.commits().submit(request).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.database().limits.check_load(scope, &[prefix]).map_err(refuse("list_entries"))?;
        list_entries::run(self.database(), scope, prefix, page).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.database().limits.check_load(scope, &[]).map_err(refuse("delete_scope"))?;
        delete::run(self.database(), scope).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        list_scopes::run(self.database(), kind, page).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        count::run(self.database(), kind, at_most).await
    }
}
