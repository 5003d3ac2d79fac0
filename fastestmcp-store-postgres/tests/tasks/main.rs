//! What only Postgres can get wrong about tasks: its clock, its plans, what its updates leave behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod in_time;
mod leftovers;
mod plans;
mod scene;
