use std::collections::BTreeSet;

use fastestmcp_core::time::StoreTime;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use super::entries::NEVER;
use super::record::Record;

/// A part of the scopes of one kind: records in slots, found by name, walked by slot, swept by deadline.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    by_id: HashTable<u32>,
    slots: Vec<Option<Record>>,
    vacant: Vec<u32>,
    sweep: BTreeSet<(StoreTime, u32)>,
}

impl Shard {
    /// The slot of a scope, expired or not.
    pub(crate) fn find(&self, hash: u64, id: &str) -> Option<u32> {
        self.by_id
            .find(hash, |slot| self.at(*slot).is_some_and(|record| record.id.as_bytes() == id.as_bytes()))
            .copied()
    }

    /// The record of a scope, expired or not.
    pub(crate) fn get(&self, hash: u64, id: &str) -> Option<&Record> {
        self.at(self.find(hash, id)?)
    }

    pub(crate) fn at(&self, slot: u32) -> Option<&Record> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// How many slots there are, vacant ones included.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many records there are, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many records and entries there are, with their places in the sweep.
    pub(crate) fn rows(&self) -> usize {
        let entries: usize = self.slots.iter().flatten().map(|record| record.entries.len()).sum();
        self.len() + entries + self.sweep.len()
    }

    /// The slots a sweep has something to do in.
    pub(crate) fn due(&self, now: StoreTime) -> impl Iterator<Item = u32> {
        self.sweep.range(..=(now, u32::MAX)).map(|(_, slot)| *slot)
    }

    /// The first slot that a sweep has something to do in.
    pub(crate) fn first_due(&self, now: StoreTime) -> Option<u32> {
        self.due(now).next()
    }

    /// Adds the record of a scope that has none here.
    pub(crate) fn insert(&mut self, hasher: &DefaultHashBuilder, hash: u64, record: Record) {
        let at = record.sweep_at();
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(record);
                slot
            }
            None => {
                self.slots.push(Some(record));
                (self.slots.len() - 1) as u32
            }
        };
        self.schedule(at, slot);
        let slots = &self.slots;
        self.by_id.insert_unique(hash, slot, |slot| {
            hasher.hash_one(slots[*slot as usize].as_ref().map_or(&[][..], |record| record.id.as_bytes()))
        });
    }

    /// Changes a record and keeps its place in the sweep.
    pub(crate) fn edit<R>(&mut self, slot: u32, change: impl FnOnce(&mut Record) -> R) -> Option<R> {
        let record = self.slots.get_mut(slot as usize)?.as_mut()?;
        let before = record.sweep_at();
        let result = change(record);
        let after = record.sweep_at();
        if before != after {
            self.sweep.remove(&(before, slot));
            self.schedule(after, slot);
        }
        Some(result)
    }

    pub(crate) fn remove(&mut self, hasher: &DefaultHashBuilder, slot: u32) -> Option<Record> {
        let record = self.slots.get_mut(slot as usize)?.take()?;
        self.sweep.remove(&(record.sweep_at(), slot));
        if let Ok(found) = self.by_id.find_entry(hasher.hash_one(record.id.as_bytes()), |other| *other == slot) {
            found.remove();
        }
        self.vacant.push(slot);
        if self.by_id.is_empty() {
            *self = Self::default();
        }
        Some(record)
    }

    fn schedule(&mut self, at: StoreTime, slot: u32) {
        if at != NEVER {
            self.sweep.insert((at, slot));
        }
    }
}
