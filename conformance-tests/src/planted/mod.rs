//! Stores with one planted bug each, and the cases that must reject them: the suite is itself tested.

mod event;
mod namespace;
mod requests;
mod sweep;
mod table;
mod task;

use crate::model::Bug;

/// One bug and the cases that must reject a store that has it.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// What is wrong.
    pub bug: Bug,
    /// The ids of the cases that each must fail.
    pub rejected_by: &'static [&'static str],
}

const fn planted(bug: Bug, rejected_by: &'static [&'static str]) -> Planted {
    Planted { bug, rejected_by }
}

/// Every planted store.
pub fn all() -> impl Iterator<Item = &'static Planted> {
    [table::PLANTED, event::PLANTED, sweep::PLANTED, task::PLANTED, namespace::PLANTED, requests::PLANTED]
        .into_iter()
        .flatten()
}
