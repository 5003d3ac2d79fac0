/// A number that is the same for the same name, so that what concerns it stays together in a coalescer.
pub(crate) fn lane(name: &[u8]) -> usize {
    name.iter().fold(0, |hash: usize, byte| (hash ^ usize::from(*byte)).wrapping_mul(0x0100_0193))
}
