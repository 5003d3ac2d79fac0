//! The state of a suspended call, sealed into what the client carries (contract T15).

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::call::ToolCall;
use super::error::CallError;
use super::shared::Shared;
use crate::ids;
use crate::json;
use crate::seal::Purpose;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Op, Scope, SessionStateStoreExt};
use crate::task::Journal;
use crate::time::StoreTime;

/// Above this a sealed state is kept in the store, and the client carries a nonce for it.
const MAX_SEALED_BYTES: usize = 16 << 10;
const KEY: &str = "journal";

#[derive(Serialize, Deserialize)]
struct Suspended {
    expires: StoreTime,
    kept: Kept,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// The journal itself.
    Here(Journal),
    /// The nonce under which the store keeps it; good for one use.
    InStore(String),
}

/// Seals what a suspended call needs to go on: bound to the caller, the tool and its arguments.
pub(super) async fn suspend(shared: &Shared, call: &ToolCall, journal: Journal) -> Result<String, CallError> {
    let expires = shared.store_now().after(shared.config.resume_within);
    let sealed = seal(shared, call, &Suspended { expires, kept: Kept::Here(journal.clone()) })?;
    if sealed.len() <= MAX_SEALED_BYTES {
        return Ok(sealed);
    }
    let nonce = ids::random_token()?;
    let put = Op::Put {
        key: KEY.to_owned(),
        value: Bytes::from(json::record_to_vec(&journal)?),
        expect: Expect::Absent,
        ttl: Some(shared.config.resume_within.max(Duration::from_millis(1))),
    };
    let request = CommitRequest::new(Scope::system("resume", &nonce), CommitRule::Existing, vec![put]);
    match shared.stores.sessions.commit(request).await?.value {
        CommitOutcome::Committed(_) => seal(shared, call, &Suspended { expires, kept: Kept::InStore(nonce) }),
        _ => Err(CallError::Masked),
    }
}

/// The journal that a state sealed for this very call carries.
pub(super) async fn resume(shared: &Shared, call: &ToolCall, sealed: &str) -> Result<Journal, CallError> {
    let invalid = || CallError::InvalidParams("requestState is not valid for this call".to_owned());
    let parts = binding(call)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let plain = shared.keys.open_sealed(Purpose::RequestState, &parts, sealed).map_err(|_| invalid())?;
    let suspended: Suspended = serde_json::from_slice(&plain).map_err(|_| invalid())?;
    if suspended.expires <= shared.store_now() {
        return Err(invalid());
    }
    match suspended.kept {
        Kept::Here(journal) => Ok(journal),
        Kept::InStore(nonce) => {
            let entry = shared.stores.sessions.take(&Scope::system("resume", &nonce), KEY).await?;
            Ok(serde_json::from_slice(&entry.ok_or_else(invalid)?.value)?)
        }
    }
}

fn seal(shared: &Shared, call: &ToolCall, suspended: &Suspended) -> Result<String, CallError> {
    let parts = binding(call)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(shared.keys.seal(Purpose::RequestState, &parts, &json::record_to_vec(suspended)?)?)
}

fn binding(call: &ToolCall) -> Result<[Vec<u8>; 3], CallError> {
    // What an anonymous caller without a session carries is good for any such caller.
    let owner = call.caller.owner().map(|owner| owner.as_str().as_bytes().to_vec());
    Ok([owner.unwrap_or_default(), call.tool.as_bytes().to_vec(), call.canonical_arguments()?])
}
