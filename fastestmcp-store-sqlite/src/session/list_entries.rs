use fastestmcp_core::page::{Listing, Page, PageRequest, successor};
use fastestmcp_core::session::{Entry, Scope};
use rusqlite::Row;

use super::entry;
use super::scope::StoredScope;
use crate::error::{Failure, stepped_over};
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, number};
use crate::walk::Walk;

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
        let most = number(Walk::<(String, Entry)>::rows(limit) as u64);
        let mut rows = statement.query((scope.id, from, end_of(&self.prefix), most))?;
        let (mut walk, mut bytes) = (Walk::new(listing, limit), 0);
        while let Some(row) = rows.next()? {
            if walk.is_full() {
                return walk.cut();
            }
            let listed = read(row, snapshot);
            if let Ok(Some((_, entry))) = &listed {
                bytes += entry.value.len();
                if bytes > self.max_bytes && !walk.is_empty() {
                    return walk.cut();
                }
            }
            walk.examined(row.get_ref(KEY)?.as_blob().ok().map(<[u8]>::to_vec));
            match listed {
                Ok(Some(entry)) => walk.push(entry),
                Ok(None) => {}
                Err(failure) if failure.is_damage() => stepped_over(Self::NAME, "entry", row.get(0)?),
                Err(failure) => return Err(failure),
            }
        }
        Ok(walk.end())
    }
}

/// The column of the key.
const KEY: usize = 1;

fn read(row: &Row<'_>, snapshot: &Snapshot<'_>) -> Result<Option<(String, Entry)>, Failure> {
    let Some(entry) = entry::live_from_row(row, KEY + 1, snapshot)? else { return Ok(None) };
    let key = row.get_ref(KEY)?.as_blob().map_err(rusqlite::Error::from)?;
    let key = String::from_utf8(key.to_vec()).map_err(|_| Failure::Corrupt("a key is no UTF-8"))?;
    Ok(Some((key, entry)))
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
