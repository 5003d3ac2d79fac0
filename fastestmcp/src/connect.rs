use fastestmcp_core::Stores;
use fastestmcp_core::error::StoreError;
use fastestmcp_core::ids::Namespace;
use fastestmcp_server::ServerError;

/// Why no stores were opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one of those that [`connect`] lists.
    #[error("{0:?} is not a store URL; use memory: or sqlite:PATH")]
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
/// | URL | backend | survives | shared by |
/// |---|---|---|---|
/// | `memory:` | memory | nothing | this process |
/// | `sqlite:PATH` | SQLite | kill -9, loss of power | the processes of this host |
///
/// Options follow after `?`: `namespace=NAME` keeps several servers apart on one database; SQLite also knows
/// `synchronous=normal`, which gives up the last commits on loss of power for speed.
///
/// # Errors
/// The URL is not understood, or the backend refuses: see [`ConnectError`].
pub async fn connect(url: &str) -> Result<Stores, ConnectError> {
    let (address, options) = url.split_once('?').map_or((url, ""), |(address, options)| (address, options));
    let options = Options::parse(options)?;
    match address.split_once(':') {
        Some(("memory", "")) => memory(options),
        Some(("sqlite", path)) if !path.is_empty() => sqlite(path.strip_prefix("//").unwrap_or(path), options).await,
        _ => Err(ConnectError::UnknownUrl(redacted(url))),
    }
}

#[derive(Default)]
struct Options {
    namespace: Option<Namespace>,
    synchronous_normal: bool,
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
                _ => return Err(unknown()),
            }
        }
        Ok(options)
    }
}

/// A URL without what may be a password.
fn redacted(url: &str) -> String {
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
    Ok(Stores::of(SqliteStore::open_with(config).await?))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str, _: Options) -> Result<Stores, ConnectError> {
    Err(ConnectError::NotBuilt("sqlite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_store_url_is_refused_without_showing_a_password() {
        for url in ["", "memory", "memory:x", "sqlite:", "mysql://a", "redis://user:secret@host/0", "memory:?a=b"] {
            let error = connect(url).await.unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
