use std::fs;
use std::sync::Arc;
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind,
    RedisConnectionInfo, RedisError, TlsCertificates,
};

use super::greeting::Greeting;
use super::wire::{Life, Wire};
use crate::config::{AddressMap, Login, RedisConfig, Server, Tls};
use crate::error::Failure;
use crate::promises::Promises;

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
    /// What a server must promise that is to hold state; nothing of one that is only asked the way.
    promises: Option<Arc<Promises>>,
}

/// No single attempt to connect takes longer, so that a call has time for a second one.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(2);

impl Dialer {
    /// For servers that hold state.
    pub(crate) fn new(config: &RedisConfig, promises: &Arc<Promises>) -> Result<Self, Failure> {
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
        let (login, tls, addresses) = (config.login.clone(), config.tls.clone(), config.addresses.clone());
        let (database, timeout) = (config.database, config.timeout);
        Ok(Self { login, database, tls, addresses, ca, timeout, promises: Some(promises.clone()) })
    }

    /// For the nodes of a cluster when they are only asked the way: one that holds nothing may be set as it likes.
    pub(crate) fn of_guides(&self) -> Self {
        Self { promises: None, ..self.clone() }
    }

    /// For Sentinels.
    pub(crate) fn of_sentinels(&self, login: &Login) -> Self {
        Self { login: login.clone(), database: 0, ..self.of_guides() }
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
        let life = Arc::new(Life::new());
        let broken = life.clone();
        let patience = self.timeout.min(LONGEST_ATTEMPT);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(self.timeout))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    broken.end();
                }
                pushed(push);
                Ok::<(), ()>(())
            });
        let unreachable =
            |error: RedisError| Failure::Unreachable { server: server.to_string(), cause: error.to_string() };
        let client = self.client(server).map_err(unreachable)?;
        let mut connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| match error.kind() {
                ErrorKind::RESP3NotSupported => Failure::Unsupported("Redis 6.2 or newer is needed".to_owned()),
                _ => unreachable(error),
            })?;
        let questions = if self.promises.is_some() { Greeting::whole() } else { Greeting::short() };
        let asked = connection.send_packed_commands(&questions, 0, questions.len());
        let replies = tokio::time::timeout(patience, asked).await.map_err(|_| Failure::Unreachable {
            server: server.to_string(),
            cause: "it accepts connections and says nothing".to_owned(),
        })?;
        // Nothing of an operation was sent.
        let greeting = Greeting::read(replies.map_err(unreachable)?)?;
        if let Some(promises) = &self.promises {
            promises.hold(server, &greeting)?;
        }
        Ok(Wire::new(connection, life, greeting))
    }
}
