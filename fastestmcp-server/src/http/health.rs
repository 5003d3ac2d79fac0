//! For whoever probes the server: a balancer, an orchestrator. They are no clients: they name any host, show no token, and
//! learn nothing but yes or no.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fastestmcp_core::runtime::Runtime;

/// `path` and `path/ready`: whether to send requests here. `path/live`: whether the process runs.
pub(super) fn routes(path: &str, runtime: &Runtime) -> Router {
    let ready = |runtime: Runtime| {
        get(async move || match runtime.is_ready().await {
            true => answer(StatusCode::OK, "ready\n"),
            false => answer(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        })
    };
    Router::new()
        .route(path, ready(runtime.clone()))
        .route(&format!("{path}/ready"), ready(runtime.clone()))
        .route(&format!("{path}/live"), get(async || answer(StatusCode::OK, "live\n")))
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
