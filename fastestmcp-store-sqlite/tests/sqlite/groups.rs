use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Expect, Op, SessionStateStore};

use crate::file::{CREATE, File, get, open, put, session};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_commit_takes_no_neighbour_of_its_group_with_it() {
    let file = File::new();
    let store = open(file.quick()).await;
    put(&store, "taken", "v").await.unwrap();
    let lock = file.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> = (0..100)
        .map(|index| {
            let store = store.clone();
            tokio::spawn(async move {
                if index % 2 == 0 {
                    return put(&store, &format!("n{index}"), "v").await.map(|()| true);
                }
                let ops = vec![
                    Op::put(format!("extra{index}"), "v"),
                    Op::Put { key: "k".into(), value: "mine".into(), expect: Expect::Absent, ttl: None },
                ];
                let outcome = store.commit(CommitRequest::new(session("taken"), CREATE, ops)).await?.value;
                Ok(matches!(outcome, CommitOutcome::Mismatch { index: 1, current: Some(_) }))
            })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    lock.execute_batch("COMMIT").unwrap();
    for outcome in waiting {
        assert!(outcome.await.unwrap().unwrap());
    }
    assert_eq!(get(&store, "taken").await.as_deref(), Some(&b"v"[..]));
    let extra = store.load(&session("taken"), &["extra1", "extra99"], None).await.unwrap().value;
    assert_eq!(extra.entries, [None, None], "a refused commit wrote nothing");
    for index in (0..100).step_by(2) {
        assert!(get(&store, &format!("n{index}")).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_takers_over_two_handles_exactly_one_gets_the_value() {
    let file = File::new();
    let stores = [open(file.quick()).await, open(file.quick()).await];
    for round in 0..20 {
        let id = round.to_string();
        put(&stores[0], &id, "v").await.unwrap();
        let taking: Vec<_> = (0..16)
            .map(|index| {
                let (store, scope) = (stores[index % 2].clone(), session(&id));
                let take = vec![Op::Take { key: "k".into(), expect: Expect::Any }];
                tokio::spawn(async move { store.commit(CommitRequest::new(scope, CommitRule::Existing, take)).await })
            })
            .collect();
        let mut taken = 0;
        for outcome in taking {
            let outcome = outcome.await.unwrap().unwrap().value;
            let CommitOutcome::Committed(applied) = outcome else { panic!("{outcome:?}") };
            taken += applied.iter().filter(|applied| matches!(applied, Applied::Taken(Some(_)))).count();
        }
        assert_eq!(taken, 1);
    }
}
