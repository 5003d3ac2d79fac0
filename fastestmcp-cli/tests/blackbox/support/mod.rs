//! Server processes, and small clients of both eras that hide nothing.

/// Runs each flow, a function of a link, over HTTP and over stdio.
macro_rules! over_both {
    ($($flow:ident),* $(,)?) => {
        mod http {
            use super::*;
            $(#[test] fn $flow() { super::$flow(Http::open()); })*
        }
        mod stdio {
            use super::*;
            $(#[test] fn $flow() { super::$flow(Stdio::open()); })*
        }
    };
}

mod answer;
mod client;
mod client_2025;
mod client_2026;
mod http;
mod link;
mod process;
mod server;
mod stdio;
mod until;

pub(crate) use answer::Answer;
pub(crate) use client::Client;
pub(crate) use client_2025::Client2025;
pub(crate) use client_2026::Client2026;
pub(crate) use http::{Http, HttpAnswer};
pub(crate) use link::{Broken, Link};
pub(crate) use process::Process;
pub(crate) use server::{Server, Store};
pub(crate) use stdio::Stdio;
pub(crate) use until::until;

/// What a countdown has left, by its progress, in both eras.
pub(crate) fn left(task: &serde_json::Value) -> Option<u32> {
    task.get("statusMessage")?.as_str()?.parse().ok()
}
