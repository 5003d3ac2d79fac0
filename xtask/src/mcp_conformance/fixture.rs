use std::num::NonZero;
use std::path::Path;
use std::process::Stdio;

use super::front;
use super::process::{Process, example};
use super::server::Server;

/// The server under test: as many processes as are asked for on one store, ended when this is dropped.
pub(super) struct Fixture {
    url: String,
    /// Ended in this order.
    _front: Option<Process>,
    _nodes: Vec<Process>,
}

impl Fixture {
    /// Builds the server, starts it on free ports, and returns once it listens. What several nodes are asked goes through a
    /// balancer that knows no sessions.
    pub(super) fn start(server: &Server, store: &str, nodes: NonZero<usize>, folder: &Path) -> Result<Self, String> {
        let mut server = example(server.package, server.example)?;
        server.args([store, "127.0.0.1:0"]).env("RUST_LOG", "info").stdin(Stdio::null());
        let nodes: Vec<_> = (1..=nodes.get())
            .map(|node| Process::start(&mut server, &folder.join(format!("server-{node}.log"))))
            .collect::<Result<_, _>>()?;
        let (url, front) = match &nodes[..] {
            [node] => (format!("http://{}/mcp", node.address()), None),
            nodes => {
                let front = front::start(nodes, folder)?;
                (format!("{}/mcp", front.address()), Some(front))
            }
        };
        Ok(Self { url, _front: front, _nodes: nodes })
    }

    /// Its endpoint.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
