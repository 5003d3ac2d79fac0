//! What is looked at before a store is used: the servers' settings and the format of the namespace.

mod facts;
mod format;

pub(crate) use self::facts::Facts;
pub(crate) use self::format::open_namespace;
