/// How often something is repeated: as an environment variable says, or else as often as given.
pub(crate) fn times(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(times) => times.parse().unwrap_or_else(|_| panic!("{variable} is no number: {times:?}")),
        Err(_) => otherwise,
    }
}
