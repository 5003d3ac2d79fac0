use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion,
    PushInfo, PushKind, RedisConnectionInfo, RedisError, TlsCertificates, Value,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::{AddressMap, Login, RedisConfig, Server, Tls};
use crate::error::Failure;

/// How servers are connected to, whichever they are.
#[derive(Clone)]
pub(crate) struct Dialer {
    login: Login,
    database: u16,
    tls: Option<Tls>,
    addresses: Option<AddressMap>,
    /// The PEM file of [`Tls::ca`], read once.
    ca: Option<Vec<u8>>,
    timeout: Duration,
}

/// The oldest release that has everything the scripts call.
const OLDEST: (u32, u32) = (6, 2);
/// The first release whose scripts begin with a `#!lua` line.
const DECLARING: (u32, u32) = (7, 0);
/// No single attempt to connect takes longer, so that a call has time for a second one.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(2);

impl Dialer {
    pub(crate) fn new(config: &RedisConfig, login: &Login, database: u16) -> Result<Self, Failure> {
        let ca = match config.tls.as_ref().and_then(|tls| tls.ca.as_ref()) {
            Some(file) => Some(fs::read(file).map_err(|error| {
                Failure::NoServer(format!("the certificates in {} cannot be read: {error}", file.display()))
            })?),
            None => None,
        };
        if config.tls.is_some() {
            // Taken only if the application has not chosen a provider itself.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let (login, tls, addresses) = (login.clone(), config.tls.clone(), config.addresses.clone());
        Ok(Self { login, database, tls, addresses, ca, timeout: config.timeout })
    }

    fn client(&self, server: &Server) -> Result<Client, RedisError> {
        let Server { host, port } = self.addresses.as_ref().map_or_else(|| server.clone(), |map| map.of(server));
        let address = match &self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(tls) => ConnectionAddr::TcpTls { host, port, insecure: tls.insecure, tls_params: None },
        };
        let mut redis = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_db(self.database.into())
            .set_lib_name("fastestmcp", env!("CARGO_PKG_VERSION"));
        if let Some(user) = &self.login.user {
            redis = redis.set_username(user);
        }
        if let Some(password) = &self.login.password {
            redis = redis.set_password(password);
        }
        let info = address.into_connection_info()?.set_redis_settings(redis);
        match &self.ca {
            Some(ca) => Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(ca.clone()) }),
            None => Client::open(info),
        }
    }

    /// Connects once. `pushed` is told of everything that the server sends unasked, and of the end of the connection.
    pub(crate) async fn dial(
        &self,
        server: &Server,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Wire, Failure> {
        let ended = Arc::new(AtomicBool::new(false));
        let broken = ended.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout.min(LONGEST_ATTEMPT)))
            .set_response_timeout(Some(self.timeout))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    broken.store(true, Ordering::Release);
                }
                pushed(push);
                Ok::<(), ()>(())
            });
        let unreachable =
            |error: RedisError| Failure::Unreachable { server: server.to_string(), cause: error.to_string() };
        let client = self.client(server).map_err(unreachable)?;
        let connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| match error.kind() {
                ErrorKind::RESP3NotSupported => Failure::Unsupported("Redis 6.2 or newer is needed".to_owned()),
                _ => unreachable(error),
            })?;
        let mut wire = Wire { connection, ended, declared: false, primary: false };
        let hello = wire.ask(&redis::cmd("HELLO")).await?;
        wire.learn(hello)?;
        Ok(wire)
    }
}

/// One connection, shared by everyone who uses its server.
#[derive(Clone)]
pub(crate) struct Wire {
    connection: MultiplexedConnection,
    ended: Arc<AtomicBool>,
    declared: bool,
    primary: bool,
}

impl Wire {
    /// Whether scripts begin with a `#!lua` line here.
    pub(crate) const fn declared(&self) -> bool {
        self.declared
    }

    /// Whether the server was a primary when the connection was made.
    pub(crate) const fn is_primary(&self) -> bool {
        self.primary
    }

    /// Sends a command and waits for its reply. It is sent at most once.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, RedisError> {
        let reply = self.connection.clone().send_packed_command(command).await;
        self.judge(reply.and_then(Value::extract_error))
    }

    /// Sends several commands, one after the other, and waits for the reply to the last. If one before it fails, that is
    /// the answer.
    pub(crate) async fn ask_all(&self, commands: &Pipeline) -> Result<Value, RedisError> {
        let replies = self.connection.clone().send_packed_commands(commands, 0, commands.len()).await;
        let last =
            replies.and_then(|replies| replies.into_iter().try_fold(Value::Nil, |_, reply| reply.extract_error()));
        self.judge(last)
    }

    /// After an error of the connection itself it is not used again.
    fn judge<T>(&self, reply: Result<T, RedisError>) -> Result<T, RedisError> {
        if let Err(error) = &reply
            && matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse)
        {
            self.ended.store(true, Ordering::Release);
        }
        reply
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn learn(&mut self, hello: Value) -> Result<(), Failure> {
        let unknown = || Failure::Reply("HELLO");
        let facts = hello.into_map_iter().map_err(|_| unknown())?;
        for (name, value) in facts {
            match redis::from_redis_value::<String>(name).map_err(|_| unknown())?.as_str() {
                "version" => {
                    let version: String = redis::from_redis_value(value).map_err(|_| unknown())?;
                    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
                    let release: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
                    if release < OLDEST {
                        return Err(Failure::Unsupported(format!("Redis {version}: 6.2 or newer is needed")));
                    }
                    self.declared = release >= DECLARING;
                }
                "role" => {
                    let role: String = redis::from_redis_value(value).map_err(|_| unknown())?;
                    self.primary = role == "master";
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The way to one server: connects when it is first used, and again after the connection was lost.
pub(crate) struct Link {
    server: Server,
    dialer: Dialer,
    wire: RwLock<Option<Wire>>,
    /// Held by whoever connects; what the last attempt failed with.
    dialing: Mutex<Option<(Instant, Failure)>>,
}

impl Link {
    pub(crate) fn new(server: Server, dialer: Dialer) -> Self {
        Self { server, dialer, wire: RwLock::default(), dialing: Mutex::default() }
    }

    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// A connection that works as far as is known. Of callers that come at once one connects, for all.
    pub(crate) async fn wire(&self) -> Result<Wire, Failure> {
        if let Some(wire) = self.working() {
            return Ok(wire);
        }
        let asked = Instant::now();
        let mut dialing = self.dialing.lock().await;
        if let Some(wire) = self.working() {
            return Ok(wire);
        }
        if let Some((at, failure)) = &*dialing
            && *at >= asked
        {
            return Err(failure.clone());
        }
        match self.dialer.dial(&self.server, |_| {}).await {
            Ok(wire) => {
                *self.wire.write() = Some(wire.clone());
                *dialing = None;
                Ok(wire)
            }
            Err(failure) => {
                tracing::debug!(server = %self.server, %failure, "cannot connect");
                *dialing = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Gives the connection up: the next caller connects again.
    pub(crate) fn forget(&self) {
        *self.wire.write() = None;
    }

    fn working(&self) -> Option<Wire> {
        self.wire.read().clone().filter(|wire| !wire.has_ended())
    }
}
