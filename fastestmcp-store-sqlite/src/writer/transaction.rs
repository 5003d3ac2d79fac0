use std::cell::Cell;
use std::ops::Deref;

use fastestmcp_core::time::StoreTime;
use rusqlite::Connection;

use crate::clock::StoreClock;
use crate::error::Failure;
use crate::snapshot::{Meta, Snapshot, millis};

/// The open write transaction of a group.
#[derive(Debug)]
pub(crate) struct Group<'c> {
    connection: &'c Connection,
    meta: Meta,
    counter: Cell<i64>,
    stamp: Cell<StoreTime>,
    changes: u64,
}

impl<'c> Group<'c> {
    /// The lock is held.
    pub(crate) fn begun(connection: &'c Connection) -> Result<Self, Failure> {
        let meta = Meta::read(connection)?;
        Ok(Self {
            connection,
            meta,
            counter: Cell::new(meta.counter),
            stamp: Cell::new(meta.stamp),
            changes: connection.total_changes(),
        })
    }

    /// One operation's view; its `now` is read here, once.
    pub(crate) fn member(&self, namespace: i64, clock: &StoreClock) -> WriteTx<'_> {
        let now = clock.now(self.meta.stamp);
        self.stamp.set(now);
        WriteTx { snapshot: Snapshot::new(self.connection, namespace, now), counter: &self.counter }
    }

    /// Stores the counter and the time, if anything was written at all: true then.
    pub(crate) fn seal(&self) -> Result<bool, Failure> {
        let wrote = self.connection.total_changes() != self.changes || self.counter.get() != self.meta.counter;
        if wrote {
            self.stamp()?;
        }
        Ok(wrote)
    }

    /// Stores the counter and the time.
    pub(crate) fn stamp(&self) -> Result<(), Failure> {
        self.connection
            .prepare_cached(include_str!("../../sql/meta_write.sql"))?
            .execute((self.counter.get(), millis(self.stamp.get())))?;
        Ok(())
    }
}

/// What one write operation works on: a snapshot that it may change.
#[derive(Debug)]
pub(crate) struct WriteTx<'c> {
    snapshot: Snapshot<'c>,
    counter: &'c Cell<i64>,
}

impl WriteTx<'_> {
    /// A number that was never drawn before: a version, a token, an incarnation.
    pub(crate) fn draw(&self) -> i64 {
        self.draw_many(1)
    }

    /// The first of `n` consecutive numbers.
    pub(crate) fn draw_many(&self, n: usize) -> i64 {
        let first = self.counter.get() + 1;
        self.counter.set(self.counter.get().saturating_add(i64::try_from(n).unwrap_or(i64::MAX)));
        first
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = Snapshot<'c>;

    fn deref(&self) -> &Self::Target {
        &self.snapshot
    }
}
