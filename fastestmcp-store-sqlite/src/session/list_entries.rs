use fastestmcp_core::page::{Listing, Page, PageRequest, successor};
use fastestmcp_core::session::{Entry, Scope};

use super::entry;
use super::scope::StoredScope;
use crate::error::Failure;
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, number};

#[derive(Debug)]
pub(super) struct ListEntries {
    pub(super) scope: Scope,
    pub(super) prefix: String,
    pub(super) page: PageRequest,
    /// A page of large values ends early.
    pub(super) max_bytes: usize,
}

impl ReadOperation for ListEntries {
    type Answer = Page<(String, Entry)>;
    const NAME: &'static str = "list_entries";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure> {
        let listing = Listing::new(&[
            b"entries",
            &snapshot.namespace.to_be_bytes(),
            &[self.scope.kind.code()],
            self.scope.id.as_bytes(),
            self.prefix.as_bytes(),
        ]);
        let from = match &self.page.after {
            None => self.prefix.clone().into_bytes(),
            Some(position) => successor(&listing.anchor(position)?),
        };
        let Some(scope) = StoredScope::find_live(snapshot, &self.scope)? else { return Ok(Page::last(Vec::new())) };
        let limit = self.page.limit;
        let mut statement = snapshot.statement(include_str!("../../sql/entry_list.sql"))?;
        // One more than may be examined tells whether the walk goes on.
        let most = number(limit.examined() as u64 + 1);
        let mut rows = statement.query((scope.id, from, end_of(&self.prefix), most))?;
        let (mut items, mut bytes, mut examined) = (Vec::new(), 0, 0);
        let mut last: Option<Vec<u8>> = None;
        while let Some(row) = rows.next()? {
            if let Some(anchor) = last.take_if(|_| items.len() == limit.get() || examined == limit.examined()) {
                return Ok(Page { items, next: Some(listing.position(&anchor)) });
            }
            let key = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?.to_vec();
            let entry = entry::from_row(row, 1)?;
            examined += 1;
            if entry::is_live(entry.expires, snapshot.now) {
                if let Some(anchor) = last.take_if(|_| bytes + entry.value.len() > self.max_bytes && !items.is_empty())
                {
                    return Ok(Page { items, next: Some(listing.position(&anchor)) });
                }
                bytes += entry.value.len();
                let name = String::from_utf8(key.clone()).map_err(|_| Failure::Corrupt("a key is no UTF-8"))?;
                items.push((name, entry));
            }
            last = Some(key);
        }
        Ok(Page::last(items))
    }
}

/// The end of the range of keys that start with `prefix`. UTF-8 never holds a byte 0xFF.
fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(byte) => *byte += 1,
        None => end.push(0xFF),
    }
    end
}
