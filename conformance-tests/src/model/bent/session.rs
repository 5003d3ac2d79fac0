use std::sync::atomic::Ordering;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::page::{Page, PageLimit, PageRequest};
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Loaded, Op, Scope, ScopeInfo,
    ScopeKind, SessionStateStore, Touch,
};

use super::Bent;
use crate::model::{Bug, NAME};

impl Bent {
    async fn all(&self, scope: &Scope) -> StoreResult<Vec<(String, Entry)>> {
        Ok(self.inner.list_entries(scope, "", PageRequest::first(PageLimit::MAX)).await?.value.items)
    }

    /// The commit as it is asked of the model.
    async fn bend_commit(&self, request: &mut CommitRequest) -> StoreResult<()> {
        request.scope = self.scope(&request.scope);
        for op in &mut request.ops {
            let (Op::Put { key, .. } | Op::Delete { key, .. } | Op::Take { key, .. } | Op::Check { key, .. }) = op;
            *key = self.name(key);
            if let Op::Put { key, value, ttl, .. } = op {
                *value = self.value(value.clone());
                if ttl.is_none() && self.switch.has(Bug::TtlSurvivesPut) {
                    let loaded = self.inner.load(&request.scope, &[key], None).await?;
                    let old = loaded.value.entries.into_iter().flatten().find_map(|entry| entry.expires);
                    *ttl = old.map(|old| old.since(loaded.now)).filter(|_| self.switch.is(Bug::TtlSurvivesPut));
                }
            }
        }
        Ok(())
    }

    async fn in_steps(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.switch.fire();
        let mut all = Vec::new();
        let mut done = self.inner.commit(CommitRequest::new(request.scope.clone(), request.rule, vec![])).await?;
        for op in request.ops {
            tokio::task::yield_now().await;
            let one = CommitRequest::new(request.scope.clone(), CommitRule::Existing, vec![op]);
            done = self.inner.commit(one).await?;
            match &mut done.value {
                CommitOutcome::Committed(applied) => all.append(applied),
                _ => return Ok(done),
            }
        }
        Ok(At::new(done.now, CommitOutcome::Committed(all)))
    }

    /// The scope as it was read, with what was asked: what came between is gone.
    async fn whole_scope(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        let before = self.all(&request.scope).await?;
        tokio::task::yield_now().await;
        let asked: Vec<String> = request.ops.iter().map(|op| op.key().to_owned()).collect();
        let is_known = |key: &String| asked.contains(key) || before.iter().any(|(known, _)| known == key);
        let between = self.all(&request.scope).await?.into_iter().map(|(key, _)| key).filter(|key| !is_known(key));
        let lost: Vec<Op> = between.map(|key| Op::Delete { key, expect: Expect::Any }).collect();
        if self.switch.bends(Bug::WholeScopeWrites, !lost.is_empty()) {
            self.inner.commit(CommitRequest::new(request.scope.clone(), request.rule, lost)).await?;
        }
        self.inner.commit(request).await
    }

    /// What a commit does to its scope besides, before it is decided.
    async fn before_commit(&self, request: &CommitRequest) -> StoreResult<Option<CommitOutcome>> {
        let live = matches!(request.rule, CommitRule::CreateIfMissing(_))
            && self.switch.has(Bug::CreateIfMissingMakesAnew)
            && self.inner.delete_scope(&request.scope).await?.value;
        self.switch.bends(Bug::CreateIfMissingMakesAnew, live);
        let empty = request.scope.kind == ScopeKind::System
            && request.rule == CommitRule::Existing
            && self.switch.has(Bug::SystemScopesMustBeMade)
            && self.all(&request.scope).await?.is_empty();
        Ok(self.switch.bends(Bug::SystemScopesMustBeMade, empty).then_some(CommitOutcome::ScopeGone))
    }

    /// What becomes of a scope besides, once it is decided.
    async fn after_commit(&self, scope: Scope, rule: CommitRule, outcome: &CommitOutcome) -> StoreResult<()> {
        let refused = matches!(outcome, CommitOutcome::Mismatch { .. }) && rule != CommitRule::Existing;
        if self.switch.bends(Bug::RefusedCommitCreates, refused) {
            self.inner.commit(CommitRequest::new(scope.clone(), rule, vec![])).await?;
        }
        let deleted = match rule {
            CommitRule::Existing => None,
            _ => self.between.deleted.lock().remove(&scope),
        };
        if let Some(ops) = deleted.filter(|_| self.switch.is(Bug::DeletedKeysComeBack)) {
            self.inner.commit(CommitRequest::new(scope, CommitRule::Existing, ops)).await?;
        }
        Ok(())
    }

    async fn mixed(&self, mut loaded: At<Loaded>) -> At<Loaded> {
        if self.switch.has(Bug::LoadsShareAnswers) {
            let alone = self.between.loads.fetch_add(1, Ordering::SeqCst) == 0;
            tokio::task::yield_now().await;
            self.between.loads.fetch_sub(1, Ordering::SeqCst);
            let other = self.between.loaded.lock().replace(loaded.value.clone());
            let same_form = |other: &Loaded| other.entries.len() == loaded.value.entries.len();
            if let Some(other) = other.filter(|other| !alone && same_form(other))
                && self.switch.bends(Bug::LoadsShareAnswers, other != loaded.value)
            {
                loaded.value = other;
            }
        }
        loaded
    }

    fn bend_outcome(&self, outcome: &mut CommitOutcome) {
        match outcome {
            CommitOutcome::Committed(applied) => {
                if self.switch.bends(Bug::AnswersInReverse, applied.len() > 1) {
                    applied.reverse();
                }
                for one in applied {
                    if let Applied::Put(version) = one
                        && self.switch.is(Bug::VersionsAbove53Bits)
                    {
                        version.0 |= 1 << 60;
                    }
                }
            }
            CommitOutcome::Mismatch { current, .. }
                if self.switch.bends(Bug::MismatchHidesCurrent, current.is_some()) =>
            {
                *current = None;
            }
            _ => {}
        }
    }
}

#[async_trait]
impl SessionStateStore for Bent {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        let scope = self.scope(scope);
        let keys: Vec<String> = keys.iter().map(|key| self.name(key)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.lock().await?;
        let lost = touch.filter(|_| self.switch.has(Bug::TouchIsLost));
        let loaded = self.inner.load(&scope, &keys, if lost.is_some() { None } else { touch }).await;
        self.unlock();
        let mut loaded = self.mixed(loaded?).await;
        if let (Some(touch), Some(info)) = (lost, &mut loaded.value.scope)
            && let Some(moved) = touch.moves(loaded.now, info)
        {
            self.switch.fire();
            info.expires = Some(moved);
        }
        if let Some(touch) = touch
            && self.switch.bends(Bug::TouchCreates, loaded.value.scope.is_none())
        {
            let life = CommitRule::CreateIfMissing(Lifetime { ttl: touch.ttl, max_life: None });
            self.inner.commit(CommitRequest::new(scope, life, vec![])).await?;
        }
        for entry in &mut loaded.value.entries {
            let is_empty = entry.as_ref().is_some_and(|entry| entry.value.is_empty());
            if self.switch.bends(Bug::EmptyIsAbsent, is_empty) {
                *entry = None;
            }
        }
        Ok(self.timed(loaded))
    }

    async fn commit(&self, mut request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        let turn = match self.switch.is(Bug::OneAtATime) {
            true => Some(self.between.turn.lock().await),
            false => None,
        };
        let asked = format!("{request:?}");
        self.bend_commit(&mut request).await?;
        if let Some(outcome) = self.before_commit(&request).await? {
            return Ok(At::new(self.inner.load(&request.scope, &[], None).await?.now, outcome));
        }
        let (scope, rule) = (request.scope.clone(), request.rule);
        let done = if self.switch.has(Bug::CommitsInSteps) && request.ops.len() > 1 {
            self.in_steps(request).await
        } else if self.switch.has(Bug::WholeScopeWrites) {
            self.whole_scope(request).await
        } else {
            self.inner.commit(request).await
        };
        let mut done = match done {
            Err(error) if self.switch.is(Bug::ErrorsTellValues) => {
                return Err(StoreError::new(error.kind, NAME, "commit", asked));
            }
            done => done?,
        };
        self.after_commit(scope, rule, &done.value).await?;
        self.bend_outcome(&mut done.value);
        drop(turn);
        Ok(self.timed(done))
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        Ok(self.timed(self.inner.list_entries(&self.scope(scope), &self.name(prefix), page).await?))
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        let scope = self.scope(scope);
        if self.switch.is(Bug::DeletesNothing) {
            let found = self.inner.load(&scope, &[], None).await?;
            return Ok(At::new(found.now, found.value.scope.is_some()));
        }
        if self.switch.has(Bug::DeletedKeysComeBack) {
            let ops = self.all(&scope).await?.into_iter().map(|(key, entry)| Op::put(key, entry.value)).collect();
            self.between.deleted.lock().insert(scope.clone(), ops);
        }
        Ok(self.timed(self.inner.delete_scope(&scope).await?))
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        Ok(self.timed(self.inner.list_scopes(kind, page).await?))
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        let at_most = if self.switch.is(Bug::CountIsUnbounded) { u64::MAX } else { at_most };
        Ok(self.timed(self.inner.count_scopes(kind, at_most).await?))
    }
}
