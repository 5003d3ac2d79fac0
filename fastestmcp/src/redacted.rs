/// Schemes of store URLs that name servers.
const SERVERS: [&str; 8] = [
    "redis",
    "rediss",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
    "postgres",
    "postgresql",
];

/// A store URL for people to read: its scheme, servers and path; never a user, a password or an option.
///
/// What cannot be told apart for certain is left out: an unescaped `?` or `/` in a password makes the beginning of the
/// password look like a host.
///
/// ```
/// use fastestmcp::redacted;
///
/// assert_eq!(redacted("redis://app:secret@db:6380/2?sentinel-password=secret"), "redis://db:6380/2");
/// assert_eq!(redacted("postgres://app:sec?ret@db/shop"), "postgres:…");
/// ```
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else { return "…".to_owned() };
    let (address, options) = rest.find(['?', '#']).map_or((rest, ""), |end| rest.split_at(end));
    let shown = match scheme {
        "memory" => address.is_empty().then_some(String::new()),
        "sqlite" => (!has_user_info(address)).then(|| address.to_owned()),
        _ if SERVERS.contains(&scheme) => servers(address, options).map(|address| format!("//{address}")),
        // Somebody else's scheme tells what was meant, but not where user info ends.
        _ if is_scheme(scheme) && rest.starts_with("//") => None,
        _ => return "…".to_owned(),
    };
    format!("{scheme}:{}", shown.as_deref().unwrap_or("…"))
}

/// The servers and the path of a URL; `None` if there may be more than that in it.
fn servers<'u>(address: &'u str, options: &str) -> Option<&'u str> {
    let address = address.strip_prefix("//")?;
    if options.contains('@') {
        return None;
    }
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let (servers, path) = address.split_once('/').unwrap_or((address, ""));
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c));
    (servers.split(',').all(is_server) && plain(path)).then_some(address)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`; also nothing.
fn is_server(text: &str) -> bool {
    let (host, port, allowed) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port, ".:"),
        None => {
            let (host, port) = text.find(':').map_or((text, ""), |colon| text.split_at(colon));
            (host, port, ".-_")
        }
    };
    let port = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
    let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || allowed.contains(c));
    is_host && port.is_some_and(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether what should be the path of a file begins as `user:password@host`, `//user@host` or `//host:port` does.
pub(crate) fn has_user_info(path: &str) -> bool {
    let decoded = path.to_ascii_lowercase().replace("%3a", ":").replace("%40", "@");
    let servers = decoded.starts_with("//") && !decoded.starts_with("///");
    let path = decoded.trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    // A password may hold a slash.
    let password = first.split_once(':').is_some_and(|(_, password)| password.contains('@') || rest.contains('@'));
    let of_server = first.contains('@') || first.split_once(':').is_some_and(|(_, rest)| !rest.is_empty());
    password || (servers && of_server)
}

/// Whether a text is shaped like the scheme of a URL.
fn is_scheme(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    text.len() <= 16 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_secret_is_shown() {
        for (url, shown) in [
            ("memory:", "memory:"),
            ("memory:?namespace=a", "memory:"),
            ("sqlite:state.db?namespace=a", "sqlite:state.db"),
            ("sqlite:///var/lib/me@home/a:b.db", "sqlite:///var/lib/me@home/a:b.db"),
            ("sqlite:me@home.db", "sqlite:me@home.db"),
            ("redis://", "redis://"),
            ("redis://hush:hush@h:1/2?sentinel-password=hush", "redis://h:1/2"),
            ("rediss+cluster://:hush@a:1,[::1]:2,c#hush", "rediss+cluster://a:1,[::1]:2,c"),
            ("redis+sentinel://a,b/main/1", "redis+sentinel://a,b/main/1"),
            ("redis://u:hu/sh@h/0", "redis://h/0"),
            ("redis://u:hu@sh@h/0", "redis://h/0"),
            ("postgres://hush@db.example/app?sslmode=hush", "postgres://db.example/app"),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not() {
        for (url, shown) in [
            ("hush", "…"),
            ("u:hush@h", "…"),
            ("hush://h", "hush:…"),
            ("mysql://u:hush@h/d", "mysql:…"),
            ("U:HUSH://h", "…"),
            ("memory:hush", "memory:…"),
            ("sqlite://u:hush@h/d.db", "sqlite:…"),
            ("sqlite:u:hu/sh@h", "sqlite:…"),
            ("sqlite://hush@h/d.db", "sqlite:…"),
            ("sqlite://u:hush", "sqlite:…"),
            ("sqlite:/u:hush@h/d.db", "sqlite:…"),
            ("sqlite:///u:hush@h/d.db", "sqlite:…"),
            ("sqlite://u%3Ahush%40h/d.db", "sqlite:…"),
            ("redis:u:hush@h", "redis:…"),
            ("redis:/u:hush@h", "redis:…"),
            ("redis://u:hush", "redis:…"),
            ("redis://u:hush%40h/0", "redis:…"),
            ("redis://hush%40h/0", "redis:…"),
            ("redis://u:1?hush@h/0", "redis:…"),
            ("redis://u:1#hush@h/0", "redis:…"),
            ("redis://h/0:hush", "redis:…"),
            ("redis%3A%2F%2Fu:hush@h", "…"),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }
}
