use crate::model::Bug;

/// One bug and the cases that must reject a store that has it.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// What is wrong.
    pub bug: Bug,
    /// The ids of the cases that each must fail.
    pub rejected_by: &'static [&'static str],
}

const fn planted(bug: Bug, rejected_by: &'static [&'static str]) -> Planted {
    Planted { bug, rejected_by }
}

/// Every planted store.
pub const PLANTED: &[Planted] = &[];
