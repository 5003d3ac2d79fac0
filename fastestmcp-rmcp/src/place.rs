use std::fmt;
use std::str::FromStr;

use fastestmcp_core::ids::{self, RandomSourceFailed};

/// Where something waits for the client: on which node, in which exchange, under which of its numbers.
///
/// It is the id of every request to the client, and its progress token, so that whichever node gets the reply knows where
/// it belongs. What begins after a colon is a tag of the [`Wire`](crate::Wire), for what it keeps by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) node: String,
    pub(crate) exchange: u64,
    pub(crate) number: u64,
    pub(crate) tag: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:x}.{:x}", self.node, self.exchange, self.number)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))
    }
}

/// Characters of a node's name: some 60 bits.
const NODE: usize = 10;

/// A name for a node: nobody else has it, now or after a restart.
///
/// # Errors
/// The operating system's random source failed.
pub(crate) fn random_node() -> Result<String, RandomSourceFailed> {
    Ok(ids::random_token()?.chars().filter(char::is_ascii_alphanumeric).take(NODE).collect())
}

/// Whether a node can have this name. What clients send is not made a topic of the log unless it is one.
pub(crate) fn is_node(name: &str) -> bool {
    name.len() == NODE && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A text that names no place.
#[derive(Debug)]
pub(crate) struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (place, tag) = text.split_once(':').map_or((text, None), |(place, tag)| (place, Some(tag.to_owned())));
        let mut parts = place.split('.');
        let (Some(node), Some(exchange), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoPlace);
        };
        if !is_node(node) {
            return Err(NoPlace);
        }
        let hex = |text: &str| u64::from_str_radix(text, 16).map_err(|_| NoPlace);
        Ok(Self { node: node.to_owned(), exchange: hex(exchange)?, number: hex(number)?, tag })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_place_whatever_the_tag() {
        for tag in [None, Some(""), Some("task-1:a:b"), Some("ä.\n")] {
            let tag = tag.map(str::to_owned);
            let place = Place { node: random_node().unwrap(), exchange: 0xfe, number: 17, tag };
            assert_eq!(place.to_string().parse::<Place>().ok(), Some(place));
        }
        assert!("n0den0den0.1.2".parse::<Place>().is_ok());
        for rest in ["", ".1", ".1.2.3", ".x.1", ".1.", "..1", ".1.-1"] {
            assert!(format!("n0den0den0{rest}").parse::<Place>().is_err(), "{rest}");
        }
        for node in ["", "n0de", "n0den0den/", "ä0den0den", &"n".repeat(1 << 20)] {
            assert!(format!("{node}.1.2").parse::<Place>().is_err(), "no name of a node");
        }
    }
}
