//! The `SessionStateStore` seam.

mod commit;
mod count;
mod delete;
mod list_entries;
mod list_scopes;
mod load;
mod record;
mod sweep;

pub(crate) use self::sweep::sweep;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchLimits, Coalescer, Site};
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::limits::Limits;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};

use self::commit::Commits;
use self::load::{Load, Loads};
use crate::error::Failure;
use crate::parts::{Parts, Place};
use crate::store::{RedisStore, Servers, refuse};

/// What all scripts of this seam begin with.
const PRELUDE: &str = include_str!("../../scripts/session_prelude.lua");

/// The group commits and group loads of one store.
pub(crate) struct Groups {
    commits: Coalescer<Commits>,
    loads: Coalescer<Loads>,
}

impl Groups {
    pub(crate) fn new(servers: &Arc<Servers>, parts: &Arc<Parts>) -> Self {
        let batches = BatchLimits { lanes: parts.count(), runs_per_lane: 2, max_items: 128, max_bytes: 1 << 20 };
        let commits = Commits { servers: servers.clone(), parts: parts.clone() };
        let loads = Loads::new(servers, parts);
        Self { commits: Coalescer::new(commits, batches), loads: Coalescer::new(loads, batches) }
    }
}

/// The error of an answer of so many bytes, which is too much.
fn too_large(site: Site, bytes: u64) -> StoreError {
    let refused = Limits::default().check_answer(usize::try_from(bytes).unwrap_or(usize::MAX));
    match refused {
        Err(refused) => refused.into_error(site.backend, site.operation),
        Ok(()) => Failure::Reply("a session script").of_read(site.operation),
    }
}

fn scope_place(parts: &Parts, scope: &Scope) -> Place {
    parts.place(&[&[scope.kind.code()], scope.id.as_bytes()])
}

#[async_trait]
impl SessionStateStore for RedisStore {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.limits().check_load(scope, keys).map_err(refuse("load"))?;
        let (part, load) = Load::new(self.parts(), scope, keys);
        let found = self.groups().loads.submit(part, load, self.timeout()).await?;
        let moves = touch.filter(|touch| found.value.scope.is_some_and(|info| touch.moves(found.now, &info).is_some()));
        let Some(touch) = moves else { return Ok(found) };
        let (part, load) = Load::new(self.parts(), scope, keys);
        load::touch(self, part, load, touch).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.limits().check_commit(&request).map_err(refuse("commit"))?;
        let part = scope_place(self.parts(), &request.scope).part;
        self.groups().commits.submit(part, request, self.timeout()).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.limits().check_load(scope, &[prefix]).map_err(refuse("list_entries"))?;
        list_entries::run(self, scope, prefix, page).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.limits().check_load(scope, &[]).map_err(refuse("delete_scope"))?;
        delete::run(self, scope).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        list_scopes::run(self, kind, page).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        count::run(self, kind, at_most).await
    }
}
