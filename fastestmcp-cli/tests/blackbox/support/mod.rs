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

/// The same, and over two processes on each engine that nodes share, every request going to the other process.
macro_rules! over_all {
    ($($flow:ident),* $(,)?) => {
        over_both!($($flow),*);
        mod redis {
            use super::*;
            $(#[test] fn $flow() { super::$flow(crate::support::Both::<crate::support::OnRedis>::open()); })*
        }
        mod postgres {
            use super::*;
            $(#[test] fn $flow() { super::$flow(crate::support::Both::<crate::support::OnPostgres>::open()); })*
        }
    };
}

/// Runs each test, a function of an engine, on each of them.
macro_rules! on_every_engine {
    ($($test:ident),* $(,)?) => {
        on_every_engine!(@ sqlite Sqlite $($test)*);
        on_every_engine!(@ redis Redis $($test)*);
        on_every_engine!(@ postgres Postgres $($test)*);
    };
    (@ $module:ident $engine:ident $($test:ident)*) => {
        mod $module {
            $(#[test] fn $test() { super::$test(crate::support::Engine::$engine); })*
        }
    };
}

mod answer;
mod both;
mod client;
mod client_2025;
mod client_2026;
mod ended;
mod http;
mod link;
mod process;
mod server;
mod small_disk;
mod stdio;
mod store;
mod times;
mod until;

pub(crate) use answer::Answer;
pub(crate) use both::{Both, OnPostgres, OnRedis};
pub(crate) use client::Client;
pub(crate) use client_2025::Client2025;
pub(crate) use client_2026::Client2026;
pub(crate) use ended::Ended;
pub(crate) use http::{Http, HttpAnswer};
pub(crate) use link::{Broken, Link};
pub(crate) use process::{BINARY, Process, command, lines};
pub(crate) use server::Server;
pub(crate) use small_disk::SmallDisk;
pub(crate) use stdio::Stdio;
pub(crate) use store::{Engine, Store};
pub(crate) use times::times;
pub(crate) use until::until;

/// What a countdown has left, by its progress, in both eras.
pub(crate) fn left(task: &serde_json::Value) -> Option<u32> {
    task.get("statusMessage")?.as_str()?.parse().ok()
}
