//! Renames requests that the protocol layer would misread, before it reads them.
//!
//! It has dropped the task methods of 2025-11-25 and takes `tasks/get` for that of 2026-07-28, loses `params.task`, loses
//! `taskIds` of a subscription, and begins a list anew for a cursor that is no text. Under a method it does not know it hands over params as they came.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{RENAMED, STATELESS_REVISION};

/// Requests of 2025-11-25 about tasks.
const TASK_METHODS: [&str; 4] = ["tasks/get", "tasks/result", "tasks/list", "tasks/cancel"];
/// The method of 2026-07-28 that answers what a task asks.
const UPDATE: &str = "tasks/update";
/// The methods whose params are lost as a whole where they do not fit.
pub(crate) const LISTS: [&str; 4] = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];
/// The method of 2026-07-28 that opens a subscription.
pub(crate) const LISTEN: &str = "subscriptions/listen";

/// Words without which no message is misread, but where one of its letters is escaped.
static WORDS: LazyLock<[Finder<'static>; 5]> =
    LazyLock::new(|| ["task", "cursor", "listen", RENAMED, "\\"].map(Finder::new));

/// What is known of a message that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// Its id; `null` if it has none that an answer could carry.
    pub(crate) id: Value,
    /// Whether it is JSON at all.
    pub(crate) is_json: bool,
}

impl Unread {
    pub(crate) fn of(message: &[u8]) -> Self {
        let Ok(outer) = serde_json::from_slice::<Outer<'_>>(message) else {
            return Self { is_json: serde_json::from_slice::<IgnoredAny>(message).is_ok(), ..Self::default() };
        };
        // Whatever else an id may be, it is none of JSON-RPC, and no answer carries it.
        let id = outer.id.filter(|_| outer.method().is_some()).and_then(|id| match id.get().as_bytes().first() {
            Some(b'"' | b'-' | b'0'..=b'9') => serde_json::from_str(id.get()).ok(),
            _ => None,
        });
        Self { id: id.unwrap_or(Value::Null), is_json: true }
    }
}

/// What to read instead of a message.
pub(crate) struct Renamed {
    /// The method that it names.
    pub(crate) from: String,
    /// The method under which it is read.
    pub(crate) to: String,
    /// The whole of it under that method.
    pub(crate) message: Bytes,
}

impl Renamed {
    /// Looks at a message, shallowly: params are passed over but for the few words that decide how it is read. `None` for
    /// one that is read as what it is.
    pub(crate) fn of(message: &Bytes) -> Option<Self> {
        if !WORDS.iter().any(|word| word.find(message).is_some()) {
            return None;
        }
        let outer: Outer<'_> = serde_json::from_slice(message).ok()?;
        let (raw, from) = (outer.method?, outer.method()?.into_owned());
        is_misread(&from, outer.params).then(|| {
            let to = format!("{RENAMED}{from}");
            Self { message: with_method(message, raw, &to), from, to }
        })
    }
}

#[derive(Deserialize)]
struct Outer<'m> {
    #[serde(borrow, default)]
    id: Option<&'m RawValue>,
    #[serde(borrow, default)]
    method: Option<&'m RawValue>,
    #[serde(borrow, default)]
    params: Option<&'m RawValue>,
}

impl<'m> Outer<'m> {
    fn method(&self) -> Option<Cow<'m, str>> {
        serde_json::from_str(self.method?.get()).ok()
    }
}

#[derive(Default, Deserialize)]
struct Inner<'m> {
    #[serde(default)]
    task: Present,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'m RawValue>,
}

#[derive(Default, Deserialize)]
struct Paginated<'m> {
    #[serde(borrow, default)]
    cursor: Option<&'m RawValue>,
}

#[derive(Default, Deserialize)]
struct Meta<'m> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    revision: Option<Cow<'m, str>>,
}

/// Whether a field is there, whatever it holds.
#[derive(Clone, Copy, Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

fn part<'m, T: Default + Deserialize<'m>>(raw: Option<&'m RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Whether the protocol layer would take a request for another than it is.
fn is_misread(method: &str, params: Option<&RawValue>) -> bool {
    // Only this module gives such names; under two of them it is a method that nobody serves.
    if method.starts_with(RENAMED) {
        return true;
    }
    if LISTS.contains(&method) {
        let Paginated { cursor } = part(params);
        return cursor.is_some_and(|cursor| !cursor.get().starts_with(['"', 'n']));
    }
    let is_about_tasks = TASK_METHODS.contains(&method) || [UPDATE, LISTEN, "tools/call"].contains(&method);
    if !is_about_tasks {
        return false;
    }
    let inner: Inner<'_> = part(params);
    let Meta { revision } = part(inner.meta);
    if revision.is_some_and(|revision| *revision >= *STATELESS_REVISION) {
        // Its filter has words that the protocol layer does not know.
        method == LISTEN
    } else {
        // In a session the methods of 2026-07-28 are not refused in its words: they do not exist.
        method != "tools/call" || inner.task.0
    }
}

/// The message with another method in the place of `raw`, which is a part of it.
fn with_method(message: &Bytes, raw: &RawValue, method: &str) -> Bytes {
    let from = raw.get().as_ptr() as usize - message.as_ptr() as usize;
    let name = Value::String(method.to_owned()).to_string();
    [&message[..from], name.as_bytes(), &message[from + raw.get().len()..]].concat().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const META_PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

    fn read_instead(message: &str) -> Option<Renamed> {
        Renamed::of(&Bytes::from(message.to_owned()))
    }

    fn renamed(message: &Value) -> Option<String> {
        let renamed = read_instead(&message.to_string())?;
        assert_eq!(message["method"], renamed.from);
        Some(renamed.to)
    }

    #[test]
    fn task_requests_of_2025_are_renamed_and_those_of_2026_are_not() {
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        for method in TASK_METHODS {
            let old = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t"}});
            assert_eq!(renamed(&old), Some(format!("{RENAMED}{method}")));
            let new = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t", "_meta": meta}});
            assert_eq!(renamed(&new), None);
        }
    }

    #[test]
    fn a_call_is_renamed_only_if_it_asks_for_a_task() {
        let plain = json!({"id": 1, "method": "tools/call", "params": {"name": "x", "arguments": {"task": 1}}});
        assert_eq!(renamed(&plain), None);
        let task = json!({"id": 1, "method": "tools/call", "params": {"name": "x", "task": {}}});
        assert_eq!(renamed(&task), Some("fastestmcp/wire/tools/call".to_owned()));
    }

    #[test]
    fn a_subscription_is_renamed_whatever_it_is_about() {
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        let listen = |filter: Value| json!({"method": LISTEN, "params": {"notifications": filter, "_meta": meta}});
        assert!(renamed(&listen(json!({"toolsListChanged": true}))).is_some());
        assert!(renamed(&listen(json!({"taskIds": ["t"]}))).is_some());
    }

    #[test]
    fn a_list_is_renamed_only_if_its_cursor_is_no_text() {
        for method in LISTS {
            let list = |params: Value| renamed(&json!({"id": 1, "method": method, "params": params}));
            for params in [json!({}), json!({"cursor": "x"}), json!({"cursor": null}), json!(null)] {
                assert_eq!(list(params), None);
            }
            for cursor in [json!(7), json!([]), json!({}), json!(true)] {
                assert_eq!(list(json!({"cursor": cursor})), Some(format!("fastestmcp/wire/{method}")));
            }
        }
    }

    #[test]
    fn methods_of_2026_do_not_exist_in_a_session() {
        let update = json!({"id": 1, "method": UPDATE, "params": {"taskId": "t", "inputResponses": {}}});
        assert_eq!(renamed(&update), Some("fastestmcp/wire/tasks/update".to_owned()));
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        assert_eq!(renamed(&json!({"id": 1, "method": UPDATE, "params": {"taskId": "t", "_meta": meta}})), None);
    }

    #[test]
    fn the_names_given_here_mean_nothing_on_the_wire() {
        for method in ["tasks/get", "tools/call", LISTEN] {
            let sent = json!({"id": 1, "method": format!("{RENAMED}{method}"), "params": {}});
            assert_eq!(renamed(&sent), Some(format!("{RENAMED}{RENAMED}{method}")));
        }
    }

    #[test]
    fn what_is_no_message_is_left_alone() {
        for (message, is_json) in [("{\"method\": \"tasks/get\"", false), ("", false), ("[]", true), ("7", true)] {
            let Unread { id, is_json: said } = Unread::of(message.as_bytes());
            assert!(read_instead(message).is_none() && id.is_null() && said == is_json, "{message}");
        }
        for params in ["7", "[]", "null", r#"{"_meta": 7}"#, r#"{"task": {}, "task": {}}"#] {
            let message = format!(r#"{{"id": 1, "method": "tools/call", "params": {params}}}"#);
            assert!(read_instead(&message).is_none(), "{params}");
        }
    }

    #[test]
    fn a_word_that_is_escaped_is_found() {
        let task = r#"{"id": 1, "method": "tools/call", "params": {"name": "x", "t\u0061sk": {}}}"#;
        assert_eq!(read_instead(task).map(|renamed| renamed.to).as_deref(), Some("fastestmcp/wire/tools/call"));
        let method = r#"{"id": 1, "method": "t\u0061sks/get"}"#;
        assert_eq!(read_instead(method).map(|renamed| renamed.from).as_deref(), Some("tasks/get"));
    }

    #[test]
    fn only_the_method_of_a_renamed_message_changes() {
        let message = r#" { "x":1.0e5, "method" : "tasks\/get" , "params":{ "taskId":"t"  }, "id":"7" } "#;
        let renamed = read_instead(message).unwrap();
        let expected = message.replace(r#""tasks\/get""#, r#""fastestmcp/wire/tasks/get""#);
        assert_eq!(std::str::from_utf8(&renamed.message).unwrap(), expected);
    }

    #[test]
    fn an_id_is_a_number_or_text_of_a_request() {
        for (id, expected) in [("7", json!(7)), (r#""a""#, json!("a")), ("-1.5", json!(-1.5)), ("{}", json!(null))] {
            assert_eq!(Unread::of(format!(r#"{{"id": {id}, "method": "ping"}}"#).as_bytes()).id, expected);
        }
        assert!(Unread::of(br#"{"id": 7, "result": {}}"#).id.is_null(), "an answer");
    }
}
