use std::collections::HashMap;

use fastestmcp_core::backend::Durability;
use redis::{ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};

use crate::error::Failure;

/// The oldest release that has everything the scripts call.
const OLDEST: (u32, u32) = (6, 2);
/// The first release whose scripts begin with a `#!lua` line.
const DECLARING: (u32, u32) = (7, 0);

/// What a server says of itself when a connection is made to it (G11): it may be another one than the last time, or be
/// set differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// Whether scripts begin with a `#!lua` line here.
    pub(crate) declared: bool,
    /// Whether it is a primary.
    pub(crate) primary: bool,
    /// Whether [`Greeting::role`] tells a primary from a replica here.
    pub(crate) tells_role: bool,
    /// The id of its history: another one whenever a server is promoted, and after most restarts. Empty if it cannot be
    /// seen.
    pub(crate) lineage: String,
    /// `maxmemory-policy`, if it can be seen.
    pub(crate) eviction: Option<String>,
    /// What acknowledged writes survive.
    pub(crate) durability: Option<Durability>,
    /// Whether it has replicas, which a failover could promote before they have everything.
    pub(crate) has_replicas: bool,
}

const SETTINGS: [&str; 3] = ["maxmemory-policy", "appendfsync", "no-appendfsync-on-rewrite"];

impl Greeting {
    /// What is asked of whoever speaks RESP3, a Sentinel included.
    pub(super) fn short() -> Pipeline {
        let mut questions = Pipeline::new();
        questions.cmd("HELLO");
        questions
    }

    /// What is asked of a server that is to hold state.
    pub(super) fn whole() -> Pipeline {
        let mut questions = Self::short();
        questions.cmd("INFO");
        for setting in SETTINGS {
            questions.cmd("CONFIG").arg("GET").arg(setting);
        }
        questions.add_command(Self::role());
        questions
    }

    /// A question that only a primary answers. It waits for nobody, needs no memory and no disk, and any user may ask it.
    pub(super) fn role() -> redis::Cmd {
        let mut wait = redis::cmd("WAIT");
        wait.arg(0).arg(0);
        wait
    }

    /// Reads the replies to [`Greeting::short`] or [`Greeting::whole`].
    pub(super) fn read(replies: Vec<Value>) -> Result<Self, Failure> {
        let mut replies = replies.into_iter().map(Value::extract_error);
        let mut greeting = Self::default();
        greeting.hello(replies.next().ok_or(Failure::Reply("HELLO"))??)?;
        let Some(info) = replies.next() else { return Ok(greeting) };
        let info = Info::read(permitted(info)?)?;
        let mut settings = HashMap::new();
        for reply in replies.by_ref().take(SETTINGS.len()) {
            if let Some(reply) = permitted(reply)? {
                let some: HashMap<String, String> =
                    redis::from_redis_value(reply).map_err(|_| Failure::Reply("CONFIG GET"))?;
                settings.extend(some);
            }
        }
        greeting.tells_role = matches!(replies.next(), Some(Ok(_)));
        greeting.eviction = settings.remove("maxmemory-policy").or_else(|| info.get("maxmemory_policy"));
        greeting.durability = Some(durability(&info, &settings));
        greeting.has_replicas = info.get("connected_slaves").is_none_or(|count| count != "0");
        greeting.lineage = info.get("master_replid").unwrap_or_default();
        Ok(greeting)
    }

    fn hello(&mut self, hello: Value) -> Result<(), Failure> {
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

fn durability(info: &Info, settings: &HashMap<String, String>) -> Durability {
    let setting = |name: &str| settings.get(name).map(String::as_str);
    let appends = info.get("aof_enabled").as_deref() == Some("1");
    match (appends, setting("appendfsync"), setting("no-appendfsync-on-rewrite")) {
        // Synced before it is answered, at all times.
        (true, Some("always"), Some("no")) => Durability::PowerLoss,
        // Handed to the operating system before it is answered.
        (true, Some("always" | "no"), _) => Durability::ProcessCrash,
        // With `everysec` Redis puts the write off for up to two seconds while a sync is running, and answers.
        _ => Durability::Volatile,
    }
}

/// What `INFO` says, empty if it may not be asked.
struct Info(HashMap<String, String>);

impl Info {
    fn read(reply: Option<Value>) -> Result<Self, Failure> {
        let text: String =
            reply.map(redis::from_redis_value).transpose().map_err(|_| Failure::Reply("INFO"))?.unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        Ok(Self(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()))
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
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
