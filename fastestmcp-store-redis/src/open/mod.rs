//! What is looked at before a store is used: the format of the namespace.

mod format;

pub(crate) use self::format::open_namespace;
