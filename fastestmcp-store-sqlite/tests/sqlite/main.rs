//! What only SQLite has: files, processes, the log, and what happens when one of them fails.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod child;
mod clocks;
mod damage;
mod deadlines;
mod ending;
mod events;
mod file;
#[path = "../foreign/mod.rs"]
mod foreign;
mod full;
mod groups;
mod io;
mod late;
mod log;
mod lost;
mod opening;
mod plans;
mod private;
mod processes;
mod seams;
