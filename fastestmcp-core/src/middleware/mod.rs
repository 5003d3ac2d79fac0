//! The middleware that every runtime has, outermost first: [`Trace`], [`Limits`]. What a server adds comes after it.

mod limits;
mod trace;

pub(crate) use limits::{Caps, Limits};
pub(crate) use trace::Trace;
