use std::time::Duration;

/// How a runtime behaves; every number has a default that suits a small production server.
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
