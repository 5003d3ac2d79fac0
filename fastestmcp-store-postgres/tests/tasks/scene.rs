use fastestmcp_core::backend::Backend;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::task::{
    ClaimRequest, Guard, NewTask, ReplaceOutcome, ReplaceRequest, TaskBackend, TaskHead, TaskRecord, Then,
};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A store with tables of its own on the server that all tests share, and a way past it.
pub(crate) struct Scene {
    pub(crate) store: PostgresStore,
    pub(crate) server: &'static Postgres,
    pub(crate) schema: &'static str,
}

impl Scene {
    pub(crate) async fn new(schema: &'static str) -> Self {
        Self::with(schema, |config| config).await
    }

    pub(crate) async fn with(schema: &'static str, shape: impl FnOnce(PostgresConfig) -> PostgresConfig) -> Self {
        let server = Postgres::shared().unwrap();
        let config = shape(PostgresConfig::from_url(server.url()).unwrap().schema(schema));
        server.psql(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).unwrap();
        Self { store: PostgresStore::open_with(config).await.unwrap(), server, schema }
    }

    /// Runs SQL that says `SCHEMA` where it means ours.
    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server.psql(&sql.replace("SCHEMA", self.schema)).unwrap()
    }

    pub(crate) fn number(&self, sql: &str) -> u64 {
        self.psql(sql).parse().unwrap()
    }

    /// Closes the store's connections, so that the server's statistics hold all that they did.
    pub(crate) async fn settle(&self) {
        self.store.close().await.unwrap();
        let ours = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%SCHEMA.task%' AND pid <> pg_backend_pid()";
        while self.number(ours) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Before Postgres 15 a process of its own collects what they report, and shows it half a second later.
        if self.number("SHOW server_version_num") < 150_000 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Inserts so many tasks, a hundred at once.
    pub(crate) async fn fill(&self, queue: &str, count: usize, shape: impl Fn(&mut NewTask)) {
        for chunk in 0..count.div_ceil(100) {
            let inserts = (chunk * 100..count.min(chunk * 100 + 100)).map(|i| {
                let mut task = task(&format!("{queue}-{i}"), queue);
                shape(&mut task);
                self.store.insert(task)
            });
            futures_util::future::try_join_all(inserts).await.unwrap();
        }
    }

    pub(crate) async fn claim(&self, queue: &str, limit: usize) -> Vec<TaskRecord> {
        let request = ClaimRequest::new(vec![queue.to_owned()], "worker", limit, LEASE);
        self.store.claim(request).await.unwrap().value.tasks
    }

    pub(crate) async fn replace(&self, head: &TaskHead, then: Then) -> ReplaceOutcome {
        let guard = Guard { version: head.version, token: head.lease.as_ref().map(|lease| lease.token) };
        let request = ReplaceRequest::new(head.id.clone(), guard, head.status, Bytes::from_static(b"next"), then);
        self.store.replace(request).await.unwrap().value
    }
}

pub(crate) fn task(id: &str, queue: &str) -> NewTask {
    let (spec, state) = (Bytes::from_static(b"spec"), Bytes::from_static(b"state"));
    NewTask::new(TaskId::new(id), Owner::new("owner"), queue, spec, state)
}
