//! Servers seen from outside, by several callers over HTTP and in both protocol eras: who they are, what is theirs alone,
//! and what all of their requests pass.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod abilities;
mod addresses;
mod array_results;
mod bad_arguments;
mod challenges;
mod changes;
mod client;
mod completions;
mod cross_origin;
mod door;
mod eras;
mod foreign_sessions;
mod foreign_tasks;
mod heads;
mod health;
mod identity;
mod integers;
mod invalid_answers;
mod logs;
mod order_of_checks;
mod pages;
mod prompts;
mod requests;
mod resources;
mod scene;
mod store_outages;
mod task_news;
mod visibility;
mod waits;
