use std::ffi::OsString;
use std::fs;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::account::Account;
use crate::node::{Launch, Node};
use crate::{Postgres, ServerError, environment, port, program};

/// A PgBouncer in front of a [`Postgres`]: a pooler, which lends its connections to those who connect to it.
#[derive(Debug)]
pub struct PgBouncer {
    url: String,
    node: Node,
}

/// How a [`PgBouncer`] differs from the default.
#[derive(Clone, Debug, Default)]
pub struct PgBouncerSettings {
    settings: Vec<(String, String)>,
}

impl PgBouncerSettings {
    /// One setting of `pgbouncer.ini`, for instance `pool_mode`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it in front of `postgres`.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start(self, postgres: &Postgres) -> Result<PgBouncer, ServerError> {
        environment::wanted(&["postgres", "pgbouncer"])?;
        let port = port::free()?;
        let folder = TempDir::new().map_err(|error| ServerError::failed("a temporary folder", error))?;
        let mut command = Vec::new();
        // It refuses to run as root.
        if let Some(account) = Account::of_servers()? {
            account.own(folder.path())?;
            command = account.prefix()?;
        }
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, self.file(postgres.url(), port)?)
            .map_err(|error| ServerError::failed(file.display(), error))?;
        command.extend([program::find("pgbouncer", "pgbouncer")?.into(), OsString::from(file)]);
        let mut probe: Vec<OsString> = vec![program::find_postgres("pg_isready")?.into()];
        probe.extend(["-q", "-h", "127.0.0.1", "-p", &port.to_string()].map(OsString::from));
        let launch = Launch { command, probe, ready: "", orderly: Signal::TERM, at_once: "KILL" };
        let (_, database) = split(postgres.url())?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
        Ok(PgBouncer { url, node: Node::start(launch, port, folder)? })
    }

    fn file(&self, upstream: &str, port: u16) -> Result<String, ServerError> {
        let ((user, password, host, upstream_port), _) = split(upstream)?;
        let password = if password.is_empty() { String::new() } else { format!(" password={password}") };
        let mut file =
            format!("[databases]\n* = host={host} port={upstream_port} user={user}{password}\n[pgbouncer]\n");
        let mut lines = vec![
            ("listen_addr".to_owned(), "127.0.0.1".to_owned()),
            ("listen_port".to_owned(), port.to_string()),
            ("unix_socket_dir".to_owned(), String::new()),
            ("auth_type".to_owned(), "any".to_owned()),
            ("max_client_conn".to_owned(), "1000".to_owned()),
        ];
        lines.extend(self.settings.iter().cloned());
        lines.iter().for_each(|(name, value)| file.push_str(&format!("{name} = {value}\n")));
        Ok(file)
    }
}

type Upstream<'u> = (&'u str, &'u str, &'u str, &'u str);

/// User, password, host and port of `postgres://user:password@host:port/database`, and the database.
fn split(url: &str) -> Result<(Upstream<'_>, &str), ServerError> {
    let parts = || {
        let (_, rest) = url.split_once("://")?;
        let (account, rest) = rest.split_once('@')?;
        let (address, database) = rest.split_once('/')?;
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        Some(((user, password, host, port), database.split('?').next().unwrap_or_default()))
    };
    parts().ok_or_else(|| ServerError::Failed("the URL of the server lacks a part".to_owned()))
}

impl PgBouncer {
    /// One that differs from the default, which is that of PgBouncer: session mode, 20 connections per database.
    pub fn settings() -> PgBouncerSettings {
        PgBouncerSettings::default()
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.node.port()
    }

    /// Runs SQL with `psql` through it, as another application would.
    ///
    /// # Errors
    /// It failed.
    pub fn psql(&self, sql: &str) -> Result<String, ServerError> {
        program::psql(&self.url, sql)
    }
}
