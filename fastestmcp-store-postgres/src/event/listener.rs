use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::event::Wake;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Executor, Row};
use tokio::time::{sleep, timeout};

use super::payload;
use super::wakes::{Hearing, Wakes};
use crate::database::Database;
use crate::error::Failure;

/// How long a listener that failed waits before it begins anew.
const RETRY: Duration = Duration::from_millis(200);
/// After this long without a word the connection is asked whether it lives: a cable that was pulled says nothing.
const SILENCE: Duration = Duration::from_secs(2);

/// Hears the notifications of other nodes over a connection of its own until the store is closed. After a lost
/// connection it says that anything may have changed.
pub(super) async fn run(wakes: Arc<Wakes>, database: Arc<Database>) {
    let mut hearing = wakes.hearing.subscribe();
    tokio::select! {
        () = hear(&wakes, &database) => {}
        _ = hearing.wait_for(|hearing| *hearing == Hearing::Closed) => {}
    }
}

async fn hear(wakes: &Wakes, database: &Database) {
    let mut lost = false;
    loop {
        match start(wakes, database).await {
            Ok(listener) => {
                wakes.hears(Hearing::Everything);
                if lost {
                    wakes.hub.tell(Wake::Reset);
                }
                let error = listen(listener, wakes, database.timeout).await;
                wakes.hears(Hearing::Nothing);
                tracing::warn!(error, "the connection that hears wake-ups was lost");
                lost = true;
            }
            Err(error) => tracing::warn!(%error, "wake-ups cannot be heard"),
        }
        sleep(RETRY).await;
    }
}

async fn start(wakes: &Wakes, database: &Database) -> Result<PgListener, sqlx::Error> {
    // All that a listener accepts is a pool.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(database.timeout)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(database.pool.options().clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    listener.listen(&wakes.channel).await?;
    Ok(listener)
}

/// Listens until the connection is lost; how that showed.
async fn listen(mut listener: PgListener, wakes: &Wakes, patience: Duration) -> String {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                let (sender, channels) = payload::decode(notification.payload());
                if sender != wakes.sender {
                    channels.into_iter().for_each(|channel| wakes.hub.tell(Wake::Channel(channel)));
                }
            }
            Ok(Ok(None)) => return "it was closed".to_owned(),
            Ok(Err(error)) => return error.to_string(),
            Err(_) => match timeout(patience, serves(&mut listener)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return Failure::Standby.to_string(),
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "it does not answer".to_owned(),
            },
        }
    }
}

/// Whether it leads to a server where others send.
async fn serves(listener: &mut PgListener) -> Result<bool, sqlx::Error> {
    let row = listener.fetch_one(include_str!("../../sql/standby.sql")).await?;
    Ok(!row.try_get::<bool, _>("standby")?)
}
