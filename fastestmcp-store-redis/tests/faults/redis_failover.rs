use std::time::Duration;

use fastestmcp_conformance::storm::{Storm, Terms};
use fastestmcp_core::backend::Backend;
use fastestmcp_test_servers::RedisSentinel;

use crate::node::{TIMEOUT, store, two};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_primary_is_replaced_and_no_version_comes_twice() {
    let set = RedisSentinel::start().unwrap();
    assert!(store(set.url()).await.guarantees().failover_may_lose);
    // The replica may not have had the last writes.
    let storm = Storm::start(two(set.url()).await, Terms { deadline: TIMEOUT, keeps: false });
    storm.all_succeed(Duration::from_secs(5)).await.unwrap();
    for _ in 0..3 {
        let back = tokio::task::block_in_place(|| {
            let old = set.kill_primary()?;
            set.failed_over(old)
        });
        back.unwrap();
        let back = storm.all_succeed(Duration::from_secs(5)).await.unwrap();
        eprintln!("back {back:?} after the failover");
        tokio::task::block_in_place(|| set.start_again()).unwrap();
        storm.all_succeed(Duration::from_secs(5)).await.unwrap();
    }
    let report = storm.end().await;
    eprintln!("{report:?}");
    assert!(report.violations.is_empty(), "{report:#?}");
    assert!(report.answered > 1_000 && report.not_applied + report.unknown > 0, "no load: {report:#?}");
}
