use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::Scope;

use super::scope;
use crate::database::{Database, moment};
use crate::error::site;
use crate::row::{get, only};

/// Deletes a scope; its entries are left to the sweep (S5).
pub(super) async fn run(database: &Arc<Database>, scope: &Scope) -> StoreResult<At<bool>> {
    let statement = database
        .statement(include_str!("../../sql/session_delete.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(scope.kind))
        .bind(scope.id.as_bytes());
    database
        .write(site("delete_scope"), statement, |rows| {
            let row = only(&rows)?;
            Ok(At::new(moment(get(row, "moment")?), get(row, "existed")?))
        })
        .await
}
