//! The runtime under fire: stores that do not answer, nodes that were away, handlers and clients that misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::future_not_send, reason = "a test runs on one thread")]

mod absurd;
mod anonymous;
mod ended_sessions;
mod formats;
mod inline;
mod lost_replies;
mod middleware;
mod nobody_waits;
mod operator;
mod outages;
mod panics;
mod questions;
mod scene;
mod session_settings;
mod slow_clients;
mod stops;
mod suspended;
mod updates;
mod waits;
