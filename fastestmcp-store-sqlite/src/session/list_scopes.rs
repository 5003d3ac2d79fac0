use fastestmcp_core::page::{Listing, Page, PageRequest, successor};
use fastestmcp_core::session::{Scope, ScopeInfo, ScopeKind};

use super::scope::{self, holds_live};
use crate::error::Failure;
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, number};

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
        let most = number(limit.examined() as u64 + 1);
        let mut rows = statement.query((snapshot.namespace, self.kind.code(), from, most))?;
        let (mut items, mut examined) = (Vec::new(), 0);
        let mut last: Option<Vec<u8>> = None;
        while let Some(row) = rows.next()? {
            if let Some(anchor) = last.take_if(|_| items.len() == limit.get() || examined == limit.examined()) {
                return Ok(Page { items, next: Some(listing.position(&anchor)) });
            }
            let name = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?.to_vec();
            let info = scope::info(self.kind, row, 2)?;
            examined += 1;
            let listed = match self.kind {
                ScopeKind::System => holds_live(snapshot, row.get(0)?)?,
                _ => scope::is_live(&info, snapshot.now),
            };
            if listed {
                let id = String::from_utf8(name.clone()).map_err(|_| Failure::Corrupt("a scope id is no UTF-8"))?;
                items.push((Scope::new(self.kind, id), info));
            }
            last = Some(name);
        }
        Ok(Page::last(items))
    }
}
