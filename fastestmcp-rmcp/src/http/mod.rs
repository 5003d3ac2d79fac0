//! Requests of the revisions with sessions (up to 2025-11-25): POST, GET and DELETE over session records.

mod delete;
mod get;
mod headers;
mod initialize;
mod message;
mod post;
mod refusal;

pub(crate) use refusal::Refusal;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};

use crate::body::ResponseBody;
use crate::envelope::{Envelope, NoMessage};
use crate::node::Node;

type Answer = Result<Response<ResponseBody>, Refusal>;

/// Answers a request to the endpoint itself: its host and origin are allowed. `read` is what its body was found to be.
pub(crate) async fn answer(
    node: &Arc<Node>,
    head: Parts,
    body: &[u8],
    read: Result<Envelope<'_>, NoMessage>,
) -> Response<ResponseBody> {
    let answer = match head.method {
        Method::POST => post::answer(node, head, body, read).await,
        Method::GET => get::answer(node, &head).await,
        _ => delete::answer(node, &head).await,
    };
    answer.unwrap_or_else(|refusal| refusal.response())
}

pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(Bytes::new()).boxed_unsync());
    *response.status_mut() = status;
    response
}
