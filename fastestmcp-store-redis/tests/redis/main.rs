//! What is Redis's own and not in the conformance suite.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster_map;
mod damage;
mod demotion;
mod durability;
mod facts;
mod failover;
mod format;
mod groups;
mod layout;
mod login;
mod memory;
mod numbers;
mod pair;
mod replica;
mod replies;
mod restart;
mod scripts;
mod silence;
mod steps;
mod tasks;
