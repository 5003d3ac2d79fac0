use bytes::Bytes;
use fastestmcp_core::ids::Namespace;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Slots of a Redis Cluster.
pub(crate) const SLOTS: u16 = 16_384;

/// What a name keeps as it is; the rest, braces and colons above all, is written as `%xx`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A part of a namespace whose keys live in one slot, so that one script may touch all of them.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    prefix: Bytes,
    slot: u16,
}

impl Tag {
    /// The part `part` of a namespace: keys `fastestmcp:{namespace:part}:…`.
    pub(crate) fn new(namespace: &Namespace, part: &str) -> Self {
        let tag = format!("{}:{part}", utf8_percent_encode(namespace.as_str(), PLAIN));
        let slot = crc16(tag.as_bytes()) % SLOTS;
        Self { prefix: format!("fastestmcp:{{{tag}}}:").into(), slot }
    }

    /// The key `name` of this part.
    pub(crate) fn key(&self, name: &str) -> Bytes {
        [&self.prefix, name.as_bytes()].concat().into()
    }

    pub(crate) const fn slot(&self) -> u16 {
        self.slot
    }
}

/// CRC-16/XMODEM, as Redis Cluster hashes tags.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn no_name_can_leave_its_tag() {
        let names = ["a", "a}b", "a:0", "{", "a%", "ä"].map(|name| Namespace::new(name).unwrap());
        let mut keys: Vec<Bytes> = names.iter().map(|name| Tag::new(name, "0").key("state")).collect();
        keys.push(Tag::new(&names[0], "0:0").key("state"));
        for key in &keys {
            assert_eq!(key.iter().filter(|byte| **byte == b'{').count(), 1, "{key:?}");
            assert_eq!(key.iter().filter(|byte| **byte == b'}').count(), 1, "{key:?}");
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 7);
    }
}
