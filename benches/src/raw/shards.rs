use std::hash::BuildHasher;

use bytes::Bytes;
use fastestmcp_core::session::Scope;
use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::RwLock;

const SHARDS: usize = 64;

/// What an in-process store is measured against: a sharded map from scope and key to value, and nothing else. One hash
/// chooses both the shard and the bucket.
pub(crate) struct ShardedMap {
    hasher: DefaultHashBuilder,
    shards: [RwLock<HashTable<Slot>>; SHARDS],
}

struct Slot {
    scope: Scope,
    key: String,
    value: Bytes,
}

impl ShardedMap {
    pub(crate) fn new() -> Self {
        Self { hasher: DefaultHashBuilder::default(), shards: std::array::from_fn(|_| RwLock::default()) }
    }

    fn find(&self, scope: &Scope, key: &str) -> (&RwLock<HashTable<Slot>>, u64) {
        let hash = self.hasher.hash_one((scope, key));
        (&self.shards[(hash >> 32) as usize % SHARDS], hash)
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&self, scope: Scope, key: String, value: Bytes) {
        let (shard, hash) = self.find(&scope, &key);
        let rehash = |slot: &Slot| self.hasher.hash_one((&slot.scope, slot.key.as_str()));
        shard.write().insert_unique(hash, Slot { scope, key, value }, rehash);
    }

    pub(crate) fn get(&self, scope: &Scope, key: &str) -> Option<Bytes> {
        let (shard, hash) = self.find(scope, key);
        let shard = shard.read();
        shard.find(hash, |slot| slot.scope == *scope && slot.key == key).map(|slot| slot.value.clone())
    }
}
