//! Values through tokio-rusqlite: one connection on a thread of its own, every call a transaction.

#[path = "../../protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Failure, Peer, SCOPES, below, bytes_of, rate, scope, seed, serve};
use tokio_rusqlite::{Connection, rusqlite};

async fn open(path: &str) -> Result<Connection, Failure> {
    let connection = Connection::open(path).await?;
    connection
        .call(|sqlite| {
            sqlite.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            sqlite.pragma_update(None, "synchronous", "FULL")?;
            sqlite.execute_batch(include_str!("../../create.sql"))?;
            let transaction = sqlite.transaction()?;
            for index in 0..SCOPES {
                put(&transaction, index, seed())?;
            }
            transaction.commit()
        })
        .await?;
    Ok(connection)
}

fn put(sqlite: &rusqlite::Connection, index: usize, seed: u64) -> rusqlite::Result<()> {
    let mut upsert = sqlite.prepare_cached(include_str!("../../put.sql"))?;
    upsert.execute((scope(index), b"value", seed as i64, bytes_of(seed, 1_024)))?;
    Ok(())
}

fn get(sqlite: &rusqlite::Connection, index: usize) -> rusqlite::Result<Vec<u8>> {
    sqlite.prepare_cached(include_str!("../../get.sql"))?.query_row((scope(index), b"value"), |row| row.get(0))
}

async fn commits(connection: Connection, callers: usize, millis: u64) -> Result<f64, Failure> {
    let rate = {
        let connection = connection.clone();
        rate(callers, millis, move |caller| {
            let connection = connection.clone();
            async move {
                let seed = seed();
                let index = below(&mut (seed | 1).wrapping_mul(0x9E37_79B9), SCOPES / callers) * callers + caller;
                connection.call(move |sqlite| put(sqlite, index, seed)).await?;
                Ok(())
            }
        })
        .await?
    };
    let (index, seed) = (7, seed());
    let found = connection.call(move |sqlite| put(sqlite, index, seed).and_then(|()| get(sqlite, index))).await?;
    if found == bytes_of(seed, 1_024) { Ok(rate) } else { Err("the last value is not there".into()) }
}

async fn loads(connection: Connection, callers: usize, millis: u64) -> Result<f64, Failure> {
    let walk = Arc::new(AtomicU64::new(1));
    rate(callers, millis, move |_| {
        let (connection, mut number) = (connection.clone(), walk.fetch_add(0x9E37_79B9, Ordering::Relaxed) | 1);
        async move {
            let index = below(&mut number, SCOPES);
            connection.call(move |sqlite| get(sqlite, index)).await?;
            Ok(())
        }
    })
    .await
}

struct Library(Connection);

impl Peer for Library {
    async fn open(path: &str) -> Result<Self, Failure> {
        Ok(Self(open(path).await?))
    }

    async fn rate(&self, words: &[&str]) -> Result<f64, Failure> {
        match words {
            ["commit", callers, millis] => commits(self.0.clone(), callers.parse()?, millis.parse()?).await,
            ["load", callers, millis] => loads(self.0.clone(), callers.parse()?, millis.parse()?).await,
            _ => Err("unknown line".into()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    serve::<Library>().await
}
