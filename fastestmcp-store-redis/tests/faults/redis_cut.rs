use std::sync::Arc;
use std::time::Duration;

use fastestmcp_conformance::chaos::{ChaosProxy, Cut, takeover};
use fastestmcp_test_servers::Redis;

use crate::node::{at, store};

const CUT: Duration = Duration::from_secs(10);

async fn a_cut(cut: Cut) {
    let redis = Redis::start().unwrap();
    let proxy = ChaosProxy::start(format!("127.0.0.1:{}", redis.port().unwrap())).unwrap();
    let (behind, beside) = (store(&at(proxy.address())).await, store(redis.url()).await);
    takeover(Arc::new(behind), Arc::new(beside), &proxy, cut, CUT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_seconds_without_a_network_stale_writes_are_refused() {
    a_cut(Cut::BlackHole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_seconds_of_resets_stale_writes_are_refused() {
    a_cut(Cut::Reset).await;
}
