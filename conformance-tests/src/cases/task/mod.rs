//! Cases for `TaskBackend`.

mod claim;
mod insert;
mod lease;
mod limits;
mod listing;
mod race;
mod replace;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] =
    &[insert::CASES, replace::CASES, claim::CASES, lease::CASES, listing::CASES, limits::CASES, race::CASES];
