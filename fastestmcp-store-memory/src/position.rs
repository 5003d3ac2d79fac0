//! The listings and their sort keys (G13).

use fastestmcp_core::page::{InvalidPosition, Listing, Position};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::session::{Scope, ScopeKind};
use fastestmcp_core::time::StoreTime;

/// The entries of a scope under a prefix, by key.
pub(crate) fn entries(scope: &Scope, prefix: &str) -> Listing {
    Listing::new(&[b"entries", &[scope.kind.code()], scope.id.as_bytes(), prefix.as_bytes()])
}

/// The key to go on after.
pub(crate) fn entry_anchor(listing: &Listing, position: &Position) -> Result<String, InvalidPosition> {
    String::from_utf8(listing.anchor(position)?.to_vec()).map_err(|_| InvalidPosition)
}

/// The scopes of a kind, by shard and slot.
pub(crate) fn scopes(kind: ScopeKind) -> Listing {
    Listing::new(&[b"scopes", &[kind.code()]])
}

/// At a slot of a shard: the next one to look at.
pub(crate) fn at_slot(listing: &Listing, shard: usize, slot: usize) -> Position {
    listing.position(&[(shard as u64).to_be_bytes(), (slot as u64).to_be_bytes()].concat())
}

/// The shard and slot to go on at.
pub(crate) fn slot_anchor(listing: &Listing, position: &Position) -> Result<(usize, usize), InvalidPosition> {
    let anchor = listing.anchor(position)?;
    let (shard, slot) = anchor.split_first_chunk().ok_or(InvalidPosition)?;
    let number = |bytes: [u8; 8]| usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| InvalidPosition);
    Ok((number(*shard)?, number(slot.try_into().map_err(|_| InvalidPosition)?)?))
}

/// The tasks of a filter, newest first.
pub(crate) fn tasks(filter: &OwnerFilter, status: Option<u8>) -> Listing {
    let (whose, owner) = match filter {
        OwnerFilter::Any => (0, ""),
        OwnerFilter::Is(owner) => (1, owner.as_str()),
    };
    Listing::new(&[b"tasks", &[whose], owner.as_bytes(), status.as_slice()])
}

/// After a task.
pub(crate) fn after_task(listing: &Listing, created: StoreTime, id: &str) -> Position {
    listing.position(&[&created.as_millis().to_be_bytes(), id.as_bytes()].concat())
}

/// The creation time and id to go on after.
pub(crate) fn task_anchor(listing: &Listing, position: &Position) -> Result<(StoreTime, String), InvalidPosition> {
    let anchor = listing.anchor(position)?;
    let (created, id) = anchor.split_first_chunk().ok_or(InvalidPosition)?;
    let id = String::from_utf8(id.to_vec()).map_err(|_| InvalidPosition)?;
    Ok((StoreTime::from_millis(u64::from_be_bytes(*created)), id))
}
