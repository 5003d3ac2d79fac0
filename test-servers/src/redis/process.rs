use std::ffi::OsString;
use std::fs;
use std::path::Path;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::node::{Launch, Node};
use crate::{ServerError, port, program};

/// How often another port is tried when somebody was faster.
const PORTS: usize = 5;
const PACKAGE: &str = "redis-server (on other systems: redis)";

/// One process of Redis, a server or a sentinel, and how to talk to it.
#[derive(Debug)]
pub(super) struct Process {
    node: Node,
    cli: Vec<OsString>,
    certificate: Option<Certificate>,
}

/// What a process is configured to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Role {
    pub(super) sentinel: bool,
    pub(super) tls: bool,
    /// Name and password.
    pub(super) user: Option<(String, String)>,
    pub(super) lines: Vec<String>,
}

impl Process {
    pub(super) fn start(role: &Role) -> Result<Self, ServerError> {
        let mut attempt = 1;
        loop {
            match Self::start_on(role, port::free()?) {
                Err(ServerError::Failed(_)) if attempt < PORTS => attempt += 1,
                done => return done,
            }
        }
    }

    fn start_on(role: &Role, port: u16) -> Result<Self, ServerError> {
        let folder = TempDir::new().map_err(|error| ServerError::failed("a temporary folder", error))?;
        let certificate = if role.tls { Some(Certificate::make(folder.path())?) } else { None };
        let file = folder.path().join("redis.conf");
        let lines = configuration(role, port, folder.path(), certificate.as_ref());
        fs::write(&file, lines.join("\n") + "\n").map_err(|error| ServerError::failed(file.display(), error))?;

        let mut command: Vec<OsString> = vec![program::find("redis-server", PACKAGE)?.into(), file.into()];
        if role.sentinel {
            command.push("--sentinel".into());
        }
        let mut cli: Vec<OsString> = vec![program::find("redis-cli", "redis-tools")?.into()];
        cli.extend(["-h", "127.0.0.1", "-p", &port.to_string(), "--raw"].map(OsString::from));
        if let Some((name, password)) = &role.user {
            cli.extend(["--no-auth-warning", "--user", name, "--pass", password].map(OsString::from));
        }
        if let Some(certificate) = &certificate {
            cli.extend(["--tls".into(), "--cacert".into(), certificate.authority().into()]);
        }
        let probe = cli.iter().cloned().chain(["PING".into()]).collect();
        let launch = Launch { command, probe, ready: "PONG", orderly: Signal::TERM, at_once: "KILL" };
        Ok(Self { node: Node::start(launch, port, folder)?, cli, certificate })
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.node.port())
    }

    /// Runs a command with `redis-cli`; what it printed, an error that Redis answered included.
    pub(super) fn command(&self, words: &[&str]) -> Result<String, ServerError> {
        let command: Vec<OsString> = self.cli.iter().cloned().chain(words.iter().map(OsString::from)).collect();
        Ok(program::run(&command)?.trim().to_owned())
    }
}

fn configuration(role: &Role, port: u16, folder: &Path, certificate: Option<&Certificate>) -> Vec<String> {
    let mut lines = vec![format!("dir {}", folder.display()), "bind 127.0.0.1".to_owned()];
    match certificate {
        None => lines.push(format!("port {port}")),
        Some(certificate) => lines.extend([
            "port 0".to_owned(),
            format!("tls-port {port}"),
            format!("tls-cert-file {}", certificate.server().display()),
            format!("tls-key-file {}", certificate.key().display()),
            format!("tls-ca-cert-file {}", certificate.authority().display()),
            "tls-auth-clients no".to_owned(),
        ]),
    }
    if !role.sentinel {
        // What is acknowledged survives: without `always` a kill can lose what was not yet handed to the system.
        lines.extend(["appendonly yes", "appendfsync always", "save \"\""].map(str::to_owned));
    }
    match &role.user {
        Some((name, password)) if name == "default" => lines.push(format!("requirepass {password}")),
        Some((name, password)) => {
            lines.push("user default off".to_owned());
            lines.push(format!("user {name} on >{password} ~* &* +@all"));
        }
        None => {}
    }
    lines.extend(role.lines.iter().cloned());
    lines
}
