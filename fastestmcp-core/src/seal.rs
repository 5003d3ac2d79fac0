//! Sealed blobs: what clients carry for the server and must neither read nor alter (contract A3, G13).
//!
//! One 256-bit key per namespace is made on first start, by insert-if-absent in a System scope, so that every node of a
//! deployment opens what any other sealed. Every blob names its key, which is what makes rotation possible.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, StoreErrorKind};
use crate::ids::{self, RandomSourceFailed};
use crate::page::Position;
use crate::principal::OwnerFilter;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Op, Scope, SessionStateStore};

const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const FORMAT: u8 = 1;
/// The longest wire cursor that is looked at (contract G13).
const MAX_CURSOR_BYTES: usize = 1024;

/// What a blob is for. A blob sealed for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page cursor.
    Cursor,
    /// The state of a suspended call.
    RequestState,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Cursor => b"cursor",
            Self::RequestState => b"request-state",
        }
    }
}

/// A blob that these keys did not seal for this purpose and these associated data. Says no more on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this server for this use")]
pub struct NotSealedHere;

/// The keys of a namespace as they are stored.
#[derive(Serialize, Deserialize)]
struct StoredKeys {
    format: u8,
    active: String,
    keys: BTreeMap<String, String>,
}

/// The sealing keys of a namespace, shared by all its nodes.
#[derive(Clone)]
pub struct KeyRing {
    active: [u8; KEY_ID_BYTES],
    keys: BTreeMap<[u8; KEY_ID_BYTES], [u8; 32]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring with one new key.
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub fn generate() -> Result<Self, RandomSourceFailed> {
        let active = ids::random_bytes()?;
        Ok(Self { active, keys: BTreeMap::from([(active, ids::random_bytes()?)]) })
    }

    /// The ring of a namespace: the stored one, or a new one if this is the first start. Of nodes that start together
    /// one stores its ring and all others read it.
    ///
    /// # Errors
    /// The store failed, or holds keys of a newer format.
    pub async fn open(store: &dyn SessionStateStore) -> Result<Self, StoreError> {
        const KEY: &str = "ring";
        let failed = |kind, detail: &str| StoreError::new(kind, "core", "open key ring", detail);
        let ring = Self::generate().map_err(|e| failed(StoreErrorKind::Unexpected, "no randomness").caused_by(e))?;
        let value = serde_json::to_vec(&ring.to_stored())
            .map_err(|e| failed(StoreErrorKind::Unexpected, "keys do not serialize").caused_by(e))?;
        let put = Op::Put { key: KEY.to_owned(), value: Bytes::from(value), expect: Expect::Absent, ttl: None };
        let request = CommitRequest::new(Scope::system("keys", "seal"), CommitRule::Existing, vec![put]);
        match store.commit(request).await?.value {
            CommitOutcome::Mismatch { current: Some(entry), .. } => {
                let stored: StoredKeys = serde_json::from_slice(&entry.value)
                    .map_err(|_| failed(StoreErrorKind::Corrupt, "the stored keys are not readable"))?;
                if stored.format != FORMAT {
                    return Err(failed(StoreErrorKind::Unsupported, "the stored keys have a newer format"));
                }
                Self::from_stored(&stored)
                    .ok_or_else(|| failed(StoreErrorKind::Corrupt, "the stored keys are not readable"))
            }
            CommitOutcome::Committed(_) => Ok(ring),
            other => Err(failed(StoreErrorKind::Unexpected, &format!("a System scope answered {other:?}"))),
        }
    }

    fn to_stored(&self) -> StoredKeys {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = self.keys.iter().map(|(id, key)| (encode(id), encode(key))).collect();
        StoredKeys { format: FORMAT, active: encode(&self.active), keys }
    }

    fn from_stored(stored: &StoredKeys) -> Option<Self> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let active = decode(&stored.active)?.try_into().ok()?;
        let mut keys = BTreeMap::new();
        for (id, key) in &stored.keys {
            keys.insert(decode(id)?.try_into().ok()?, decode(key)?.try_into().ok()?);
        }
        keys.contains_key(&active).then_some(Self { active, keys })
    }

    /// Seals `plaintext`, bound to its purpose and to `associated` data that must be the same at opening.
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub fn seal(&self, purpose: Purpose, associated: &[&[u8]], plaintext: &[u8]) -> Result<String, RandomSourceFailed> {
        let nonce: [u8; NONCE_BYTES] = ids::random_bytes()?;
        let key = self.keys.get(&self.active).ok_or(RandomSourceFailed)?;
        let aad = associated_data(purpose, associated);
        let sealed = XChaCha20Poly1305::new(key.into())
            .encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad: &aad })
            .map_err(|_| RandomSourceFailed)?;
        let mut blob = Vec::with_capacity(1 + KEY_ID_BYTES + NONCE_BYTES + sealed.len());
        blob.push(FORMAT);
        blob.extend_from_slice(&self.active);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(blob))
    }

    /// Opens what [`KeyRing::seal`] sealed.
    ///
    /// # Errors
    /// Anything else: altered, truncated, for another purpose or with other associated data, by unknown keys.
    pub fn open_sealed(&self, purpose: Purpose, associated: &[&[u8]], blob: &str) -> Result<Vec<u8>, NotSealedHere> {
        let blob = URL_SAFE_NO_PAD.decode(blob).map_err(|_| NotSealedHere)?;
        let (format, rest) = blob.split_first().ok_or(NotSealedHere)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or(NotSealedHere)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotSealedHere)?;
        let key = self.keys.get(id).filter(|_| *format == FORMAT).ok_or(NotSealedHere)?;
        let aad = associated_data(purpose, associated);
        XChaCha20Poly1305::new(key.into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| NotSealedHere)
    }

    /// The wire cursor of a position in a listing that is named by `listing` and filtered by `filter`.
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub fn seal_cursor(
        &self,
        listing: &str,
        filter: &OwnerFilter,
        position: &Position,
    ) -> Result<String, RandomSourceFailed> {
        self.seal(Purpose::Cursor, &[listing.as_bytes(), owner_bytes(filter)], &position.0)
    }

    /// The position that a wire cursor of the same listing and filter carries.
    ///
    /// # Errors
    /// It is longer than 1 KiB, or not such a cursor.
    pub fn open_cursor(&self, listing: &str, filter: &OwnerFilter, cursor: &str) -> Result<Position, NotSealedHere> {
        if cursor.len() > MAX_CURSOR_BYTES {
            return Err(NotSealedHere);
        }
        let associated: [&[u8]; 2] = [listing.as_bytes(), owner_bytes(filter)];
        Ok(Position(self.open_sealed(Purpose::Cursor, &associated, cursor)?.into()))
    }
}

fn associated_data(purpose: Purpose, associated: &[&[u8]]) -> [u8; 32] {
    let parts: Vec<&[u8]> = std::iter::once(purpose.label()).chain(associated.iter().copied()).collect();
    ids::digest_bytes(&parts)
}

fn owner_bytes(filter: &OwnerFilter) -> &[u8] {
    match filter {
        OwnerFilter::Any => b"",
        OwnerFilter::Is(owner) => owner.as_str().as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Owner;

    #[test]
    fn a_blob_opens_only_for_its_purpose_its_data_and_its_keys() {
        let ring = KeyRing::generate().unwrap();
        let blob = ring.seal(Purpose::Cursor, &[b"a", b"b"], b"text").unwrap();
        assert_eq!(ring.open_sealed(Purpose::Cursor, &[b"a", b"b"], &blob).unwrap(), b"text");
        assert_eq!(ring.open_sealed(Purpose::RequestState, &[b"a", b"b"], &blob), Err(NotSealedHere));
        assert_eq!(ring.open_sealed(Purpose::Cursor, &[b"ab", b""], &blob), Err(NotSealedHere));
        assert!(KeyRing::generate().unwrap().open_sealed(Purpose::Cursor, &[b"a", b"b"], &blob).is_err());
        for cut in 0..blob.len() {
            assert!(ring.open_sealed(Purpose::Cursor, &[b"a", b"b"], &blob[..cut]).is_err(), "cut at {cut}");
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(&blob).unwrap();
        for i in 0..bytes.len() {
            bytes[i] ^= 1;
            let altered = URL_SAFE_NO_PAD.encode(&bytes);
            assert!(ring.open_sealed(Purpose::Cursor, &[b"a", b"b"], &altered).is_err(), "altered at {i}");
            bytes[i] ^= 1;
        }
    }

    #[test]
    fn cursors_are_bound_to_listing_and_owner() {
        let ring = KeyRing::generate().unwrap();
        let me = OwnerFilter::Is(Owner::new("me"));
        let cursor = ring.seal_cursor("tasks", &me, &Position(Bytes::from_static(b"p"))).unwrap();
        assert!(ring.open_cursor("tasks", &me, &cursor).is_ok());
        assert!(ring.open_cursor("tasks", &OwnerFilter::Is(Owner::new("you")), &cursor).is_err());
        assert!(ring.open_cursor("tasks", &OwnerFilter::Any, &cursor).is_err());
        assert!(ring.open_cursor("tools", &me, &cursor).is_err());
        assert!(ring.open_cursor("tasks", &me, &"A".repeat(5_000)).is_err());
    }

    #[test]
    fn a_stored_ring_opens_what_it_sealed() {
        let ring = KeyRing::generate().unwrap();
        let again = KeyRing::from_stored(&ring.to_stored()).unwrap();
        let blob = ring.seal(Purpose::RequestState, &[], b"x").unwrap();
        assert_eq!(again.open_sealed(Purpose::RequestState, &[], &blob).unwrap(), b"x");
    }
}
