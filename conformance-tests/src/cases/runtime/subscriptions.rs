//! What a session wants to hear of: a stored set of exact URIs (C8).

use fastestmcp_core::session::SubscribeError;

use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Replica, Session, Stage, me};

cases! { Runtime, "runtime.subscriptions";
    "C8": a_session_has_its_subscriptions_on_every_replica,
    "C8": a_subscription_is_to_one_exact_uri,
    "C8": once_is_as_good_as_twice,
    "C8": there_are_so_many_of_a_session_and_no_more,
    "C8": they_end_with_their_session,
}

const MOST: usize = 256;

async fn subscribe(replica: &Replica, session: &Session, uri: &str) -> Result<(), Halt> {
    let subscribed = replica.runtime.sessions().subscribe(&session.digest, uri).await;
    subscribed.map_err(|error| Halt::Wrong(format!("{uri}: {error}")))
}

async fn unsubscribe(replica: &Replica, session: &Session, uri: &str) -> Result<(), Halt> {
    let ended = replica.runtime.sessions().unsubscribe(&session.digest, uri).await;
    ended.map_err(|error| Halt::Wrong(format!("{uri}: {error}")))
}

async fn subscriptions(replica: &Replica, session: &Session) -> Result<Vec<String>, Halt> {
    let mut uris = replica.runtime.sessions().subscriptions(&session.digest).await?;
    uris.sort_unstable();
    Ok(uris)
}

async fn a_session_has_its_subscriptions_on_every_replica(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).front().await?, stage.replica(1).front().await?);
    let (mine, sibling) = (one.session(me()).await?, one.session(me()).await?);
    subscribe(&one, &mine, "a://1").await?;
    subscribe(&other, &mine, "a://2").await?;
    for replica in [&one, &other] {
        scene.same("its own", &subscriptions(replica, &mine).await?, &vec!["a://1".to_owned(), "a://2".to_owned()]);
        scene.same("of another session", &subscriptions(replica, &sibling).await?, &vec![]);
    }
    unsubscribe(&other, &mine, "a://1").await?;
    scene.same("what is left", &subscriptions(&one, &mine).await?, &vec!["a://2".to_owned()]);
    Ok(())
}

async fn a_subscription_is_to_one_exact_uri(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).front().await?;
    let session = replica.session(me()).await?;
    let mut uris = ["a://x", "a://x/", "a://x/y", "a://x/%", "a://X", "a://{x}", ""].map(str::to_owned).to_vec();
    uris.sort_unstable();
    for uri in &uris {
        subscribe(&replica, &session, uri).await?;
    }
    scene.same("subscribed", &subscriptions(&replica, &session).await?, &uris);
    while let Some(uri) = uris.pop() {
        unsubscribe(&replica, &session, &uri).await?;
        scene.same(&format!("left without {uri:?}"), &subscriptions(&replica, &session).await?, &uris);
    }
    Ok(())
}

async fn once_is_as_good_as_twice(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).front().await?, stage.replica(1).front().await?);
    let session = one.session(me()).await?;
    for replica in [&one, &other, &one] {
        subscribe(replica, &session, "a://1").await?;
        scene.same("subscribed", &subscriptions(&one, &session).await?, &vec!["a://1".to_owned()]);
    }
    for replica in [&other, &one] {
        unsubscribe(replica, &session, "a://1").await?;
        scene.same("left", &subscriptions(replica, &session).await?, &vec![]);
    }
    Ok(())
}

async fn there_are_so_many_of_a_session_and_no_more(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).front().await?;
    let session = replica.session(me()).await?;
    for index in 0..MOST {
        subscribe(&replica, &session, &format!("a://{index}")).await?;
    }
    let registry = replica.runtime.sessions();
    let refused = registry.subscribe(&session.digest, "a://more").await;
    scene.check(matches!(refused, Err(SubscribeError::TooMany)), || format!("one more: {refused:?}"));
    subscribe(&replica, &session, "a://0").await?;
    scene.same("subscribed", &subscriptions(&replica, &session).await?.len(), &MOST);
    unsubscribe(&replica, &session, "a://1").await?;
    subscribe(&replica, &session, "a://more").await?;
    let long = registry.subscribe(&session.digest, &format!("a://{}", "x".repeat(2_048))).await;
    scene.check(matches!(long, Err(SubscribeError::TooLong)), || format!("a long one: {long:?}"));
    Ok(())
}

async fn they_end_with_their_session(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).front().await?, stage.replica(1).front().await?);
    let session = one.session(me()).await?;
    subscribe(&one, &session, "a://1").await?;
    one.runtime.end_session(&me(), &session.id).await?;
    scene.same("of a session that has ended", &subscriptions(&other, &session).await?, &vec![]);
    let registry = other.runtime.sessions();
    let refused = registry.subscribe(&session.digest, "a://2").await;
    scene.check(matches!(refused, Err(SubscribeError::SessionGone)), || format!("{refused:?}"));
    scene.same("after that", &subscriptions(&one, &session).await?, &vec![]);
    Ok(())
}
