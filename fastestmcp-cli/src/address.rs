use std::net::SocketAddr;
use std::str::FromStr;

/// Where to listen: a host by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
}

impl FromStr for Address {
    type Err = &'static str;

    /// Says nothing of what was typed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "write HOST:PORT, for instance 127.0.0.1:8000, localhost:8000 or [::1]:8000";
        let (host, port) = text.rsplit_once(':').ok_or(WANTED)?;
        let port = port.parse().map_err(|_| "the port is no number up to 65535")?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) if v6.parse::<std::net::Ipv6Addr>().is_ok() => v6,
            None if !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) => host,
            _ => return Err(WANTED),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl Address {
    /// The address to listen on. Of several it is the first of IPv4: what is called localhost is 127.0.0.1 to most.
    pub(crate) async fn resolve(&self) -> Result<SocketAddr, String> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let mut found: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
        found.sort_by_key(SocketAddr::is_ipv6);
        found.first().copied().ok_or_else(|| {
            format!("cannot listen on {}: no such host is known; write an address of this machine", self.host)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_told_apart() {
        for (text, host, port) in
            [("localhost:80", "localhost", 80), ("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:65535", "::1", 65_535)]
        {
            assert_eq!(text.parse(), Ok(Address { host: host.to_owned(), port }));
        }
        for wrong in ["", "8000", ":8000", "localhost", "localhost:", "localhost:65536", "::1:80x", "a b:1", "u@h:1"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
