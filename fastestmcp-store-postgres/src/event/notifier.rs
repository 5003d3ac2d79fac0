use std::sync::Arc;

use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use super::payload;
use super::wakes::Wakes;
use crate::database::Database;
use crate::error::Failure;

/// Sends what is announced, over a connection of its own: inside the transactions that write, notifications would make
/// commits wait for each other (E3). What is announced while one is under way travels in the next one.
pub(super) async fn run(wakes: Arc<Wakes>, database: Arc<Database>) {
    let mut connection: Option<PgConnection> = None;
    loop {
        wakes.filled.notified().await;
        if wakes.is_closed() {
            return;
        }
        let channels = wakes.take();
        let payloads = payload::encode(&wakes.sender, channels.iter().map(String::as_str));
        if payloads.is_empty() {
            continue;
        }
        // A connection that died while it rested costs a second attempt, no more: wake-ups are hints.
        let rested = connection.is_some();
        let mut sent = send(&mut connection, &database, &wakes.channel, &payloads).await;
        if sent.is_err() && rested {
            sent = send(&mut connection, &database, &wakes.channel, &payloads).await;
        }
        if let Err(failure) = sent {
            tracing::warn!(%failure, "wake-ups were lost");
        }
    }
}

/// Takes the connection and gives it back only if it is as it was.
async fn send(
    connection: &mut Option<PgConnection>,
    database: &Database,
    channel: &str,
    payloads: &[String],
) -> Result<(), Failure> {
    let work = async {
        let mut used = match connection.take() {
            Some(rested) => rested,
            None => database.pool.connect().await?,
        };
        let query = sqlx::query(include_str!("../../sql/notify.sql")).bind(channel).bind(payloads);
        query.execute(&mut used).await.map_err(Failure::Sent)?;
        *connection = Some(used);
        Ok(())
    };
    timeout(database.timeout, work).await.unwrap_or(Err(Failure::Late))
}
