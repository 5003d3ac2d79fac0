use std::time::Duration;

use rmcp::transport::StreamableHttpServerConfig;
use tokio_util::sync::CancellationToken;

/// The origins of pages that this machine serves.
const LOOPBACK: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// How a [`SharedHttpService`](crate::SharedHttpService) speaks HTTP.
///
/// ```
/// use std::time::Duration;
///
/// use fastestmcp_rmcp::SharedHttpConfig;
///
/// let config = SharedHttpConfig::default().allowed_hosts(["mcp.example.com"]).longest_call(Duration::from_secs(600));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedHttpConfig {
    /// Values of `Host` that are served, with or without port: loopback only, against DNS rebinding. Empty for any.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are served, `:*` for any port: loopback only. Requests without one always are.
    pub allowed_origins: Vec<String>,
    /// Bytes of a request body at most: 4 MiB.
    pub max_body: usize,
    /// How often an idle event stream gets a comment that keeps it open: 15 s; `None` for never.
    pub sse_keep_alive: Option<Duration>,
    /// Whether stateless requests (2026-07-28) are answered with plain JSON where one message is the whole answer: yes.
    pub json_responses: bool,
    /// How long a request of a session may be carried out: 1 h. Its client is told then, and the handler is cancelled.
    pub longest_call: Duration,
    /// Requests of one session that are carried out on one node at once: 256.
    pub max_calls_per_session: usize,
    /// Requests of all sessions that are carried out on one node at once: 16,384.
    pub max_calls: usize,
}

impl Default for SharedHttpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            allowed_origins: LOOPBACK.map(str::to_owned).into(),
            max_body: 4 << 20,
            sse_keep_alive: Some(Duration::from_secs(15)),
            json_responses: true,
            longest_call: Duration::from_secs(3_600),
            max_calls_per_session: 256,
            max_calls: 16_384,
        }
    }
}

impl SharedHttpConfig {
    /// Values of `Host` that are served; none for any.
    #[must_use]
    pub fn allowed_hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.allowed_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Values of `Origin` that are served; none for only requests without one.
    #[must_use]
    pub fn allowed_origins<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Bytes of a request body at most.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
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

    /// How long a request of a session may be carried out.
    #[must_use]
    pub const fn longest_call(mut self, limit: Duration) -> Self {
        self.longest_call = limit;
        self
    }

    /// Requests that are carried out on one node at once: of one session, and of all.
    #[must_use]
    pub const fn max_calls(mut self, per_session: usize, in_all: usize) -> Self {
        self.max_calls_per_session = per_session;
        self.max_calls = in_all;
        self
    }

    /// What rmcp is told, who serves the requests without a session.
    pub(crate) fn stateless(&self, streams: CancellationToken) -> StreamableHttpServerConfig {
        StreamableHttpServerConfig::default()
            .with_allowed_hosts(self.allowed_hosts.clone())
            .with_allowed_origins(self.allowed_origins.clone())
            .enforce_origin_validation()
            // A ticker without a period panics.
            .with_sse_keep_alive(self.keep_alive())
            .with_json_response(self.json_responses)
            .with_max_request_body_bytes(self.max_body)
            .with_cancellation_token(streams)
    }

    pub(crate) fn keep_alive(&self) -> Option<Duration> {
        self.sse_keep_alive.filter(|every| !every.is_zero())
    }
}
