//! Request-local values never reach a store (contract C2), proven by counting its calls.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use fastestmcp::{Context, NoArgs, Principal, Runtime, Stores, Tool};
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};
use fastestmcp_core::time::StoreTime;
use fastestmcp_store_memory::MemoryStore;
use serde_json::json;

/// Counts the calls of what it wraps.
struct Counting(MemoryStore, Arc<AtomicU32>);

impl Counting {
    fn counted(&self) -> &MemoryStore {
        self.1.fetch_add(1, Ordering::SeqCst);
        &self.0
    }
}

#[async_trait]
impl Backend for Counting {
    fn guarantees(&self) -> Guarantees {
        self.0.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.0.ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.0.sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.0.close().await
    }
}

#[async_trait]
impl SessionStateStore for Counting {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.counted().load(scope, keys, touch).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.counted().commit(request).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.counted().list_entries(scope, prefix, page).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.counted().delete_scope(scope).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.counted().list_scopes(kind, page).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.counted().count_scopes(kind, at_most).await
    }
}

#[tokio::test]
async fn setting_and_reading_a_request_local_value_calls_no_store() {
    let (memory, calls) = (MemoryStore::new(), Arc::new(AtomicU32::new(0)));
    let sessions = Arc::new(Counting(memory.clone(), calls.clone()));
    let stores = Stores::new(sessions, Arc::new(memory.clone()), Arc::new(memory));
    let tool = Tool::with_state("locals", calls, async |calls: Arc<AtomicU32>, cx: Context, _: NoArgs| {
        let before = calls.load(Ordering::SeqCst);
        cx.set_request_local("k", "local".to_owned());
        assert_eq!(cx.get_state::<String>("k").await?.as_deref(), Some("local"));
        assert!(cx.get_state::<u32>("k").await.is_err());
        assert_eq!(calls.load(Ordering::SeqCst), before, "a request-local value reached the store");
        cx.set_state("k", "stored").await?;
        assert!(calls.load(Ordering::SeqCst) > before, "a stored value did not");
        Ok("done")
    });
    let runtime = Runtime::builder(stores).tool(tool).build().await.unwrap();
    let output = runtime.local(Principal::Local("me".into())).call("locals", json!({})).await.unwrap();
    assert_eq!(output.content[0].as_text(), Some("done"));
}
