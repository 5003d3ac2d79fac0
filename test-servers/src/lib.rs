//! Private Redis and Postgres servers, PgBouncer and nginx, for tests.
//!
//! Each server has a free loopback port and a temporary folder of its own, and ends with its guard. It also ends, and
//! its folder goes, when the process that started it dies in any way: a small `sh` reads a pipe from that process, and
//! the end of the pipe is the end of the server.
//!
//! ```no_run
//! use fastestmcp_test_servers::{Redis, ServerError};
//!
//! # fn main() -> Result<(), ServerError> {
//! let redis = Redis::start()?;
//! println!("{}", redis.url()); // redis://127.0.0.1:24107
//! redis.kill()?;
//! redis.start_again()?; // the same port, the same data
//! # Ok(())
//! # }
//! ```
//!
//! Everything blocks; from asynchronous code call it where blocking for a moment is harmless, or on a blocking thread.
//!
//! | variable | effect |
//! |---|---|
//! | `FASTESTMCP_TEST_REDIS_URL`, `…_SENTINEL_URL`, `…_CLUSTER_URL`, `…_POSTGRES_URL` | the `shared` server is this one; hooks that stop it are [`ServerError::Unsupported`] |
//! | `FASTESTMCP_TEST_WITHOUT=redis,sentinel,cluster,postgres,pgbouncer,nginx` | those are [`ServerError::LeftOut`]; `redis` leaves out all three of its kinds, `postgres` both of its |
//!
//! The example `with` starts one of them for the time of a command.
//!
//! Nothing is left out silently: a missing program is an error that names the package to install.

mod account;
mod certificate;
mod environment;
mod error;
mod nginx;
mod node;
mod pgbouncer;
mod port;
mod postgres;
mod program;
mod redis;
mod shared;
mod watched;

pub use certificate::Certificate;
pub use error::ServerError;
pub use nginx::Nginx;
pub use pgbouncer::{PgBouncer, PgBouncerSettings};
pub use postgres::{Postgres, PostgresSettings};
pub use redis::{Redis, RedisCluster, RedisSentinel, RedisSettings};
