use fastestmcp_core::session::{Scope, ScopeKind};

use super::scope::{Found, StoredScope, discard, holds_live};
use crate::error::Failure;
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct DeleteScope(pub(super) Scope);

impl WriteOperation for DeleteScope {
    type Answer = bool;
    const NAME: &'static str = "delete_scope";

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<bool, Failure> {
        let id = match StoredScope::find(tx, &self.0)? {
            Some(Found::Live(StoredScope { id, .. }) | Found::Damaged(id, _)) => id,
            Some(Found::Expired(_)) | None => return Ok(false),
        };
        let existed = self.0.kind != ScopeKind::System || holds_live(tx, id)?;
        discard(tx, id)?;
        Ok(existed)
    }
}
