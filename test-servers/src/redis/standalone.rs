use rustix::process::Signal;

use super::process::{Process, Role};
use crate::certificate::Certificate;
use crate::shared::Shared;
use crate::{ServerError, environment};

/// One Redis server. Every write is in its append-only file before it is acknowledged.
#[derive(Debug)]
pub struct Redis {
    url: String,
    process: Option<Process>,
}

/// How a [`Redis`] differs from the default.
#[derive(Clone, Debug, Default)]
pub struct RedisSettings {
    role: Role,
}

impl RedisSettings {
    /// One line of `redis.conf`, for instance `maxmemory 4mb`. The last one of a kind counts.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.role.lines.push(line.to_owned());
        self
    }

    /// Only this user may come in: a password for `default`, or another name and then `default` is off.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.role.user = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// TLS only, with a throwaway [`Certificate`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.role.tls = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start(self) -> Result<Redis, ServerError> {
        environment::wanted(&["redis"])?;
        let process = Process::start(&self.role)?;
        let scheme = if self.role.tls { "rediss" } else { "redis" };
        let user = self.role.user.map(|(name, password)| format!("{name}:{password}@")).unwrap_or_default();
        Ok(Redis { url: format!("{scheme}://{user}{}", process.address()), process: Some(process) })
    }
}

static SHARED: Shared<Redis> = Shared::new();

impl Redis {
    /// A server of your own.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start() -> Result<Self, ServerError> {
        Self::settings().start()
    }

    /// A server of your own that differs from the default.
    pub fn settings() -> RedisSettings {
        RedisSettings::default()
    }

    /// The server that all tests of this process share, or that `FASTESTMCP_TEST_REDIS_URL` names.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn shared() -> Result<&'static Self, ServerError> {
        SHARED.get(|| {
            environment::wanted(&["redis"])?;
            match environment::existing("FASTESTMCP_TEST_REDIS_URL") {
                Some(url) => Ok(Self { url, process: None }),
                None => Self::start(),
            }
        })
    }

    /// `redis://127.0.0.1:PORT`, or `rediss://`, with user and password where there are any.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn process(&self, hook: &'static str) -> Result<&Process, ServerError> {
        self.process.as_ref().ok_or(ServerError::Unsupported(hook))
    }

    /// Where it listens on 127.0.0.1.
    ///
    /// # Errors
    /// The server is not ours; so for all that follow.
    pub fn port(&self) -> Result<u16, ServerError> {
        Ok(self.process("port")?.node().port())
    }

    /// The certificate it shows, if it speaks TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.process.as_ref()?.certificate()
    }

    /// Its process id.
    ///
    /// # Errors
    /// It is down.
    pub fn id(&self) -> Result<u32, ServerError> {
        self.process("id")?.node().id().ok_or_else(|| ServerError::Failed("the server is down".to_owned()))
    }

    /// Runs a command with `redis-cli`; what it printed, an error that Redis answered included.
    ///
    /// # Errors
    /// It could not be run.
    pub fn command(&self, words: &[&str]) -> Result<String, ServerError> {
        self.process("command")?.command(words)
    }

    /// Stops it in an orderly way.
    ///
    /// # Errors
    /// It did not stop.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.process("stop")?.node().stop()
    }

    /// kill -9.
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill(&self) -> Result<(), ServerError> {
        self.process("kill")?.node().kill()
    }

    /// Starts it after it has ended, on the same data and port.
    ///
    /// # Errors
    /// It did not start.
    pub fn start_again(&self) -> Result<(), ServerError> {
        self.process("start")?.node().start_again()
    }

    /// [`Redis::stop`] and [`Redis::start_again`].
    ///
    /// # Errors
    /// As those.
    pub fn restart(&self) -> Result<(), ServerError> {
        self.stop()?;
        self.start_again()
    }

    /// Stops its time (SIGSTOP): connections stay, nothing is answered.
    ///
    /// # Errors
    /// It is down.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.process("pause")?.node().signal(Signal::STOP)
    }

    /// After [`Redis::pause`].
    ///
    /// # Errors
    /// It is down.
    pub fn resume(&self) -> Result<(), ServerError> {
        self.process("resume")?.node().signal(Signal::CONT)
    }
}
