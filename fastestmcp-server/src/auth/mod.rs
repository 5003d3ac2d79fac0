//! Who calls over HTTP: asked before a body is read, and what all of a request's way through the server goes by.

mod anonymous;
mod authenticator;
mod bearer;
mod identified;

pub use anonymous::Anonymous;
pub use authenticator::{Authenticator, Challenge};
pub use bearer::Bearer;
pub(crate) use identified::Identified;
