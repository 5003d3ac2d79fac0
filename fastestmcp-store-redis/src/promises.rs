use std::time::Duration;

use fastestmcp_core::backend::{Durability, Guarantees, Reach};
use parking_lot::RwLock;
use tokio::time::Instant;

use crate::config::{RedisConfig, Server};
use crate::error::{BACKEND, Failure};
use crate::link::Greeting;

/// How often the log says that a server is refused.
const REMINDER: Duration = Duration::from_secs(60);

/// What is declared, held against what each server says of itself at each connection (G11): who promises less than can
/// be lowered is refused, the rest lowers what is declared.
pub(crate) struct Promises {
    allow_eviction: bool,
    asserted: Option<Durability>,
    state: RwLock<State>,
}

struct State {
    declared: Guarantees,
    /// Since the store is open somebody has relied on what is declared.
    is_open: bool,
    refused: Option<(Server, Instant)>,
}

impl Promises {
    pub(crate) fn new(config: &RedisConfig, fails_over: bool) -> Self {
        let durability = config.durability.unwrap_or(Durability::PowerLoss);
        let mut declared = Guarantees::new(durability, Reach::Cluster);
        declared.failover_may_lose = fails_over;
        let state = State { declared, is_open: false, refused: None };
        Self { allow_eviction: config.allow_eviction, asserted: config.durability, state: RwLock::new(state) }
    }

    pub(crate) fn declared(&self) -> Guarantees {
        self.state.read().declared.clone()
    }

    pub(crate) fn open(&self) {
        self.state.write().is_open = true;
    }

    /// Whether state may be kept on a server that says this of itself.
    pub(crate) fn hold(&self, server: &Server, greeting: &Greeting) -> Result<(), Failure> {
        let mut state = self.state.write();
        if !greeting.primary {
            state.refuse(server, "it is a replica");
            return Err(Failure::Replica);
        }
        if let Some(reason) = self.objection(greeting) {
            state.refuse(server, &reason);
            // A store that is open comes back by itself when the server is set right.
            return Err(if state.is_open {
                Failure::NoServer(format!("{server} is refused: {reason}"))
            } else {
                Failure::Unsupported(reason)
            });
        }
        if state.refused.as_ref().is_some_and(|(refused, _)| refused == server) {
            state.refused = None;
        }
        state.lower(self.asserted.or(greeting.durability), greeting.has_replicas, server);
        Ok(())
    }

    /// Why a server cannot be used that drops keys when its memory is full.
    fn objection(&self, greeting: &Greeting) -> Option<String> {
        match greeting.eviction.as_deref() {
            _ if self.allow_eviction => None,
            Some("noeviction") => None,
            Some(policy) => Some(format!(
                "maxmemory-policy is {policy}: Redis would drop state when its memory is full. Set it to noeviction, or \
                 allow eviction explicitly"
            )),
            None => Some(
                "maxmemory-policy cannot be seen: allow INFO or CONFIG GET, or allow eviction explicitly".to_owned(),
            ),
        }
    }
}

impl State {
    fn refuse(&mut self, server: &Server, reason: &str) {
        let is_known = self.refused.as_ref().is_some_and(|(refused, at)| refused == server && at.elapsed() < REMINDER);
        if self.is_open && !is_known {
            tracing::error!(backend = BACKEND, %server, reason, "a server is refused");
            self.refused = Some((server.clone(), Instant::now()));
        }
    }

    fn lower(&mut self, durability: Option<Durability>, has_replicas: bool, server: &Server) {
        let declared = &mut self.declared;
        if let Some(durability) = durability.filter(|durability| *durability < declared.durability) {
            if self.is_open {
                let was = declared.durability;
                tracing::error!(backend = BACKEND, %server, ?was, now = ?durability, "a server keeps less than declared");
            }
            declared.durability = durability;
        }
        if has_replicas && !declared.failover_may_lose {
            if self.is_open {
                tracing::error!(backend = BACKEND, %server, "from now on a failover may lose acknowledged writes");
            }
            declared.failover_may_lose = true;
        }
    }
}
