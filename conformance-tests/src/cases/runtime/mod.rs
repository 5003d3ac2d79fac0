//! Cases for what is derived from the seams: sessions, values, tasks and calls of the whole runtime.

mod calls;
mod caps;
mod draining;
mod execution;
mod failures;
mod handles;
mod identity;
mod input;
mod limits;
mod policies;
mod questions;
mod replay;
mod sealing;
mod sessions;
mod steps;
mod subscriptions;
mod suspended;
mod values;
mod verbs;
mod visibility;
mod waits;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    calls::CASES,
    caps::CASES,
    draining::CASES,
    execution::CASES,
    failures::CASES,
    handles::CASES,
    identity::CASES,
    input::CASES,
    limits::CASES,
    policies::CASES,
    replay::CASES,
    sealing::CASES,
    sessions::CASES,
    subscriptions::CASES,
    suspended::CASES,
    values::CASES,
    visibility::CASES,
    waits::CASES,
];
