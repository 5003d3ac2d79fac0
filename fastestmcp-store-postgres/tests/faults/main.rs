//! Postgres fails in every way it can, under load: real servers, killed and cut off.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod node;
mod postgres_cut;
mod postgres_disk;
mod postgres_pool;
mod postgres_restarts;
mod postgres_silence;
