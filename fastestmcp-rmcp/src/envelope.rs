use std::borrow::Cow;

use http::HeaderMap;
use rmcp::model::RequestId;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The first revision without sessions. Revisions are dates and compare as text.
const STATELESS: &str = "2026-07-28";
/// The header that names the revision.
pub(crate) const REVISION: &str = "mcp-protocol-version";
/// The header that names the session.
pub(crate) const SESSION: &str = "mcp-session-id";

/// As much of a message as decides what to do with it.
#[derive(Debug)]
pub(crate) struct Envelope<'m> {
    pub(crate) kind: Kind<'m>,
    /// The revision that the message itself names.
    revision: Option<Cow<'m, str>>,
    /// Of `notifications/progress`.
    pub(crate) progress_token: Option<RequestId>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Kind<'m> {
    Request {
        method: Cow<'m, str>,
        id: RequestId,
    },
    Notification {
        method: Cow<'m, str>,
    },
    /// To a request of the server.
    Reply {
        id: Option<RequestId>,
    },
}

/// Why a body is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoMessage {
    NotJson,
    /// JSON, and no message of JSON-RPC.
    NotOne,
}

/// A message all of whose parts are what they should be: read in one pass.
#[derive(Deserialize)]
struct Plain<'m> {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(borrow, default)]
    method: Option<Text<'m>>,
    #[serde(borrow, default)]
    params: Option<PlainParams<'m>>,
}

#[derive(Default, Deserialize)]
struct PlainParams<'m> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<PlainMeta<'m>>,
    #[serde(default, rename = "progressToken")]
    progress_token: Option<RequestId>,
}

#[derive(Deserialize)]
struct PlainMeta<'m> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    revision: Option<Text<'m>>,
}

/// Borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'m>(#[serde(borrow)] Cow<'m, str>);

/// Any other, whose parts are read one by one.
#[derive(Deserialize)]
struct Outer<'m> {
    #[serde(borrow, default)]
    id: Option<&'m RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    params: Option<&'m RawValue>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct Params<'m> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'m RawValue>,
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'m RawValue>,
}

#[derive(Default, Deserialize)]
struct Meta<'m> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    revision: Option<Cow<'m, str>>,
}

impl<'m> Envelope<'m> {
    /// # Errors
    /// It is no message.
    pub(crate) fn read(body: &'m [u8]) -> Result<Self, NoMessage> {
        match serde_json::from_slice(body) {
            Ok(Plain { id, method: Some(Text(method)), params }) => {
                Ok(Self::plain(id, method, params.unwrap_or_default()))
            }
            _ => Self::read_by_parts(body),
        }
    }

    fn plain(
        id: Option<RequestId>,
        method: Cow<'m, str>,
        PlainParams { meta, progress_token }: PlainParams<'m>,
    ) -> Self {
        let kind = match id {
            Some(id) => Kind::Request { method, id },
            None => Kind::Notification { method },
        };
        Self { kind, revision: meta.and_then(|meta| meta.revision).map(|Text(revision)| revision), progress_token }
    }

    fn read_by_parts(body: &'m [u8]) -> Result<Self, NoMessage> {
        let outer: Outer<'m> = serde_json::from_slice(body).map_err(|_| {
            let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
            if is_json { NoMessage::NotOne } else { NoMessage::NotJson }
        })?;
        let id = outer.id.map(|id| serde_json::from_str::<RequestId>(id.get()).map_err(|_| NoMessage::NotOne));
        let params: Params<'m> =
            outer.params.and_then(|params| serde_json::from_str(params.get()).ok()).unwrap_or_default();
        let meta: Meta<'m> = params.meta.and_then(|meta| serde_json::from_str(meta.get()).ok()).unwrap_or_default();
        let kind = match outer.method {
            Some(method) => match id.transpose()? {
                Some(id) => Kind::Request { method, id },
                None => Kind::Notification { method },
            },
            None if outer.result.is_some() || outer.error.is_some() => Kind::Reply { id: id.and_then(Result::ok) },
            None => return Err(NoMessage::NotOne),
        };
        let progress_token = params.progress_token.and_then(|token| serde_json::from_str(token.get()).ok());
        Ok(Self { kind, revision: meta.revision, progress_token })
    }

    pub(crate) fn is_initialize(&self) -> bool {
        matches!(&self.kind, Kind::Request { method, .. } | Kind::Notification { method } if method == "initialize")
    }

    /// Whether it stands for itself (2026-07-28) rather than within a session.
    pub(crate) fn is_stateless(&self, headers: &HeaderMap) -> bool {
        match &self.kind {
            // Whatever its header or its params name: only revisions with sessions know it. One whose `_meta` names a later one
            // is answered as that revision answers any method it does not have.
            _ if self.is_initialize() => self.revision.as_deref().is_some_and(|revision| revision >= STATELESS),
            Kind::Request { method, .. } if method == "server/discover" => true,
            _ => match &self.revision {
                // An older one is only named where there is no session to have agreed on it.
                Some(revision) => revision.as_ref() >= STATELESS || !headers.contains_key(SESSION),
                None => headers.get(REVISION).and_then(|value| value.to_str().ok()).is_some_and(|it| it >= STATELESS),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rmcp::model::NumberOrString::{Number, String as Text};

    use super::*;

    #[test]
    fn a_message_is_a_request_a_notification_or_a_reply() {
        let kind = |body: &str| Envelope::read(body.as_bytes()).map(|envelope| format!("{:?}", envelope.kind)).ok();
        let request = Kind::Request { method: "ping".into(), id: Number(7) };
        assert_eq!(kind(r#"{"id": 7, "method": "ping"}"#), Some(format!("{request:?}")));
        let notification = Kind::Notification { method: "x".into() };
        assert_eq!(kind(r#"{"method": "x", "params": 7}"#), Some(format!("{notification:?}")));
        let reply = Kind::Reply { id: Some(Text("a.1.2".into())) };
        assert_eq!(kind(r#"{"id": "a.1.2", "result": {}}"#), Some(format!("{reply:?}")));
        assert_eq!(kind(r#"{"id": null, "error": {}}"#), Some(format!("{:?}", Kind::Reply { id: None })));
    }

    #[test]
    fn a_message_read_at_once_is_what_it_is_read_by_parts() {
        let bodies = [
            r#"{"id": 7, "method": "ping"}"#,
            r#"{"id": "\u0061", "method": "tools\/list", "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026"}}}"#,
            r#"{"id": null, "method": "x", "params": null, "result": {}}"#,
            r#"{"method": "x", "params": {"_meta": {}, "progressToken": "t", "x": [{}]}}"#,
            r#"{"method": "x", "params": {"_meta": null, "progressToken": null}}"#,
            r#"{"id": 1.5, "method": "x"}"#,
            r#"{"id": 1, "method": "x", "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": 7}}}"#,
            r#"{"id": 1, "method": "x", "params": {"progressToken": {}}}"#,
            r#"{"id": 1, "method": "x", "params": {"_meta": [], "progressToken": 7}}"#,
        ];
        for body in bodies {
            let read = |read: Result<Envelope<'_>, NoMessage>| format!("{read:?}");
            let by_parts = Envelope::read_by_parts(body.as_bytes());
            assert_eq!(read(Envelope::read(body.as_bytes())), read(by_parts), "{body}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_from_what_is_no_json() {
        for body in ["[]", "7", "{}", r#"{"id": 7}"#, r#"{"id": {}, "method": "a"}"#, r#"{"id": 7, "method": 8}"#] {
            assert_eq!(Envelope::read(body.as_bytes()).err(), Some(NoMessage::NotOne), "{body}");
        }
        for body in ["", "{", "\u{feff}{}", "nul"] {
            assert_eq!(Envelope::read(body.as_bytes()).err(), Some(NoMessage::NotJson), "{body}");
        }
    }

    #[test]
    fn the_message_says_whether_it_stands_for_itself_and_else_its_header() {
        let stateless = |body: &str, header: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            header.map(|value| headers.insert(REVISION, HeaderValue::from_static(value)));
            Envelope::read(body.as_bytes()).unwrap().is_stateless(&headers)
        };
        let named = |revision: &str| {
            format!(
                r#"{{"id":1,"method":"tools/list","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"{revision}"}}}}}}"#
            )
        };
        let plain = r#"{"id": 1, "method": "tools/list"}"#;
        assert!(!stateless(plain, None) && !stateless(plain, Some("2025-11-25")));
        assert!(stateless(plain, Some("2026-07-28")) && stateless(plain, Some("2099-01-01")));
        assert!(stateless(&named("2026-07-28"), None) && stateless(&named("2025-11-25"), None));
        assert!(stateless(r#"{"id": 1, "method": "server/discover"}"#, None));
        let initialize = |revision: &str| named(revision).replace("tools/list", "initialize");
        assert!(!stateless(r#"{"id": 1, "method": "initialize"}"#, Some("2026-07-28")));
        assert!(!stateless(&initialize("2025-11-25"), None) && stateless(&initialize("2026-07-28"), None));
    }
}
