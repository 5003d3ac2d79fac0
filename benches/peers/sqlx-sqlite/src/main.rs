//! Values through a pool of sqlx.

#[path = "../../protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Failure, Peer, SCOPES, below, bytes_of, rate, scope, seed, serve};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// One connection writes, so that nobody waits for a lock by polling; several read.
struct Library {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Peer for Library {
    async fn open(path: &str) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::query(include_str!("../../create.sql")).execute(&writer).await?;
        let mut transaction = writer.begin().await?;
        for index in 0..SCOPES {
            put(&mut *transaction, index, seed()).await?;
        }
        transaction.commit().await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        Ok(Self { writer, readers })
    }

    async fn rate(&self, words: &[&str]) -> Result<f64, Failure> {
        match words {
            ["commit", callers, millis] => commits(self.writer.clone(), callers.parse()?, millis.parse()?).await,
            ["load", callers, millis] => loads(self.readers.clone(), callers.parse()?, millis.parse()?).await,
            _ => Err("unknown line".into()),
        }
    }
}

async fn put<'e>(to: impl sqlx::SqliteExecutor<'e>, index: usize, seed: u64) -> Result<(), Failure> {
    let upsert = sqlx::query(include_str!("../../put.sql"));
    upsert.bind(scope(index)).bind(&b"value"[..]).bind(seed as i64).bind(bytes_of(seed, 1_024)).execute(to).await?;
    Ok(())
}

async fn get<'e>(from: impl sqlx::SqliteExecutor<'e>, index: usize) -> Result<Vec<u8>, Failure> {
    let select = sqlx::query_scalar(include_str!("../../get.sql"));
    Ok(select.bind(scope(index)).bind(&b"value"[..]).fetch_one(from).await?)
}

async fn commits(pool: SqlitePool, callers: usize, millis: u64) -> Result<f64, Failure> {
    let writers = pool.clone();
    let rate = rate(callers, millis, move |caller| {
        let pool = writers.clone();
        async move {
            let seed = seed();
            let index = below(&mut (seed | 1).wrapping_mul(0x9E37_79B9), SCOPES / callers) * callers + caller;
            put(&pool, index, seed).await
        }
    })
    .await?;
    let (index, seed) = (7, seed());
    put(&pool, index, seed).await?;
    let found = get(&pool, index).await?;
    if found == bytes_of(seed, 1_024) { Ok(rate) } else { Err("the last value is not there".into()) }
}

async fn loads(pool: SqlitePool, callers: usize, millis: u64) -> Result<f64, Failure> {
    let walk = Arc::new(AtomicU64::new(1));
    rate(callers, millis, move |_| {
        let (pool, mut number) = (pool.clone(), walk.fetch_add(0x9E37_79B9, Ordering::Relaxed) | 1);
        async move { get(&pool, below(&mut number, SCOPES)).await.map(drop) }
    })
    .await
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    serve::<Library>().await
}
