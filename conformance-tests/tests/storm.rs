//! A storm passes on the model, whatever fails, and finds what a model with a bug breaks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_conformance::model::{Bug, ModelHarness};
use fastestmcp_conformance::storm::{Report, Storm, Terms};
use fastestmcp_conformance::{Fault, Harness};
use fastestmcp_core::time::HostClock;

const TERMS: Terms = Terms { deadline: Duration::from_secs(1), keeps: true };

/// A storm over two nodes, one of which meets faults, and crashes in which everything durable survives.
async fn storm(harness: ModelHarness) -> Report {
    let cluster = harness.cluster(Arc::new(HostClock)).await.unwrap();
    let nodes = vec![cluster.node(0).await.unwrap(), cluster.node(1).await.unwrap()];
    let storm = Storm::start(nodes, TERMS);
    for _ in 0..5 {
        storm.all_succeed(Duration::from_secs(5)).await.unwrap();
        for fault in [Fault::FailBefore, Fault::LoseRequest, Fault::ExecuteThenTimeout] {
            cluster.inject(1, fault).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cluster.crash().await.unwrap();
    }
    cluster.cut(1).await.unwrap();
    assert!(storm.all_succeed(Duration::from_millis(100)).await.unwrap_err().contains("event-"));
    cluster.heal(1).await.unwrap();
    storm.all_succeed(Duration::from_secs(5)).await.unwrap();
    storm.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_keeps_its_promises_passes() {
    let report = storm(ModelHarness::correct()).await;
    assert!(report.violations.is_empty(), "{report:#?}");
    assert!(report.answered > 100 && report.not_applied > 0 && report.unknown > 0, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_do_not_are_found_out() {
    for bug in [Bug::AckBeforeDurable, Bug::UnknownAsNotApplied] {
        let report = storm(ModelHarness::with(bug)).await;
        assert!(!report.violations.is_empty(), "{bug:?}: {report:#?}");
    }
}
