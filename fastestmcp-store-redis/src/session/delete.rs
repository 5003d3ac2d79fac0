use std::sync::LazyLock;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::Scope;

use super::{PRELUDE, scope_place};
use crate::call::Call;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Free, PRELUDE, include_str!("../../scripts/session_delete.lua")));

const OPERATION: &str = "delete_scope";

pub(super) async fn run(store: &RedisStore, scope: &Scope) -> StoreResult<At<bool>> {
    let place = scope_place(store.parts(), scope);
    let life = format!("life:{}", scope.kind.code());
    let mut call = Call::new(
        &SCRIPT,
        store.parts().tag(place.part),
        &["state", "keys", "scopes", &life, "graves", "values", "due"],
    );
    call.args.push_parts(&[b"s", &place.digest]);
    call.args.push_number(scope.kind.code().into());
    let reply = store.write(OPERATION, call).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_delete", reply)?;
        Ok(At::new(reply.time()?, reply.number()? == 1))
    };
    read(reply).map_err(|failure: Failure| failure.of_write(OPERATION))
}
