use std::io::Write;
use std::sync::Arc;

use fastestmcp_store_postgres::PostgresStore;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::measure::interleaved;
use crate::raw::postgres::RawPostgres;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::postgres::Server;
use crate::rows::values::{SCOPES, Values};

/// Commits of 1 KiB by 1 and 64 callers against one upsert per statement through a pool of 8.
pub(crate) async fn commit_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let server = Server::start()?;
    let values = Values::fill(Arc::new(server.open("fastestmcp").await?)).await?;
    let raw = RawPostgres::fill(server.postgres()).await?;
    let mut rows = Vec::new();
    for (callers, target) in [(1, 1.0), (64, 4.0)] {
        let (ours, theirs) = interleaved(
            async || Ok(values.commits(callers, options.window()).await?.0),
            async || raw.puts(callers, options.window()).await,
        )
        .await?;
        let name = format!("postgres: commit, {callers} callers / upserts through a pool of 8");
        rows.push(Row { name, unit: Unit::PerSecond, ours, theirs: Some(theirs), target: Target::Ratio(target) });
    }
    Ok(rows)
}

/// Loads by 64 callers against pgbench with the same statement on the same rows.
pub(crate) async fn load_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let server = Server::start()?;
    let store: PostgresStore = server.open("fastestmcp").await?;
    let names = (0..SCOPES).map(|scope| format!("{scope:043}")).collect();
    let values = Values::fill_named(Arc::new(store), names).await?;
    server.postgres().psql("VACUUM ANALYZE fastestmcp.scope, fastestmcp.entry")?;
    let mut script = NamedTempFile::new()?;
    script.write_all(script_text().as_bytes())?;
    let mut rows = Vec::new();
    for connections in [8, 64] {
        let (ours, theirs) = interleaved(
            async || values.loads(64, options.window()).await,
            async || pgbench(&server, &script, connections, options).await,
        )
        .await?;
        let name = format!("postgres: load, 64 callers / pgbench with {connections} connections");
        rows.push(Row { name, unit: Unit::PerSecond, ours, theirs: Some(theirs), target: Target::Ratio(0.8) });
    }
    Ok(rows)
}

/// The statement of a load, for a scope that pgbench draws.
fn script_text() -> String {
    let load = include_str!("../../../fastestmcp-store-postgres/sql/session_load.sql")
        .replace("$1", "NULL")
        .replace("$2", "1")
        .replace("$3", "ARRAY[0]")
        .replace("$4", "ARRAY[convert_to(lpad(:scope::text, 43, '0'), 'UTF8')]")
        .replace("$5", "ARRAY['value'::bytea]");
    format!("\\set scope random(0, {})\n{load};\n", SCOPES - 1)
}

/// Transactions per second.
async fn pgbench(server: &Server, script: &NamedTempFile, connections: u32, options: &Options) -> BenchResult<f64> {
    let seconds = options.window().as_secs().max(1).to_string();
    // The settings of our connections, without which its plan is a worse one.
    let off = ["seqscan", "bitmapscan", "hashjoin", "mergejoin", "material"];
    let settings: Vec<String> = off.iter().map(|name| format!("-c enable_{name}=off")).collect();
    let done = Command::new("pgbench")
        .env("PGOPTIONS", settings.join(" "))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--time", &seconds])
        .args(["--client", &connections.to_string(), "--file"])
        .arg(script.path())
        .arg(server.postgres().url())
        .output()
        .await?;
    let printed = String::from_utf8_lossy(&done.stdout);
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| BenchError::wrong(format!("pgbench: {printed}{}", String::from_utf8_lossy(&done.stderr))))
}
