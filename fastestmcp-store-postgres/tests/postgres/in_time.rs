//! A write that reads the clock in time and is committed late: nobody may find expired meanwhile what it keeps alive.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{Op, ScopeKind, SessionStateStore, SessionStateStoreExt, Touch};
use fastestmcp_core::time::{Clock, ManualClock};
use fastestmcp_store_postgres::PostgresStore;

use crate::place::{LIVING, Place, put, scope};

/// The session `s` with the value `v` under `key`, about to expire; and a store that has not seen it yet.
struct Scene {
    place: Place,
    clock: Arc<ManualClock>,
    store: PostgresStore,
}

impl Scene {
    async fn new() -> Self {
        let (place, clock) = (Place::new(), Arc::new(ManualClock::default()));
        let store = PostgresStore::open_with(place.config().clock(clock.clone())).await.unwrap();
        store.commit(put("s", "v")).await.unwrap();
        clock.advance(LIVING.ttl - Duration::from_secs(1));
        assert_eq!(store.ping().await.unwrap(), clock.now());
        Self { place, clock, store }
    }

    /// Runs `operation` after the deadline of all there is, while `write`, a call of one of our functions before that
    /// deadline, is not committed.
    async fn while_uncommitted<T>(&self, write: &str, operation: impl Future<Output = T>) -> T {
        let schema = format!("\"{}\"", self.place.schema);
        let space = format!("(SELECT id FROM {schema}.namespace)");
        let at = self.place.psql("SELECT last_value FROM {schema}.clock_1");
        let write = write.replace("{at}", &at).replace("{space}", "1").replace("{schema}", &schema);
        let hold = format!("BEGIN; SELECT {schema}.clock_inject({space}); {write}; SELECT pg_sleep(1); COMMIT");
        let server = self.place.server;
        let sleeping = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%{}%'",
            self.place.schema
        );
        let holder = std::thread::spawn(move || server.psql(&hold).unwrap());
        while server.psql(&sleeping).unwrap() != "1" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.clock.advance(Duration::from_secs(2));
        let outcome = operation.await;
        holder.join().unwrap();
        outcome
    }
}

const TOUCH: &str =
    "SELECT count(*) FROM {schema}.session_touch({at}, {space}, 0::smallint, 's', ARRAY[NULL]::bytea[], 3600000, 0, 0)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_finds_what_a_touch_keeps_alive() {
    let scene = Scene::new().await;
    let entry = scene.while_uncommitted(TOUCH, scene.store.get(&scope("s"), "key")).await.unwrap();
    assert_eq!(entry.map(|entry| entry.value).as_deref(), Some(&b"v"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_touch_finds_what_another_touch_keeps_alive() {
    let scene = Scene::new().await;
    let touched = scope("s");
    let touched = scene.store.load(&touched, &["key"], Some(Touch::new(LIVING.ttl * 2)));
    let loaded = scene.while_uncommitted(TOUCH, touched).await.unwrap();
    let ends = loaded.value.scope.and_then(|info| info.expires);
    assert_eq!(ends, Some(loaded.now.after(LIVING.ttl * 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_holds_what_a_touch_keeps_alive() {
    let scene = Scene::new().await;
    let page = || PageRequest::first(PageLimit::default());
    let (listed, store) = (scope("s"), &scene.store);
    let both =
        async { tokio::join!(store.list_entries(&listed, "", page()), store.list_scopes(ScopeKind::Session, page())) };
    let (entries, scopes) = scene.while_uncommitted(TOUCH, both).await;
    assert_eq!(entries.unwrap().value.items.len(), 1);
    assert_eq!(scopes.unwrap().value.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_finds_what_a_put_keeps_alive() {
    let scene = Scene::new().await;
    let mut mortal = put("s", "mortal");
    let Op::Put { ttl, .. } = &mut mortal.ops[0] else { panic!() };
    *ttl = Some(Duration::from_secs(1));
    scene.store.commit(mortal).await.unwrap();
    scene.store.load(&scope("s"), &[], Some(Touch::new(LIVING.ttl))).await.unwrap();
    // Only a key that lives is Present.
    let write = "SELECT version FROM {schema}.session_put({at}, {space}, 0::smallint, 's', 'key', 2::smallint, NULL, NULL, 'kept')";
    let (listed, page) = (scope("s"), PageRequest::first(PageLimit::default()));
    let both = async { tokio::join!(scene.store.get(&listed, "key"), scene.store.list_entries(&listed, "", page)) };
    let (entry, entries) = scene.while_uncommitted(write, both).await;
    assert_eq!(entry.unwrap().map(|entry| entry.value).as_deref(), Some(&b"kept"[..]));
    assert_eq!(entries.unwrap().value.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_keeps_alive_is_absent() {
    let scene = Scene::new().await;
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.store.get(&scope("s"), "key").await.unwrap(), None);
    let page = || PageRequest::first(PageLimit::default());
    assert!(scene.store.list_entries(&scope("s"), "", page()).await.unwrap().value.items.is_empty());
    assert!(scene.store.list_scopes(ScopeKind::Session, page()).await.unwrap().value.items.is_empty());
}
