use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::error::CallError;
use crate::context::Caller;
use crate::principal::Owner;

/// A cap on what happens at the same time, on the node and for each owner, so that no owner can take all of it
/// (contract R2). An anonymous caller without a session has no identity to count by: for those the node's cap is all.
#[derive(Debug)]
pub(crate) struct Slots {
    resource: &'static str,
    all: usize,
    per_owner: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    owners: HashMap<Owner, usize>,
}

impl Slots {
    pub(crate) fn new(resource: &'static str, all: usize, per_owner: usize) -> Arc<Self> {
        Arc::new(Self { resource, all, per_owner, taken: Mutex::default() })
    }

    /// Takes one, or says that there is no room.
    pub(crate) fn take(self: &Arc<Self>, caller: &Caller) -> Result<Slot, CallError> {
        let owner = caller.owner();
        let mut taken = self.taken.lock();
        let own = owner.as_ref().and_then(|owner| taken.owners.get(owner)).copied().unwrap_or_default();
        if taken.all >= self.all || own >= self.per_owner {
            return Err(CallError::Overloaded { resource: self.resource, retry_after: Duration::from_secs(1) });
        }
        taken.all += 1;
        if let Some(owner) = &owner {
            taken.owners.insert(owner.clone(), own + 1);
        }
        Ok(Slot { slots: self.clone(), owner })
    }
}

/// Room that was taken on a node, free again when it is dropped.
#[derive(Debug)]
#[must_use = "it is free again when it is dropped"]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    owner: Option<Owner>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock();
        taken.all -= 1;
        let Some(owner) = self.owner.take() else { return };
        if let Some(own) = taken.owners.get_mut(&owner) {
            *own -= 1;
            if *own == 0 {
                taken.owners.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::{AuthContext, Principal};
    use crate::task::ClientAbilities;

    fn caller(principal: Principal) -> Caller {
        Caller::stateless(AuthContext::new(principal), ClientAbilities::default())
    }

    #[test]
    fn one_owner_cannot_take_all_and_gives_back_what_he_took() {
        let slots = Slots::new("things", 5, 2);
        let (me, you) = (caller(Principal::Local("me".into())), caller(Principal::Local("you".into())));
        let mine = (slots.take(&me).unwrap(), slots.take(&me).unwrap());
        assert!(matches!(slots.take(&me), Err(CallError::Overloaded { resource: "things", .. })));
        let yours = slots.take(&you).unwrap();
        drop(mine);
        let again = (slots.take(&me).unwrap(), slots.take(&me).unwrap());
        drop((yours, again));
        let anonymous: Vec<_> = (0..5).map(|_| slots.take(&caller(Principal::Anonymous)).unwrap()).collect();
        assert!(slots.take(&me).is_err(), "the node is full");
        drop(anonymous);
        let taken = slots.taken.lock();
        assert_eq!((taken.all, taken.owners.len()), (0, 0));
    }
}
