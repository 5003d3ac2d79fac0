//! Cases for `EventLog`.

mod order;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[order::CASES];
