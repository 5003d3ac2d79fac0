use std::time::Duration;

use crate::task::{OnInputTimeout, Rerun};

/// Whether a tool runs as a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSupport {
    /// Never.
    Forbidden,
    /// If the client asks (2025 wire) or can (2026 wire).
    Optional,
    /// Always.
    Required,
}

/// Whether and how a tool runs as a task.
///
/// ```
/// use std::time::Duration;
///
/// use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
///
/// // Started again where its worker is lost, and it answers within the call if it is done within a second.
/// let policy = TaskPolicy::optional().rerun().inline_for(Duration::from_secs(1)).queue("reports");
/// let tool = Tool::new("report", async |_cx, _: NoArgs| Ok("done")).task(policy);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskPolicy {
    /// Whether it runs as a task.
    pub support: TaskSupport,
    /// Whether it may run again; by default up to 3 times if the tool declares that it is idempotent or read-only, else
    /// never.
    pub rerun: Option<Rerun>,
    /// The queue it waits in.
    pub queue: String,
    /// 0 to 9; 9 first.
    pub priority: u8,
    /// The default life of a task, counted from its creation: 24 h.
    pub ttl: Duration,
    /// The longest life a client may ask for: 7 days.
    pub max_ttl: Duration,
    /// Whether a client may ask for a task that never expires.
    pub allow_unlimited: bool,
    /// How long an outcome stays readable at least: 1 h.
    pub retain: Duration,
    /// How long one run may take, waiting for input not counted: 1 h.
    pub run_timeout: Duration,
    /// How long the client may take to answer: 10 min.
    pub input_timeout: Duration,
    /// What happens when it does not.
    pub on_input_timeout: OnInputTimeout,
    /// On the 2026 wire: how long a call waits for a quick task, to answer it directly: not at all.
    pub inline_for: Duration,
    /// How often clients are asked to poll: 1 s.
    pub poll_interval: Duration,
    /// On the 2026 wire: whether it begins as a plain call and becomes a task where the handler says so
    /// ([`Context::detach`](crate::context::Context::detach)): no, at once.
    pub detaches: bool,
}

impl TaskPolicy {
    fn with_support(support: TaskSupport) -> Self {
        Self {
            support,
            rerun: None,
            queue: "default".to_owned(),
            priority: 5,
            ttl: Duration::from_secs(24 * 3_600),
            max_ttl: Duration::from_secs(7 * 24 * 3_600),
            allow_unlimited: false,
            retain: Duration::from_secs(3_600),
            run_timeout: Duration::from_secs(3_600),
            input_timeout: Duration::from_secs(600),
            on_input_timeout: OnInputTimeout::Decline,
            inline_for: Duration::ZERO,
            poll_interval: Duration::from_secs(1),
            detaches: false,
        }
    }

    /// Never a task.
    pub fn forbidden() -> Self {
        Self::with_support(TaskSupport::Forbidden)
    }

    /// A task if the client wants one.
    pub fn optional() -> Self {
        Self::with_support(TaskSupport::Optional)
    }

    /// Always a task.
    pub fn required() -> Self {
        Self::with_support(TaskSupport::Required)
    }

    /// It may run again, up to 3 times.
    #[must_use]
    pub const fn rerun(self) -> Self {
        self.attempts(3)
    }

    /// It may run again, up to `max_attempts` times (at least 1).
    #[must_use]
    pub const fn attempts(mut self, max_attempts: u32) -> Self {
        self.rerun = Some(Rerun::Always { max_attempts: if max_attempts == 0 { 1 } else { max_attempts } });
        self
    }

    /// It is started at most once.
    #[must_use]
    pub const fn never_rerun(mut self) -> Self {
        self.rerun = Some(Rerun::Never);
        self
    }

    /// The queue it waits in.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self
    }

    /// 0 to 9; 9 first. Anything above is 9.
    #[must_use]
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = if priority > 9 { 9 } else { priority };
        self
    }

    /// The default and the longest life of a task.
    #[must_use]
    pub const fn ttl(mut self, default: Duration, max: Duration) -> Self {
        self.ttl = default;
        self.max_ttl = max;
        self
    }

    /// How long an outcome stays readable at least.
    #[must_use]
    pub const fn retain(mut self, retain: Duration) -> Self {
        self.retain = retain;
        self
    }

    /// How long one run may take, waiting for input not counted.
    #[must_use]
    pub const fn run_timeout(mut self, run_timeout: Duration) -> Self {
        self.run_timeout = run_timeout;
        self
    }

    /// How long the client may take to answer, and what happens when it does not.
    #[must_use]
    pub const fn input_timeout(mut self, input_timeout: Duration, then: OnInputTimeout) -> Self {
        self.input_timeout = input_timeout;
        self.on_input_timeout = then;
        self
    }

    /// How long a call on the 2026 wire waits for a quick task, to answer it directly.
    #[must_use]
    pub const fn inline_for(mut self, inline_for: Duration) -> Self {
        self.inline_for = inline_for;
        self
    }

    /// On the 2026 wire, it begins as a plain call, which may ask for input, and becomes a task where the handler says so
    /// ([`Context::detach`](crate::context::Context::detach)). What comes before that point runs twice: see
    /// [`Context::once`](crate::context::Context::once).
    #[must_use]
    pub const fn detaches(mut self) -> Self {
        self.detaches = true;
        self
    }

    /// How often clients are asked to poll.
    #[must_use]
    pub const fn poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }
}
