//! Cases for `EventLog`.

mod failure;
mod gap;
mod limits;
mod live;
mod maximum;
mod namespace;
mod order;
mod sequence;
mod steps;
mod trim;
mod vanish;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    failure::CASES,
    gap::CASES,
    limits::CASES,
    live::CASES,
    maximum::CASES,
    namespace::CASES,
    order::CASES,
    sequence::CASES,
    trim::CASES,
    vanish::CASES,
];
