//! Cases for `SessionStateStore`.

mod clock;
mod commit;
mod crowd;
mod damage;
mod expiry;
mod failure;
mod fidelity;
mod history;
mod limits;
mod namespace;
mod paging;
mod race;
mod realtime;
mod reap;
mod sequence;
mod steps;
mod sweep;
mod touch;
mod version;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    clock::CASES,
    commit::CASES,
    crowd::CASES,
    damage::CASES,
    expiry::CASES,
    failure::CASES,
    fidelity::CASES,
    history::CASES,
    limits::CASES,
    namespace::CASES,
    paging::CASES,
    race::CASES,
    realtime::CASES,
    reap::CASES,
    sequence::CASES,
    sweep::CASES,
    touch::CASES,
    version::CASES,
];
