use fastestmcp_core::page::{Listing, Page, PageRequest, successor};
use fastestmcp_core::session::{Scope, ScopeInfo, ScopeKind};
use rusqlite::Row;

use super::scope::{holds_live, live_info};
use crate::error::{Failure, stepped_over};
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, number};
use crate::walk::Walk;

#[derive(Debug)]
pub(super) struct ListScopes {
    pub(super) kind: ScopeKind,
    pub(super) page: PageRequest,
}

impl ReadOperation for ListScopes {
    type Answer = Page<(Scope, ScopeInfo)>;
    const NAME: &'static str = "list_scopes";

    /// By the bytes of their ids.
    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure> {
        let listing = Listing::new(&[b"scopes", &snapshot.namespace.to_be_bytes(), &[self.kind.code()]]);
        let from = match &self.page.after {
            None => Vec::new(),
            Some(position) => successor(&listing.anchor(position)?),
        };
        let limit = self.page.limit;
        let mut statement = snapshot.statement(include_str!("../../sql/scope_list.sql"))?;
        let most = number(Walk::<(Scope, ScopeInfo)>::rows(limit) as u64);
        let mut rows = statement.query((snapshot.namespace, self.kind.code(), from, most))?;
        let mut walk = Walk::new(listing, limit);
        while let Some(row) = rows.next()? {
            if walk.is_full() {
                return walk.cut();
            }
            walk.examined(row.get_ref(NAME)?.as_blob().ok().map(<[u8]>::to_vec));
            match self.read(row, snapshot) {
                Ok(Some(listed)) => walk.push(listed),
                Ok(None) => {}
                Err(failure) if failure.is_damage() => stepped_over(Self::NAME, "scope", row.get(0)?),
                Err(failure) => return Err(failure),
            }
        }
        Ok(walk.end())
    }
}

/// The column of the id.
const NAME: usize = 1;

impl ListScopes {
    fn read(&self, row: &Row<'_>, snapshot: &Snapshot<'_>) -> Result<Option<(Scope, ScopeInfo)>, Failure> {
        let Some(info) = live_info(self.kind, row, NAME + 1, snapshot)? else { return Ok(None) };
        if self.kind == ScopeKind::System && !holds_live(snapshot, row.get(0)?)? {
            return Ok(None);
        }
        let id = row.get_ref(NAME)?.as_blob().map_err(rusqlite::Error::from)?;
        let id = String::from_utf8(id.to_vec()).map_err(|_| Failure::Corrupt("a scope id is no UTF-8"))?;
        Ok(Some((Scope::new(self.kind, id), info)))
    }
}
