use fastestmcp_core::session::{ScopeInfo, ScopeKind};
use sqlx::postgres::PgRow;

use crate::database::Database;
use crate::error::Failure;
use crate::row::get_moment;
use crate::statement::Statement;

/// A kind as it is stored.
pub(super) fn code(kind: ScopeKind) -> i16 {
    i16::from(kind.code())
}

/// How many scopes one statement waits for: as many as a run of commits locks.
const SETTLED: usize = 128;

/// Statements that wait for the writes under way in these scopes.
pub(super) fn settle<'n>(
    database: &Database,
    kind: ScopeKind,
    names: impl IntoIterator<Item = &'n [u8]>,
) -> Vec<Statement> {
    let names: Vec<&[u8]> = names.into_iter().collect();
    let statement = || database.statement(include_str!("../../sql/scope_settle.sql")).bind(database.namespace);
    names.chunks(SETTLED).map(|some| statement().bind(vec![code(kind); some.len()]).bind(some)).collect()
}

/// The life of a scope in the columns `created`, `expires` and `ends`, if it is live.
pub(super) fn info(kind: ScopeKind, row: &PgRow) -> Result<Option<ScopeInfo>, Failure> {
    if kind == ScopeKind::System {
        return Ok(Some(ScopeInfo::SYSTEM));
    }
    let Some(created) = get_moment(row, "created")? else { return Ok(None) };
    Ok(Some(ScopeInfo { created, expires: get_moment(row, "expires")?, ends: get_moment(row, "ends")? }))
}
