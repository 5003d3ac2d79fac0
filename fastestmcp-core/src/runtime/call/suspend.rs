//! The state of a suspended call, sealed into what the client carries (contract T15).

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Caller;
use crate::ids;
use crate::json;
use crate::operation::{CallError, canonical};
use crate::runtime::node::Node;
use crate::seal::Purpose;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Op, Scope, SessionStateStoreExt};
use crate::task::Journal;
use crate::time::StoreTime;

/// Above this a sealed state is kept in the store, and the client carries a nonce for it.
const MAX_SEALED_BYTES: usize = 16 << 10;
const KEY: &str = "journal";

/// What a suspended call is bound to, beside its caller: its next leg is a call of the same.
#[derive(Clone, Copy)]
pub(super) struct Bound<'r> {
    pub(super) method: &'static str,
    pub(super) name: &'r str,
    pub(super) arguments: &'r Value,
}

#[derive(Serialize, Deserialize)]
struct Suspended {
    expires: StoreTime,
    journal: JournalPlace,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JournalPlace {
    /// The journal itself.
    Here(Journal),
    /// The nonce under which the store keeps it; good for one use.
    InStore(String),
}

/// Seals what a suspended call needs to go on: bound to the caller and to what was called.
pub(super) async fn suspend(
    node: &Node,
    caller: &Caller,
    bound: &Bound<'_>,
    journal: Journal,
) -> Result<String, CallError> {
    let expires = node.store_now().after(node.config.resume_within);
    let whole = Suspended { expires, journal: JournalPlace::Here(journal) };
    let sealed = seal(node, caller, bound, &whole)?;
    if sealed.len() <= MAX_SEALED_BYTES {
        return Ok(sealed);
    }
    let nonce = ids::random_token()?;
    let put = Op::Put {
        key: KEY.to_owned(),
        value: Bytes::from(json::record_to_vec(&whole.journal)?),
        expect: Expect::Absent,
        ttl: Some(node.config.resume_within.max(Duration::from_millis(1))),
    };
    let request = CommitRequest::new(Scope::system("resume", &nonce), CommitRule::Existing, vec![put]);
    match node.stores.sessions.commit(request).await?.value {
        CommitOutcome::Committed(_) => {
            seal(node, caller, bound, &Suspended { expires, journal: JournalPlace::InStore(nonce) })
        }
        _ => Err(CallError::Masked),
    }
}

/// The journal that a state sealed for this very call carries.
pub(super) async fn resume(
    node: &Node,
    caller: &Caller,
    bound: &Bound<'_>,
    sealed: &str,
) -> Result<Journal, CallError> {
    let invalid = || CallError::InvalidParams("requestState is not valid for this call".to_owned());
    let parts = binding(caller, bound)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let plain = node.keys.open_sealed(Purpose::RequestState, &parts, sealed).map_err(|_| invalid())?;
    let suspended: Suspended = serde_json::from_slice(&plain).map_err(|_| invalid())?;
    if suspended.expires <= node.store_now() {
        return Err(invalid());
    }
    match suspended.journal {
        JournalPlace::Here(journal) => Ok(journal),
        JournalPlace::InStore(nonce) => {
            let entry = node.stores.sessions.take(&Scope::system("resume", &nonce), KEY).await?;
            match serde_json::from_slice(&entry.ok_or_else(invalid)?.value)? {
                JournalPlace::Here(journal) => Ok(journal),
                JournalPlace::InStore(_) => Err(invalid()),
            }
        }
    }
}

fn seal(node: &Node, caller: &Caller, bound: &Bound<'_>, suspended: &Suspended) -> Result<String, CallError> {
    let parts = binding(caller, bound)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(node.keys.seal(Purpose::RequestState, &parts, &json::record_to_vec(suspended)?)?)
}

fn binding(caller: &Caller, bound: &Bound<'_>) -> Result<[Vec<u8>; 4], CallError> {
    // What an anonymous caller without a session carries is good for any such caller.
    let owner = caller.owner().map(|owner| owner.as_str().as_bytes().to_vec());
    let Bound { method, name, arguments } = bound;
    Ok([owner.unwrap_or_default(), method.as_bytes().to_vec(), name.as_bytes().to_vec(), canonical(arguments)?])
}
