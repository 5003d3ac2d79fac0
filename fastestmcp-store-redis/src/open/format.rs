use std::sync::LazyLock;

use redis::Value;
use tokio::time::Instant;

use crate::call::Call;
use crate::config::{Deployment, RedisConfig};
use crate::error::Failure;
use crate::script::{Access, Script};
use crate::store::Servers;
use crate::tag::Tag;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(Access::Write, include_str!("../../scripts/open.lua")));

/// The newest format that this release reads, and the oldest that reads what it writes (G15).
const FORMAT: u64 = 1;
const MAX_PARTS: u16 = 256;

/// Opens the namespace, or founds it; into how many parts it is divided.
pub(crate) async fn open_namespace(servers: &Servers, config: &RedisConfig, deadline: Instant) -> Result<u16, Failure> {
    let default = if matches!(config.deployment, Deployment::Cluster { .. }) { MAX_PARTS } else { 1 };
    let parts = config.parts.unwrap_or(default);
    if !(1..=MAX_PARTS).contains(&parts) {
        return Err(Failure::Invalid(format!("{parts} parts: 1 to {MAX_PARTS} are possible")));
    }
    let mut call = Call::new(&SCRIPT, &Tag::new(&config.namespace, "format"), &["format"]);
    call.args.push_number(FORMAT);
    call.args.push_number(parts.into());
    let (needed, parts) = read(servers.run_by(&call, None, deadline).await?)?;
    if needed > FORMAT {
        let detail = format!("the namespace is stored in format {needed}; this release understands {FORMAT}");
        return Err(Failure::Unsupported(detail));
    }
    Ok(parts)
}

fn read(reply: Value) -> Result<(u64, u16), Failure> {
    redis::from_redis_value(reply).map_err(|_| Failure::Corrupt("the format of the namespace"))
}
