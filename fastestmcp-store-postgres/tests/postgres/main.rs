//! What only Postgres has: schemas, roles, connections, server processes, notifications, and how rows are rewritten.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod changed;
mod connections;
mod crash;
mod hot;
mod in_time;
mod isolation;
mod migrations;
mod opening;
mod outages;
mod pgbouncer;
mod place;
mod promotion;
mod wakes;
