use std::path::Path;

use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

use crate::report::BenchResult;

/// A Postgres server of our own, durable, for both sides of a row.
#[derive(Debug)]
pub(crate) struct Server(Postgres);

impl Server {
    pub(crate) fn start() -> BenchResult<Self> {
        // The settings of a small server of production, not those of an installation.
        let settings = [("max_connections", "200"), ("shared_buffers", "1GB"), ("max_wal_size", "4GB")];
        let server = settings.iter().fold(Postgres::settings(), |server, (name, value)| server.set(name, value));
        Ok(Self(server.start()?))
    }

    /// A store with tables of its own.
    pub(crate) async fn open(&self, schema: &str) -> BenchResult<PostgresStore> {
        Ok(PostgresStore::open_with(PostgresConfig::from_url(self.0.url())?.schema(schema)).await?)
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        &self.0
    }

    /// As peers are told.
    pub(crate) fn url(&self) -> &Path {
        Path::new(self.0.url())
    }
}
