//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod draining;
mod execution;
mod identity;
mod input;
mod sessions;
mod steps;
mod waits;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] =
    &[draining::CASES, execution::CASES, identity::CASES, input::CASES, sessions::CASES, waits::CASES];
