//! Who does not show who they are is told how to, and nobody else's failure to tell lets anybody in.

use std::time::{Duration, SystemTime};

use fastestmcp::http::request::Parts;
use fastestmcp::prelude::*;
use fastestmcp::{AuthContext, Authenticator, Bearer, Challenge, async_trait};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Http, Response};
use crate::eras::{Era, Session, Stateless, both, initialize};
use crate::scene::{ADA, Served, tools, user};

/// A refusal is one of JSON-RPC.
fn assert_refused(mut response: Response, status: u16, challenge: Option<&str>) {
    assert_eq!((response.status, response.header("www-authenticate")), (status, challenge));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let message = response.next().unwrap();
    assert!(message["id"].is_null() && message["error"]["code"].is_i64(), "{message}");
}

fn every_method(http: &Http) -> Vec<Response> {
    let (session, stateless) = (Session::of(http, "any"), Stateless::new(http));
    vec![
        http.post(&initialize()),
        session.ask("ping", json!({})),
        session.http().send("GET", Vec::new()),
        session.http().send("DELETE", Vec::new()),
        stateless.ask("tools/list", json!({})),
        stateless.ask("server/discover", json!({})),
    ]
}

#[test]
fn no_token_and_a_wrong_one_are_told_apart() {
    let served = Served::to_two_users();
    let invalid = "Bearer error=\"invalid_token\"";
    for response in every_method(&served.http()) {
        assert_refused(response, 401, Some("Bearer"));
    }
    for response in every_method(&served.http().with("authorization", "Basic YTpi")) {
        assert_refused(response, 401, Some("Bearer"));
    }
    for response in every_method(&served.http().bearer("no-token")) {
        assert_refused(response, 401, Some(invalid));
    }
    for era in both(&served.ada()) {
        era.request("tools/list", json!({})).result();
    }
}

/// Does what the header `x-do` says.
struct Obedient;

#[async_trait]
impl Authenticator for Obedient {
    async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
        match head.headers.get("x-do").and_then(|what| what.to_str().ok()) {
            Some("forbid") => Err(Challenge::Forbidden("Bearer error=\"insufficient_scope\"".to_owned())),
            Some("fail") => Err(Challenge::Unavailable(Duration::from_secs(7))),
            Some("fail for a moment") => Err(Challenge::Unavailable(Duration::from_millis(10))),
            Some("panic") => panic!("an authenticator panics"),
            Some("expired") => {
                let mut auth = AuthContext::new(user("ada"));
                auth.expires = Some(SystemTime::now() - Duration::from_secs(1));
                Ok(auth)
            }
            Some("illegal challenge") => Err(Challenge::Unauthorized("Bearer\r\nx: y".to_owned())),
            _ => Ok(AuthContext::new(user("ada"))),
        }
    }
}

/// An authenticator whose synchronous part panics.
struct Panics;

impl Authenticator for Panics {
    fn authenticate<'a, 'p, 'f>(
        &'a self,
        _: &'p Parts,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<AuthContext, Challenge>> + Send + 'f>>
    where
        Self: 'f,
        'a: 'f,
        'p: 'f,
    {
        panic!("an authenticator panics before its future is there")
    }
}

#[test]
fn a_challenge_is_said_as_http_says_it() {
    let served = Served::new(tools().authenticate(Obedient));
    let http = |what| served.http().with("x-do", what);
    for response in every_method(&http("forbid")) {
        assert_refused(response, 403, Some("Bearer error=\"insufficient_scope\""));
    }
    for (what, seconds, ms) in [("fail", "7", 7_000), ("fail for a moment", "1", 10), ("panic", "1", 1_000)] {
        for mut response in every_method(&http(what)) {
            assert_eq!((response.status, response.header("retry-after")), (503, Some(seconds)), "{what}");
            let error = response.next().unwrap()["error"].take();
            assert_eq!((error["code"].as_i64(), &error["data"]["retryAfterMs"]), (Some(429), &json!(ms)), "{error}");
        }
    }
    assert_refused(http("illegal challenge").post(&initialize()), 401, Some("Bearer"));
    both(&http("nothing")).iter().for_each(|era| assert_eq!(era.call("visit", json!({})).text(), "1"));
}

#[test]
fn an_authenticator_that_panics_at_once_is_one_that_cannot_be_asked() {
    let served = Served::new(tools().authenticate(Panics));
    for response in every_method(&served.http()) {
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    }
}

#[test]
fn what_is_no_longer_vouched_for_is_refused_whoever_vouched() {
    let until = |expires: SystemTime| {
        let mut auth = AuthContext::new(user("ada"));
        auth.expires = Some(expires);
        auth
    };
    let (past, future) = (SystemTime::UNIX_EPOCH, SystemTime::now() + Duration::from_secs(3_600));
    let bearer = Bearer::contexts([("old", until(past)), (ADA, until(future))]);
    let served = Served::new(tools().authenticate(bearer));
    let invalid = Some("Bearer error=\"invalid_token\"");
    for response in every_method(&served.http().bearer("old")) {
        assert_refused(response, 401, invalid);
    }
    Session::begin(&served.ada()).call("visit", json!({})).result();
    let served = Served::new(tools().authenticate(Obedient));
    for response in every_method(&served.http().with("x-do", "expired")) {
        assert_refused(response, 401, invalid);
    }
}

#[test]
fn a_session_outlives_what_vouched_for_its_principal_and_waits_for_something_better() {
    let served = Served::new(tools().authenticate(Obedient));
    let session = Session::begin(&served.http());
    assert_eq!(session.call("visit", json!({})).text(), "1");
    let expired = Session::of(&served.http().with("x-do", "expired"), &session.id);
    assert_eq!(expired.ask("ping", json!({})).status, 401);
    assert_eq!(expired.http().send("DELETE", Vec::new()).status, 401);
    assert_eq!(session.call("visit", json!({})).text(), "2");
}

struct Hangs(std::sync::Arc<tokio::sync::Notify>);

#[async_trait]
impl Authenticator for Hangs {
    async fn authenticate(&self, _: &Parts) -> Result<AuthContext, Challenge> {
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_authenticator_that_hangs_is_given_up_after_10_s() {
    let asked = std::sync::Arc::new(tokio::sync::Notify::new());
    let server = tools().authenticate(Hangs(asked.clone())).stores(connect("memory:").await.unwrap());
    let bound = server.build().unwrap().bind_http("127.0.0.1:0").await.unwrap();
    let address = bound.local_addr();
    tokio::spawn(bound.serve(std::future::pending()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"DELETE /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    asked.notified().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(stream.try_read(&mut [0]).is_err(), "nothing is said yet");
    tokio::time::advance(Duration::from_millis(1_100)).await;
    tokio::time::resume();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer));
    read.await.expect("it is still asked").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1\r\n"), "{answer}");
}
