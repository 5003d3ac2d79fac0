//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod identity;
mod sealing;
mod sessions;
mod steps;
mod suspended;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[identity::CASES, sealing::CASES, sessions::CASES, suspended::CASES];
