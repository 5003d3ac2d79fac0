//! Where an endpoint is, in words that its own checks let through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::HttpConfig;

/// The same configuration for a server that listens at `local`: its address is served, too. No page can have a name of
/// its own lead to it, for it is no name.
pub(crate) fn listening(mut config: HttpConfig, local: SocketAddr) -> HttpConfig {
    if !local.ip().is_unspecified() && !config.allowed_hosts.is_empty() {
        config.allowed_hosts.push(local.ip().to_string());
    }
    config
}

/// A URL under which clients reach what listens at `local`: the public one; else one whose host is served.
pub(crate) fn url(config: &HttpConfig, local: SocketAddr) -> String {
    if let Some(url) = &config.public_url {
        return url.clone();
    }
    let port = local.port();
    let own = SocketAddr::new(reachable(local.ip()), port);
    let names = [own.ip().to_string(), own.to_string()];
    let serves = |host: &String| names.iter().any(|name| host.eq_ignore_ascii_case(name));
    let host = match config.allowed_hosts.first() {
        Some(first) if !config.allowed_hosts.iter().any(serves) => with_port(first, port),
        _ => own.to_string(),
    };
    format!("http://{host}{}", config.path)
}

/// Nobody can connect to "all addresses".
const fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    }
}

fn with_port(host: &str, port: u16) -> String {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return SocketAddr::new(ip, port).to_string();
    }
    if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_that_is_served() {
        let at = |local: &str, config: HttpConfig| {
            let local = local.parse().unwrap();
            url(&listening(config, local), local)
        };
        let config = HttpConfig::default;
        assert_eq!(at("127.0.0.1:80", config()), "http://127.0.0.1:80/mcp");
        assert_eq!(at("0.0.0.0:80", config()), "http://127.0.0.1:80/mcp");
        assert_eq!(at("[::]:80", config().path("/x")), "http://[::1]:80/x");
        assert_eq!(at("192.0.2.7:80", config()), "http://192.0.2.7:80/mcp");
        assert_eq!(at("0.0.0.0:80", config().allowed_hosts([""; 0])), "http://127.0.0.1:80/mcp");
        assert_eq!(at("0.0.0.0:80", config().allowed_hosts(["a.example", "b"])), "http://a.example:80/mcp");
        assert_eq!(at("0.0.0.0:80", config().allowed_hosts(["a.example:8443"])), "http://a.example:8443/mcp");
        assert_eq!(at("0.0.0.0:80", config().public_url("https://a.example/b")), "https://a.example/b");
    }
}
