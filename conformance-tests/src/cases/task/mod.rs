//! Cases for `TaskBackend`.

mod claim;
mod insert;
mod lease;
mod race;
mod replace;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[insert::CASES, replace::CASES, claim::CASES, lease::CASES, race::CASES];
