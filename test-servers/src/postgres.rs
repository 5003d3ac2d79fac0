use std::ffi::OsString;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::account::Account;
use crate::certificate::Certificate;
use crate::node::{Launch, Node};
use crate::shared::Shared;
use crate::{ServerError, environment, port, program};

/// How often another port is tried when somebody was faster.
const PORTS: usize = 5;
/// How long recovery after the crash of a process may take.
const RECOVERY: Duration = Duration::from_secs(30);

/// A Postgres server. The superuser is `postgres`, without a password; the database is `postgres`.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    node: Option<Node>,
    certificate: Option<Certificate>,
}

/// How a [`Postgres`] differs from a fresh installation.
#[derive(Clone, Debug, Default)]
pub struct PostgresSettings {
    settings: Vec<(String, String)>,
    tls: bool,
}

impl PostgresSettings {
    /// One setting of `postgresql.conf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With TLS offered, by a throwaway [`Certificate`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start(self) -> Result<Postgres, ServerError> {
        environment::wanted(&["postgres"])?;
        let mut attempt = 1;
        loop {
            match self.start_on(port::free()?) {
                Err(ServerError::Failed(_)) if attempt < PORTS => attempt += 1,
                done => return done,
            }
        }
    }

    fn start_on(&self, port: u16) -> Result<Postgres, ServerError> {
        let folder = TempDir::new().map_err(|error| ServerError::failed("a temporary folder", error))?;
        let account = Account::of_servers()?;
        let prefix = match &account {
            Some(account) => {
                account.own(folder.path())?;
                account.prefix()?
            }
            None => Vec::new(),
        };
        let data = folder.path().join("data");
        let mut initdb = prefix.clone();
        initdb.push(program::find_postgres("initdb")?.into());
        initdb.extend(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"].map(OsString::from));
        initdb.extend(["--no-locale".into(), "-D".into(), data.clone().into()]);
        program::run(&initdb)?;

        let certificate = if self.tls { Some(Certificate::make(folder.path())?) } else { None };
        let mut lines = vec![
            ("port".to_owned(), port.to_string()),
            ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
            ("unix_socket_directories".to_owned(), folder.path().display().to_string()),
        ];
        if let Some(certificate) = &certificate {
            if let Some(account) = &account {
                account.own(&certificate.key())?;
            }
            lines.push(("ssl".to_owned(), "on".to_owned()));
            lines.push(("ssl_cert_file".to_owned(), certificate.server().display().to_string()));
            lines.push(("ssl_key_file".to_owned(), certificate.key().display().to_string()));
        }
        lines.extend(self.settings.iter().cloned());
        let lines: String = lines.iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
        let file = data.join("postgresql.auto.conf");
        fs::write(&file, lines).map_err(|error| ServerError::failed(file.display(), error))?;

        let mut command = prefix;
        command.extend([program::find_postgres("postgres")?.into(), "-D".into(), data.into()]);
        let mut probe: Vec<OsString> = vec![program::find_postgres("pg_isready")?.into()];
        probe.extend(["-q", "-h", "127.0.0.1", "-U", "postgres", "-p", &port.to_string()].map(OsString::from));
        // QUIT ends its children too, KILL would leave them to find out.
        let launch = Launch { command, probe, ready: "", orderly: Signal::INT, at_once: "QUIT" };
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        Ok(Postgres { url, node: Some(Node::start(launch, port, folder)?), certificate })
    }
}

static SHARED: Shared<Postgres> = Shared::new();

impl Postgres {
    /// A server of your own.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start() -> Result<Self, ServerError> {
        Self::settings().start()
    }

    /// A server of your own that differs from the default.
    pub fn settings() -> PostgresSettings {
        PostgresSettings::default()
    }

    /// The server that all tests of this process share, or that `FASTESTMCP_TEST_POSTGRES_URL` names.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn shared() -> Result<&'static Self, ServerError> {
        SHARED.get(|| {
            environment::wanted(&["postgres"])?;
            match environment::existing("FASTESTMCP_TEST_POSTGRES_URL") {
                Some(url) => Ok(Self { url, node: None, certificate: None }),
                // Suites open several nodes for each of many cases at once.
                None => Self::settings().set("max_connections", "400").start(),
            }
        })
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn node(&self, hook: &'static str) -> Result<&Node, ServerError> {
        self.node.as_ref().ok_or(ServerError::Unsupported(hook))
    }

    /// Where it listens on 127.0.0.1.
    ///
    /// # Errors
    /// The server is not ours; so for all that follow.
    pub fn port(&self) -> Result<u16, ServerError> {
        Ok(self.node("port")?.port())
    }

    /// The certificate it shows, if it offers TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The process id of the postmaster.
    ///
    /// # Errors
    /// It is down.
    pub fn id(&self) -> Result<u32, ServerError> {
        self.node("id")?.id().ok_or_else(|| ServerError::Failed("the server is down".to_owned()))
    }

    /// Runs SQL with `psql` in a session of its own; what it printed, unaligned and without headings.
    ///
    /// # Errors
    /// It failed.
    pub fn psql(&self, sql: &str) -> Result<String, ServerError> {
        program::psql(&self.url, sql)
    }

    /// Stops it in an orderly way: connections are ended, everything is written.
    ///
    /// # Errors
    /// It did not stop.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.node("stop")?.stop()
    }

    /// Ends it and its processes at once without any clean-up (SIGQUIT, which is an "immediate shutdown": as after
    /// kill -9 it recovers from its log when it is started again, but no orphan holds its memory until then).
    ///
    /// # Errors
    /// It could not be done.
    pub fn kill(&self) -> Result<(), ServerError> {
        let node = self.node("kill")?;
        node.end_by(Signal::QUIT)
    }

    /// kill -9 of one of its processes, by the id that `pg_stat_activity` has for it, as the out-of-memory killer does.
    /// The server then ends all others and recovers; waits until it has.
    ///
    /// # Errors
    /// There is no such process, or the server does not come back.
    pub fn crash_process(&self, id: &str) -> Result<(), ServerError> {
        self.node("crash")?;
        let process = id.parse().ok().and_then(Pid::from_raw);
        let process = process.ok_or_else(|| ServerError::Failed(format!("{id:?} is no process id")))?;
        kill_process(process, Signal::KILL).map_err(|error| ServerError::failed(id, error))?;
        let left = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {id}");
        let start = Instant::now();
        while self.psql(&left).ok().as_deref() != Some("0") {
            if start.elapsed() > RECOVERY {
                return Err(ServerError::Failed(format!("the server did not recover within {RECOVERY:?}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Starts it after it has ended, on the same data and port.
    ///
    /// # Errors
    /// It did not start.
    pub fn start_again(&self) -> Result<(), ServerError> {
        self.node("start")?.start_again()
    }

    /// [`Postgres::stop`] and [`Postgres::start_again`].
    ///
    /// # Errors
    /// As those.
    pub fn restart(&self) -> Result<(), ServerError> {
        self.stop()?;
        self.start_again()
    }

    /// Stops the postmaster's time (SIGSTOP): it accepts no connection, while those that exist go on.
    ///
    /// # Errors
    /// It is down.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.node("pause")?.signal(Signal::STOP)
    }

    /// After [`Postgres::pause`].
    ///
    /// # Errors
    /// It is down.
    pub fn resume(&self) -> Result<(), ServerError> {
        self.node("resume")?.signal(Signal::CONT)
    }
}
