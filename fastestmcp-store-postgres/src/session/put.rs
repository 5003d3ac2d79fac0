use fastestmcp_core::backend::At;
use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Op, ScopeKind};
use tokio::time::Instant;

use super::commit::expectation;
use super::{entry, scope};
use crate::database::{Database, moment, span};
use crate::error::Failure;
use crate::row::{get, only};

/// The short way of a commit that comes alone and is one put: nothing if it is not that, or if the scope does not live or
/// the key is not as expected. Then nothing was done.
pub(super) async fn alone(
    database: &Database,
    request: &CommitRequest,
    deadline: Instant,
) -> Result<Option<At<CommitOutcome>>, Failure> {
    let [Op::Put { key, value, expect, ttl }] = &request.ops[..] else { return Ok(None) };
    if matches!(request.rule, CommitRule::CreateNew(_)) && request.scope.kind != ScopeKind::System {
        return Ok(None);
    }
    let (expect, expected) = expectation(*expect);
    let statement = database
        .statement(include_str!("../../sql/session_put.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(request.scope.kind))
        .bind(request.scope.id.as_bytes())
        .bind(key.as_bytes())
        .bind(expect)
        .bind(expected)
        .bind(ttl.map(span))
        .bind(&value[..]);
    let rows = database.carry(statement, true, deadline).await?;
    let row = only(&rows)?;
    let Some(version) = get::<Option<i64>>(row, "version")? else { return Ok(None) };
    let applied = vec![Applied::Put(entry::version(version)?)];
    Ok(Some(At::new(moment(get(row, "moment")?), CommitOutcome::Committed(applied))))
}
