//! What browsers want to know before a page of another origin may use the server, and may read what it answered (the
//! CORS protocol of the Fetch standard). Only what was let in by its origin comes here.

use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::body::Body;
use axum::response::Response;

const METHODS: &str = "GET, POST, DELETE";
/// What a page may send beside what any may: all that MCP and its authorization know.
const SENT: &str = "content-type, accept, authorization, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, \
                    last-event-id, traceparent, tracestate, baggage";
/// What a page may read of an answer.
const READ: &str = "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after";
/// Headers of parameters of tools (2026-07-28) are called this and a name.
const PARAM: &str = "mcp-param-";
/// How long a browser may keep the answer, in seconds; none keeps it for longer.
const KEPT: HeaderValue = HeaderValue::from_static("7200");

/// The answer to a browser that asks first, if that is what a request is. It does not say who it is.
pub(super) fn preflight(parts: &Parts) -> Option<Response> {
    let asks = parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed(&parts.headers));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT);
        headers.append(header::VARY, HeaderValue::from(header::ACCESS_CONTROL_REQUEST_HEADERS));
        response
    })
}

/// What may be sent, with the headers of parameters that were asked for.
fn allowed(asked: &HeaderMap) -> HeaderValue {
    let asked = asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|names| names.to_str().ok());
    let names = asked.flat_map(|names| names.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    let params = names.filter(|name| name.as_str().starts_with(PARAM));
    let all = params.fold(SENT.to_owned(), |all, name| format!("{all}, {name}"));
    HeaderValue::try_from(all).unwrap_or(HeaderValue::from_static(SENT))
}

/// Lets the page that asked read an answer, if it was a page.
pub(super) fn let_read(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let Some(origin) = origin else { return response };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    // What is kept for one origin is none for another.
    headers.append(header::VARY, HeaderValue::from(header::ORIGIN));
    response
}
