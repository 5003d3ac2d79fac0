/// Whether bytes from a client begin an operation, rather than the making of a connection.
pub(crate) fn is_operation(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    [&b"EVALSHA"[..], b"HMGET", b"MULTI", b"TIME", b"PUBLISH"]
        .iter()
        .any(|word| start.windows(word.len()).any(|window| window == *word))
}
