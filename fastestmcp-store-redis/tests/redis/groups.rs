use std::time::Duration;

use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Expect, Lifetime, Op, Scope, SessionStateStore,
};
use fastestmcp_test_servers::Redis;
use futures_util::future::join_all;

use crate::steps::{get, open, put, scope};

fn expecting(key: &str, value: usize, expect: Expect) -> CommitRequest {
    let op = Op::Put { key: key.into(), value: value.to_string().into(), expect, ttl: None };
    CommitRequest::new(scope(), CommitRule::Existing, vec![op])
}

#[tokio::test(flavor = "multi_thread")]
async fn of_256_callers_at_once_each_has_its_own_outcome() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    let CommitOutcome::Committed(_) = put(&store, "hot", "start").await.unwrap() else { panic!() };
    let version = store.load(&scope(), &["hot"], None).await.unwrap().value.entries[0].clone().unwrap().version;
    let before = runs(&server);
    let calls = (0..256).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            match caller % 4 {
                0 => store.commit(expecting("hot", caller, Expect::Version(version))).await,
                1 => store.commit(expecting(&format!("own-{caller}"), caller, Expect::Absent)).await,
                2 => store.commit(expecting(&format!("own-{caller}"), caller, Expect::Present)).await,
                _ => {
                    let life = Lifetime { ttl: Duration::from_secs(60), max_life: None };
                    let gone = Scope::new(fastestmcp_core::session::ScopeKind::Session, caller.to_string());
                    let rule = if caller % 8 == 3 { CommitRule::Existing } else { CommitRule::CreateNew(life) };
                    store.commit(CommitRequest::new(gone, rule, vec![Op::put("key", "x")])).await
                }
            }
        })
    });
    let outcomes: Vec<_> = join_all(calls).await.into_iter().map(|call| call.unwrap().unwrap().value).collect();
    let (mut winners, mut versions) = (Vec::new(), Vec::new());
    for (caller, outcome) in outcomes.iter().enumerate() {
        match (caller % 4, outcome) {
            (0, CommitOutcome::Committed(_)) => winners.push(caller),
            (0, CommitOutcome::Mismatch { index: 0, current: Some(_) })
            | (2, CommitOutcome::Mismatch { index: 0, current: None }) => {}
            (3, CommitOutcome::ScopeGone) => assert_eq!(caller % 8, 3),
            (1 | 3, CommitOutcome::Committed(applied)) => versions.push(format!("{applied:?}")),
            (_, other) => panic!("caller {caller}: {other:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(get(&store, "hot").await.unwrap(), Some(winners[0].to_string().into_bytes()));
    assert_eq!(versions.len(), 64 + 32);
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 64 + 32, "every write has a version of its own");
    let runs = runs(&server) - before;
    assert!(runs < 64, "{runs} script runs for 256 commits");
}

/// How many scripts the server has run.
fn runs(server: &Redis) -> usize {
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_damaged_record_is_corrupt_and_its_neighbours_are_not() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    for key in ["damaged", "whole"] {
        put(&store, key, "x").await.unwrap();
    }
    let fields = server.command(&["HKEYS", "fastestmcp:{default:00}:state"]).unwrap();
    let field = fields.lines().find(|line| line.ends_with("damaged"));
    // Digests are no text: the field is named by a pattern instead.
    assert!(field.is_some());
    let script = "for _, f in ipairs(redis.call('HKEYS', KEYS[1])) do if string.sub(f, -7) == 'damaged' then \
                  redis.call('HSET', KEYS[1], f, 'nonsense') end end";
    server.command(&["EVAL", script, "1", "fastestmcp:{default:00}:state"]).unwrap();
    let calls = (0..64).map(|caller| {
        let store = store.clone();
        let key = if caller % 2 == 0 { "damaged" } else { "whole" };
        tokio::spawn(
            async move { (key, get(&store, key).await, store.commit(expecting(key, 1, Expect::Present)).await) },
        )
    });
    for call in join_all(calls).await {
        let (key, read, written) = call.unwrap();
        if key == "whole" {
            assert!(read.unwrap().is_some());
            assert!(matches!(written.unwrap().value, CommitOutcome::Committed(_)));
        } else {
            let corrupt = fastestmcp_core::error::StoreErrorKind::Corrupt;
            assert_eq!((read.unwrap_err().kind, written.unwrap_err().kind), (corrupt, corrupt));
        }
    }
}
