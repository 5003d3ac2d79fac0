use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastestmcp_core::backend::Ticket;
use fastestmcp_core::time::StoreTime;
use redis::{Cmd, ErrorKind, Pipeline, PushInfo, RedisError, ServerErrorKind, Value};
use tokio::time::{Instant, sleep};

use crate::call::Call;
use crate::clock::{StoreClock, from_time_reply};
use crate::config::{RedisConfig, Server};
use crate::error::{Failure, STALE};
use crate::link::{Link, Wire};
use crate::promises::Promises;
use crate::route::Route;
use crate::script::Access;
use crate::tag::Tag;

/// Redirections that a request follows without a pause.
const AT_ONCE: u32 = 4;
/// How long a request waits for a slot that is on its way from one node to another. A script that names keys which are
/// not there yet can run on neither of them until the move is over.
const PAUSE: Duration = Duration::from_millis(20);

/// The servers and the clock: what every operation is carried out with.
pub(crate) struct Servers {
    route: Route,
    clock: StoreClock,
    timeout: Duration,
    closed: AtomicBool,
}

/// What is sent.
enum Request<'r> {
    Script {
        call: &'r Call,
        clock: String,
    },
    Command(&'r Cmd),
    /// Carried out with nothing of others between them.
    Together(Pipeline),
}

impl Servers {
    pub(crate) fn new(config: &RedisConfig, promises: &Arc<Promises>) -> Result<Self, Failure> {
        let (route, clock) = (Route::new(config, promises)?, StoreClock::new(config.clock.clone()));
        Ok(Self { route, clock, timeout: config.timeout, closed: AtomicBool::new(false) })
    }

    pub(crate) const fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.route.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// As [`Servers::run_by`], for as long as an operation may take.
    pub(crate) async fn run(&self, call: &Call, ticket: Option<&Ticket>) -> Result<Value, Failure> {
        self.run_by(call, ticket, Instant::now() + self.timeout).await
    }

    /// Runs a script, at most once. A ticket is started right before it is sent.
    pub(crate) async fn run_by(
        &self,
        call: &Call,
        ticket: Option<&Ticket>,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let request = Request::Script { call, clock: self.clock.argument() };
        self.send(call.slot, &request, ticket, deadline).await
    }

    /// Sends a command, at most once.
    pub(crate) async fn ask_once(&self, slot: u16, command: &Cmd, deadline: Instant) -> Result<Value, Failure> {
        self.send(slot, &Request::Command(command), None, deadline).await
    }

    /// The store's time and what `commands` read, all at the same moment.
    pub(crate) async fn read_now(
        &self,
        tag: &Tag,
        commands: impl IntoIterator<Item = Cmd>,
        deadline: Instant,
    ) -> Result<(StoreTime, Vec<Value>), Failure> {
        let injected = self.clock.injected();
        let mut together = Pipeline::new();
        together.cmd("MULTI").cmd("TIME");
        for command in commands {
            together.add_command(command);
        }
        together.cmd("EXEC");
        let replies = self.send(tag.slot(), &Request::Together(together), None, deadline).await?;
        let mut replies = replies.into_sequence().map_err(|_| Failure::Reply("EXEC"))?.into_iter();
        let time = from_time_reply(replies.next().ok_or(Failure::Reply("EXEC"))?)?;
        Ok((injected.unwrap_or(time), replies.collect()))
    }

    /// The store's time, from the server in charge of `slot`: proof that it answers.
    pub(crate) async fn time(&self, slot: u16, deadline: Instant) -> Result<StoreTime, Failure> {
        let time = from_time_reply(self.ask_once(slot, &redis::cmd("TIME"), deadline).await?)?;
        Ok(self.clock.injected().unwrap_or(time))
    }

    /// A connection for one purpose, to the server in charge of `slot`.
    pub(crate) async fn connect_apart(
        &self,
        slot: u16,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Wire, Failure> {
        self.route.connect_apart(slot, pushed).await
    }

    /// A connection to the server in charge of `slot`.
    pub(crate) async fn reach(&self, slot: u16) -> Result<(Arc<Link>, Wire), Failure> {
        match self.connect(self.route.find(slot).await?).await {
            // Another one may have taken its place.
            Err(_) if self.route.fails_over() && !self.is_closed() => self.connect(self.route.find(slot).await?).await,
            reached => reached,
        }
    }

    async fn connect(&self, link: Arc<Link>) -> Result<(Arc<Link>, Wire), Failure> {
        match link.wire().await {
            Ok(wire) => Ok((link, wire)),
            Err(failure) => {
                self.route.doubt(&link);
                Err(failure)
            }
        }
    }

    /// Sends a request to the server in charge of `slot`. It is sent again only after a server answered that it did not
    /// begin it: what may have been carried out is never repeated here.
    async fn send(
        &self,
        slot: u16,
        request: &Request<'_>,
        ticket: Option<&Ticket>,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let mut elsewhere: Option<Server> = None;
        let mut looked_again = false;
        for attempt in 0_u32.. {
            if self.is_closed() {
                return Err(Failure::Closed);
            }
            let (link, wire) = match &elsewhere {
                Some(server) => self.connect(self.route.at(server)).await?,
                None => self.reach(slot).await?,
            };
            if ticket.is_some_and(|ticket| !ticket.start()) {
                return Err(Failure::Late);
            }
            let failure = match request.send_on(&wire, elsewhere.is_some()).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let Failure::Redis(error) = &failure else {
                self.route.doubt(&link);
                return Err(failure);
            };
            let named = redirection(error, link.server());
            match (error.kind(), named) {
                (ErrorKind::Server(ServerErrorKind::NoScript), _) => request.teach(&wire).await?,
                (ErrorKind::Server(ServerErrorKind::Moved), Some(server)) => {
                    self.route.moved(slot, &server);
                    elsewhere = None;
                }
                // The server was promoted or restarted under this connection.
                (ErrorKind::Extension, _) if error.code() == Some(STALE) => wire.end(),
                (ErrorKind::Server(ServerErrorKind::Ask), Some(server)) => elsewhere = Some(server),
                (ErrorKind::Server(ServerErrorKind::TryAgain), _) => elsewhere = None,
                // The node knows of nobody who is in charge: it may have been removed.
                (ErrorKind::Server(ServerErrorKind::ClusterDown), _) if !looked_again => {
                    self.route.doubt(&link);
                    (elsewhere, looked_again) = (None, true);
                }
                (
                    ErrorKind::Server(
                        ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown,
                    )
                    | ErrorKind::Io,
                    _,
                ) => {
                    self.route.doubt(&link);
                    return Err(failure);
                }
                _ => return Err(failure),
            }
            if Instant::now() + PAUSE >= deadline {
                return Err(failure);
            }
            if attempt >= AT_ONCE {
                sleep(PAUSE).await;
            }
        }
        Err(Failure::Late)
    }
}

impl Request<'_> {
    async fn send_on(&self, wire: &Wire, asking: bool) -> Result<Value, Failure> {
        let mut commands = Pipeline::new();
        if asking {
            // For a node that a slot is on its way to.
            commands.cmd("ASKING");
        }
        match self {
            Self::Script { call, clock } => {
                let command = call.command(wire.greeting(), clock);
                // A replica refuses to write by itself.
                if call.script.access() != Access::Read {
                    if !asking {
                        return Ok(wire.ask(&command).await?);
                    }
                    commands.add_command(command);
                    return Ok(wire.ask_all(&commands).await?);
                }
                commands.add_command(command);
            }
            Self::Command(command) => {
                commands.add_command((*command).clone());
            }
            Self::Together(pipeline) => {
                for command in pipeline.cmd_iter() {
                    commands.add_command(command.clone());
                }
            }
        }
        wire.read(commands).await
    }

    /// Makes a script known to a server that has not seen it, or has forgotten it.
    async fn teach(&self, wire: &Wire) -> Result<(), Failure> {
        if let Self::Script { call, .. } = self {
            wire.ask(&call.script.load(wire.greeting().declared)).await?;
        }
        Ok(())
    }
}

/// The server that another one names in its place; one without a host is at the same host.
fn redirection(error: &RedisError, from: &Server) -> Option<Server> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let host = if host.is_empty() { &from.host } else { host };
    Some(Server::new(host, port.parse().ok()?))
}
