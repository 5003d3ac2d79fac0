//! Messages of clients as rmcp has them.

use rmcp::model::{
    CallToolRequest, CallToolRequestMethod, CallToolRequestParams, ClientJsonRpcMessage, ClientRequest,
    JsonRpcVersion2_0, RequestId,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The method of nearly all that comes.
const CALL: &str = "tools/call";

/// Decodes a message of this method. rmcp tries one type after the other until one fits, each on a copy; a call is read as
/// what it says it is, and comes to the same.
///
/// # Errors
/// It is no message of MCP.
pub(crate) fn decode(method: &str, body: &[u8]) -> serde_json::Result<ClientJsonRpcMessage> {
    if method == CALL
        && let Ok(call) = serde_json::from_slice::<Call>(body)
        && !(call.result.0 || call.error.0)
    {
        return Ok(call.into());
    }
    serde_json::from_slice(body)
}

#[derive(Deserialize)]
struct Call {
    #[serde(rename = "jsonrpc")]
    _jsonrpc: JsonRpcVersion2_0,
    #[serde(rename = "method")]
    _method: CallToolRequestMethod,
    id: RequestId,
    params: CallToolRequestParams,
    /// What a request does not have.
    #[serde(default)]
    result: Present,
    #[serde(default)]
    error: Present,
}

/// Whether a field is there, whatever it holds.
#[derive(Clone, Copy, Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl From<Call> for ClientJsonRpcMessage {
    fn from(Call { id, mut params, .. }: Call) -> Self {
        let meta = params.meta.take();
        let mut request = CallToolRequest::new(params);
        meta.into_iter().for_each(|meta| drop(request.extensions.insert(meta)));
        Self::request(ClientRequest::CallToolRequest(request), id)
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::{GetExtensions, JsonRpcMessage, RequestMetaObject};

    use super::*;

    /// The message, and what it has for its handler beside its params.
    fn read(decoded: serde_json::Result<ClientJsonRpcMessage>) -> Option<(String, Option<RequestMetaObject>)> {
        let message = decoded.ok()?;
        let meta = match &message {
            JsonRpcMessage::Request(request) => request.request.extensions().get().cloned(),
            _ => None,
        };
        Some((format!("{message:?}"), meta))
    }

    #[test]
    fn a_call_is_read_as_rmcp_reads_it() {
        let params = [
            r#"{"name":"a"}"#,
            r#"{"name":"\u0061\n","arguments":{"n":1.0e3,"big":18446744073709551615,"deep":[[{"x":null}]]}}"#,
            r#"{"name":"a","arguments":null,"_meta":{"progressToken":7,"a/b":{"c":[]}},"more":{"x":1}}"#,
            r#"{"name":"a","_meta":null,"requestState":"s","inputResponses":{"q":{"action":"accept"}}}"#,
            r#"{"name":7}"#,
            r#"{"name":"a","arguments":[]}"#,
            r#"{"name":"a","_meta":7}"#,
            r#"{"name":"a","name":"b"}"#,
            "{}",
            "[]",
            "null",
        ];
        let whole =
            params.map(|params| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#));
        let bodies = [
            r#"{"params":{"name":"a"},"method":"tools\/call","id":"x","jsonrpc":"2.0","other":{}}"#,
            r#"{"jsonrpc":"2.0","id":2.0,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"id":1,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}"#,
        ];
        for body in whole.iter().map(String::as_str).chain(bodies) {
            assert_eq!(read(decode(CALL, body.as_bytes())), read(serde_json::from_str(body)), "{body}");
        }
        assert!(bodies.iter().any(|body| decode(CALL, body.as_bytes()).is_err()));
    }
}
