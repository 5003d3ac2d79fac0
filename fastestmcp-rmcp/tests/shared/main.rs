//! An ordinary rmcp server on two nodes that share a store, as a client sees it on the wire.
#![allow(clippy::unwrap_used, clippy::panic, clippy::future_not_send, reason = "tests fail by panicking")]

mod app;
mod asked;
mod calls;
mod changes;
mod client;
mod resumed;
mod scene;
mod sessions;
mod stops;
mod streams;
