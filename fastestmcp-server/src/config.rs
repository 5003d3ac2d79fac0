use std::time::Duration;

use ::http::HeaderName;
use fastestmcp_core::limits::{Refused, check_span};

/// No request of MCP is smaller.
const SMALLEST_BODY: usize = 256;

/// Why an [`HttpConfig`] cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHttp {
    /// The path is not one that a URL has, or would be taken for a pattern.
    #[error("the HTTP path {0:?} is not a slash and then letters, digits, slashes, -, ., _ and ~")]
    Path(String),
    /// It would be the endpoint itself, or paths below it no paths.
    #[error("the path {0:?} for probes ends with a slash, or is the path of the endpoint")]
    Health(String),
    /// A host that no `Host` header names.
    #[error("the allowed host {0:?} is not a name or an address, with or without a port; none at all are any")]
    Host(String),
    /// Not where an endpoint could be.
    #[error("the public URL {0:?} is not http:// or https:// and a host, with or without a port and a path")]
    PublicUrl(String),
    /// An origin that no `Origin` header names.
    #[error("the allowed origin {0:?} is not scheme://host, with or without :port or :*")]
    Origin(String),
    /// Nothing could be asked.
    #[error("a request body of at most {0} bytes holds no request")]
    MaxBody(usize),
    /// Nobody could connect.
    #[error("at most 0 connections serve nobody")]
    MaxConnections,
    /// The header of addresses is named like none.
    #[error("{0:?} is no name of a header")]
    Header(String),
    /// A time of nothing, or one that no clock can show.
    #[error(transparent)]
    Time(#[from] Refused),
}

/// How a server speaks HTTP.
///
/// ```
/// use fastestmcp_server::HttpConfig;
///
/// // Behind a proxy that passes on the host it was asked for.
/// let config = HttpConfig::default().public_url("https://mcp.example.com/mcp");
/// // For pages of one more origin.
/// let config = config.allowed_origin("https://app.example.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where the endpoint is: `/mcp`.
    pub path: String,
    /// Where clients reach the endpoint, if that is not the address it listens on, as behind a proxy: what is said of where
    /// it is. Its host is served, and pages of its origin are.
    pub public_url: Option<String>,
    /// Values of `Host` that are served, with or without port: loopback only, against DNS rebinding. Empty for any.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are served, `:*` for any port and none for that of the scheme: loopback only. Requests without
    /// one always are.
    pub allowed_origins: Vec<String>,
    /// Bytes of a request body at most; larger ones are refused before they are parsed: 4 MiB.
    pub max_body: usize,
    /// Connections at once; more are answered "overloaded": 16,384, or as many as the process has files for.
    pub max_connections: usize,
    /// How long the head of a request may take to arrive, and how long a connection is kept that asks nothing: 75 s,
    /// longer than the usual proxy in front keeps its own.
    pub head_timeout: Duration,
    /// How long the body of a request may take to arrive: 30 s.
    pub body_timeout: Duration,
    /// How often an idle event stream gets a comment that keeps it open: 15 s; `None` for never.
    pub sse_keep_alive: Option<Duration>,
    /// The header in which a proxy in front says from which address a request comes, for instance `x-forwarded-for`: its
    /// last entry counts. Only where every request comes through that proxy; none by default, and the address is that of
    /// the connection. What anonymous callers may use of the server is counted by address.
    pub client_address_header: Option<String>,
    /// Where those who probe the server ask, which are asked nothing themselves: `GET` of this path, or of `/ready` below it, is
    /// 200 while the stores answer and the server does not stop, else 503; of `/live` below it 200 while the process runs. Nowhere by
    /// default.
    pub health: Option<String>,
    /// Whether stateless requests are answered with plain JSON where one message is the whole answer: yes.
    pub json_responses: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        Self {
            path: "/mcp".to_owned(),
            public_url: None,
            allowed_hosts: owned(&["localhost", "127.0.0.1", "::1"]),
            allowed_origins: owned(&[
                "http://localhost:*",
                "http://127.0.0.1:*",
                "http://[::1]:*",
                "https://localhost:*",
                "https://127.0.0.1:*",
                "https://[::1]:*",
            ]),
            max_body: 4 << 20,
            max_connections: 16_384,
            head_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            sse_keep_alive: Some(Duration::from_secs(15)),
            client_address_header: None,
            health: None,
            json_responses: true,
        }
    }
}

impl HttpConfig {
    /// Where the endpoint is.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Where clients reach the endpoint, if that is not the address it listens on.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// One more value of `Host` that is served, with or without a port.
    #[must_use]
    pub fn allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// One more value of `Origin` that is served, `:*` for any port and none for that of the scheme.
    #[must_use]
    pub fn allowed_origin(mut self, origin: impl Into<String>) -> Self {
        self.allowed_origins.push(origin.into());
        self
    }

    /// Values of `Host` that are served; none for any.
    #[must_use]
    pub fn allowed_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.allowed_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Values of `Origin` that are served; none for only requests without one.
    #[must_use]
    pub fn allowed_origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// The header in which a proxy in front says from which address a request comes.
    #[must_use]
    pub fn client_address_header(mut self, name: impl Into<String>) -> Self {
        self.client_address_header = Some(name.into());
        self
    }

    /// Bytes of a request body at most.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Connections at once.
    #[must_use]
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long the head of a request may take to arrive, and how long a connection is kept that asks nothing.
    #[must_use]
    pub const fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How long the body of a request may take to arrive.
    #[must_use]
    pub const fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// How often an idle event stream gets a comment that keeps it open; `None` for never.
    #[must_use]
    pub const fn sse_keep_alive(mut self, every: Option<Duration>) -> Self {
        self.sse_keep_alive = every;
        self
    }

    /// Where those who probe the server ask whether it is ready: `/healthz`, for instance.
    ///
    /// ```
    /// use fastestmcp_server::HttpConfig;
    ///
    /// let config = HttpConfig::default().health("/healthz");
    /// ```
    #[must_use]
    pub fn health(mut self, path: impl Into<String>) -> Self {
        self.health = Some(path.into());
        self
    }

    /// Whether stateless requests are answered with plain JSON where one message is the whole answer.
    #[must_use]
    pub const fn json_responses(mut self, json: bool) -> Self {
        self.json_responses = json;
        self
    }

    /// Checks what a server is built with.
    pub(crate) fn check(&self) -> Result<(), InvalidHttp> {
        let paths = std::iter::once(&self.path).chain(&self.health);
        if let Some(path) = paths.into_iter().find(|path| !is_path(path)) {
            return Err(InvalidHttp::Path(path.clone()));
        }
        if let Some(health) = &self.health
            && (health.ends_with('/')
                || ["", "/ready", "/live"].map(|below| format!("{health}{below}")).contains(&self.path))
        {
            return Err(InvalidHttp::Health(health.clone()));
        }
        if let Some(url) = self.public_url.as_ref().filter(|url| parts_of(url).is_none()) {
            return Err(InvalidHttp::PublicUrl(url.clone()));
        }
        if let Some(host) = self.allowed_hosts.iter().find(|host| !is_host(host)) {
            return Err(InvalidHttp::Host(host.clone()));
        }
        let is_origin = |origin: &str| {
            origin.split_once("://").is_some_and(|(scheme, host)| {
                !scheme.is_empty()
                    && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
                    && is_host(host.strip_suffix(":*").unwrap_or(host))
            })
        };
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(InvalidHttp::Origin(origin.clone()));
        }
        if let Some(name) = self.client_address_header.as_ref().filter(|_| self.address_header().is_none()) {
            return Err(InvalidHttp::Header(name.clone()));
        }
        if self.max_body < SMALLEST_BODY {
            return Err(InvalidHttp::MaxBody(self.max_body));
        }
        if self.max_connections == 0 {
            return Err(InvalidHttp::MaxConnections);
        }
        check_span("a time for heads", self.head_timeout)?;
        check_span("a time for bodies", self.body_timeout)?;
        self.sse_keep_alive.map_or(Ok(()), |every| Ok(check_span("a keep-alive", every)?))
    }

    /// The host of the public URL.
    pub(crate) fn public_host(&self) -> Option<&str> {
        Some(parts_of(self.public_url.as_ref()?)?.1)
    }

    /// All origins that are served, that of the public URL included, each with its port: rmcp takes one without for any.
    pub(crate) fn origins(&self) -> Vec<String> {
        let public = self.public_url.as_deref().and_then(parts_of).map(|(scheme, host)| format!("{scheme}://{host}"));
        self.allowed_origins.iter().cloned().chain(public).map(with_default_port).collect()
    }

    pub(crate) fn address_header(&self) -> Option<HeaderName> {
        self.client_address_header.as_ref()?.parse().ok()
    }
}

fn is_path(path: &str) -> bool {
    let in_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '_' | '~');
    path.starts_with('/') && path.chars().all(in_path) && !path.contains("//")
}

/// The scheme, and the host with its port, of a URL.
fn parts_of(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_path = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte));
    (is_host(host) && is_path).then_some((scheme, host))
}

/// The same origin with the port that its scheme stands for, if it has none.
fn with_default_port(origin: String) -> String {
    let port = match origin.split_once("://") {
        Some(("https", host)) if !has_port(host) => 443,
        Some(("http", host)) if !has_port(host) => 80,
        _ => return origin,
    };
    format!("{origin}:{port}")
}

fn has_port(host: &str) -> bool {
    // The colons of an address of IPv6 are within brackets.
    host.rsplit(']').next().is_some_and(|after| after.contains(':'))
}

/// A name or an address, with or without a port.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_without_a_port_has_that_of_its_scheme() {
        let config = HttpConfig::default().public_url("https://mcp.example.com/mcp");
        let given = ["http://a.example", "https://b:8443", "http://c:*", "http://[::1]", "https://[::1]:1", "app://d"];
        let served = [
            "http://a.example:80",
            "https://b:8443",
            "http://c:*",
            "http://[::1]:80",
            "https://[::1]:1",
            "app://d",
            "https://mcp.example.com:443",
        ];
        assert_eq!(config.allowed_origins(given).origins(), served);
    }

    #[test]
    fn what_no_request_could_match_is_refused() {
        let config = HttpConfig::default;
        assert_eq!(config().check(), Ok(()));
        let any = config().allowed_hosts([""; 0]).allowed_origins(["https://*.example.com"; 0]).sse_keep_alive(None);
        assert_eq!(any.check(), Ok(()));
        let good = config().path("/a/b-c_d.e~f/").allowed_hosts(["mcp.example.com:8443", "[::1]"]);
        assert_eq!(good.allowed_origins(["https://a.example", "vscode-webview://x", "http://[::1]:*"]).check(), Ok(()));
        for path in ["", "mcp", "/{id}", "/*rest", "/:id", "/a b", "/a?b", "/a#b", "//", "/a\n", "/ä"] {
            assert_eq!(config().path(path).check(), Err(InvalidHttp::Path(path.to_owned())));
        }
        for health in ["/healthz", "/mcp/health", "/a/b"] {
            assert_eq!(config().health(health).check(), Ok(()), "{health}");
        }
        for health in ["", "health", "/{id}", "/a b"] {
            assert_eq!(config().health(health).check(), Err(InvalidHttp::Path(health.to_owned())));
        }
        for (path, health) in
            [("/mcp", "/mcp"), ("/up/ready", "/up"), ("/up/live", "/up"), ("/mcp", "/"), ("/mcp", "/up/")]
        {
            assert_eq!(config().path(path).health(health).check(), Err(InvalidHttp::Health(health.to_owned())));
        }
        for url in ["https://mcp.example.com", "http://[::1]:8000/mcp", "https://a.example:8443/b/c"] {
            assert_eq!(config().public_url(url).check(), Ok(()), "{url}");
        }
        for url in [
            "",
            "mcp.example.com",
            "ftp://a.example",
            "https://",
            "https:///mcp",
            "https://u@a.example/",
            "https://a/?b",
        ] {
            assert_eq!(config().public_url(url).check(), Err(InvalidHttp::PublicUrl(url.to_owned())), "{url}");
        }
        for host in ["", "*", "https://a.example", "a b", "a/b", "a\r\nb"] {
            assert_eq!(config().allowed_hosts([host]).check(), Err(InvalidHttp::Host(host.to_owned())));
        }
        for origin in ["", "*", "a.example", "://a", "https://", "https://a/b", "https://*.a.example"] {
            assert_eq!(config().allowed_origins([origin]).check(), Err(InvalidHttp::Origin(origin.to_owned())));
        }
        assert_eq!(config().max_body(0).check(), Err(InvalidHttp::MaxBody(0)));
        assert_eq!(config().max_connections(0).check(), Err(InvalidHttp::MaxConnections));
        for every in [Duration::ZERO, Duration::MAX] {
            assert!(matches!(config().head_timeout(every).check(), Err(InvalidHttp::Time(_))));
            assert!(matches!(config().body_timeout(every).check(), Err(InvalidHttp::Time(_))));
            assert!(matches!(config().sse_keep_alive(Some(every)).check(), Err(InvalidHttp::Time(_))));
        }
    }
}
