use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::telemetry::TARGET;

/// How long a client that no longer reads delays the end (contract R7).
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether it reads.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that are written at once, so that a client that reads slowly is seen to read.
const PIECE: usize = 16 << 10;

/// Standard output, written in order on a thread of its own, which the end of the process does not wait for: it may hang
/// for ever in a client that does not read. Clones write to the same output.
#[derive(Clone)]
pub(super) struct Output {
    lines: mpsc::Sender<Line>,
    progress: Arc<Progress>,
    /// The thread has ended.
    ended: CancellationToken,
}

enum Line {
    Message(Vec<u8>),
    /// Nothing comes after it.
    End,
}

#[derive(Default)]
struct Progress {
    pieces: AtomicU64,
    writing: AtomicBool,
}

impl Output {
    pub(super) fn over(output: impl FnOnce() -> Box<dyn Write> + Send + 'static) -> Self {
        let (lines, receiver) = mpsc::channel(64);
        let (progress, ended) = (Arc::<Progress>::default(), CancellationToken::new());
        let (moved, guard) = (progress.clone(), ended.clone().drop_guard());
        thread::spawn(move || {
            let _ended = guard;
            if let Err(error) = write(receiver, &mut *output(), &moved) {
                tracing::debug!(target: TARGET, %error, "the output is closed");
            }
        });
        Self { lines, progress, ended }
    }

    /// Room for one line. Nothing is lost if it is given up while it waits.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) async fn room(&self) -> io::Result<Room<'_>> {
        self.lines.reserve().await.map(Room).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    /// Ends when the output is closed.
    pub(super) async fn closed(&self) {
        self.lines.closed().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lines.is_closed()
    }

    /// Writes what was sent, then ends.
    pub(super) async fn finish(&self) {
        // Closed already is finished, too.
        let _ = self.lines.send(Line::End).await;
        self.ended.cancelled().await;
    }

    /// Ends when the client has left something unread for too long.
    pub(super) async fn stalled(&self) {
        let (mut seen, mut since) = (None, Instant::now());
        loop {
            let pieces = self.progress.pieces.load(Ordering::Relaxed);
            let waits = self.progress.writing.load(Ordering::Relaxed);
            if !waits || seen != Some(pieces) {
                (seen, since) = (Some(pieces), Instant::now());
            } else if since.elapsed() >= PATIENCE {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A place in the queue.
pub(super) struct Room<'o>(mpsc::Permit<'o, Line>);

impl Room<'_> {
    pub(super) fn take(self, line: Vec<u8>) {
        self.0.send(Line::Message(line));
    }
}

fn write(mut lines: mpsc::Receiver<Line>, output: &mut dyn Write, progress: &Progress) -> io::Result<()> {
    while let Some(Line::Message(line)) = lines.blocking_recv() {
        progress.writing.store(true, Ordering::Relaxed);
        for piece in line.chunks(PIECE) {
            write_piece(piece, output)?;
            progress.pieces.fetch_add(1, Ordering::Relaxed);
        }
        output.flush()?;
        progress.writing.store(false, Ordering::Relaxed);
    }
    Ok(())
}

fn write_piece(mut piece: &[u8], output: &mut dyn Write) -> io::Result<()> {
    while !piece.is_empty() {
        match output.write(piece) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => piece = piece.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Whoever shares the output may have made it so.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The process's own standard output, past the lock and the buffer that `println!` uses: the thread that writes may hang
/// in it when the process ends.
pub(super) fn standard() -> Box<dyn Write> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(output) = io::stdout().as_fd().try_clone_to_owned() {
            return Box::new(std::fs::File::from(output));
        }
    }
    Box::new(io::stdout())
}
