//! Cases for `TaskBackend`.

mod claim;
mod lease;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[claim::CASES, lease::CASES];
