use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::time::Instant;

use super::greeting::Greeting;
use crate::error::Failure;

/// A connection that owes an answer for longer than this may be dead.
const SILENCE: Duration = Duration::from_millis(500);
/// So may one on which nothing was heard for longer than this: networks forget connections that are not used.
const DISUSE: Duration = Duration::from_secs(5);

/// One connection, shared by everyone who uses its server.
#[derive(Clone)]
pub(crate) struct Wire {
    connection: MultiplexedConnection,
    life: Arc<Life>,
    greeting: Arc<Greeting>,
}

impl Wire {
    pub(super) fn new(connection: MultiplexedConnection, life: Arc<Life>, greeting: Greeting) -> Self {
        Self { connection, life, greeting: Arc::new(greeting) }
    }

    /// What the server said of itself when the connection was made.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Sends a command and waits for its reply. It is sent at most once.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, RedisError> {
        let _waiting = self.life.wait();
        let reply = self.connection.clone().send_packed_command(command).await;
        self.judge(reply.and_then(Value::extract_error))
    }

    /// Sends several commands, one after the other, and waits for the reply to the last. If one before it fails, that is
    /// the answer.
    pub(crate) async fn ask_all(&self, commands: &Pipeline) -> Result<Value, RedisError> {
        let _waiting = self.life.wait();
        let replies = self.connection.clone().send_packed_commands(commands, 0, commands.len()).await;
        self.judge(replies.and_then(last))
    }

    /// As [`Wire::ask_all`], for what would be answered by a replica as well: the reply counts only if the server was
    /// still a primary after it.
    pub(crate) async fn read(&self, mut commands: Pipeline) -> Result<Value, Failure> {
        if !self.greeting.tells_role {
            return Ok(self.ask_all(&commands).await?);
        }
        commands.add_command(Greeting::role());
        let _waiting = self.life.wait();
        let replies = self.connection.clone().send_packed_commands(&commands, 0, commands.len()).await;
        let mut replies = self.judge(replies)?;
        let role = replies.pop().map(Value::extract_error);
        let reply = self.judge(last(replies))?;
        match role {
            Some(Ok(_)) => Ok(reply),
            _ => {
                self.end();
                Err(Failure::Replica)
            }
        }
    }

    /// Asks whether the connection still works and its server is still a primary.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.read(redis::pipe().cmd("PING").clone()).await.map(drop)
    }

    /// It is not used any more; what is under way on it goes on.
    pub(crate) fn end(&self) {
        self.life.end();
    }

    /// After an error of the connection itself, and after one that only a replica gives, it is not used again.
    fn judge<T>(&self, reply: Result<T, RedisError>) -> Result<T, RedisError> {
        match &reply {
            Err(error) => match error.kind() {
                ErrorKind::Io | ErrorKind::Parse => self.end(),
                ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => {
                    self.end();
                    self.life.heard();
                }
                _ => self.life.heard(),
            },
            Ok(_) => self.life.heard(),
        }
        reply
    }

    pub(super) fn has_ended(&self) -> bool {
        self.life.ended.load(Ordering::Acquire)
    }

    /// Whether it has to prove that it still works.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        self.life.doubt()
    }
}

fn last(replies: Vec<Value>) -> Result<Value, RedisError> {
    replies.into_iter().try_fold(Value::Nil, |_, reply| reply.extract_error())
}

/// Why a connection may be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It owes an answer.
    Silent,
    /// It has not been used.
    Disused,
}

/// What is known of a connection's life.
pub(super) struct Life {
    ended: AtomicBool,
    pulse: Mutex<Pulse>,
}

struct Pulse {
    /// How many requests wait for an answer.
    waiting: usize,
    /// When something was last heard, or the first of those requests was sent.
    since: Instant,
}

impl Life {
    pub(super) fn new() -> Self {
        Self { ended: AtomicBool::new(false), pulse: Mutex::new(Pulse { waiting: 0, since: Instant::now() }) }
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    fn heard(&self) {
        self.pulse.lock().since = Instant::now();
    }

    fn wait(&self) -> Waiting<'_> {
        let mut pulse = self.pulse.lock();
        if pulse.waiting == 0 {
            pulse.since = Instant::now();
        }
        pulse.waiting += 1;
        Waiting(self)
    }

    fn doubt(&self) -> Option<Doubt> {
        let pulse = self.pulse.lock();
        let quiet = pulse.since.elapsed();
        match pulse.waiting {
            0 => (quiet > DISUSE).then_some(Doubt::Disused),
            _ => (quiet > SILENCE).then_some(Doubt::Silent),
        }
    }
}

/// A request that waits for its answer, or whose caller still does.
struct Waiting<'l>(&'l Life);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut pulse = self.0.pulse.lock();
        pulse.waiting -= 1;
    }
}
