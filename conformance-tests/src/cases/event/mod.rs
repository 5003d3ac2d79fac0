//! Cases for `EventLog`.

mod failure;
mod gap;
mod limits;
mod live;
mod maximum;
mod order;
mod sequence;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] =
    &[failure::CASES, gap::CASES, limits::CASES, live::CASES, maximum::CASES, order::CASES, sequence::CASES];
