//! What every peer does the same way: reads a line, does it, answers with a line. `benches/src/peer.rs` has the table.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[allow(dead_code, reason = "not every peer stores values")]
pub const SCOPES: usize = 10_240;

static SEED: AtomicU64 = AtomicU64::new(1);

/// The next seed of a value: every value written differs.
pub fn seed() -> u64 {
    SEED.fetch_add(1, Ordering::Relaxed)
}

/// `len` bytes that no other seed gives.
pub fn bytes_of(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    let mut word = seed;
    while bytes.len() < len {
        bytes.extend_from_slice(&word.to_le_bytes());
        word = word.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed | 1);
    }
    bytes
}

/// The id of a scope: 43 bytes, as a digest has.
#[allow(dead_code, reason = "not every peer stores values")]
pub fn scope(index: usize) -> Vec<u8> {
    format!("{index:043}").into_bytes()
}

/// A number below `bound` that looks random.
#[allow(dead_code, reason = "not every peer stores values")]
pub fn below(walk: &mut u64, bound: usize) -> usize {
    *walk ^= *walk << 13;
    *walk ^= *walk >> 7;
    *walk ^= *walk << 17;
    (*walk >> 16) as usize % bound
}

/// Runs so many callers at once for a while: how often `step(caller)` was done, per second.
#[allow(dead_code, reason = "not every peer stores values")]
pub async fn rate<S, F>(callers: usize, millis: u64, step: S) -> Result<f64, Failure>
where
    S: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<(), Failure>> + Send,
{
    let window = Duration::from_millis(millis);
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let step = step.clone();
            tokio::spawn(async move {
                let mut steps = 0_u64;
                while start.elapsed() < window {
                    step(caller).await?;
                    steps += 1;
                }
                Ok::<u64, Failure>(steps)
            })
        })
        .collect();
    let mut steps = 0;
    for task in tasks {
        steps += task.await??;
    }
    Ok(steps as f64 / start.elapsed().as_secs_f64())
}

/// What one library does.
pub trait Peer: Sized {
    /// Creates a database and fills it.
    fn open(path: &str) -> impl Future<Output = Result<Self, Failure>>;
    /// Does what a line says; per second.
    fn rate(&self, words: &[&str]) -> impl Future<Output = Result<f64, Failure>>;
}

/// Answers lines until the input ends.
pub async fn serve<P: Peer>() -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut out = tokio::io::stdout();
    let mut peer = None;
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match (words.as_slice(), &peer) {
            (["open", path], _) => P::open(path).await.map(|opened| {
                peer = Some(opened);
                "ok".to_owned()
            }),
            (words, Some(peer)) => peer.rate(words).await.map(|rate| format!("rate {rate}")),
            _ => Err("nothing is open".into()),
        };
        let text = answer.unwrap_or_else(|failure| format!("failed: {failure}"));
        out.write_all(format!("{text}\n").as_bytes()).await?;
        out.flush().await?;
    }
    Ok(())
}
