use std::fmt;

use fastestmcp_core::Stores;
use fastestmcp_core::error::{Sentence, StoreError, StoreErrorKind};
use fastestmcp_core::ids::Namespace;
use fastestmcp_server::ServerError;

use crate::redacted::{has_user_info, redacted};

/// Why no stores were opened. `Debug` is a sentence too: it is what a `main` prints that returns the error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one of those that [`connect`] lists.
    #[error(
        "{0} is no store URL: write memory:, sqlite:PATH, redis://HOST, redis+sentinel://HOST,HOST/NAME, \
         redis+cluster://HOST,HOST (rediss for TLS) or postgres://HOST/DATABASE"
    )]
    UnknownUrl(String),
    /// A SQLite URL that names no file, or something else than a file.
    #[error("{url} names no file: {remedy}")]
    NoFile {
        /// The URL, redacted.
        url: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// The build lacks the backend.
    #[error("this build has no {0} backend: enable the feature `{0}`")]
    NotBuilt(&'static str),
    /// An option of the URL is unknown or has no such value.
    #[error("an option of {url} is unknown or has no such value: write {known}")]
    UnknownOption {
        /// The URL, redacted.
        url: String,
        /// The options there are.
        known: &'static str,
    },
    /// The backend refused.
    #[error("cannot open the store {url}: {}{}", .error.detail, remedy(.error))]
    Store {
        /// The URL, redacted.
        url: String,
        /// Why.
        error: StoreError,
    },
}

/// What a person can do that the backend's own words do not say.
fn remedy(error: &StoreError) -> &'static str {
    match error.kind {
        StoreErrorKind::Unavailable | StoreErrorKind::Timeout if error.backend != "sqlite" => {
            "; check that it runs, and its address and login"
        }
        StoreErrorKind::StorageFull => "; free some space",
        StoreErrorKind::Contention => "; try again, or stop who holds it",
        _ => "",
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Sentence(self), f)
    }
}

impl From<ConnectError> for ServerError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(Box::new(error))
    }
}

/// Opens the three seams behind one URL.
///
/// | URL | feature | backend | survives | shared by |
/// |---|---|---|---|---|
/// | `memory:` | `memory` | memory | nothing | this process |
/// | `sqlite:PATH` | `sqlite` | SQLite | kill -9, loss of power | the processes of this host |
/// | `redis://HOST` | `redis` | Redis | what the server's configuration lets it survive | any node |
/// | `redis+sentinel://HOST,HOST,HOST/NAME` | `redis` | Redis behind Sentinels | as Redis; a failover may lose the last writes | any node |
/// | `redis+cluster://HOST,HOST,HOST` | `redis` | Redis Cluster | as Redis; a failover may lose the last writes | any node |
/// | `postgres://HOST/DATABASE` | `postgres` | Postgres | kill -9, loss of power | any node |
///
/// `rediss` instead of `redis` is TLS, and `postgresql` is `postgres`. The features `memory` and `sqlite` are on by
/// default.
///
/// Options follow after `?`: `namespace=NAME` keeps several servers apart on one database; SQLite also knows
/// `synchronous=normal`, which gives up the last commits on loss of power for speed, and `clock=rewind`, for one start after
/// the host's clock had jumped ahead (see `SqliteConfig::rewind_clock`). Redis and Postgres document theirs
/// in their own `from_url`.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), fastestmcp::ConnectError> {
/// let stores = fastestmcp::connect("memory:?namespace=tests").await?;
/// assert!(fastestmcp::connect("mysql://localhost").await.is_err());
/// # drop(stores);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The URL is not understood, or the backend refuses: see [`ConnectError`].
pub async fn connect(url: &str) -> Result<Stores, ConnectError> {
    let (address, options) = url.split_once('?').map_or((url, ""), |(address, options)| (address, options));
    let known = |known| move || ConnectError::UnknownOption { url: redacted(url), known };
    let opened = match address.split_once(':') {
        Some(("memory", "")) => memory(Options::parse(options, false).ok_or_else(known("namespace=NAME"))?)?,
        Some(("sqlite", path)) => {
            let path = file(path).map_err(|remedy| ConnectError::NoFile { url: redacted(url), remedy })?;
            let known = known("namespace=NAME, synchronous=full or synchronous=normal, clock=rewind");
            sqlite(path, Options::parse(options, true).ok_or_else(known)?).await?
        }
        Some(("redis" | "rediss" | "redis+sentinel" | "rediss+sentinel" | "redis+cluster" | "rediss+cluster", _)) => {
            redis(url).await?
        }
        Some(("postgres" | "postgresql", _)) => postgres(url).await?,
        _ => return Err(ConnectError::UnknownUrl(redacted(url))),
    };
    match opened {
        Ok(stores) => Ok(stores.named(redacted(url))),
        Err(error) => Err(ConnectError::Store { url: redacted(url), error }),
    }
}

/// The file that a SQLite URL names, or what to write instead.
fn file(path: &str) -> Result<&str, &'static str> {
    let file = path.strip_prefix("//").unwrap_or(path);
    match file {
        "" => Err("write sqlite:state.db, or sqlite:///var/lib/app/state.db"),
        // SQLite's own words for a database that is kept nowhere; two connections to it would be two databases.
        ":memory:" | "/:memory:" => Err("write memory: for a store that ends with the process"),
        _ if file.starts_with("file:") => Err("write the path only, as in sqlite:state.db"),
        _ if has_user_info(path) => Err("SQLite has no servers and no logins; write sqlite:PATH"),
        _ => Ok(file),
    }
}

/// What follows `?` where the backend parses no URL itself.
#[derive(Default)]
struct Options {
    namespace: Option<Namespace>,
    synchronous_normal: bool,
    rewind_clock: bool,
}

impl Options {
    fn parse(text: &str, sqlite: bool) -> Option<Self> {
        let mut options = Self::default();
        for option in text.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=')? {
                ("namespace", name) => options.namespace = Some(Namespace::new(name)?),
                ("synchronous", "normal") if sqlite => options.synchronous_normal = true,
                ("synchronous", "full") if sqlite => options.synchronous_normal = false,
                ("clock", "rewind") if sqlite => options.rewind_clock = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// What a backend that is built in answered.
type Opened = Result<Result<Stores, StoreError>, ConnectError>;

#[cfg(feature = "memory")]
fn memory(options: Options) -> Opened {
    let store = fastestmcp_store_memory::MemoryStore::new();
    Ok(Ok(Stores::of(match options.namespace {
        Some(namespace) => store.namespace(namespace),
        None => store,
    })))
}

#[cfg(not(feature = "memory"))]
fn memory(_: Options) -> Opened {
    Err(ConnectError::NotBuilt("memory"))
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &str, options: Options) -> Opened {
    use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

    let mut config = SqliteConfig::new(path);
    if let Some(namespace) = options.namespace {
        config = config.namespace(namespace);
    }
    if options.synchronous_normal {
        config = config.synchronous(Synchronous::Normal);
    }
    if options.rewind_clock {
        config = config.rewind_clock();
    }
    Ok(SqliteStore::open_with(config).await.map(Stores::of))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str, _: Options) -> Opened {
    Err(ConnectError::NotBuilt("sqlite"))
}

#[cfg(feature = "redis")]
async fn redis(url: &str) -> Opened {
    Ok(fastestmcp_store_redis::RedisStore::open(url).await.map(Stores::of))
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &str) -> Opened {
    Err(ConnectError::NotBuilt("redis"))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Opened {
    Ok(fastestmcp_store_postgres::PostgresStore::open(url).await.map(Stores::of))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Opened {
    Err(ConnectError::NotBuilt("postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_store_url_is_refused_without_showing_a_password() {
        let none = ["", "memory", "memory:x", "sqlite:", "mysql://user:hush@host/0", "redis", "memory:?a=hush"];
        let refused = [
            "redis://user:hush@host/0?a=b",
            "redis://user:1?hush@host",
            "redis+x://user:hush@host",
            "postgres://user:hush@host/?a=b",
            "postgres://user:1?hush@host/db",
            "sqlite://user:hush@host/x.db",
            "sqlite:x.db?key=hush",
            "sqlite:x.db?hush",
        ];
        for url in none.into_iter().chain(refused) {
            let error = connect(url).await.unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hush"), "{said}");
        }
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_sqlite_url_takes_the_clock_back_once_and_says_what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/state.db", folder.path().display());
        let stores = connect(&format!("{url}?clock=rewind")).await.unwrap();
        let error = connect(&format!("{url}?clock=rewind")).await.unwrap_err().to_string();
        assert!(error.contains("stop every server"), "{error}");
        drop(stores);
        for (url, words) in [("sqlite::memory:", "write memory:"), ("sqlite://", "names no file")] {
            let error = connect(url).await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
