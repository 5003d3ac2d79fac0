//! Which components are shown to whom (contract C7): rules in order, of a session or of a principal, and of the server.

mod rules;
mod selector;

pub use rules::VisibilityRules;
pub(crate) use selector::Subject;
pub use selector::{ComponentKind, Selector};

use std::time::Duration;

/// Changed rules hold at once on the node that acknowledged the change, and within this everywhere. Who hears of a change
/// of what it sees, and asks for a list before that, may get the old one.
pub const HOLDS_WITHIN: Duration = Duration::from_millis(500);
