//! Cases for `TaskBackend`.

mod claim;
mod damage;
mod failure;
mod insert;
mod lease;
mod limits;
mod listing;
mod race;
mod realtime;
mod replace;
mod sequence;
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
    race::CASES,
    realtime::CASES,
    replace::CASES,
    sequence::CASES,
    sweep::CASES,
];
