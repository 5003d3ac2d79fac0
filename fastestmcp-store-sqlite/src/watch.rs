//! Whether the files that are open are still those that have their names.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::checkpoint;
use crate::error::Failure;
use crate::open::files_of;

/// How often they are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// What became of the files: nothing may be read from or written to files that nobody can find any more.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    is_lost: AtomicBool,
    how: Mutex<Option<Arc<str>>>,
}

impl Lost {
    /// # Errors
    /// The file is gone; in words that name it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if !self.is_lost.load(Ordering::Acquire) {
            return Ok(());
        }
        self.how.lock().clone().map_or(Ok(()), |how| Err(Failure::Lost(how)))
    }

    fn set(&self, how: Option<String>) {
        let mut known = self.how.lock();
        match (&*known, &how) {
            (None, Some(how)) => tracing::error!("{how}; nothing is read or written until it is back"),
            (Some(_), None) => tracing::warn!("the store's file is back"),
            _ => {}
        }
        *known = how.map(Arc::from);
        self.is_lost.store(known.is_some(), Ordering::Release);
    }
}

/// Looks after a database, its log and the log's index.
#[derive(Debug)]
pub(crate) struct Watch {
    lost: Arc<Lost>,
    files: [(PathBuf, Option<Identity>); 3],
    /// The size that the database had.
    size: u64,
    looked: Instant,
}

/// Device and number of a file.
type Identity = (u64, u64);

impl Watch {
    /// On files that were just opened.
    pub(crate) fn new(database: &std::path::Path, lost: Arc<Lost>) -> Self {
        let files = files_of(database).map(|path| {
            let identity = fs::metadata(&path).ok().map(|metadata| identity(&metadata));
            (path, identity)
        });
        Self { lost, files, size: 0, looked: Instant::now() }
    }

    /// Looks, if it is time. Between two transactions.
    pub(crate) fn look(&mut self, connection: &Connection) {
        if self.looked.elapsed() >= INTERVAL {
            self.looked = Instant::now();
            let found = self.what_is_wrong(connection);
            self.lost.set(found);
        }
    }

    fn what_is_wrong(&mut self, connection: &Connection) -> Option<String> {
        let mut size = 0;
        for (index, (path, known)) in self.files.iter_mut().enumerate() {
            let shown = path.display();
            match (fs::metadata(&*path), &known) {
                (Ok(metadata), known_now) => {
                    let found = identity(&metadata);
                    if known_now.is_some_and(|known| known != found) {
                        return Some(format!("{shown} was replaced by another file while it is in use"));
                    }
                    *known = Some(found);
                    size = if index == 0 { metadata.len() } else { size };
                }
                (Err(error), Some(_)) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Some(format!("{shown} was deleted or moved away while it is in use"));
                }
                // What cannot be looked at is not known to be gone.
                (Err(_), _) => return None,
            }
        }
        if size < self.size && !self.may_be_smaller(size, connection) {
            return Some(format!("{} was truncated while it is in use", self.files[0].0.display()));
        }
        self.size = size;
        None
    }

    /// Whether nothing is wrong but that the log has lost its name. What it holds can still be moved into the file then;
    /// beside a new log or index of others that would do harm.
    pub(crate) fn only_the_log_is_missing(&self) -> bool {
        let is_as_it_was = |index: usize| {
            let (path, known) = &self.files[index];
            fs::metadata(path).is_ok_and(|metadata| *known == Some(identity(&metadata)))
        };
        is_as_it_was(0) && is_as_it_was(2) && !fs::exists(&self.files[1].0).unwrap_or(true)
    }

    /// Whether the database needs no more than this: somebody may have vacuumed it.
    fn may_be_smaller(&self, size: u64, connection: &Connection) -> bool {
        if size == 0 {
            return false;
        }
        // What is in the log and not yet in the file says nothing about the file's size.
        if checkpoint::has_unmoved(connection) {
            return true;
        }
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        match (number("page_count"), number("page_size")) {
            (Ok(pages), Ok(bytes)) => u64::try_from(pages.saturating_mul(bytes)).is_ok_and(|needed| needed <= size),
            _ => false,
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file cannot be deleted or replaced.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {
    (0, 0)
}
