use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::ScopeKind;

use super::scope;
use crate::database::{Database, count, moment, number};
use crate::error::site;
use crate::row::{get, only};

/// How many scopes of a kind are live, but not beyond `at_most`.
pub(super) async fn run(database: &Arc<Database>, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
    let sql = match kind {
        ScopeKind::System => include_str!("../../sql/scope_count_system.sql"),
        _ => include_str!("../../sql/scope_count.sql"),
    };
    let statement = database.statement(sql).bind(database.at()).bind(database.namespace);
    let statement = statement.bind(scope::code(kind)).bind(number(at_most));
    database
        .read(site("count_scopes"), statement, |rows| {
            let row = only(&rows)?;
            Ok(At::new(moment(get(row, "moment")?), count(get(row, "live")?)))
        })
        .await
}
