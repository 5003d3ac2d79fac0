use std::thread;
use std::time::{Duration, Instant};

use super::process::{Process, Role};
use crate::shared::Shared;
use crate::{ServerError, environment};

/// What the sentinels call the primary.
const SERVICE: &str = "primary";
const SENTINELS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the sentinels miss a primary before they fail over.
const MISSED: Duration = Duration::from_millis(500);
/// Those of a set that is shared: a restart is no failover, and neither is a machine that is busy for a moment.
const MISSED_IF_SHARED: Duration = Duration::from_secs(20);

/// A Redis primary, one replica, and three sentinels that fail over when two of them have missed the primary for half a
/// second; those of [`RedisSentinel::shared`] for 20.
#[derive(Debug)]
pub struct RedisSentinel {
    url: String,
    sentinels: Vec<Process>,
    servers: Vec<Process>,
}

static SHARED: Shared<RedisSentinel> = Shared::new();

impl RedisSentinel {
    /// A set of your own.
    ///
    /// # Errors
    /// Redis is not installed, left out, or they did not find each other.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_with(MISSED)
    }

    fn start_with(missed: Duration) -> Result<Self, ServerError> {
        environment::wanted(&["redis", "sentinel"])?;
        // The default waits 5 s for more replicas before it feeds the first.
        let server = |lines: &[String]| {
            let lines = [&["repl-diskless-sync-delay 0".to_owned()], lines].concat();
            Process::start(&Role { lines, ..Role::default() })
        };
        let primary = server(&[])?;
        let port = primary.node().port();
        let replica = server(&[format!("replicaof 127.0.0.1 {port}")])?;
        let watch = Role {
            sentinel: true,
            lines: vec![
                format!("sentinel monitor {SERVICE} 127.0.0.1 {port} 2"),
                format!("sentinel down-after-milliseconds {SERVICE} {}", missed.as_millis()),
                format!("sentinel failover-timeout {SERVICE} 3000"),
            ],
            ..Role::default()
        };
        let sentinels = (0..SENTINELS).map(|_| Process::start(&watch)).collect::<Result<Vec<_>, _>>()?;
        for sentinel in &sentinels {
            // They look more often, and so settle sooner; before 7.0 they refuse, and are slow.
            sentinel.command(&["SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "250"])?;
        }
        let addresses: Vec<String> = sentinels.iter().map(Process::address).collect();
        let url = format!("redis+sentinel://{}/{SERVICE}", addresses.join(","));
        let set = Self { url, sentinels, servers: vec![primary, replica] };
        set.settle()?;
        Ok(set)
    }

    /// The set that all tests of this process share, or that `FASTESTMCP_TEST_SENTINEL_URL` names.
    ///
    /// # Errors
    /// As [`RedisSentinel::start`].
    pub fn shared() -> Result<&'static Self, ServerError> {
        SHARED.get(|| {
            environment::wanted(&["redis", "sentinel"])?;
            match environment::existing("FASTESTMCP_TEST_SENTINEL_URL") {
                Some(url) => Ok(Self { url, sentinels: Vec::new(), servers: Vec::new() }),
                None => Self::start_with(MISSED_IF_SHARED),
            }
        })
    }

    /// `redis+sentinel://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT/primary`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn ours(&self, hook: &'static str) -> Result<(), ServerError> {
        if self.servers.is_empty() { Err(ServerError::Unsupported(hook)) } else { Ok(()) }
    }

    /// Waits until every sentinel knows the others and a replica, and that replica follows the primary.
    fn settle(&self) -> Result<(), ServerError> {
        let sees_all = |sentinel: &Process| {
            let quorum = sentinel.command(&["SENTINEL", "CKQUORUM", SERVICE])?;
            let others = sentinel.command(&["SENTINEL", "SENTINELS", SERVICE])?;
            let replicas = sentinel.command(&["SENTINEL", "REPLICAS", SERVICE])?;
            let others = others.lines().filter(|line| *line == "runid").count();
            let known = replicas.contains("runid") && !replicas.contains("s_down");
            Ok(quorum.starts_with("OK") && others + 1 == SENTINELS && known)
        };
        wait("the sentinels did not settle", || {
            let primary = self.primary()?;
            let leads = self.servers[primary].command(&["ROLE"])?.starts_with("master");
            let replica = self.servers[1 - primary].command(&["INFO", "replication"])?;
            let port = format!("master_port:{}", self.servers[primary].node().port());
            let follows = replica.contains(&port) && replica.contains("master_link_status:up");
            let mut sentinels = self.sentinels.iter().map(sees_all);
            Ok(leads
                && follows
                && sentinels.try_fold(true, |all, one: Result<bool, ServerError>| one.map(|one| all && one))?)
        })
    }

    /// The index of the server that is the primary, as most sentinels have it.
    ///
    /// # Errors
    /// The servers are not ours; so for all that follow. They do not agree.
    pub fn primary(&self) -> Result<usize, ServerError> {
        self.ours("primary")?;
        let mut votes = vec![0; self.servers.len()];
        for sentinel in &self.sentinels {
            let said = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE])?;
            let port = said.lines().nth(1).unwrap_or_default();
            if let Some(index) = self.servers.iter().position(|server| server.node().port().to_string() == port) {
                votes[index] += 1;
            }
        }
        let most = votes.iter().position(|votes| votes * 2 > SENTINELS);
        most.ok_or_else(|| ServerError::Failed("the sentinels do not agree on a primary".to_owned()))
    }

    /// Runs a command on server `index` with `redis-cli`; what it printed.
    ///
    /// # Errors
    /// It could not be run.
    pub fn command(&self, index: usize, words: &[&str]) -> Result<String, ServerError> {
        self.ours("command")?;
        self.servers[index].command(words)
    }

    /// kill -9 of the primary. A failover follows; the killed server stays down until [`RedisSentinel::start_again`].
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill_primary(&self) -> Result<usize, ServerError> {
        let primary = self.primary()?;
        self.servers[primary].node().kill()?;
        Ok(primary)
    }

    /// Waits until another server than `old` is the primary and takes writes.
    ///
    /// # Errors
    /// There was no failover.
    pub fn failed_over(&self, old: usize) -> Result<usize, ServerError> {
        self.ours("failover")?;
        let mut new = old;
        wait("no failover", || {
            new = self.primary().unwrap_or(old);
            Ok(new != old && self.servers[new].command(&["ROLE"])?.starts_with("master"))
        })?;
        Ok(new)
    }

    /// Starts what has ended; a former primary becomes a replica. Waits until all is well.
    ///
    /// # Errors
    /// It did not start, or the sentinels did not notice.
    pub fn start_again(&self) -> Result<(), ServerError> {
        self.ours("start")?;
        self.servers.iter().try_for_each(|server| server.node().start_again())?;
        self.settle()
    }

    /// Stops the primary in an orderly way and starts it again at once: of a shared set before the sentinels do something
    /// about it, of one of your own mostly. Waits until all is well.
    ///
    /// # Errors
    /// It did not stop or start, or the sentinels did not notice.
    pub fn restart(&self) -> Result<(), ServerError> {
        self.servers[self.primary()?].node().stop()?;
        self.start_again()
    }

    /// kill -9 of both servers, primary last, so that no failover happens; the sentinels stay.
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill_all(&self) -> Result<(), ServerError> {
        let primary = self.primary()?;
        self.servers[1 - primary].node().kill()?;
        self.servers[primary].node().kill()
    }
}

/// Looks until it is so. That a server cannot be asked is not the end: Sentinel resets its connections at a change of
/// roles.
fn wait(what: &str, mut done: impl FnMut() -> Result<bool, ServerError>) -> Result<(), ServerError> {
    let start = Instant::now();
    loop {
        let answer = done();
        if answer == Ok(true) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(ServerError::Failed(format!("{what} within {PATIENCE:?}; last: {answer:?}")));
        }
        thread::sleep(Duration::from_millis(50));
    }
}
