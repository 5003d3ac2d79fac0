use fastestmcp_core::session::ScopeKind;

use crate::error::Failure;
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, count, millis, number};

#[derive(Debug)]
pub(super) struct CountScopes {
    pub(super) kind: ScopeKind,
    pub(super) at_most: u64,
}

impl ReadOperation for CountScopes {
    type Answer = u64;
    const NAME: &'static str = "count_scopes";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<u64, Failure> {
        let sql = match self.kind {
            ScopeKind::System => include_str!("../../sql/scope_count_system.sql"),
            _ => include_str!("../../sql/scope_count.sql"),
        };
        let found: i64 = snapshot
            .statement(sql)?
            .query_row((snapshot.namespace, self.kind.code(), millis(snapshot.now), number(self.at_most)), |row| {
                row.get(0)
            })?;
        Ok(count(found))
    }
}
