use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqlSafeStr, SqlStr, raw_sql};

use crate::error::Failure;

/// What Postgres takes for a timeout.
const MAX_MILLIS: u128 = i32::MAX as u128;

/// A connection as ours are: to a primary, bounded by server-side timeouts below the deadline of an operation (G5), the
/// planner set for look-ups by key. Settings are made by statements, because poolers refuse them at startup.
pub(crate) async fn connect(options: &PgConnectOptions, timeout: Duration) -> Result<PgConnection, Failure> {
    let mut connection = options.connect().await.map_err(Failure::Connect)?;
    let rows = raw_sql(settings(timeout)).fetch_all(&mut connection).await.map_err(Failure::Connect)?;
    let standby = rows.last().map_or(Err(sqlx::Error::RowNotFound), |row| row.try_get("standby"));
    if standby.map_err(Failure::Connect)? {
        return Err(Failure::Standby);
    }
    match raw_sql(client_check(timeout)).execute(&mut connection).await {
        // The server's platform cannot look for a client that went away.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => Ok(connection),
        checked => checked.map(|_| connection).map_err(Failure::Connect),
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
