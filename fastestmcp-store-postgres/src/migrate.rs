use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row, SqlStr};

use crate::error::Failure;
use crate::schema::Schema;

/// The format that this binary writes, and the newest that it understands (G15).
pub(crate) const FORMAT: i32 = 1;

/// Numbered, applied once each, never changed once released.
const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("../migrations/0001_sessions.sql")),
    (2, include_str!("../migrations/0002_tasks.sql")),
    (3, include_str!("../migrations/0003_events.sql")),
    (4, include_str!("../migrations/0004_session_commit.sql")),
    (5, include_str!("../migrations/0005_session_touch.sql")),
    (6, include_str!("../migrations/0006_session_delete.sql")),
    (7, include_str!("../migrations/0007_session_sweep.sql")),
    (8, include_str!("../migrations/0008_event_append.sql")),
    (9, include_str!("../migrations/0009_event_sweep.sql")),
    (10, include_str!("../migrations/0010_session_put.sql")),
    (11, include_str!("../migrations/0011_task_insert.sql")),
    (12, include_str!("../migrations/0012_task_replace.sql")),
    (13, include_str!("../migrations/0013_task_claim.sql")),
    (14, include_str!("../migrations/0014_task_renew.sql")),
    (15, include_str!("../migrations/0015_task_list.sql")),
    (16, include_str!("../migrations/0016_task_sweep.sql")),
];

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("the schema needs a release that understands format {0}; this one understands format {FORMAT}")]
    Newer(i32),
}

impl From<sqlx::Error> for Unfit {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(Failure::Connect(error))
    }
}

/// Brings the schema to the format of this binary, and makes it if it is missing and the role may.
///
/// Everything happens in one transaction under a lock that belongs to the schema, so that of many nodes that open it
/// together one migrates, and a failure leaves nothing half done. A schema that has all migrations is only read.
pub(crate) async fn migrate(connection: &mut PgConnection, schema: &Schema) -> Result<(), Unfit> {
    if !has_all(connection, schema).await? {
        let mut transaction = connection.begin().await?;
        // Nodes that find it there count on it.
        script(&mut transaction, SqlStr::from_static("SET LOCAL synchronous_commit = on")).await?;
        let lock = sqlx::query(include_str!("../sql/migration_lock.sql")).persistent(false).bind(schema.name());
        lock.execute(&mut *transaction).await?;
        // What this waited for may have done the work.
        if !has_all(&mut transaction, schema).await? {
            apply(&mut transaction, schema).await?;
        }
        transaction.commit().await?;
    }
    let format = sqlx::query(schema.render(include_str!("../sql/meta_format.sql"))).persistent(false);
    match format.fetch_one(connection).await?.try_get(0)? {
        needed if needed > FORMAT => Err(Unfit::Newer(needed)),
        _ => Ok(()),
    }
}

async fn has_all(connection: &mut PgConnection, schema: &Schema) -> Result<bool, Unfit> {
    if !exists(connection, include_str!("../sql/schema_has_migrations.sql"), schema).await? {
        return Ok(false);
    }
    let applied = applied(connection, schema).await?;
    Ok(MIGRATIONS.iter().all(|(number, _)| applied.contains(number)))
}

async fn exists(connection: &mut PgConnection, sql: &'static str, schema: &Schema) -> Result<bool, Unfit> {
    let row = sqlx::query(sql).persistent(false).bind(schema.name()).fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

async fn applied(connection: &mut PgConnection, schema: &Schema) -> Result<BTreeSet<i32>, Unfit> {
    let query = sqlx::query(schema.render(include_str!("../sql/migration_applied.sql"))).persistent(false);
    let rows = query.fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

async fn apply(connection: &mut PgConnection, schema: &Schema) -> Result<(), Unfit> {
    // Not left to IF NOT EXISTS, which asks for the right to create schemas even if there is nothing to create.
    if !exists(connection, include_str!("../sql/schema_exists.sql"), schema).await? {
        script(connection, schema.create()).await?;
    }
    script(connection, schema.render(include_str!("../sql/migration_create.sql"))).await?;
    let applied = applied(connection, schema).await?;
    for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| !applied.contains(number)) {
        script(connection, schema.render(sql)).await?;
        let record = sqlx::query(schema.render(include_str!("../sql/migration_record.sql"))).persistent(false);
        record.bind(number).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Several statements at once.
async fn script(connection: &mut PgConnection, sql: SqlStr) -> Result<(), Unfit> {
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}
