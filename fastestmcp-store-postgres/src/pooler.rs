//! Whether each of our connections has a server process of its own.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row, raw_sql};
use tokio::time::timeout;

use crate::error::Failure;

/// Which of two connections is asked, one after the other. Who is asked twice in a row and who comes back after the other
/// was asked differs from what poolers do: the last one used first, or all by turns.
const TURNS: [usize; 8] = [0, 1, 1, 0, 0, 1, 1, 0];

/// A connection, not set up, that has a server process to itself as long as it lives.
///
/// A pooler that lends server processes for a transaction or a statement shows when two connections, neither of them in
/// a transaction, are asked by turns which process serves them: one of them is moved to another, or both have the same.
/// Nothing is changed before that is known, because others would be lent what we had changed.
pub(crate) async fn own_process(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection, Failure> {
    let mut first = options.connect().await.map_err(Failure::Connect)?;
    let mut second = options.connect().await.map_err(Failure::Connect)?;
    let mut known = [None, None];
    for turn in TURNS {
        let connection = if turn == 0 { &mut first } else { &mut second };
        // With a single server process a pooler lets the second connection wait for the first.
        let process = timeout(patience, process(connection)).await.map_err(|_| Failure::Unserved)??;
        if *known[turn].get_or_insert(process) != process || known[0] == known[1] {
            return Err(Failure::SharedProcess);
        }
    }
    // Whatever becomes of it: it is not needed any more.
    let _ = timeout(patience, second.close()).await;
    Ok(first)
}

async fn process(connection: &mut PgConnection) -> Result<i32, Failure> {
    let asked = raw_sql(include_str!("../sql/server_process.sql")).fetch_one(connection).await;
    asked.and_then(|row| row.try_get("process")).map_err(Failure::Connect)
}
