use std::time::Duration;

use fastestmcp_core::backend::Durability;
use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::ids::Namespace;
use percent_encoding::percent_decode_str;

use super::{Deployment, Login, RedisConfig, Server, Tls};
use crate::error::BACKEND;

const REDIS_PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

pub(super) fn parse(url: &str) -> StoreResult<RedisConfig> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| refuse("no scheme"))?;
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    // Else the rest of a password would be taken for something that may be shown.
    if path.contains('@') || options.contains('@') {
        return Err(refuse("an @ after the hosts: in a name or a password /, ? and @ are written %2F, %3F and %40"));
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (parse_login(login)?, hosts),
        None => (Login::default(), authority),
    };
    let (security, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
    let (deployment, database) = match kind {
        "" => {
            let servers = parse_servers(hosts, REDIS_PORT)?;
            let [server] =
                servers.try_into().map_err(|_| refuse("several hosts need redis+sentinel or redis+cluster"))?;
            (Deployment::Standalone(server), path)
        }
        "sentinel" => {
            let (master, database) = path.split_once('/').unwrap_or((path, ""));
            let (sentinels, master) = (parse_servers(hosts, SENTINEL_PORT)?, decode(master)?);
            if master.is_empty() {
                return Err(refuse("the name of the master is missing"));
            }
            (Deployment::Sentinel { sentinels, master }, database)
        }
        "cluster" => (Deployment::Cluster { seeds: parse_servers(hosts, REDIS_PORT)? }, path),
        _ => return Err(refuse("an unknown scheme")),
    };
    let mut config = RedisConfig::new(deployment);
    config.login = login;
    config.tls = match security {
        "redis" => None,
        "rediss" => Some(Tls::default()),
        _ => return Err(refuse("an unknown scheme")),
    };
    if !database.is_empty() {
        config.database = database.parse().map_err(|_| refuse("the database is no number"))?;
    }
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        apply(&mut config, name, &decode(value)?)?;
    }
    Ok(config)
}

const OPTIONS: [&str; 9] = [
    "namespace",
    "timeout",
    "allow-eviction",
    "parts",
    "durability",
    "ca",
    "insecure",
    "sentinel-user",
    "sentinel-password",
];

fn apply(config: &mut RedisConfig, name: &str, value: &str) -> StoreResult<()> {
    let bad = || refuse(format!("the value of the option {name} is not understood"));
    match name {
        "namespace" => config.namespace = Namespace::new(value).ok_or_else(bad)?,
        "timeout" => config.timeout = parse_duration(value).ok_or_else(bad)?,
        "allow-eviction" => config.allow_eviction = value.parse().map_err(|_| bad())?,
        "parts" => config.parts = Some(value.parse().map_err(|_| bad())?),
        "durability" => {
            config.durability = Some(match value {
                "volatile" => Durability::Volatile,
                "process-crash" => Durability::ProcessCrash,
                "power-loss" => Durability::PowerLoss,
                _ => return Err(bad()),
            });
        }
        "ca" => tls(config, name)?.ca = Some(value.into()),
        "insecure" => tls(config, name)?.insecure = value.parse().map_err(|_| bad())?,
        "sentinel-user" => config.sentinel_login.user = Some(value.to_owned()),
        "sentinel-password" => config.sentinel_login.password = Some(value.to_owned()),
        // Its name may be a part of a password.
        _ => return Err(refuse(format!("an option is unknown; there are {}", OPTIONS.join(", ")))),
    }
    Ok(())
}

fn tls<'c>(config: &'c mut RedisConfig, name: &str) -> StoreResult<&'c mut Tls> {
    config.tls.as_mut().ok_or_else(|| refuse(format!("the option {name} needs rediss")))
}

fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero())
}

fn parse_login(text: &str) -> StoreResult<Login> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(decode(password)?)),
        None => (text, None),
    };
    let user = Some(decode(user)?).filter(|user| !user.is_empty());
    Ok(Login { user, password })
}

/// No host is shown that may be a login with an escaped `@`.
fn parse_servers(text: &str, default_port: u16) -> StoreResult<Vec<Server>> {
    let plain = |server: &str| server.starts_with('[') || !(server.contains('%') || server.matches(':').count() > 1);
    let server = |server| if plain(server) { parse_server(server, default_port) } else { Err(refuse("no such host")) };
    text.split(',').map(server).collect()
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(crate) fn parse_server(text: &str, default_port: u16) -> StoreResult<Server> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(|| refuse("an open bracket"))?;
            (host, rest.strip_prefix(':'))
        }
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| refuse("a port is no number")))?;
    if host.is_empty() {
        return Err(refuse("a host is missing"));
    }
    Ok(Server::new(host, port))
}

fn decode(text: &str) -> StoreResult<String> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| refuse("no UTF-8"))?;
    Ok(decoded.into_owned())
}

fn refuse(detail: impl Into<String>) -> StoreError {
    StoreError::new(
        StoreErrorKind::InvalidInput,
        BACKEND,
        "open",
        format!("the URL is not understood: {}", detail.into()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_url_is_understood() {
        let config = parse("redis://localhost").unwrap();
        assert_eq!(config.deployment, Deployment::Standalone(Server::new("localhost", 6_379)));
        let config = parse("rediss://u:p%40ss@[::1]:7000/3?namespace=a%26b&timeout=250ms&ca=/x.pem&parts=4").unwrap();
        assert_eq!(config.deployment, Deployment::Standalone(Server::new("::1", 7_000)));
        assert_eq!(config.login, Login { user: Some("u".into()), password: Some("p@ss".into()) });
        assert_eq!((config.database, config.parts), (3, Some(4)));
        assert_eq!(config.namespace.as_str(), "a&b");
        assert_eq!(config.timeout, Duration::from_millis(250));
        assert_eq!(config.tls, Some(Tls::default().ca("/x.pem")));
        let config =
            parse("redis+sentinel://:pw@a,b:7/main/2?timeout=2s&sentinel-password=x&allow-eviction=true").unwrap();
        let sentinels = vec![Server::new("a", 26_379), Server::new("b", 7)];
        assert_eq!(config.deployment, Deployment::Sentinel { sentinels, master: "main".into() });
        assert_eq!((config.database, config.timeout), (2, Duration::from_secs(2)));
        assert_eq!(config.login, Login { user: None, password: Some("pw".into()) });
        assert_eq!(config.sentinel_login.password.as_deref(), Some("x"));
        assert!(config.allow_eviction);
        let config = parse("rediss+cluster://a:1,b:2?insecure=true&durability=power-loss").unwrap();
        assert_eq!(config.deployment, Deployment::Cluster { seeds: vec![Server::new("a", 1), Server::new("b", 2)] });
        assert_eq!(config.tls, Some(Tls::default().insecure()));
        assert_eq!(config.durability, Some(Durability::PowerLoss));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_no_secret_is_shown() {
        for url in [
            "localhost",
            "http://:hush@a",
            "redis+x://:hush@a",
            "redis://:hush@",
            "redis://:hush@a,b",
            "redis://:hush@a:x",
            "redis://:hush@a/x",
            "redis+sentinel://:hush@a",
            "redis://:hush@a?insecure=true",
            "redis://:hush@a?color=hush",
            "redis://:a?hush@a",
            "redis://:1?hush=@a",
            "redis://u:hush%40a:1",
            "redis://hush%40a",
            "redis://:hush@a?timeout=hush",
            "redis://:hush@a?timeout=0",
            "redis://:hush@a?namespace=",
            "redis://:hush@a?parts=hush",
            "redis://:hush@a?sentinel-user=%ff",
            "redis://:x?hush@a",
            "redis://:x?hush=1&y@a",
            "redis://a?hush",
            "redis://user:12/hush@a",
            "redis+sentinel://user:12/hush@a",
            "redis+sentinel://user:12/main?namespace=hush@a",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::InvalidInput, "{url}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn what_is_understood_shows_no_password_either() {
        let config = parse("redis+sentinel://app:hush@a,b/main?sentinel-user=watch&sentinel-password=hush").unwrap();
        assert_eq!(config.sentinel_login.password.as_deref(), Some("hush"));
        assert!(!format!("{config:?}").contains("hush"), "{config:?}");
    }
}
