use bytes::{BufMut, Bytes, BytesMut};

use super::Position;
use crate::ids::digest_bytes;

const CHECKSUM: usize = 8;

/// One listing of a store with its filter: makes the positions of its pages and recognises them (contract G13).
///
/// A position carries a checksum over the listing and its anchor, so that what was altered, cut or made by another
/// listing is refused. It is no secret and no proof: what clients see is sealed on top of it.
///
/// ```
/// use fastestmcp_core::page::Listing;
///
/// let listing = Listing::new(&[b"entries", b"scope 7"]);
/// let position = listing.position(b"last key");
/// assert_eq!(listing.anchor(&position).unwrap(), &b"last key"[..]);
/// assert!(Listing::new(&[b"entries", b"scope 8"]).anchor(&position).is_err());
/// ```
#[derive(Debug)]
pub struct Listing {
    identity: [u8; 32],
}

/// The position is not of this listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page position is not of this listing")]
pub struct InvalidPosition;

impl Listing {
    /// `parts` name the listing: its kind, the namespace, every filter.
    pub fn new(parts: &[&[u8]]) -> Self {
        Self { identity: digest_bytes(parts) }
    }

    /// The position after `anchor`, the sort key of the last row that was examined.
    pub fn position(&self, anchor: &[u8]) -> Position {
        let mut bytes = BytesMut::with_capacity(CHECKSUM + anchor.len());
        bytes.put_slice(&self.checksum(anchor));
        bytes.put_slice(anchor);
        Position(bytes.freeze())
    }

    /// The anchor of a position of this listing.
    ///
    /// # Errors
    /// It was made by another listing, altered or cut.
    pub fn anchor(&self, position: &Position) -> Result<Bytes, InvalidPosition> {
        let Position(bytes) = position;
        if bytes.len() < CHECKSUM {
            return Err(InvalidPosition);
        }
        let anchor = bytes.slice(CHECKSUM..);
        if bytes[..CHECKSUM] != self.checksum(&anchor) {
            return Err(InvalidPosition);
        }
        Ok(anchor)
    }

    fn checksum(&self, anchor: &[u8]) -> [u8; CHECKSUM] {
        let digest = digest_bytes(&[&self.identity, anchor]);
        let mut checksum = [0; CHECKSUM];
        checksum.copy_from_slice(&digest[..CHECKSUM]);
        checksum
    }
}

/// The smallest byte string greater than `key`: where a listing goes on after an anchor.
pub fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_accepted_by_its_own_listing_only_and_only_as_it_was() {
        let listing = Listing::new(&[b"entries", b"a"]);
        let position = listing.position(b"anchor");
        assert_eq!(listing.anchor(&position).unwrap(), &b"anchor"[..]);
        assert!(Listing::new(&[b"entries", b"b"]).anchor(&position).is_err());
        for index in 0..position.0.len() {
            let mut altered = position.0.to_vec();
            altered[index] ^= 1;
            assert!(listing.anchor(&Position(altered.into())).is_err(), "byte {index}");
            assert!(listing.anchor(&Position(position.0.slice(..index))).is_err(), "cut at {index}");
        }
    }
}
