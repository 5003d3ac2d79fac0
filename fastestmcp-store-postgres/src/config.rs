use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::error::BACKEND;
use crate::schema::Schema;

/// Options of a URL that say how to connect, as libpq has them.
const CONNECT: &[&str] = &["application_name", "host", "port", "sslcert", "sslkey", "sslmode", "sslrootcert"];

/// The other options.
const OURS: &str = "namespace, schema, timeout, pool, lossless-failover";

/// How to open a [`PostgresStore`](crate::PostgresStore).
///
/// ```
/// use fastestmcp_store_postgres::PostgresConfig;
///
/// let config = PostgresConfig::from_url("postgres://user:secret@localhost/app?sslmode=require&pool=16")?;
/// assert_eq!(config.pool, 16);
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), fastestmcp_core::error::StoreError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    pub(crate) connect: PgConnectOptions,
    /// The tenant this handle belongs to (G8).
    pub namespace: Namespace,
    /// The schema that holds everything: `fastestmcp`. It is created if it is missing and the role may.
    pub schema: String,
    /// How long an operation may take before it ends with `Timeout` (G5): 5 s.
    pub timeout: Duration,
    /// Connections at most, apart from two for wake-ups: 8.
    pub pool: usize,
    /// The operator's word that a failover loses nothing that was acknowledged: synchronous replication to whatever may
    /// be promoted. It cannot be seen from a connection, so it is false unless it is asserted (G11).
    pub lossless_failover: bool,
    /// Stands in for the server's clock (G2). For tests.
    pub clock: Option<Arc<dyn Clock>>,
}

impl PostgresConfig {
    /// `postgres://user:password@host:port/database?options`.
    ///
    /// | option | |
    /// |---|---|
    /// | `namespace=NAME` | the tenant |
    /// | `schema=NAME` | the schema |
    /// | `timeout=5s`, `timeout=500ms` | the deadline of an operation |
    /// | `pool=8` | connections at most |
    /// | `lossless-failover=true` | see [`PostgresConfig::lossless_failover`] |
    /// | `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `host`, `port`, `application_name` | as in libpq |
    ///
    /// What the URL leaves out comes from libpq's environment variables and password file.
    ///
    /// # Errors
    /// `InvalidInput`: no such URL, an unknown option, or a value that an option does not have.
    pub fn from_url(url: &str) -> StoreResult<Self> {
        let mut url = Url::parse(url).map_err(|_| invalid("the URL cannot be parsed"))?;
        // Part of a password would be taken for a path, an option or nothing, and shown.
        if url.fragment().is_some()
            || [url.path(), url.query().unwrap_or_default()].iter().any(|part| part.contains('@'))
        {
            return Err(invalid(
                "the URL holds `/`, `?`, `#` or `@` in a password or an option: write %2F, %3F, %23 and %40",
            ));
        }
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid("the URL must begin with postgres: or postgresql:"));
        }
        let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let (connect, ours): (Vec<_>, Vec<_>) =
            options.into_iter().partition(|(name, _)| CONNECT.contains(&name.as_str()));
        url.set_query(None);
        if !connect.is_empty() {
            url.query_pairs_mut().extend_pairs(connect);
        }
        let connect =
            PgConnectOptions::from_str(url.as_str()).map_err(|_| invalid("an option of the URL has no such value"))?;
        ours.into_iter().try_fold(Self::new(connect), |config, (name, value)| config.option(&name, &value))
    }

    fn new(connect: PgConnectOptions) -> Self {
        // No number of ours is a float, and PgBouncer refuses a connection that begins with this.
        let connect = connect.disable_statement_logging().extra_float_digits(None);
        let connect = match connect.get_application_name() {
            Some(_) => connect,
            None => connect.application_name("fastestmcp"),
        };
        Self {
            connect,
            namespace: Namespace::default(),
            schema: Schema::DEFAULT.to_owned(),
            timeout: Duration::from_secs(5),
            pool: 8,
            lossless_failover: false,
            clock: None,
        }
    }

    fn option(self, name: &str, value: &str) -> StoreResult<Self> {
        let wrong = || invalid(format!("the option {name} has no such value"));
        Ok(match name {
            "namespace" => self.namespace(Namespace::new(value).ok_or_else(wrong)?),
            "schema" => self.schema(value),
            "timeout" => self.timeout(duration(value).ok_or_else(wrong)?),
            "pool" => self.pool(value.parse().ok().filter(|size| *size > 0).ok_or_else(wrong)?),
            "lossless-failover" => self.lossless_failover(value.parse().map_err(|_| wrong())?),
            // Not even its name: behind a password with a bare `?` or `&` in it, that is a part of the password.
            _ => {
                return Err(invalid(format!(
                    "an option of the URL is not known; there are {OURS} and {}",
                    CONNECT.join(", ")
                )));
            }
        })
    }

    /// Sets the namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Sets the schema.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Sets how long an operation may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of connections; at least one.
    #[must_use]
    pub const fn pool(mut self, connections: usize) -> Self {
        self.pool = connections;
        self
    }

    /// Asserts that a failover loses nothing.
    #[must_use]
    pub const fn lossless_failover(mut self, lossless: bool) -> Self {
        self.lossless_failover = lossless;
        self
    }

    /// Replaces the server's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero())
}

fn invalid(detail: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::InvalidInput, BACKEND, "open", detail)
}

impl fmt::Debug for PostgresConfig {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("host", &self.connect.get_host())
            .field("port", &self.connect.get_port())
            .field("database", &self.connect.get_database())
            .field("namespace", &self.namespace)
            .field("schema", &self.schema)
            .field("timeout", &self.timeout)
            .field("pool", &self.pool)
            .field("lossless_failover", &self.lossless_failover)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_a_url_is_read() {
        let url = "postgresql://me:s3cret@db.example:6432/app\
                   ?namespace=a%2Fb&schema=s&timeout=250ms&pool=3&lossless-failover=true&sslmode=require";
        let config = PostgresConfig::from_url(url).unwrap();
        assert_eq!((config.connect.get_host(), config.connect.get_port()), ("db.example", 6432));
        assert_eq!((config.connect.get_username(), config.connect.get_database()), ("me", Some("app")));
        assert_eq!((config.namespace.as_str(), config.schema.as_str()), ("a/b", "s"));
        assert_eq!((config.timeout, config.pool), (Duration::from_millis(250), 3));
        assert!(config.lossless_failover);
    }

    #[test]
    fn what_a_url_must_not_hold_is_refused_without_showing_the_password() {
        for wrong in [
            "redis://me:s3cret@h/db",
            "postgres://me:s3cret@h/db?colour=red",
            "postgres://me:1?s3cret@h/db",
            "postgres://me:s3cret@h/db?pool=0",
            "postgres://me:s3cret@h/db?timeout=5",
            "postgres://me:s3cret@h/db?namespace=",
            "postgres://me:s3cret@h/db?sslmode=maybe",
            // Passwords that were not encoded: `12/s3cret`, `12?s3cret`, `12#s3cret`.
            "postgres://me:12/s3cret@h/db",
            "postgres://me:12?s3cret@h/db",
            "postgres://me:12#s3cret@h/db",
            "postgres://me:12?S3CRET=1",
            "postgres://me@h/db?pool=s3cret",
            "postgres://me@h/db?password=s3cret",
            "nothing",
        ] {
            let error = PostgresConfig::from_url(wrong).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::InvalidInput, "{wrong}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let config = PostgresConfig::from_url("postgres://me:s3cret@h/db").unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
