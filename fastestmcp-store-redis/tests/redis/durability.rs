use fastestmcp_core::backend::{Backend, Durability, Reach};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::steps::{config, open};

#[tokio::test]
async fn what_is_declared_is_what_the_settings_hold() {
    for (lines, declared) in [
        (&["appendonly yes", "appendfsync always"][..], Durability::PowerLoss),
        (&["appendonly yes", "appendfsync always", "no-appendfsync-on-rewrite yes"], Durability::ProcessCrash),
        (&["appendonly yes", "appendfsync no"], Durability::ProcessCrash),
        (&["appendonly yes", "appendfsync everysec"], Durability::Volatile),
        (&["appendonly no"], Durability::Volatile),
    ] {
        let server = lines.iter().fold(Redis::settings(), |settings, line| settings.line(line)).start().unwrap();
        let guarantees = open(&server).await.guarantees();
        assert_eq!((guarantees.durability, guarantees.reach), (declared, Reach::Cluster), "{lines:?}");
        let asserted = config(&server).durability(Durability::ProcessCrash);
        let guarantees = RedisStore::open_with(asserted).await.unwrap().guarantees();
        assert_eq!(guarantees.durability, Durability::ProcessCrash);
    }
}
