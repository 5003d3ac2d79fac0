//! Tasks through apalis on SQLite: each pushed by itself, processed by one worker that fetches in batches and is woken
//! by every insert, each completion acknowledged in the database. Durability is that of our side: WAL and FULL.

#[path = "../../protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqlitePool, SqliteStorage};
use futures::StreamExt;
use protocol::{Failure, Peer, bytes_of, seed, serve};

struct Library {
    url: String,
}

impl Peer for Library {
    async fn open(path: &str) -> Result<Self, Failure> {
        let url = format!("sqlite://{path}?mode=rwc");
        let (pool, _) = SqliteStorage::connect_with_callback(&url)?;
        sqlx::query("PRAGMA journal_mode = WAL").execute(&pool).await?;
        SqliteStorage::migrations().run(&pool).await?;
        pool.close().await;
        Ok(Self { url })
    }

    async fn rate(&self, words: &[&str]) -> Result<f64, Failure> {
        match words {
            ["tasks", producers, batch, total] => {
                tasks(&self.url, producers.parse()?, batch.parse()?, total.parse()?).await
            }
            _ => Err("unknown line".into()),
        }
    }
}

async fn tasks(url: &str, producers: usize, batch: usize, total: usize) -> Result<f64, Failure> {
    let (pool, listener) = SqliteStorage::connect_with_callback(url)?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await?;
    if synchronous != 2 {
        return Err("not as durable as the other side".into());
    }
    let queue = format!("run-{}", seed());
    let config = Config::default().queue(&queue).batch_size(batch);
    let storage: SqliteStorage<Vec<u8>> = SqliteStorage::new(&pool).with_config(config);
    let strategy = Strategy::new().stream(listener.ready_chunks(batch)).interval(Duration::from_millis(20));
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let worker = WorkerBuilder::new(format!("worker-{queue}"))
        .backend(storage.clone().poll_with_strategy(strategy))
        .concurrency(batch)
        .build(|_: Vec<u8>| async { Ok::<(), BoxDynError>(()) });
    let producing: Vec<_> = (0..producers)
        .map(|_| {
            let (mut storage, next) = (storage.clone(), next.clone());
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < total {
                    storage.push(bytes_of(seed(), 256)).await.map_err(|error| format!("{error:?}"))?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    let finished = async {
        for producer in producing {
            producer.await??;
        }
        while done(&pool, &queue).await? < total as i64 {
            if start.elapsed() > Duration::from_secs(120) {
                return Err("the worker does not finish".into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(total as f64 / start.elapsed().as_secs_f64())
    };
    tokio::select! {
        rate = finished => rate,
        ended = worker.run() => Err(format!("the worker ended: {ended:?}").into()),
    }
}

async fn done(pool: &SqlitePool, queue: &str) -> Result<i64, Failure> {
    let count = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE job_type = ?1 AND status = 'Done'");
    Ok(count.bind(queue).fetch_one(pool).await?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    serve::<Library>().await
}
