use bytes::Bytes;

/// One message of a POST stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// From 1.
    pub(crate) number: u64,
    /// JSON; empty if the stream ends without an answer.
    pub(crate) data: Bytes,
    pub(crate) is_last: bool,
}

impl Message {
    /// To a reader of the log, of the node that it asked: the stream goes on there, or nobody has it.
    pub(crate) const fn reply(is_here: bool) -> Self {
        Self { number: if is_here { 0 } else { u64::MAX }, data: Bytes::new(), is_last: !is_here }
    }

    /// Whether it says that nobody has the stream.
    pub(crate) const fn is_nobody(&self) -> bool {
        self.number == u64::MAX
    }

    /// `NUMBER m JSON`, or `f` for the final one.
    pub(crate) fn encode(&self) -> Bytes {
        let kind = if self.is_last { 'f' } else { 'm' };
        [format!("{} {kind} ", self.number).as_bytes(), &self.data[..]].concat().into()
    }

    pub(crate) fn decode(payload: &Bytes) -> Option<Self> {
        let number_ends = payload.iter().position(|byte| *byte == b' ')?;
        let number = std::str::from_utf8(&payload[..number_ends]).ok()?.parse().ok()?;
        let is_last = match payload.get(number_ends + 1..number_ends + 3)? {
            b"m " => false,
            b"f " => true,
            _ => return None,
        };
        Some(Self { number, is_last, data: payload.slice(number_ends + 3..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let message = |number, data: &'static str, is_last| Message { number, data: data.into(), is_last };
        for written in [message(1, "{}", false), message(2, "", true), Message::reply(true), Message::reply(false)] {
            assert_eq!(Message::decode(&written.encode()), Some(written));
        }
        for payload in ["", "1", "1 ", "1 m", "x m {}", "1 q {}"] {
            assert_eq!(Message::decode(&Bytes::from_static(payload.as_bytes())), None, "{payload}");
        }
    }
}
