//! Servers seen from outside, by several callers over HTTP and in both protocol eras: who they are, what is theirs alone,
//! and what all of their requests pass.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod addresses;
mod bad_arguments;
mod challenges;
mod client;
mod completions;
mod door;
mod eras;
mod foreign_sessions;
mod foreign_tasks;
mod identity;
mod order_of_checks;
mod pages;
mod prompts;
mod resources;
mod scene;
