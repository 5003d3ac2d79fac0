use std::fs;
use std::path::Path;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::node::{Launch, Node};
use crate::{ServerError, environment, port, program};

/// An nginx in front of servers on this machine, as operators put one there: each request goes to the next of them, and
/// answers are passed on as they come, however long they stay silent.
#[derive(Debug)]
pub struct Nginx {
    node: Node,
}

impl Nginx {
    /// Starts it in front of what listens on these ports of 127.0.0.1; `host` is the `Host` that those are asked for,
    /// `$http_host` for the one that the client asked for.
    ///
    /// # Errors
    /// It is not installed, left out, or did not start.
    pub fn start(host: &str, ports: &[u16]) -> Result<Self, ServerError> {
        environment::wanted(&["nginx"])?;
        let port = port::free()?;
        let folder = TempDir::new().map_err(|error| ServerError::failed("a temporary folder", error))?;
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration(folder.path(), port, host, ports))
            .map_err(|error| ServerError::failed(file.display(), error))?;
        let command =
            vec![program::find("nginx", "nginx-light")?.into(), "-e".into(), "stderr".into(), "-c".into(), file.into()];
        // Written once it listens.
        let probe = vec!["test".into(), "-s".into(), folder.path().join("pid").into()];
        let launch = Launch { command, probe, ready: "", orderly: Signal::QUIT, at_once: "KILL" };
        Ok(Self { node: Node::start(launch, port, folder)? })
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.node.port()
    }
}

fn configuration(folder: &Path, port: u16, host: &str, ports: &[u16]) -> String {
    let folder = folder.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders: String = kinds.iter().map(|kind| format!("  {kind}_temp_path {folder}/{kind};\n")).collect();
    let servers: String = ports.iter().map(|port| format!("    server 127.0.0.1:{port};\n")).collect();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n  access_log off;\n{folders}  upstream nodes {{\n{servers}  }}\n\
         \x20 server {{\n    listen 127.0.0.1:{port};\n    location / {{\n\
         \x20     proxy_pass http://nodes;\n      proxy_http_version 1.1;\n      proxy_buffering off;\n\
         \x20     proxy_read_timeout 1h;\n\
         \x20     proxy_set_header Host {host};\n      proxy_set_header Connection \"\";\n\
         \x20     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n    }}\n  }}\n}}\n"
    )
}
