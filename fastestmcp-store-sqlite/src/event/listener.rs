use std::path::Path;
use std::time::Duration;

use fastestmcp_core::event::Wake;
use rusqlite::Connection;

use super::wake::Wakes;
use crate::error::Failure;
use crate::open;

/// How often the file is looked at for commits of others. The look is no query: it reads a counter in shared memory.
const INTERVAL: Duration = Duration::from_millis(2);
/// How long a listener that failed waits.
const RETRY: Duration = Duration::from_millis(200);

/// Hears the wake-ups of other handles, on a thread and a connection of its own, while anybody listens.
#[derive(Debug)]
pub(crate) struct Listener<'w> {
    connection: Connection,
    namespace: i64,
    wakes: &'w Wakes,
    last: i64,
    data_version: i64,
}

impl<'w> Listener<'w> {
    /// Listens until the store is closed. After a failure it begins anew and says that anything may have changed.
    pub(crate) fn run(path: &Path, namespace: i64, wakes: &'w Wakes) {
        let mut failed = false;
        loop {
            let failure = match Self::start(path, namespace, wakes) {
                Ok(mut listener) => {
                    if std::mem::take(&mut failed) {
                        wakes.tell(Wake::Reset);
                    }
                    match listener.listen() {
                        Ok(()) => return,
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            // Once per outage: it may last.
            if !std::mem::replace(&mut failed, true) {
                tracing::warn!(%failure, file = %path.display(), "wake-ups of other processes are not heard for now");
            }
            if !wakes.rest(RETRY) {
                return;
            }
        }
    }

    fn start(path: &Path, namespace: i64, wakes: &'w Wakes) -> Result<Self, Failure> {
        let connection = open::connect(path)?;
        connection.busy_timeout(RETRY)?;
        let data_version = data_version(&connection)?;
        let last = connection.query_row(include_str!("../../sql/wake_last.sql"), [], |row| row.get(0))?;
        wakes.now_hearing();
        Ok(Self { connection, namespace, wakes, last, data_version })
    }

    fn listen(&mut self) -> Result<(), Failure> {
        while self.wakes.rest(INTERVAL) {
            let version = data_version(&self.connection)?;
            if version != self.data_version {
                self.data_version = version;
                self.hear()?;
            }
        }
        Ok(())
    }

    fn hear(&mut self) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(include_str!("../../sql/wake_since.sql"))?;
        let mut rows = statement.query([self.last])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if id != self.last + 1 {
                self.wakes.tell(Wake::Reset);
            }
            self.last = id;
            let (namespace, origin): (i64, i64) = (row.get(1)?, row.get(2)?);
            if namespace != self.namespace || origin == self.wakes.origin {
                continue;
            }
            let channel: Vec<u8> = row.get(3)?;
            self.wakes.tell(String::from_utf8(channel).map_or(Wake::Reset, Wake::Channel));
        }
        Ok(())
    }
}

fn data_version(connection: &Connection) -> Result<i64, Failure> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}
