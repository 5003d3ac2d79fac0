use std::sync::Arc;

use bytes::Bytes;

use super::StoredValues;
use crate::component::{Components, Registry, Shown, View};
use crate::context::{ContextError, RulesChange, ValueRef, Values};
use crate::error::Outcome;
use crate::event::{Change, List};
use crate::session::{Entry, decode};
use crate::visibility::VisibilityRules;

/// Replaces the rules of a session or a principal.
pub(super) async fn update(
    values: &StoredValues,
    at: ValueRef<'_>,
    change: &mut RulesChange<'_>,
) -> Result<(), ContextError> {
    let mut step = None;
    let mut make = |entry: Option<&Entry>| -> Result<Bytes, ContextError> {
        let before = entry.map(decode::<VisibilityRules>).transpose()?.unwrap_or_default();
        let mut after = before.clone();
        change(&mut after);
        after.check()?;
        let stored = serde_json::to_vec(&after).map_err(ContextError::NotSerializable)?;
        step = Some((before, after));
        Ok(stored.into())
    };
    let updated = values.update(at, &mut make).await;
    let node = &values.node;
    node.visibility.forget(at.scope);
    let may_hold = match &updated {
        Ok(()) => true,
        Err(ContextError::Store(error)) => error.outcome == Outcome::Unknown,
        Err(_) => false,
    };
    if let Some((before, after)) = step.filter(|_| may_hold) {
        let view = |rules| node.visibility.view_by(Arc::new(rules));
        for list in changed(&node.components, &view(before), &view(after)) {
            node.change_announcer.announce(Change::ListFor(at.scope.clone(), list));
        }
    }
    updated
}

/// The lists that are others to who sees the one instead of the other.
fn changed(components: &Components, before: &View, after: &View) -> impl Iterator<Item = List> {
    let is_other = |list: &List| match list {
        List::Tools => differs(&components.tools, before, after),
        List::Prompts => differs(&components.prompts, before, after),
        List::Resources => {
            differs(&components.resources, before, after) || differs(&components.templates, before, after)
        }
    };
    List::ALL.into_iter().filter(is_other)
}

fn differs<C: Shown>(registry: &Registry<C>, before: &View, after: &View) -> bool {
    registry.iter().any(|component| before.shows(&**component) != after.shows(&**component))
}
