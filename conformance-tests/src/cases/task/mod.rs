//! Cases for `TaskBackend`.

mod claim;
mod damage;
mod failure;
mod insert;
mod lease;
mod limits;
mod listing;
mod namespace;
mod queues;
mod race;
mod realtime;
mod reap;
mod replace;
mod sequence;
mod sparse;
mod steps;
mod sweep;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    claim::CASES,
    damage::CASES,
    failure::CASES,
    insert::CASES,
    lease::CASES,
    limits::CASES,
    listing::CASES,
    namespace::CASES,
    queues::CASES,
    race::CASES,
    realtime::CASES,
    reap::CASES,
    replace::CASES,
    sequence::CASES,
    sparse::CASES,
    sweep::CASES,
];
