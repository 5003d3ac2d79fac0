use std::collections::HashMap;

use fastestmcp_core::backend::Durability;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::error::Failure;
use crate::link::Wire;

/// The settings of a server that decide what can be promised on it, as far as it lets them be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// `maxmemory-policy`.
    eviction: Option<String>,
    /// What acknowledged writes survive.
    pub(crate) durability: Durability,
    /// Whether it has replicas, which a failover could promote before they have everything.
    pub(crate) has_replicas: bool,
}

impl Facts {
    pub(crate) async fn of(wire: &Wire) -> Result<Self, Failure> {
        let info = Info::of(wire).await?;
        let setting = async |name: &str| -> Result<Option<String>, Failure> { config(wire, name).await };
        let eviction = setting("maxmemory-policy").await?.or_else(|| info.get("maxmemory_policy"));
        let appends = info.get("aof_enabled").as_deref() == Some("1");
        let fsync = setting("appendfsync").await?;
        let skipped = setting("no-appendfsync-on-rewrite").await?;
        let durability = match (appends, fsync.as_deref(), skipped.as_deref()) {
            // Synced before it is answered, at all times.
            (true, Some("always"), Some("no")) => Durability::PowerLoss,
            // Handed to the operating system before it is answered.
            (true, Some("always" | "no"), _) => Durability::ProcessCrash,
            // With `everysec` Redis puts the write off for up to two seconds while a sync is running, and answers.
            _ => Durability::Volatile,
        };
        let has_replicas = info.get("connected_slaves").is_none_or(|count| count != "0");
        Ok(Self { eviction, durability, has_replicas })
    }

    /// Refuses a server that drops keys when its memory is full.
    pub(crate) fn check_eviction(&self) -> Result<(), Failure> {
        match self.eviction.as_deref() {
            Some("noeviction") => Ok(()),
            Some(policy) => Err(Failure::Unsupported(format!(
                "maxmemory-policy is {policy}: Redis would drop state when its memory is full. Set it to noeviction, \
                 or allow eviction explicitly"
            ))),
            None => Err(Failure::Unsupported(
                "maxmemory-policy cannot be seen: allow INFO or CONFIG GET, or allow eviction explicitly".to_owned(),
            )),
        }
    }
}

/// What `INFO` says, empty if it may not be asked.
struct Info(HashMap<String, String>);

impl Info {
    async fn of(wire: &Wire) -> Result<Self, Failure> {
        let reply = permitted(wire.ask(&redis::cmd("INFO")).await)?;
        let text: String =
            reply.map(redis::from_redis_value).transpose().map_err(|_| Failure::Reply("INFO"))?.unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        Ok(Self(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()))
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

async fn config(wire: &Wire, name: &str) -> Result<Option<String>, Failure> {
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    let Some(reply) = permitted(wire.ask(&command).await)? else { return Ok(None) };
    let mut settings: HashMap<String, String> =
        redis::from_redis_value(reply).map_err(|_| Failure::Reply("CONFIG GET"))?;
    Ok(settings.remove(name))
}

/// Nothing where the user may not ask, or where a managed service has removed the command.
fn permitted(reply: Result<Value, RedisError>) -> Result<Option<Value>, Failure> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(error) => match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::ResponseError) => Ok(None),
            _ => Err(error.into()),
        },
    }
}
