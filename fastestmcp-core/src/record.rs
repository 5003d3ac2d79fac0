//! Stored records carry the format they were written in, so that old and new binaries work side by side (contract G15).

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A stored record that this binary cannot read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is damaged, or something else.
    #[error("the record is not readable")]
    Malformed(#[source] serde_json::Error),
    /// A newer binary wrote it.
    #[error("the record has format {0}, newer than this binary understands")]
    Newer(u64),
    /// A newer binary gave it a status that this one does not know.
    #[error("the record has status {0}, which this binary does not know")]
    Status(u8),
}

impl Unreadable {
    /// Whether somebody newer can read it: it is then left to them, never failed, rewritten or cancelled (contract G15).
    pub const fn is_newer(&self) -> bool {
        matches!(self, Self::Newer(_) | Self::Status(_))
    }
}

/// A record that says which format it was written in.
pub(crate) trait Versioned: DeserializeOwned {
    /// The newest format that this binary understands.
    const FORMAT: u8;

    /// The format of this one.
    fn format(&self) -> u8;
}

/// Reads a record.
///
/// # Errors
/// It is not such a record, or of a newer format.
pub(crate) fn decode<T: Versioned>(bytes: &[u8]) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Stamp {
        format: u64,
    }
    match serde_json::from_slice::<T>(bytes) {
        Ok(record) if record.format() <= T::FORMAT => Ok(record),
        Ok(record) => Err(Unreadable::Newer(record.format().into())),
        // A newer format may differ in anything but its stamp.
        Err(error) => match serde_json::from_slice::<Stamp>(bytes) {
            Ok(Stamp { format }) if format > T::FORMAT.into() => Err(Unreadable::Newer(format)),
            _ => Err(Unreadable::Malformed(error)),
        },
    }
}
