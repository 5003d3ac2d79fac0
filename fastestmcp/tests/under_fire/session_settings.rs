//! What the client of a session sets is kept with it, the same on every node (contract C5, C8).

use fastestmcp_core::component::{NoArgs, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::event::{Offset, ReadFrom, TopicRead};
use fastestmcp_core::ids;
use fastestmcp_core::operation::CallTool;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::session::{LogLevel, Scope, SubscribeError};

use crate::scene::{ask, me, node, on_every_store, session};

#[tokio::test]
async fn a_level_and_subscriptions_end_with_their_session_and_are_of_no_other() {
    on_every_store(async |stores| {
        let (a, b) = (node(stores.clone(), vec![]).await, node(stores.clone(), vec![]).await);
        let (id, _) = session(&a, me()).await;
        let (other, _) = session(&a, me()).await;
        let digest = Scope::session(&me(), &id).id;
        assert!(a.sessions().set(&digest, |settings| settings.level = Some(LogLevel::Error)).await.unwrap());
        for uri in ["a://1", "a://2", "a://1"] {
            a.sessions().subscribe(&digest, uri).await.unwrap();
        }
        a.sessions().unsubscribe(&digest, "a://3").await.unwrap();
        let found = b.sessions().open(&me(), &id).await.unwrap().unwrap();
        assert_eq!((found.digest.as_str(), found.settings.level), (digest.as_str(), Some(LogLevel::Error)));
        let mut subscribed = b.sessions().subscriptions(&digest).await.unwrap();
        subscribed.sort();
        assert_eq!(subscribed, ["a://1", "a://2"]);
        let theirs = Scope::session(&me(), &other).id;
        assert_eq!(b.sessions().open(&me(), &other).await.unwrap().unwrap().settings.level, None);
        assert!(b.sessions().subscriptions(&theirs).await.unwrap().is_empty());
        b.end_session(&me(), &id).await.unwrap();
        assert!(!a.sessions().set(&digest, |settings| settings.level = None).await.unwrap());
        let refused = a.sessions().subscribe(&digest, "a://1").await;
        assert!(matches!(refused, Err(SubscribeError::SessionGone)), "{refused:?}");
        assert!(a.sessions().subscriptions(&digest).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_session_has_no_more_subscriptions_and_no_longer_ones_than_are_kept() {
    on_every_store(async |stores| {
        let node = node(stores, vec![]).await;
        let (id, _) = session(&node, Principal::Anonymous).await;
        let digest = Scope::session(&Principal::Anonymous, &id).id;
        let long = node.sessions().subscribe(&digest, &format!("a://{}", "x".repeat(1 << 20))).await;
        assert!(matches!(long, Err(SubscribeError::TooLong)), "{long:?}");
        for at in 0..256 {
            node.sessions().subscribe(&digest, &format!("a://{at}")).await.unwrap();
        }
        let more = node.sessions().subscribe(&digest, "a://more").await;
        assert!(matches!(more, Err(SubscribeError::TooMany)), "{more:?}");
        node.sessions().subscribe(&digest, "a://7").await.unwrap();
        node.sessions().unsubscribe(&digest, "a://7").await.unwrap();
        node.sessions().subscribe(&digest, "a://more").await.unwrap();
        assert_eq!(node.sessions().subscriptions(&digest).await.unwrap().len(), 256);
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_announced_all_the_time_is_told_now_and_then() {
    const URI: &str = "shop://stock";
    let tool = Tool::new("sell", async |cx: Context, _: NoArgs| {
        (0..10_000).for_each(|_| cx.notify_resource_updated(URI));
        Ok("sold")
    });
    on_every_store(async |stores| {
        let node = node(stores.clone(), vec![tool.clone()]).await;
        let (_, caller) = session(&node, me()).await;
        ask(&node, &caller, CallTool::new("sell", Default::default())).await.unwrap();
        let topic = format!("changes/resource/{}", ids::digest(&[URI.as_bytes()]));
        node.shutdown().await;
        let read = stores.events.read(&[(topic, ReadFrom::After(Offset(0)))], 100).await.unwrap().value.remove(0);
        let (TopicRead::Events { next, .. } | TopicRead::Gap { next, .. }) = read;
        let told = next.0;
        assert!((1..100).contains(&told), "{told}");
    })
    .await;
}
