//! Cases for `SessionStateStore`.

mod clock;
mod commit;
mod expiry;
mod fidelity;
mod history;
mod limits;
mod paging;
mod race;
mod steps;
mod touch;
mod version;

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    commit::CASES,
    version::CASES,
    expiry::CASES,
    touch::CASES,
    clock::CASES,
    fidelity::CASES,
    limits::CASES,
    paging::CASES,
    race::CASES,
    history::CASES,
];
