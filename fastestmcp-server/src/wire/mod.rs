//! What goes over the wire and the protocol layer has no word for.

pub(crate) mod completion;
pub(crate) mod content;
pub(crate) mod errors;
pub(crate) mod inbound;
pub(crate) mod log;
pub(crate) mod question;
pub(crate) mod time;

/// The revision whose sessions know tasks.
pub(crate) const TASKS_REVISION: &str = "2025-11-25";
/// The first revision without sessions. Revisions are dates and compare as text.
pub(crate) const STATELESS_REVISION: &str = "2026-07-28";
/// What some programs begin UTF-8 with (RFC 8259 lets it be read over).
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// `_meta` key that ties a message to a task (2025-11-25).
pub(crate) const META_RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// Prefix of the methods that requests are renamed to which the protocol layer would misread.
pub(crate) const RENAMED: &str = "fastestmcp/wire/";
