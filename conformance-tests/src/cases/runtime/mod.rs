//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod caps;
mod handles;
mod identity;
mod limits;
mod policies;
mod sealing;
mod sessions;
mod steps;
mod suspended;
mod values;
mod verbs;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    caps::CASES,
    handles::CASES,
    identity::CASES,
    limits::CASES,
    policies::CASES,
    sealing::CASES,
    sessions::CASES,
    suspended::CASES,
    values::CASES,
];
