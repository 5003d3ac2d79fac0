//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod identity;
mod sessions;
mod steps;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[identity::CASES, sessions::CASES];
