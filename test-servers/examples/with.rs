//! Runs a command beside a private server: `with KIND COMMAND ARGUMENT…`, `{url}` in the arguments being the server's URL.
//! Kinds are redis, redis-sentinel, redis-cluster, postgres, and nginx:PORT,PORT… in front of what listens on these ports of
//! this machine. The server ends with the command.
//!
//! ```sh
//! cargo run -p fastestmcp-test-servers --example with -- postgres cargo run -- demo --store '{url}'
//! ```

use std::error::Error;
use std::process::{Command, ExitCode};

use fastestmcp_test_servers::{Nginx, Postgres, Redis, RedisCluster, RedisSentinel};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, command, arguments @ ..] = &words[..] else {
        return Err(
            "usage: with redis|redis-sentinel|redis-cluster|postgres|nginx:PORT,PORT… COMMAND [ARGUMENT…]".into()
        );
    };
    let run = |url: &str| {
        let arguments = arguments.iter().map(|argument| argument.replace("{url}", url));
        let status = Command::new(command).args(arguments).status()?;
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    };
    let (kind, ports) = kind.split_once(':').unwrap_or((kind, ""));
    match kind {
        "redis" => run(Redis::start()?.url()),
        "redis-sentinel" => run(RedisSentinel::start()?.url()),
        "redis-cluster" => run(RedisCluster::start()?.url()),
        "postgres" => run(Postgres::start()?.url()),
        "nginx" => {
            let ports: Vec<u16> = ports.split(',').map(str::parse).collect::<Result<_, _>>()?;
            run(&Nginx::start("$http_host", &ports)?.url())
        }
        other => Err(format!("there is no server {other:?}").into()),
    }
}
