//! Cases for `EventLog`.

mod gap;
mod limits;
mod live;
mod order;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[order::CASES, gap::CASES, live::CASES, limits::CASES];
