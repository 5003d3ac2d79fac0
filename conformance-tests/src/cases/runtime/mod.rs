//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod calls;
mod caps;
mod failures;
mod handles;
mod identity;
mod limits;
mod policies;
mod sealing;
mod sessions;
mod steps;
mod subscriptions;
mod suspended;
mod values;
mod verbs;
mod visibility;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    calls::CASES,
    caps::CASES,
    failures::CASES,
    handles::CASES,
    identity::CASES,
    limits::CASES,
    policies::CASES,
    sealing::CASES,
    sessions::CASES,
    subscriptions::CASES,
    suspended::CASES,
    values::CASES,
    visibility::CASES,
];
