//! The other side of the rows: bare structures and bare engines.

pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod shards;
pub(crate) mod sqlite;
