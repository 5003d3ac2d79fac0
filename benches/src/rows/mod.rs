//! The rows, by what they measure.

pub(crate) mod memory_load;
pub(crate) mod memory_sessions;

/// What a run was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Shorter rounds and smaller data: an impression, not a result.
    pub(crate) quick: bool,
}
