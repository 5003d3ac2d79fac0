//! Redis, alone and in company.

mod cluster;
mod process;
mod sentinel;
mod standalone;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;
pub use standalone::{Redis, RedisSettings};
