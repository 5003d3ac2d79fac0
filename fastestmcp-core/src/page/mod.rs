//! Keyset paging (contract G13).

mod listing;

pub use listing::{InvalidPosition, Listing, successor};

use bytes::Bytes;

/// How many rows a page may hold: 1 to 1000, 100 unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The largest limit.
    pub const MAX: Self = Self(1000);

    /// A limit of 1 to 1000; anything else is invalid input.
    ///
    /// # Errors
    /// [`InvalidLimit`] for 0 and for anything above 1000.
    pub const fn new(limit: usize) -> Result<Self, InvalidLimit> {
        if limit == 0 || limit > 1000 {
            return Err(InvalidLimit(limit));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 1000")]
        Ok(Self(limit as u16))
    }

    /// The limit as a count.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The most rows one call may examine: ten times the limit.
    pub const fn examined(self) -> usize {
        self.get() * 10
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(100)
    }
}

/// A page limit outside 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("page limit {0} is not within 1 to 1000")]
pub struct InvalidLimit(pub usize);

/// Where a walk goes on: made by a store, meaningful to the same store and listing only.
///
/// It names the last row examined by its sort key, never by an offset, so a deleted anchor is harmless. What clients
/// see is not this but a sealed cursor (`seal::Cursors`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(pub Bytes);

/// Which page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// How many rows at most.
    pub limit: PageLimit,
    /// Where to go on; `None` starts the walk.
    pub after: Option<Position>,
}

impl PageRequest {
    /// The first page of at most `limit` rows.
    pub const fn first(limit: PageLimit) -> Self {
        Self { limit, after: None }
    }

    /// The page after `position`.
    pub const fn after(limit: PageLimit, position: Position) -> Self {
        Self { limit, after: Some(position) }
    }
}

/// One page. It may be short, even empty: only a missing `next` ends the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts, if there may be one.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// A page that ends the walk.
    pub const fn last(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
