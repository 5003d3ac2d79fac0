use bytes::Bytes;

/// The size of every value.
pub(crate) const VALUE_BYTES: usize = 1_024;

/// A value that no other seed gives: an engine that skips identical rewrites gains nothing.
pub(crate) fn value(seed: u64) -> Bytes {
    bytes_of(seed, VALUE_BYTES)
}

/// `len` bytes (a multiple of eight) that no other seed gives.
pub(crate) fn bytes_of(seed: u64, len: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(len);
    let mut word = seed;
    while bytes.len() < len {
        bytes.extend_from_slice(&word.to_le_bytes());
        word = word.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed | 1);
    }
    Bytes::from(bytes)
}

/// Numbers that look random and are cheap.
#[derive(Clone, Debug)]
pub(crate) struct Walk(u64);

impl Walk {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }
}
