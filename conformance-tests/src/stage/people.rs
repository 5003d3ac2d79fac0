use fastestmcp_core::context::Caller;
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::task::ClientAbilities;

/// A live session of the 2025 wire, and its caller.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) digest: String,
    pub(crate) caller: Caller,
}

pub(crate) fn me() -> Principal {
    Principal::Local("me".to_owned())
}

pub(crate) fn you() -> Principal {
    Principal::Local("you".to_owned())
}

pub(crate) fn user(issuer: &str, subject: &str) -> Principal {
    Principal::User { issuer: issuer.to_owned(), subject: subject.to_owned() }
}

/// A caller without a session, whose client can be asked everything.
pub(crate) fn caller(principal: Principal) -> Caller {
    let all = ClientAbilities { elicitation: true, url_elicitation: true, sampling: true, roots: true };
    Caller::stateless(AuthContext::new(principal), all)
}
