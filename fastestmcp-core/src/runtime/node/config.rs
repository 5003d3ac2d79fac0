use std::time::Duration;

/// How a runtime behaves; every number has a default that suits a small production server.
///
/// ```
/// use std::time::Duration;
///
/// use fastestmcp_core::runtime::RuntimeConfig;
///
/// let config = RuntimeConfig::default().lease(Duration::from_secs(10)).worker_slots(8).queues(["default", "slow"]);
/// assert_eq!(config.worker_slots, 8);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeConfig {
    /// The name of this node in leases and logs; a random one by default.
    pub node: Option<String>,
    /// How long a worker's claim lasts unless it is renewed, which happens at a third of it: 30 s.
    pub lease: Duration,
    /// Tasks this node runs at once: 64.
    pub worker_slots: usize,
    /// The queues this node serves; those of its tools by default.
    pub queues: Option<Vec<String>>,
    /// How long a task waits for input with its handler in memory before its slot is freed (rerunnable ones only): 5 s.
    pub park_after: Duration,
    /// How long a cancelled or timed-out handler may take to end by itself before it is dropped: 5 s.
    pub grace: Duration,
    /// How long a stopping node lets tasks finish that may not rerun: 10 s.
    pub drain: Duration,
    /// How long a plain call may take unless its tool says otherwise, waiting for input not counted: 60 s.
    pub call_timeout: Duration,
    /// How long a plain call waits for an answer of the client: 10 min.
    pub input_timeout: Duration,
    /// How long the state of a suspended call can be resumed: 10 min.
    pub resume_within: Duration,
    /// Plain calls at once: 1,024. A cancelled one counts until its handler has ended.
    pub max_calls: usize,
    /// Plain calls of one owner at once: 256. Anonymous callers without a session have no owner and share the node's.
    pub max_calls_per_owner: usize,
    /// Blocking waits for tasks at once: 1,024.
    pub max_waiters: usize,
    /// Blocking waits of one owner at once: 256.
    pub max_waiters_per_owner: usize,
    /// Event streams at once that clients keep open to hear of changes: 16,384.
    pub max_streams: usize,
    /// Event streams of one owner at once: 1,024.
    pub max_streams_per_owner: usize,
    /// Open tasks of one owner: 1,000.
    pub max_open_tasks: u32,
    /// Tasks one owner may create in a burst, and per second after it: 2,000 and 1,000.
    pub task_rate: (u32, u32),
    /// Live sessions: 10,000.
    pub max_sessions: u64,
    /// Life of a session that nobody uses: 15 min.
    pub session_idle: Duration,
    /// Life of any session: 24 h.
    pub session_max: Duration,
    /// How long a new session may take to be initialized: 60 s.
    pub session_init: Duration,
    /// Life of the values of a principal after their last use: 90 days.
    pub principal_ttl: Duration,
    /// The longest life of a state handle of an anonymous caller: 24 h.
    pub anonymous_handle_max: Duration,
    /// `_meta` key under which a client may pass an idempotency key.
    pub idempotency_meta: String,
    /// How often expired data is swept: every 10 s.
    pub sweep_every: Duration,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            node: None,
            lease: Duration::from_secs(30),
            worker_slots: 64,
            queues: None,
            park_after: Duration::from_secs(5),
            grace: Duration::from_secs(5),
            drain: Duration::from_secs(10),
            call_timeout: Duration::from_secs(60),
            input_timeout: Duration::from_secs(600),
            resume_within: Duration::from_secs(600),
            max_calls: 1_024,
            max_calls_per_owner: 256,
            max_waiters: 1_024,
            max_waiters_per_owner: 256,
            max_streams: 16_384,
            max_streams_per_owner: 1_024,
            max_open_tasks: 1_000,
            task_rate: (2_000, 1_000),
            max_sessions: 10_000,
            session_idle: Duration::from_secs(15 * 60),
            session_max: Duration::from_secs(24 * 3_600),
            session_init: Duration::from_secs(60),
            principal_ttl: Duration::from_secs(90 * 24 * 3_600),
            anonymous_handle_max: Duration::from_secs(24 * 3_600),
            idempotency_meta: "fastestmcp/idempotencyKey".to_owned(),
            sweep_every: Duration::from_secs(10),
        }
    }
}

impl RuntimeConfig {
    /// The name of this node in leases and logs; a random one by default.
    #[must_use]
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// How long a worker's claim lasts unless it is renewed, which happens at a third of it.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Tasks this node runs at once.
    #[must_use]
    pub const fn worker_slots(mut self, worker_slots: usize) -> Self {
        self.worker_slots = worker_slots;
        self
    }

    /// The queues this node serves; those of its tools by default.
    #[must_use]
    pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
        self.queues = Some(queues.into_iter().map(Into::into).collect());
        self
    }

    /// How long a task waits for input with its handler in memory before its slot is freed (rerunnable ones only).
    #[must_use]
    pub const fn park_after(mut self, park_after: Duration) -> Self {
        self.park_after = park_after;
        self
    }

    /// How long a cancelled or timed-out handler may take to end by itself before it is dropped.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long a stopping node lets tasks finish that may not rerun.
    #[must_use]
    pub const fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// How long a plain call may take unless its tool says otherwise, waiting for input not counted.
    #[must_use]
    pub const fn call_timeout(mut self, call_timeout: Duration) -> Self {
        self.call_timeout = call_timeout;
        self
    }

    /// How long a plain call waits for an answer of the client.
    #[must_use]
    pub const fn input_timeout(mut self, input_timeout: Duration) -> Self {
        self.input_timeout = input_timeout;
        self
    }

    /// How long the state of a suspended call can be resumed.
    #[must_use]
    pub const fn resume_within(mut self, resume_within: Duration) -> Self {
        self.resume_within = resume_within;
        self
    }

    /// Plain calls at once.
    #[must_use]
    pub const fn max_calls(mut self, max_calls: usize) -> Self {
        self.max_calls = max_calls;
        self
    }

    /// Plain calls of one owner at once.
    #[must_use]
    pub const fn max_calls_per_owner(mut self, max_calls_per_owner: usize) -> Self {
        self.max_calls_per_owner = max_calls_per_owner;
        self
    }

    /// Blocking waits for tasks at once.
    #[must_use]
    pub const fn max_waiters(mut self, max_waiters: usize) -> Self {
        self.max_waiters = max_waiters;
        self
    }

    /// Blocking waits of one owner at once.
    #[must_use]
    pub const fn max_waiters_per_owner(mut self, max_waiters_per_owner: usize) -> Self {
        self.max_waiters_per_owner = max_waiters_per_owner;
        self
    }

    /// Event streams at once that clients keep open to hear of changes.
    #[must_use]
    pub const fn max_streams(mut self, max_streams: usize) -> Self {
        self.max_streams = max_streams;
        self
    }

    /// Event streams of one owner at once.
    #[must_use]
    pub const fn max_streams_per_owner(mut self, max_streams_per_owner: usize) -> Self {
        self.max_streams_per_owner = max_streams_per_owner;
        self
    }

    /// Open tasks of one owner.
    #[must_use]
    pub const fn max_open_tasks(mut self, max_open_tasks: u32) -> Self {
        self.max_open_tasks = max_open_tasks;
        self
    }

    /// Tasks one owner may create in a burst, and per second after it.
    #[must_use]
    pub const fn task_rate(mut self, burst: u32, per_second: u32) -> Self {
        self.task_rate = (burst, per_second);
        self
    }

    /// Live sessions.
    #[must_use]
    pub const fn max_sessions(mut self, max_sessions: u64) -> Self {
        self.max_sessions = max_sessions;
        self
    }

    /// Life of a session that nobody uses.
    #[must_use]
    pub const fn session_idle(mut self, session_idle: Duration) -> Self {
        self.session_idle = session_idle;
        self
    }

    /// Life of any session.
    #[must_use]
    pub const fn session_max(mut self, session_max: Duration) -> Self {
        self.session_max = session_max;
        self
    }

    /// How long a new session may take to be initialized.
    #[must_use]
    pub const fn session_init(mut self, session_init: Duration) -> Self {
        self.session_init = session_init;
        self
    }

    /// Life of the values of a principal after their last use.
    #[must_use]
    pub const fn principal_ttl(mut self, principal_ttl: Duration) -> Self {
        self.principal_ttl = principal_ttl;
        self
    }

    /// The longest life of a state handle of an anonymous caller.
    #[must_use]
    pub const fn anonymous_handle_max(mut self, anonymous_handle_max: Duration) -> Self {
        self.anonymous_handle_max = anonymous_handle_max;
        self
    }

    /// `_meta` key under which a client may pass an idempotency key.
    #[must_use]
    pub fn idempotency_meta(mut self, key: impl Into<String>) -> Self {
        self.idempotency_meta = key.into();
        self
    }

    /// How often expired data is swept.
    #[must_use]
    pub const fn sweep_every(mut self, sweep_every: Duration) -> Self {
        self.sweep_every = sweep_every;
        self
    }
}
