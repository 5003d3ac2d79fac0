use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::{Process, Role};
use crate::shared::Shared;
use crate::{ServerError, environment};

const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;
/// How long the nodes may take to agree.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Redis Cluster of three primaries.
#[derive(Debug)]
pub struct RedisCluster {
    url: String,
    primaries: Vec<Process>,
}

static SHARED: Shared<RedisCluster> = Shared::new();

impl RedisCluster {
    /// A cluster of your own.
    ///
    /// # Errors
    /// Redis is not installed, left out, or the nodes did not come together.
    pub fn start() -> Result<Self, ServerError> {
        environment::wanted(&["redis", "cluster"])?;
        let lines = ["cluster-enabled yes", "cluster-node-timeout 2000"].map(str::to_owned).to_vec();
        let role = Role { lines, ..Role::default() };
        let primaries = (0..PRIMARIES).map(|_| Process::start(&role)).collect::<Result<Vec<_>, _>>()?;
        for (index, primary) in primaries.iter().enumerate() {
            // By single slots: ranges came with 7.0.
            let slots = (SLOTS * index / PRIMARIES..SLOTS * (index + 1) / PRIMARIES).map(|slot| slot.to_string());
            let command: Vec<String> = ["CLUSTER", "ADDSLOTS"].map(str::to_owned).into_iter().chain(slots).collect();
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            primary.command(&words)?;
            primary.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()])?;
        }
        for other in &primaries[1..] {
            primaries[0].command(&["CLUSTER", "MEET", "127.0.0.1", &other.node().port().to_string()])?;
        }
        let addresses: Vec<String> = primaries.iter().map(Process::address).collect();
        let cluster = Self { url: format!("redis+cluster://{}", addresses.join(",")), primaries };
        cluster.settle()?;
        Ok(cluster)
    }

    /// The cluster that all tests of this process share, or that `FASTESTMCP_TEST_CLUSTER_URL` names.
    ///
    /// # Errors
    /// As [`RedisCluster::start`].
    pub fn shared() -> Result<&'static Self, ServerError> {
        SHARED.get(|| {
            environment::wanted(&["redis", "cluster"])?;
            match environment::existing("FASTESTMCP_TEST_CLUSTER_URL") {
                Some(url) => Ok(Self { url, primaries: Vec::new() }),
                None => Self::start(),
            }
        })
    }

    /// `redis+cluster://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn primaries(&self, hook: &'static str) -> Result<&[Process], ServerError> {
        if self.primaries.is_empty() { Err(ServerError::Unsupported(hook)) } else { Ok(&self.primaries) }
    }

    /// Waits until all nodes say that all is well.
    fn settle(&self) -> Result<(), ServerError> {
        let start = Instant::now();
        let members = format!("cluster_known_nodes:{PRIMARIES}");
        loop {
            let states = self.primaries.iter().map(|primary| primary.command(&["CLUSTER", "INFO"]));
            let states = states.collect::<Result<Vec<_>, _>>()?;
            if states.iter().all(|state| state.contains("cluster_state:ok") && state.contains(&members)) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(ServerError::failed("the cluster does not come together", states.concat()));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs a command on primary `index` with `redis-cli`; what it printed.
    ///
    /// # Errors
    /// It could not be run.
    pub fn command(&self, index: usize, words: &[&str]) -> Result<String, ServerError> {
        self.primaries("command")?[index].command(words)
    }

    /// kill -9 of primary `index`; its slots are down until [`RedisCluster::start_again`].
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill(&self, index: usize) -> Result<(), ServerError> {
        self.primaries("kill")?[index].node().kill()
    }

    /// Stops the time of primary `index` (SIGSTOP): connections stay, nothing is answered.
    ///
    /// # Errors
    /// It is down.
    pub fn pause(&self, index: usize) -> Result<(), ServerError> {
        self.primaries("pause")?[index].node().signal(Signal::STOP)
    }

    /// After [`RedisCluster::pause`].
    ///
    /// # Errors
    /// It is down.
    pub fn resume(&self, index: usize) -> Result<(), ServerError> {
        self.primaries("resume")?[index].node().signal(Signal::CONT)
    }

    /// Starts all that have ended, on the same data and ports.
    ///
    /// # Errors
    /// They did not start, or did not come together.
    pub fn start_again(&self) -> Result<(), ServerError> {
        for primary in self.primaries("start")? {
            primary.node().start_again()?;
        }
        self.settle()
    }

    /// kill -9 of all.
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill_all(&self) -> Result<(), ServerError> {
        self.primaries("kill")?.iter().try_for_each(|primary| primary.node().kill())
    }

    /// Stops all in an orderly way and starts them again.
    ///
    /// # Errors
    /// They did not stop, did not start, or did not come together.
    pub fn restart(&self) -> Result<(), ServerError> {
        self.primaries("restart")?.iter().try_for_each(|primary| primary.node().stop())?;
        self.start_again()
    }
}
