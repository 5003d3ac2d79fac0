use std::hash::BuildHasher;

use fastestmcp_core::session::{Scope, ScopeKind};
use fastestmcp_core::time::StoreTime;
use hashbrown::DefaultHashBuilder;
use parking_lot::{Mutex, RwLock};

use super::entries::Entries;
use super::shard::Shard;
use crate::sweep::Budget;

/// Shards of one kind of scope.
pub(crate) const SHARDS: usize = 64;

/// All scopes of one namespace, each kind in shards of its own, so that a listing meets no other kind.
#[derive(Debug)]
pub(crate) struct Scopes {
    pub(crate) hasher: DefaultHashBuilder,
    kinds: [Box<[RwLock<Shard>; SHARDS]>; ScopeKind::ALL.len()],
    /// Keys of deleted and expired scopes that a sweep has yet to free.
    graves: Mutex<Vec<Entries>>,
}

impl Default for Scopes {
    fn default() -> Self {
        let kinds = ScopeKind::ALL.map(|_| Box::new(std::array::from_fn(|_| RwLock::default())));
        Self { hasher: DefaultHashBuilder::default(), kinds, graves: Mutex::default() }
    }
}

impl Scopes {
    pub(crate) fn kind(&self, kind: ScopeKind) -> &[RwLock<Shard>; SHARDS] {
        &self.kinds[usize::from(kind.code())]
    }

    /// The shard a scope belongs to, and the scope's hash.
    pub(crate) fn shard(&self, scope: &Scope) -> (&RwLock<Shard>, u64) {
        let hash = self.hasher.hash_one(scope.id.as_bytes());
        // The table takes its bits from both ends of the hash.
        (&self.kind(scope.kind)[(hash >> 32) as usize % SHARDS], hash)
    }

    /// Leaves keys for a later sweep to free, whatever their number.
    pub(crate) fn discard(&self, entries: Entries) {
        if !entries.is_empty() {
            self.graves.lock().push(entries);
        }
    }

    /// How many scopes and entries there are, with their places in the sweep.
    pub(crate) fn rows(&self) -> usize {
        let shards = self.kinds.iter().flat_map(|shards| shards.iter());
        let buried: usize = self.graves.lock().iter().map(Entries::len).sum();
        buried + shards.map(|shard| shard.read().rows()).sum::<usize>()
    }

    /// Frees what has expired, a bounded step at a time; false if the budget ran out first.
    pub(crate) fn sweep(&self, now: StoreTime, budget: &mut Budget) -> bool {
        self.free_discarded(budget)
            && self.kinds.iter().flat_map(|shards| shards.iter()).all(|shard| {
                let due = shard.read().first_due(now);
                due.is_none() || self.sweep_shard(&mut shard.write(), now, budget)
            })
            && self.free_discarded(budget)
    }

    fn sweep_shard(&self, shard: &mut Shard, now: StoreTime, budget: &mut Budget) -> bool {
        while let Some(slot) = shard.first_due(now) {
            if budget.spent() {
                return false;
            }
            if shard.at(slot).is_some_and(|record| record.live(now)) {
                let expired = shard.edit(slot, |record| record.entries.pop_expired(now)).flatten();
                budget.spend(expired.map_or(0, |stored| stored.value.len()));
            } else if let Some(record) = shard.remove(&self.hasher, slot) {
                budget.spend(0);
                self.discard(record.entries);
            }
        }
        true
    }

    fn free_discarded(&self, budget: &mut Budget) -> bool {
        let mut graves = self.graves.lock();
        while let Some(grave) = graves.last_mut() {
            if budget.spent() {
                return false;
            }
            match grave.pop() {
                Some(stored) => budget.spend(stored.value.len()),
                None => drop(graves.pop()),
            }
        }
        true
    }
}
