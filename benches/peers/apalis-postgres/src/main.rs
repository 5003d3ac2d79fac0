//! Tasks through apalis on Postgres: each pushed by itself, processed by one worker that fetches in batches and is woken
//! by every insert, each completion acknowledged in the database. As many connections as our side has, and its
//! durability: that of the server.

#[path = "../../protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_postgres::{Config, PgPool, PostgresStorage};
use protocol::{Failure, Peer, bytes_of, seed, serve};
use sqlx::postgres::PgPoolOptions;

const CONNECTIONS: u32 = 8;

struct Library {
    pool: PgPool,
}

impl Peer for Library {
    async fn open(url: &str) -> Result<Self, Failure> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(120))
            .connect(url)
            .await?;
        PostgresStorage::setup(&pool).await?;
        let waits: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&pool).await?;
        if waits != "on" {
            return Err("not as durable as the other side".into());
        }
        Ok(Self { pool })
    }

    async fn rate(&self, words: &[&str]) -> Result<f64, Failure> {
        match words {
            ["tasks", producers, batch, total] => {
                tasks(&self.pool, producers.parse()?, batch.parse()?, total.parse()?).await
            }
            _ => Err("unknown line".into()),
        }
    }
}

async fn tasks(pool: &PgPool, producers: usize, batch: usize, total: usize) -> Result<f64, Failure> {
    let queue = format!("run-{}-{}", std::process::id(), seed());
    let config = Config::default().queue(&queue).batch_size(batch);
    let storage: PostgresStorage<Vec<u8>> = PostgresStorage::new(pool).with_config(config);
    let strategy = Strategy::new().interval(Duration::from_millis(20));
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let worker = WorkerBuilder::new(format!("worker-{queue}"))
        .backend(storage.clone().with_pubsub().poll_with_strategy(strategy))
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
        while done(pool, &queue).await? < total as i64 {
            if start.elapsed() > Duration::from_secs(120) {
                return Err("the worker does not finish".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(total as f64 / start.elapsed().as_secs_f64())
    };
    tokio::select! {
        rate = finished => rate,
        ended = worker.run() => Err(format!("the worker ended: {ended:?}").into()),
    }
}

async fn done(pool: &PgPool, queue: &str) -> Result<i64, Failure> {
    let count = sqlx::query_scalar("SELECT count(*) FROM apalis.jobs WHERE job_type = $1 AND status = 'Done'");
    Ok(count.bind(queue).fetch_one(pool).await?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    serve::<Library>().await
}
