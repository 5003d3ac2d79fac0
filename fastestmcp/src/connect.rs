use fastestmcp_core::Stores;
use fastestmcp_core::error::StoreError;
use fastestmcp_core::ids::Namespace;
use fastestmcp_server::ServerError;

/// Why no stores were opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one of those that [`connect`] lists.
    #[error("{0:?} is not a store URL; use memory:, sqlite:PATH, redis://… or postgres://…")]
    UnknownUrl(String),
    /// The build lacks the backend.
    #[error("this build has no {0} backend: enable the feature `{0}`")]
    NotBuilt(&'static str),
    /// An option of the URL is unknown or has no such value.
    #[error("store option {0:?} is not understood")]
    UnknownOption(String),
    /// The backend refused.
    #[error(transparent)]
    Store(#[from] StoreError),
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
/// # Errors
/// The URL is not understood, or the backend refuses: see [`ConnectError`].
pub async fn connect(url: &str) -> Result<Stores, ConnectError> {
    let (address, options) = url.split_once('?').map_or((url, ""), |(address, options)| (address, options));
    match address.split_once(':') {
        Some(("memory", "")) => memory(Options::parse(options)?),
        Some(("sqlite", path)) if !path.is_empty() => {
            sqlite(path.strip_prefix("//").unwrap_or(path), Options::parse(options)?).await
        }
        Some(("redis" | "rediss" | "redis+sentinel" | "rediss+sentinel" | "redis+cluster" | "rediss+cluster", _)) => {
            redis(url).await
        }
        Some(("postgres" | "postgresql", _)) => postgres(url).await,
        _ => Err(ConnectError::UnknownUrl(redacted(url))),
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
    fn parse(text: &str) -> Result<Self, ConnectError> {
        let mut options = Self::default();
        for option in text.split('&').filter(|option| !option.is_empty()) {
            let unknown = || ConnectError::UnknownOption(option.to_owned());
            match option.split_once('=').ok_or_else(unknown)? {
                ("namespace", name) => options.namespace = Some(Namespace::new(name).ok_or_else(unknown)?),
                ("synchronous", "normal") => options.synchronous_normal = true,
                ("synchronous", "full") => options.synchronous_normal = false,
                ("clock", "rewind") => options.rewind_clock = true,
                _ => return Err(unknown()),
            }
        }
        Ok(options)
    }
}

/// A store URL for people to read: without what may be a password.
pub fn redacted(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}…{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(feature = "memory")]
fn memory(options: Options) -> Result<Stores, ConnectError> {
    let store = fastestmcp_store_memory::MemoryStore::new();
    Ok(Stores::of(match options.namespace {
        Some(namespace) => store.namespace(namespace),
        None => store,
    }))
}

#[cfg(not(feature = "memory"))]
fn memory(_: Options) -> Result<Stores, ConnectError> {
    Err(ConnectError::NotBuilt("memory"))
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &str, options: Options) -> Result<Stores, ConnectError> {
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
    Ok(Stores::of(SqliteStore::open_with(config).await?))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str, _: Options) -> Result<Stores, ConnectError> {
    Err(ConnectError::NotBuilt("sqlite"))
}

#[cfg(feature = "redis")]
async fn redis(url: &str) -> Result<Stores, ConnectError> {
    Ok(Stores::of(fastestmcp_store_redis::RedisStore::open(url).await?))
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &str) -> Result<Stores, ConnectError> {
    Err(ConnectError::NotBuilt("redis"))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Stores, ConnectError> {
    Ok(Stores::of(fastestmcp_store_postgres::PostgresStore::open(url).await?))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<Stores, ConnectError> {
    Err(ConnectError::NotBuilt("postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_store_url_is_refused_without_showing_a_password() {
        let none = ["", "memory", "memory:x", "sqlite:", "mysql://user:secret@host/0", "redis", "memory:?a=b"];
        let refused =
            ["redis://user:secret@host/0?a=b", "redis+x://user:secret@host", "postgres://user:secret@host/?a=b"];
        for url in none.into_iter().chain(refused) {
            let error = connect(url).await.unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
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
        for (url, words) in [("sqlite::memory:", "memory store"), ("sqlite://", "no file is named")] {
            let error = connect(url).await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
