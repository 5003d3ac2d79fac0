//! One page of a listing (G13), past what is damaged (G16).

use fastestmcp_core::page::{Listing, Page, PageLimit};

use crate::error::Failure;

/// A page that is being read. Rows are told to it in the order of the listing.
pub(crate) struct Walk<T> {
    listing: Listing,
    limit: PageLimit,
    items: Vec<T>,
    examined: usize,
    /// The sort key of the last row that has one.
    last: Option<Vec<u8>>,
}

impl<T> Walk<T> {
    pub(crate) const fn new(listing: Listing, limit: PageLimit) -> Self {
        Self { listing, limit, items: Vec::new(), examined: 0, last: None }
    }

    /// The most rows to ask for: one more than may be examined tells whether the walk goes on.
    pub(crate) const fn rows(limit: PageLimit) -> usize {
        limit.examined() + 1
    }

    /// Whether the next row belongs to another page.
    pub(crate) const fn is_full(&self) -> bool {
        self.items.len() == self.limit.get() || self.examined == self.limit.examined()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A row was examined. A damaged one may have no readable sort key; then the walk goes on from the one before it.
    pub(crate) fn examined(&mut self, anchor: Option<Vec<u8>>) {
        self.examined += 1;
        self.last = anchor.or_else(|| self.last.take());
    }

    /// It is listed.
    pub(crate) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// The walk goes on with another page.
    pub(crate) fn cut(self) -> Result<Page<T>, Failure> {
        let anchor = self.last.ok_or(Failure::Corrupt("a listing has lost its order"))?;
        Ok(Page { next: Some(self.listing.position(&anchor)), items: self.items })
    }

    /// It ends here.
    pub(crate) fn end(self) -> Page<T> {
        Page::last(self.items)
    }
}
