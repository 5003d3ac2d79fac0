use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{Loaded, Touch};

use super::load::Load;
use super::scope;
use crate::database::{Database, span};
use crate::error::{Failure, site};
use crate::row::get;

/// A load that slides the deadline of its scope.
pub(super) async fn run(database: &Arc<Database>, load: Load, touch: Touch) -> StoreResult<At<Loaded>> {
    let statement = database
        .statement(include_str!("../../sql/session_touch.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(load.scope.kind))
        .bind(load.scope.id.as_bytes())
        .bind(load.asked())
        .bind(span(touch.ttl))
        .bind(span(touch.slack));
    database
        .write(site("load"), statement, move |rows| {
            let mut numbered =
                rows.iter().map(|row| Ok((get::<i64>(row, "i")?, row))).collect::<Result<Vec<_>, Failure>>()?;
            numbered.sort_unstable_by_key(|(number, _)| *number);
            load.answer(numbered.into_iter().map(|(_, row)| row))
        })
        .await
}
