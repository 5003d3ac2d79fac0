use fastestmcp_core::session::{ScopeInfo, ScopeKind};
use sqlx::postgres::PgRow;

use crate::error::Failure;
use crate::row::get_moment;

/// A kind as it is stored.
pub(super) fn code(kind: ScopeKind) -> i16 {
    i16::from(kind.code())
}

/// The life of a scope in the columns `created`, `expires` and `ends`, if it is live.
pub(super) fn info(kind: ScopeKind, row: &PgRow) -> Result<Option<ScopeInfo>, Failure> {
    if kind == ScopeKind::System {
        return Ok(Some(ScopeInfo::SYSTEM));
    }
    let Some(created) = get_moment(row, "created")? else { return Ok(None) };
    Ok(Some(ScopeInfo { created, expires: get_moment(row, "expires")?, ends: get_moment(row, "ends")? }))
}
