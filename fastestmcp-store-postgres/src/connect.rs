use std::time::Duration;

use fastestmcp_core::backend::Durability;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqlSafeStr, SqlStr, raw_sql};

use crate::error::Failure;

/// What Postgres takes for a timeout.
const MAX_MILLIS: u128 = i32::MAX as u128;

/// A connection as ours are, and what its server says that acknowledged writes survive (G11).
pub(crate) struct Connected {
    pub(crate) connection: PgConnection,
    pub(crate) durability: Durability,
}

/// Connects and sets up.
pub(crate) async fn connect(options: &PgConnectOptions, timeout: Duration) -> Result<Connected, Failure> {
    set_up(options.connect().await.map_err(Failure::Connect)?, timeout).await
}

/// Makes a connection one of ours: to a primary, bounded by server-side timeouts below the deadline of an operation (G5),
/// the planner set for look-ups by key. Settings are made by statements, because poolers refuse them at startup.
pub(crate) async fn set_up(mut connection: PgConnection, timeout: Duration) -> Result<Connected, Failure> {
    let rows = raw_sql(settings(timeout)).fetch_all(&mut connection).await.map_err(Failure::Connect)?;
    let says = rows.last().ok_or(Failure::Connect(sqlx::Error::RowNotFound))?;
    let is = |column: &str| says.try_get::<bool, _>(column).map_err(Failure::Connect);
    if is("standby")? {
        return Err(Failure::Standby);
    }
    let durability = durability(is("waits")?, is("flushes")?);
    match raw_sql(client_check(timeout)).execute(&mut connection).await {
        // The server's platform cannot look for a client that went away.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => {}
        Err(error) => return Err(Failure::Connect(error)),
        Ok(_) => {}
    }
    Ok(Connected { connection, durability })
}

const fn durability(waits: bool, flushes: bool) -> Durability {
    match (waits, flushes) {
        // The server answers before the log left its memory: its own death loses what it acknowledged.
        (false, _) => Durability::Volatile,
        (true, false) => Durability::ProcessCrash,
        (true, true) => Durability::PowerLoss,
    }
}

fn settings(timeout: Duration) -> SqlStr {
    let sql = include_str!("../sql/session_settings.sql")
        .replace("{statement}", &share(timeout, 80))
        .replace("{lock}", &share(timeout, 60))
        .replace("{idle}", &share(timeout, 100));
    AssertSqlSafe(sql).into_sql_str()
}

fn client_check(timeout: Duration) -> SqlStr {
    AssertSqlSafe(include_str!("../sql/client_check.sql").replace("{check}", &share(timeout, 20))).into_sql_str()
}

fn share(timeout: Duration, percent: u32) -> String {
    (timeout * percent / 100).as_millis().clamp(1, MAX_MILLIS).to_string()
}
