//! The session seam: scopes in shards by kind.

mod commit;
mod entries;
mod id;
mod record;
mod scopes;
mod shard;

pub(crate) use scopes::Scopes;

use std::ops::Bound;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageRequest};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};
use fastestmcp_core::time::StoreTime;

use self::entries::{Entries, Stored};
use self::record::Record;
use self::scopes::SHARDS;
use crate::MemoryStore;
use crate::error::{invalid_cursor, refused};
use crate::position;

#[async_trait]
impl SessionStateStore for MemoryStore {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.data.limits.check_load(scope, keys).map_err(refused("load"))?;
        let (lock, hash) = self.space.scopes.shard(scope);
        {
            let shard = lock.read();
            let now = self.data.clock.now();
            let record = shard.get(hash, &scope.id).filter(|record| record.live(now));
            if record.and_then(|record| touch?.moves(now, &record.info())).is_none() {
                return Ok(At::new(now, self.loaded(scope, record, keys, now)?));
            }
        }
        let mut shard = lock.write();
        let now = self.data.clock.now();
        let slot = shard.find(hash, &scope.id);
        let record = slot.and_then(|slot| shard.at(slot)).filter(|record| record.live(now));
        let deadline = record.and_then(|record| touch?.moves(now, &record.info()));
        let mut loaded = self.loaded(scope, record, keys, now)?;
        if let (Some(slot), Some(deadline)) = (slot, deadline) {
            loaded.scope = shard.edit(slot, |record| {
                record.deadline = deadline;
                record.info()
            });
        }
        Ok(At::new(now, loaded))
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.data.limits.check_commit(&request).map_err(refused("commit"))?;
        let scopes = &self.space.scopes;
        let (lock, hash) = scopes.shard(&request.scope);
        let mut shard = lock.write();
        let now = self.data.clock.now();
        let taken = commit::taken(&shard, hash, now, &request);
        self.data.limits.check_answer(taken).map_err(refused("commit"))?;
        Ok(At::new(now, commit::commit(scopes, &mut shard, hash, now, &self.data.sequence, request)))
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        let limits = &self.data.limits;
        limits.check_key("scope id", &scope.id).map_err(refused("list_entries"))?;
        limits.check_key("prefix", prefix).map_err(refused("list_entries"))?;
        let listing = position::entries(scope, prefix);
        let after = page.after.as_ref().map(|after| position::entry_anchor(&listing, after));
        let after = after.transpose().map_err(invalid_cursor("list_entries"))?;
        let start = after.as_deref().map_or(Bound::Included(prefix), Bound::Excluded);
        let (lock, hash) = self.space.scopes.shard(scope);
        let shard = lock.read();
        let now = self.data.clock.now();
        let Some(record) = shard.get(hash, &scope.id).filter(|record| record.live(now)) else {
            return Ok(At::new(now, Page::last(Vec::new())));
        };
        let rows = record.entries.from(start).take_while(|(key, _)| key.starts_with(prefix));
        Ok(At::new(now, entry_page(rows, now, &page, &listing, limits.max_batch_bytes)))
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.data.limits.check_key("scope id", &scope.id).map_err(refused("delete_scope"))?;
        let scopes = &self.space.scopes;
        let (lock, hash) = scopes.shard(scope);
        let mut shard = lock.write();
        let now = self.data.clock.now();
        let record = shard.find(hash, &scope.id).and_then(|slot| shard.remove(&scopes.hasher, slot));
        drop(shard);
        let existed = record.as_ref().is_some_and(|record| record.live(now));
        if let Some(Record { entries: entries @ Entries::Many(_), .. }) = record {
            scopes.discard(entries);
        }
        Ok(At::new(now, existed))
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        let listing = position::scopes(kind);
        let start = page.after.as_ref().map_or(Ok((0, 0)), |after| position::slot_anchor(&listing, after));
        let (mut shard_at, mut slot_at) = start.map_err(invalid_cursor("list_scopes"))?;
        let shards = self.space.scopes.kind(kind);
        let now = self.data.clock.now();
        let mut items = Vec::new();
        let mut examined = 0;
        while shard_at < SHARDS {
            let shard = shards[shard_at].read();
            while slot_at < shard.slots() {
                if items.len() == page.limit.get() || examined == page.limit.examined() {
                    let next = Some(position::at_slot(&listing, shard_at, slot_at));
                    return Ok(At::new(now, Page { items, next }));
                }
                examined += 1;
                let record = u32::try_from(slot_at).ok().and_then(|slot| shard.at(slot));
                if let Some(record) = record.filter(|record| record.live(now)) {
                    items.push((Scope::new(kind, record.id.as_str()), record.info()));
                }
                slot_at += 1;
            }
            (shard_at, slot_at) = (shard_at + 1, 0);
        }
        Ok(At::new(now, Page::last(items)))
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        let now = self.data.clock.now();
        let mut count = 0;
        for shard in self.space.scopes.kind(kind) {
            let shard = shard.read();
            let expired = shard.due(now).filter(|slot| shard.at(*slot).is_some_and(|record| !record.live(now)));
            count += (shard.len() - expired.count()) as u64;
            if count >= at_most {
                return Ok(At::new(now, at_most));
            }
        }
        Ok(At::new(now, count))
    }
}

impl MemoryStore {
    /// Values are shared, so that a large answer costs nothing here; what is asked on this backend fits on any other.
    fn loaded(&self, scope: &Scope, record: Option<&Record>, keys: &[&str], now: StoreTime) -> StoreResult<Loaded> {
        let info = match scope.kind {
            ScopeKind::System => Some(ScopeInfo::SYSTEM),
            _ => record.map(Record::info),
        };
        let mut bytes = 0;
        let entry = |key: &&str| {
            let stored = record?.entries.get(key).filter(|stored| stored.live(now))?;
            bytes += stored.value.len();
            Some(stored.entry())
        };
        let entries = keys.iter().map(entry).collect();
        self.data.limits.check_answer(bytes).map_err(refused("load"))?;
        Ok(Loaded { scope: info, entries })
    }
}

/// The live ones of `rows`, examining a bounded number.
fn entry_page<'a>(
    rows: impl Iterator<Item = (&'a str, &'a Stored)>,
    now: StoreTime,
    page: &PageRequest,
    listing: &Listing,
    max_bytes: usize,
) -> Page<(String, Entry)> {
    let mut rows = rows.peekable();
    let mut items = Vec::new();
    let (mut last, mut bytes, mut examined) = (None, 0, 0);
    while let Some((key, stored)) =
        rows.next_if(|(_, stored)| items.is_empty() || bytes + stored.value.len() <= max_bytes)
    {
        last = Some(key);
        examined += 1;
        if stored.live(now) {
            bytes += stored.value.len();
            items.push((key.to_owned(), stored.entry()));
        }
        if items.len() == page.limit.get() || examined == page.limit.examined() {
            break;
        }
    }
    let next = rows.peek().and(last).map(|key| listing.position(key.as_bytes()));
    Page { items, next }
}
