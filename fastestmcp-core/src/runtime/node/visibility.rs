use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::component::View;
use crate::context::Caller;
use crate::error::StoreResult;
use crate::session::{Scope, ScopeKind, SessionStateStore, Touch, VISIBILITY, decode};
use crate::task::DefaultScope;
use crate::visibility::{HOLDS_WITHIN, VisibilityRules};

/// Principals whose rules a node remembers at once.
const MOST: usize = 10_000;

/// What callers are shown, as far as a node knows (contract C7). The rules of a session are read with it; those of a
/// principal are remembered for a moment, so that its requests do not ask the store one by one.
pub(crate) struct Visibility {
    sessions: Arc<dyn SessionStateStore>,
    server: Arc<VisibilityRules>,
    principal_ttl: Duration,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    by_principal: HashMap<String, Known>,
    /// Counts changes that this node made: what was read before the last one may be what it replaced.
    changes: u64,
}

struct Known {
    rules: Arc<VisibilityRules>,
    /// When it was asked for.
    at: Instant,
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < HOLDS_WITHIN
    }
}

impl Visibility {
    pub(crate) fn new(sessions: Arc<dyn SessionStateStore>, server: VisibilityRules, principal_ttl: Duration) -> Self {
        Self { sessions, server: Arc::new(server), principal_ttl, recent: Mutex::default() }
    }

    /// What a caller may see.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn view(&self, caller: &Caller) -> StoreResult<View> {
        let own = match (&caller.visibility, &caller.scope) {
            (Some(rules), _) => rules.clone(),
            (None, DefaultScope::None) => VisibilityRules::none(),
            (None, DefaultScope::Session(digest)) => {
                self.load(&Scope::new(ScopeKind::Session, digest.clone()), None).await?
            }
            (None, DefaultScope::Principal) => self.of_principal(Scope::principal(&caller.auth.principal)).await?,
        };
        Ok(self.view_by(own))
    }

    /// What somebody with these rules may see.
    pub(crate) fn view_by(&self, own: Arc<VisibilityRules>) -> View {
        View { own, server: self.server.clone() }
    }

    /// The rules of a scope are others from now on.
    pub(crate) fn forget(&self, scope: &Scope) {
        let mut recent = self.recent.lock();
        recent.changes += 1;
        recent.by_principal.remove(&scope.id);
    }

    async fn of_principal(&self, scope: Scope) -> StoreResult<Arc<VisibilityRules>> {
        let (at, changes) = {
            let recent = self.recent.lock();
            if let Some(known) = recent.by_principal.get(&scope.id).filter(|known| known.is_fresh()) {
                return Ok(known.rules.clone());
            }
            (Instant::now(), recent.changes)
        };
        let rules = self.load(&scope, Some(Touch::new(self.principal_ttl))).await?;
        let mut recent = self.recent.lock();
        if recent.changes == changes {
            if recent.by_principal.len() >= MOST {
                recent.by_principal.retain(|_, known| known.is_fresh());
            }
            if recent.by_principal.len() < MOST {
                recent.by_principal.insert(scope.id, Known { rules: rules.clone(), at });
            }
        }
        Ok(rules)
    }

    async fn load(&self, scope: &Scope, touch: Option<Touch>) -> StoreResult<Arc<VisibilityRules>> {
        let entry = self.sessions.load(scope, &[VISIBILITY], touch).await?.value.entries.pop().flatten();
        entry.as_ref().map_or_else(|| Ok(VisibilityRules::none()), |entry| decode(entry).map(Arc::new))
    }
}
