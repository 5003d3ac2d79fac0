use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use fastestmcp_store_redis::{RedisConfig, Server};
use fastestmcp_test_servers::{Redis, RedisSettings};

use crate::steps::config;

/// A primary and its replica behind one address, which names the primary at first.
pub(crate) struct Pair {
    pub(crate) primary: Redis,
    pub(crate) replica: Redis,
    address: Arc<AtomicU16>,
}

impl Pair {
    /// `replica` is how the replica differs from the primary.
    pub(crate) async fn start(replica: RedisSettings) -> Self {
        let primary = Redis::settings().line("repl-diskless-sync-delay 0").start().unwrap();
        let port = primary.port().unwrap();
        let replica = replica.line(&format!("replicaof 127.0.0.1 {port}")).start().unwrap();
        let pair = Self { primary, replica, address: Arc::new(AtomicU16::new(port)) };
        pair.in_step().await;
        pair
    }

    /// Waits until the replica has all that the primary has.
    pub(crate) async fn in_step(&self) {
        let offset = |info: &str, name: &str| {
            info.lines().find_map(|line| line.strip_prefix(name)).map(|offset| offset.trim().to_owned())
        };
        loop {
            let sent = self.primary.command(&["INFO", "replication"]).unwrap();
            let heard = self.replica.command(&["INFO", "replication"]).unwrap();
            let is_up = heard.contains("master_link_status:up");
            if is_up && offset(&sent, "master_repl_offset:") == offset(&heard, "slave_repl_offset:") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whatever address is asked for, it is that of the pair.
    pub(crate) fn config(&self) -> RedisConfig {
        let address = self.address.clone();
        config(&self.primary).addresses(move |_| Server::new("127.0.0.1", address.load(Ordering::SeqCst)))
    }

    /// The address names the other server from now on; connections stay where they are.
    pub(crate) fn move_address(&self) {
        self.address.store(self.replica.port().unwrap(), Ordering::SeqCst);
    }

    /// The replica becomes the primary; nobody tells the old one.
    pub(crate) fn promote(&self) {
        self.replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    }

    /// The old primary becomes a replica of the new one. Its clients stay connected.
    pub(crate) fn demote(&self) {
        let port = self.replica.port().unwrap().to_string();
        self.primary.command(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    }
}
