//! What the server itself cannot read from its disk any more.

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{ClaimRequest, Claimed, NewTask, Part, TaskBackend};
use fastestmcp_store_postgres::PostgresStore;
use fastestmcp_test_servers::Postgres;

use crate::node::store;

/// Longer than what stays in the row, and not to be compressed.
fn large() -> Bytes {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..20_000).map(|_| next()).collect::<Vec<u8>>().into()
}

async fn insert(store: &PostgresStore, id: &str) {
    store.insert(NewTask::new(TaskId::new(id), Owner::new("o"), "q", large(), large())).await.unwrap();
}

async fn claim(store: &PostgresStore) -> Claimed {
    let request = ClaimRequest::new(vec!["q".to_owned()], "w", 32, Duration::from_secs(60));
    store.claim(request).await.unwrap().value
}

/// Makes what is kept outside of a row unreadable, as a lost block would.
fn lose(server: &Postgres, table: &str, id: &str) {
    let toast = "SELECT reltoastrelid::regclass FROM pg_class WHERE oid = ";
    let toast = server.psql(&format!("{toast}'fastestmcp.{table}'::regclass")).unwrap();
    // The first piece of each value, in the order they were written.
    let row = format!(
        "SELECT count(*) FROM fastestmcp.{table} x JOIN fastestmcp.task t ON t.id <= x.id WHERE x.id = \
         (SELECT id FROM fastestmcp.task WHERE name = '{id}')"
    );
    let place = server.psql(&row).unwrap();
    let piece = format!(
        "SELECT ctid FROM (SELECT ctid, row_number() OVER (ORDER BY chunk_id) AS place FROM {toast} WHERE chunk_seq = 0) \
         AS first WHERE place = {place}"
    );
    let piece = server.psql(&piece).unwrap();
    server.psql("CREATE EXTENSION IF NOT EXISTS pg_surgery").unwrap();
    server.psql(&format!("SELECT heap_force_kill('{toast}'::regclass, ARRAY['{piece}']::tid[])")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_cannot_be_read_from_the_disk_stop_no_other() {
    let server = Postgres::start().unwrap();
    let store = store(server.url()).await;
    for id in ["a", "b", "c", "d", "e"] {
        insert(&store, id).await;
    }
    lose(&server, "task_spec", "a");
    lose(&server, "task_state", "c");
    server
        .psql("DELETE FROM fastestmcp.task_state WHERE id = (SELECT id FROM fastestmcp.task WHERE name = 'd')")
        .unwrap();
    let claimed = claim(&store).await;
    let ids: Vec<&str> = claimed.tasks.iter().map(|task| task.head.id.as_str()).collect();
    assert_eq!(ids, ["b", "e"]);
    assert!(claimed.tasks.iter().all(|task| task.head.claims == 1 && task.state == Some(large())));
    let mut damaged = claimed.damaged;
    damaged.sort();
    assert_eq!(damaged, ["a", "c", "d"].map(TaskId::new));
    let again = claim(&store).await;
    assert_eq!((again.tasks, again.damaged), (Vec::new(), Vec::new()), "each is named once");
    for id in ["a", "c", "d"] {
        let error = store.get(&[TaskId::new(id)], &OwnerFilter::Any, Part::All).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{id}: {error}");
    }
    let whole = store.get(&[TaskId::new("b")], &OwnerFilter::Any, Part::All).await.unwrap().value;
    assert!(whole[0].is_some());
}

/// Rows whose other half is gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_insert_of_an_id_that_is_damaged_is_told_and_does_not_wait_for_ever() {
    let server = Postgres::start().unwrap();
    let store = store(server.url()).await;
    for (id, table) in [("a", "task_spec"), ("b", "task_state"), ("c", "task_head")] {
        insert(&store, id).await;
        server
            .psql(&format!(
                "DELETE FROM fastestmcp.{table} WHERE id = (SELECT id FROM fastestmcp.task WHERE name = '{id}')"
            ))
            .unwrap();
        let again = NewTask::new(TaskId::new(id), Owner::new("o"), "q", large(), large());
        let error = store.insert(again).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{table}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_from_the_disk_is_a_gap_for_its_readers_alone() {
    let server = Postgres::start().unwrap();
    let store = store(server.url()).await;
    let keep = Keep::new(10, Duration::from_secs(600));
    let mut froms = Vec::new();
    for topic in ["broken", "whole"] {
        let range = store.append(topic, vec![large(), large()], keep).await.unwrap().value;
        froms.push((topic.to_owned(), ReadFrom::After(Offset(range.start.0 - 1))));
    }
    let toast = "SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'fastestmcp.event'::regclass";
    let toast = server.psql(toast).unwrap();
    let piece =
        server.psql(&format!("SELECT ctid FROM {toast} WHERE chunk_seq = 0 ORDER BY chunk_id LIMIT 1")).unwrap();
    server.psql("CREATE EXTENSION pg_surgery").unwrap();
    server.psql(&format!("SELECT heap_force_kill('{toast}'::regclass, ARRAY['{piece}']::tid[])")).unwrap();
    let mut reads = store.read(&froms, 10).await.unwrap().value;
    let TopicRead::Events { items, .. } = reads.remove(1) else { panic!("a gap in a topic that is whole") };
    assert_eq!(items.len(), 2);
    let TopicRead::Gap { next, .. } = reads.remove(0) else { panic!("no gap where an event is lost") };
    let later = store.append("broken", vec![large()], keep).await.unwrap().value;
    let read = store.read(&[("broken".to_owned(), ReadFrom::After(next))], 10).await.unwrap().value.remove(0);
    let TopicRead::Events { items, .. } = read else { panic!("a second gap") };
    assert_eq!(items.iter().map(|event| event.offset).collect::<Vec<_>>(), [later.start]);
}
