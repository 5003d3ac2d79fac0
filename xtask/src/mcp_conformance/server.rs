/// A server that the suite can be run against.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) package: &'static str,
    /// Takes a store and an address as arguments.
    pub(super) example: &'static str,
    /// The revisions, with what is expected of each.
    pub(super) sets: &'static [(&'static str, &'static str)],
}

/// Of `fastestmcp`.
pub(super) const OURS: Server = Server {
    package: "fastestmcp-examples",
    example: "mcp-conformance",
    sets: &[("2025-11-25", include_str!("2025-11-25.txt")), ("2026-07-28", include_str!("2026-07-28.txt"))],
};

/// Of rmcp alone, in the revision whose sessions are kept for it.
pub(super) const PLAIN: Server = Server {
    package: "fastestmcp-rmcp",
    example: "plain",
    sets: &[("2025-11-25", include_str!("plain-2025-11-25.txt"))],
};
