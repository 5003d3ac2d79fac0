//! The case table: one file per theme, each with the list of its cases at the top.

mod event;
mod runtime;
mod session;
mod task;

use crate::case::Case;

/// Every case, in the order of reports.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [session::ALL, task::ALL, event::ALL, runtime::ALL].into_iter().flatten().copied().flatten()
}
