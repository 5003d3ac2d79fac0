use fastestmcp_core::session::{Scope, ScopeKind};

use super::scope::{StoredScope, bury, holds_live};
use crate::error::Failure;
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct DeleteScope(pub(super) Scope);

impl WriteOperation for DeleteScope {
    type Answer = bool;
    const NAME: &'static str = "delete_scope";

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<bool, Failure> {
        let Some(found) = StoredScope::find_live(tx, &self.0)? else { return Ok(false) };
        let existed = self.0.kind != ScopeKind::System || holds_live(tx, found.id)?;
        bury(tx, found.id)?;
        Ok(existed)
    }
}
