use std::time::Duration;

/// How a server speaks HTTP.
///
/// ```
/// use fastestmcp_server::HttpConfig;
///
/// let config = HttpConfig::default().path("/tools").allowed_hosts(["mcp.example.com"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where the endpoint is: `/mcp`.
    pub path: String,
    /// Values of `Host` that are served, with or without port: loopback only, against DNS rebinding. Empty for any.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are served, `:*` for any port: loopback only. Requests without one always are.
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
    /// Whether stateless requests are answered with plain JSON where one message is the whole answer: yes.
    pub json_responses: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        Self {
            path: "/mcp".to_owned(),
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

    /// Whether stateless requests are answered with plain JSON where one message is the whole answer.
    #[must_use]
    pub const fn json_responses(mut self, json: bool) -> Self {
        self.json_responses = json;
        self
    }
}
