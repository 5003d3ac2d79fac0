use std::path::Path;
use std::process::Stdio;

use super::process::{LISTENING, Process, example};

/// Starts an nginx of the test servers that sends each request to the next of these nodes.
///
/// It is held open by the standard input of a command that runs beside it, and so ends with this process, however that ends.
pub(super) fn start(nodes: &[Process], folder: &Path) -> Result<Process, String> {
    let ports: Vec<_> = nodes.iter().filter_map(|node| node.address().rsplit(':').next()).collect();
    let hold = format!("echo '{LISTENING}{{url}}' >&2; exec cat");
    let mut with = example("fastestmcp-test-servers", "with")?;
    with.arg(format!("nginx:{}", ports.join(","))).args(["sh", "-c", &hold]).stdin(Stdio::piped());
    Process::start(&mut with, &folder.join("nginx.log"))
}
