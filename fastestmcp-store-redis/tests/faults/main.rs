//! Redis fails in every way it can, under load: real servers, killed and cut off.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod node;
mod redis_cut;
mod redis_failover;
mod redis_memory;
mod redis_restarts;
