use bytes::{BufMut, Bytes, BytesMut};
use fastestmcp_core::ids::digest_bytes;
use fastestmcp_core::page::Position;

use crate::error::Failure;

const CHECKSUM: usize = 8;

/// One listing with its filter. Positions carry a checksum over it and their anchor, so that what was altered, cut or
/// made by another listing is refused (G13).
#[derive(Debug)]
pub(crate) struct Listing {
    identity: [u8; 32],
}

impl Listing {
    /// `parts` name the listing: its kind, the namespace, every filter.
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self { identity: digest_bytes(parts) }
    }

    /// The position after `anchor`.
    pub(crate) fn position(&self, anchor: &[u8]) -> Position {
        let mut bytes = BytesMut::with_capacity(CHECKSUM + anchor.len());
        bytes.put_slice(&self.checksum(anchor));
        bytes.put_slice(anchor);
        Position(bytes.freeze())
    }

    /// The anchor of a position of this listing.
    pub(crate) fn anchor(&self, position: &Position) -> Result<Bytes, Failure> {
        let Position(bytes) = position;
        if bytes.len() < CHECKSUM {
            return Err(Failure::Cursor);
        }
        let anchor = bytes.slice(CHECKSUM..);
        if bytes[..CHECKSUM] != self.checksum(&anchor) {
            return Err(Failure::Cursor);
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

/// The smallest byte string greater than `key`.
pub(crate) fn successor(key: &[u8]) -> Vec<u8> {
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
