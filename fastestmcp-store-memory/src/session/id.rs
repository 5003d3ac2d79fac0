/// How long an id may be to lie in the record itself: a digest has 43 bytes.
const INLINE: usize = 46;

/// The id of a scope. Those that the runtime makes take no memory of their own, and comparing one reads none.
#[derive(Debug)]
pub(crate) enum Id {
    Short { len: u8, bytes: [u8; INLINE] },
    Long(Box<str>),
}

impl Id {
    pub(crate) fn new(id: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (u8::try_from(id.len()), bytes.get_mut(..id.len())) {
            (Ok(len), Some(start)) => {
                start.copy_from_slice(id.as_bytes());
                Self::Short { len, bytes }
            }
            _ => Self::Long(id.into()),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(id) => id.as_bytes(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Always UTF-8: `new` copied a whole string.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_length_come_back() {
        for len in [0, 1, 43, INLINE - 1, INLINE, INLINE + 1, 255, 256, 512] {
            let id = "\u{e9}".repeat(len / 2) + &"x".repeat(len % 2);
            assert_eq!(Id::new(&id).as_str(), id);
            assert_eq!(Id::new(&id).as_bytes().len(), len);
        }
    }
}
