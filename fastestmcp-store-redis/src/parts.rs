use fastestmcp_core::ids::{Namespace, digest_bytes};

use crate::tag::Tag;

/// Bytes of a digest that names a scope or a topic within its part.
pub(crate) const DIGEST_BYTES: usize = 24;

/// The parts of a namespace that scopes and topics are shared out over. Each lives in one slot.
#[derive(Debug)]
pub(crate) struct Parts {
    tags: Vec<Tag>,
}

/// Where something is kept: a part, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) part: usize,
    pub(crate) digest: [u8; DIGEST_BYTES],
}

impl Parts {
    /// `count` parts, named `00` to `ff`.
    pub(crate) fn new(namespace: &Namespace, count: u16) -> Self {
        Self { tags: (0..count.max(1)).map(|part| Tag::new(namespace, &format!("{part:02x}"))).collect() }
    }

    pub(crate) fn count(&self) -> usize {
        self.tags.len()
    }

    pub(crate) fn tag(&self, part: usize) -> &Tag {
        &self.tags[part % self.tags.len()]
    }

    /// The place of what `name` names. Digests make names short and of one length, whatever is in them.
    pub(crate) fn place(&self, name: &[&[u8]]) -> Place {
        let full = digest_bytes(name);
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&full[..DIGEST_BYTES]);
        let spread = u16::from_be_bytes([full[DIGEST_BYTES], full[DIGEST_BYTES + 1]]);
        Place { part: usize::from(spread) % self.tags.len(), digest }
    }
}
