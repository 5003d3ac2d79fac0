use fastestmcp_conformance::storm::{Terms, endure};
use fastestmcp_core::backend::Backend;
use fastestmcp_test_servers::RedisSentinel;

use crate::node::{TIMEOUT, store, two};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_primary_is_replaced_and_no_version_comes_twice() {
    let set = RedisSentinel::start().unwrap();
    assert!(store(set.url()).await.guarantees().failover_may_lose);
    // The replica may not have had the last writes.
    let terms = Terms { deadline: TIMEOUT, keeps: false };
    let fail_over = async |_| {
        tokio::task::block_in_place(|| {
            // Who was killed the last time is the replica now.
            set.start_again()?;
            let old = set.kill_primary()?;
            set.failed_over(old)
        })
        .map(drop)
    };
    let report = endure(two(set.url()).await, terms, 3, fail_over).await;
    eprintln!("{:?}", report.unwrap());
}
