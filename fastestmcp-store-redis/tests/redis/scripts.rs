use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_test_servers::Redis;

use crate::steps::{get, open, put};

#[tokio::test]
async fn a_server_that_has_forgotten_the_scripts_is_told_them_again() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    for round in ["1", "2", "3"] {
        put(&store, "key", round).await.unwrap();
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        put(&store, "other", round).await.unwrap();
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
        store.sweep(SweepBudget::default()).await.unwrap();
        assert_eq!(get(&store, "key").await.unwrap(), Some(round.into()));
        assert_eq!(get(&store, "other").await.unwrap(), Some(round.into()));
    }
}

#[tokio::test]
async fn a_forgotten_script_in_the_middle_of_a_crowd_loses_no_outcome() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..20 {
                put(&store, &format!("{writer}-{round}"), "x").await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..5 {
        server.command(&["SCRIPT", "FLUSH"]).unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 0..64 {
        assert!(get(&store, &format!("{writer}-19")).await.unwrap().is_some(), "{writer}");
    }
}
