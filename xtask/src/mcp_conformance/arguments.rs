use std::num::NonZero;

use super::server::{OURS, PLAIN, Server};

const USAGE: &str = "usage: cargo xtask mcp-conformance [--plain] --store URL [--nodes N] [FILTER]";

/// What to run, and on what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    pub(super) server: Server,
    pub(super) store: String,
    pub(super) nodes: NonZero<usize>,
    pub(super) filter: Option<String>,
}

impl Arguments {
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let (mut server, mut store, mut nodes, mut filter) = (OURS, None, NonZero::<usize>::MIN, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--plain" => server = PLAIN,
                "--store" => store = Some(words.next().ok_or(USAGE)?.clone()),
                "--nodes" => nodes = words.next().and_then(|count| count.parse().ok()).ok_or(USAGE)?,
                option if option.starts_with('-') => return Err(USAGE.to_owned()),
                _ if filter.is_none() => filter = Some(word.clone()),
                _ => return Err(USAGE.to_owned()),
            }
        }
        let store = store.ok_or(USAGE)?;
        if nodes > NonZero::<usize>::MIN && store.starts_with("memory:") {
            return Err(
                "nodes are processes, which share no memory: give --nodes another store than memory:".to_owned()
            );
        }
        Ok(Self { server, store, nodes, filter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(String, usize, Option<String>), String> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        Arguments::parse(&words).map(|Arguments { store, nodes, filter, .. }| (store, nodes.get(), filter))
    }

    #[test]
    fn options_and_a_filter_come_in_any_order() {
        assert_eq!(parsed("--store memory:"), Ok(("memory:".to_owned(), 1, None)));
        let all = Ok(("sqlite:s.db".to_owned(), 2, Some("ping".to_owned())));
        assert_eq!(parsed("--store sqlite:s.db --nodes 2 ping"), all);
        assert_eq!(parsed("ping --nodes 2 --store sqlite:s.db"), all);
    }

    #[test]
    fn the_server_is_ours_unless_the_plain_one_is_asked_for() {
        let server = |line: &str| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            Arguments::parse(&words).map(|arguments| arguments.server)
        };
        assert_eq!(server("--store memory:"), Ok(OURS));
        assert_eq!(server("--plain --store rmcp"), Ok(PLAIN));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let lines = [
            "",
            "ping",
            "--store",
            "--store a: b c",
            "--store a: --nodes",
            "--store a: --nodes 0",
            "--store a: --node 2",
        ];
        for line in lines {
            assert_eq!(parsed(line), Err(USAGE.to_owned()), "{line}");
        }
    }

    #[test]
    fn memory_has_one_node() {
        assert!(parsed("--store memory: --nodes 1").is_ok());
        assert!(parsed("--store memory: --nodes 2").is_err_and(|error| error.contains("share no memory")));
    }
}
