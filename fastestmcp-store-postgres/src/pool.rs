use std::fmt;
use std::time::Duration;

use fastestmcp_core::backend::{Durability, Ticket};
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{Connection, Row, SqlStr, raw_sql};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::PostgresConfig;
use crate::connect::{Connected, connect};
use crate::error::{Failure, Remedy};
use crate::jitter::jitter;
use crate::statement::Statement;

/// A connection that rested longer than this is asked whether it lives before a statement is entrusted to it.
const TRUSTED: Duration = Duration::from_millis(100);
/// A connection is replaced after this long, so that what its server process accumulates is bounded.
const MAX_AGE: Duration = Duration::from_secs(1_800);
/// The first pause before a statement that the server took back is repeated.
const PAUSE: Duration = Duration::from_millis(2);

/// The connections of one store, and how a statement is carried out on one of them.
///
/// sqlx's own pool asks the server at every return of a connection whether it is still there, which costs a round trip
/// per statement; this one asks only after a rest, and drops what an unfinished statement left behind.
pub(crate) struct Pool {
    options: PgConnectOptions,
    timeout: Duration,
    greeting: Greeting,
    permits: Semaphore,
    idle: Mutex<Vec<Resting>>,
    promised: Mutex<Durability>,
}

/// What each new connection begins with.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// Sees to it that no number is repeated, and that the namespace still has its own.
    pub(crate) open: SqlStr,
    /// Chooses the injected clock, if there is one.
    pub(crate) clock: Option<SqlStr>,
}

#[derive(Debug)]
struct Resting {
    connection: PgConnection,
    made: Instant,
    since: Instant,
}

/// By when a statement must have come how far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// A connection: a little before the caller gives up, so that it hears that nothing was sent.
    pub(crate) lease: Instant,
    /// The answer.
    pub(crate) answer: Instant,
}

impl Deadlines {
    /// For a caller that gives up after `timeout`.
    pub(crate) fn after(timeout: Duration) -> Self {
        let now = Instant::now();
        Self { lease: now + timeout * 19 / 20, answer: now + timeout }
    }
}

/// What a statement may change, and with it how it may be repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access<'t> {
    /// Nothing: it may be repeated.
    Read,
    /// Something. The ticket is started right before it is sent.
    Write(&'t Ticket),
}

/// A connection in use. Dropped without [`Lease::rest`] it is closed: an unfinished statement ends with it.
struct Lease<'p> {
    connection: PgConnection,
    made: Instant,
    /// Whether it comes from the pool and may have died there.
    rested: bool,
    pool: &'p Pool,
    _permit: SemaphorePermit<'p>,
}

impl Pool {
    pub(crate) fn new(config: &PostgresConfig, promised: Durability, greeting: Greeting) -> Self {
        let permits = Semaphore::new(config.pool.clamp(1, Semaphore::MAX_PERMITS));
        let (options, timeout, promised) = (config.connect.clone(), config.timeout, Mutex::new(promised));
        Self { options, timeout, greeting, permits, idle: Mutex::default(), promised }
    }

    /// The rows that a statement answers with.
    ///
    /// A statement that the server took back because of others is repeated until its deadline; a read whose connection
    /// turns out to be dead is repeated once on another.
    pub(crate) async fn run(
        &self,
        statement: &Statement,
        access: Access<'_>,
        deadlines: Deadlines,
    ) -> Result<Vec<PgRow>, Failure> {
        if statement.too_large {
            return Err(Failure::TooLarge);
        }
        let (mut pause, mut renewed) = (PAUSE, false);
        loop {
            let failure = match self.attempt(statement, access, deadlines).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            match failure.remedy() {
                Remedy::Again if Instant::now() + pause < deadlines.lease => {
                    sleep(jitter(pause)).await;
                    pause *= 2;
                }
                Remedy::Reconnect | Remedy::Elsewhere if !renewed => renewed = true,
                Remedy::Lost if matches!(access, Access::Read) && !renewed => renewed = true,
                _ => return Err(failure),
            }
        }
    }

    async fn attempt(
        &self,
        statement: &Statement,
        access: Access<'_>,
        deadlines: Deadlines,
    ) -> Result<Vec<PgRow>, Failure> {
        let mut lease = self.lease(deadlines.lease).await?;
        if let Access::Write(ticket) = access
            && !ticket.start()
        {
            lease.rest();
            return Err(Failure::Withdrawn);
        }
        let query = sqlx::query_with(statement.sql.clone(), statement.arguments.clone());
        let answer = timeout_at(deadlines.answer, query.fetch_all(&mut lease.connection)).await;
        match answer {
            Ok(Ok(rows)) => {
                lease.rest();
                Ok(rows)
            }
            Ok(Err(error)) => {
                let failure = Failure::Sent(error);
                match failure.remedy() {
                    Remedy::None | Remedy::Again if matches!(failure, Failure::Sent(sqlx::Error::Database(_))) => {
                        lease.rest();
                    }
                    // What killed this connection has likely killed the others: none of them is trusted any more.
                    Remedy::Lost if lease.rested => self.idle.lock().clear(),
                    Remedy::Elsewhere => self.idle.lock().clear(),
                    _ => {}
                }
                Err(failure)
            }
            Err(_) => {
                // The server would have ended the statement before: it is away, or the way there is.
                self.idle.lock().clear();
                Err(Failure::Late)
            }
        }
    }

    async fn lease(&self, deadline: Instant) -> Result<Lease<'_>, Failure> {
        let permit = timeout_at(deadline, self.permits.acquire()).await.map_err(|_| Failure::Busy)?;
        let permit = permit.map_err(|_| Failure::Closed)?;
        let now = Instant::now();
        loop {
            // Not in the condition: the lock must not be held over an await.
            let resting = self.idle.lock().pop();
            let Some(Resting { mut connection, made, since }) = resting else { break };
            if now - made > MAX_AGE {
                continue;
            }
            let successor =
                if now - since < TRUSTED { None } else { self.successor(&mut connection, deadline).await? };
            return Ok(match successor {
                Some(connection) => Lease { connection, made: now, rested: false, pool: self, _permit: permit },
                None => Lease { connection, made, rested: true, pool: self, _permit: permit },
            });
        }
        let connection = timeout_at(deadline, self.connect()).await.map_err(|_| Failure::ConnectLate)??;
        Ok(Lease { connection, made: now, rested: false, pool: self, _permit: permit })
    }

    /// Asks a connection that rested whether it lives; another one if it does not. One that says nothing for a while may be
    /// slow or dead, as all of them are after a silent loss of the network: another one is made meanwhile, and whichever is
    /// ready first is taken.
    async fn successor(&self, resting: &mut PgConnection, deadline: Instant) -> Result<Option<PgConnection>, Failure> {
        let mut answer = std::pin::pin!(resting.ping());
        let connected = async { timeout_at(deadline, self.connect()).await.map_err(|_| Failure::ConnectLate)? };
        let connection = match timeout_at(deadline.min(Instant::now() + self.timeout / 20), &mut answer).await {
            Ok(Ok(())) => return Ok(None),
            Ok(Err(_)) => connected.await?,
            Err(_) => tokio::select! {
                Ok(()) = &mut answer => return Ok(None),
                connected = connected => connected?,
            },
        };
        // What became of this one became of the others.
        self.idle.lock().clear();
        Ok(Some(connection))
    }

    /// A connection that is not of the pool.
    pub(crate) async fn connect(&self) -> Result<PgConnection, Failure> {
        let Connected { mut connection, durability } = connect(&self.options, self.timeout).await?;
        self.promises(durability);
        let Greeting { open, clock } = &self.greeting;
        let opened = raw_sql(open.clone()).fetch_one(&mut connection).await;
        if !opened.and_then(|row| row.try_get("kept")).map_err(Failure::Connect)? {
            return Err(Failure::Namespace);
        }
        if let Some(clock) = clock {
            raw_sql(clock.clone()).execute(&mut connection).await.map_err(Failure::Connect)?;
        }
        Ok(connection)
    }

    /// Notes what the server of a new connection says that acknowledged writes survive (G11).
    fn promises(&self, says: Durability) {
        let mut promised = self.promised.lock();
        if says < *promised {
            tracing::error!(declared = ?*promised, now = ?says, "the server promises less than when the store was opened");
            *promised = says;
        }
    }

    /// The least that any server has said that acknowledged writes survive.
    pub(crate) fn promised(&self) -> Durability {
        *self.promised.lock()
    }

    pub(crate) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Refuses whatever comes and closes what rests.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().clear();
    }
}

impl fmt::Debug for Pool {
    /// Without the options, which hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("idle", &self.idle.lock().len())
            .field("promised", &self.promised())
            .finish_non_exhaustive()
    }
}

impl Lease<'_> {
    fn rest(self) {
        let Self { connection, made, pool, .. } = self;
        let mut idle = pool.idle.lock();
        if !pool.permits.is_closed() {
            idle.push(Resting { connection, made, since: Instant::now() });
        }
    }
}
