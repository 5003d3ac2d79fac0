//! Starts the real binary and talks to it as clients do, in both protocol eras, over HTTP and over stdio, on real files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[macro_use]
mod support;

mod bad_input;
mod call;
mod flow_2025;
mod flow_2026;
mod kill_storm;
mod listen;
mod logs;
mod outages;
mod proxy;
mod refusals;
mod restart;
mod secrets;
mod stdio;
mod stop;
mod two_processes;
