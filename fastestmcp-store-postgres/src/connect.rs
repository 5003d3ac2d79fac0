use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Row};

use crate::error::Failure;

/// A connection as ours are: to a primary, bounded by server-side timeouts below the deadline of an operation (G5), the
/// planner set for look-ups by key. Settings are made by statements, because poolers refuse them at startup.
pub(crate) async fn connect(options: &PgConnectOptions, timeout: Duration) -> Result<PgConnection, Failure> {
    let mut connection = options.connect().await.map_err(Failure::Connect)?;
    let share = |percent: u32| format!("{}ms", (timeout * percent / 100).as_millis().clamp(1, MAX_MILLIS));
    let settings = sqlx::query(include_str!("../sql/session_settings.sql"))
        .persistent(false)
        .bind(share(80))
        .bind(share(60))
        .bind(share(100))
        .fetch_one(&mut connection)
        .await
        .map_err(Failure::Connect)?;
    if settings.try_get("standby").map_err(Failure::Connect)? {
        return Err(Failure::Standby);
    }
    let checked = sqlx::query(include_str!("../sql/client_check.sql"))
        .persistent(false)
        .bind(share(20))
        .execute(&mut connection)
        .await;
    match checked {
        // The server's platform cannot look for a client that went away.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => {}
        checked => drop(checked.map_err(Failure::Connect)?),
    }
    Ok(connection)
}

/// What Postgres takes for a timeout.
const MAX_MILLIS: u128 = i32::MAX as u128;
