use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::{Site, Ticket, carry_out};
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::limits::{Limits, Refused};
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::call::Call;
use crate::clock::StoreClock;
use crate::config::RedisConfig;
use crate::error::{BACKEND, Failure};
use crate::link::Wire;
use crate::route::Route;
use crate::script::Access;
use crate::tag::Tag;

/// All three seams on Redis. Clones share the connections.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: RedisConfig,
    limits: Limits,
    server: Arc<Servers>,
}

/// The servers and the clock: what every operation is carried out with.
pub(crate) struct Servers {
    route: Route,
    clock: StoreClock,
}

impl RedisStore {
    /// Opens what a URL names, as [`RedisConfig::from_url`] understands it.
    ///
    /// # Errors
    /// As [`RedisConfig::from_url`] and [`RedisStore::open_with`].
    pub async fn open(url: &str) -> StoreResult<Self> {
        Self::open_with(RedisConfig::from_url(url)?).await
    }

    /// Connects.
    ///
    /// # Errors
    /// - `Unavailable`: no server can be reached.
    pub async fn open_with(config: RedisConfig) -> StoreResult<Self> {
        let open = |failure: Failure| failure.of_read("open");
        let route = Route::new(&config).map_err(open)?;
        let server = Arc::new(Servers { route, clock: StoreClock::new(config.clock.clone()) });
        Ok(Self { inner: Arc::new(Inner { limits: Limits::default(), server, config }) })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.inner.config.timeout
    }

    /// What group commits carry out their runs with.
    pub(crate) fn servers(&self) -> &Arc<Servers> {
        &self.inner.server
    }

    /// A part of this store's namespace that one script may touch.
    pub(crate) fn tag(&self, part: &str) -> Tag {
        Tag::new(&self.inner.config.namespace, part)
    }

    /// Carries out a script that only reads.
    pub(crate) async fn read(&self, operation: &'static str, call: Call) -> StoreResult<Value> {
        debug_assert_eq!(call.script.access(), Access::Read);
        let server = self.inner.server.clone();
        carry_out(Site { backend: BACKEND, operation }, self.timeout(), |_| async move {
            server.run(&call, None).await.map_err(|failure| failure.of_read(operation))
        })
        .await
    }

    /// Carries out a script that writes, at most once.
    pub(crate) async fn write(&self, operation: &'static str, call: Call) -> StoreResult<Value> {
        let server = self.inner.server.clone();
        carry_out(Site { backend: BACKEND, operation }, self.timeout(), |ticket| async move {
            server.run(&call, Some(&ticket)).await.map_err(|failure| failure.of_write(operation))
        })
        .await
    }
}

impl Servers {
    pub(crate) const fn clock(&self) -> &StoreClock {
        &self.clock
    }

    /// Runs a script, at most once: it is sent again only after the server answered that it did not begin it. A ticket
    /// is started right before a script is sent that writes.
    pub(crate) async fn run(&self, call: &Call, ticket: Option<&Ticket>) -> Result<Value, Failure> {
        let link = self.route.find(call.slot).await?;
        let wire = link.wire().await?;
        if ticket.is_some_and(|ticket| !ticket.start()) {
            return Err(Failure::Late);
        }
        let clock = self.clock.argument();
        let command = call.command(wire.declared(), clock.as_bytes());
        match wire.ask(&command).await {
            Err(error) if is_unknown_script(&error) => {
                self.teach(&wire, call).await?;
                Ok(wire.ask(&command).await?)
            }
            reply => Ok(reply?),
        }
    }

    async fn teach(&self, wire: &Wire, call: &Call) -> Result<(), RedisError> {
        wire.ask(&call.script.load(wire.declared())).await.map(drop)
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// What a refused request is answered with.
pub(crate) fn refuse(operation: &'static str) -> impl FnOnce(Refused) -> StoreError {
    move |refused| refused.into_error(BACKEND, operation)
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
