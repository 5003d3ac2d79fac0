use fastestmcp_core::backend::Durability;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use crate::error::Failure;

/// What acknowledged writes survive, as far as the server's settings for this role tell (G11).
pub(crate) async fn declared(connection: &mut PgConnection) -> Result<Durability, Failure> {
    let settings = sqlx::query(include_str!("../sql/durability.sql"))
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(Failure::Connect)?;
    let is = |row: &PgRow, name: &str| row.try_get::<bool, _>(name).map_err(Failure::Connect);
    Ok(match (is(&settings, "waits")?, is(&settings, "flushes")?) {
        // The server answers before the log left its memory: its own death loses what it acknowledged.
        (false, _) => Durability::Volatile,
        (true, false) => Durability::ProcessCrash,
        (true, true) => Durability::PowerLoss,
    })
}
