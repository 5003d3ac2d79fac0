use fastestmcp_core::backend::{SweepBudget, Swept};
use fastestmcp_core::session::ScopeKind;
use fastestmcp_core::time::StoreTime;

use super::{Bug, Space, Switch};

/// What one step has used of its budget.
struct Spent<'s> {
    switch: &'s Switch,
    budget: SweepBudget,
    rows: usize,
    bytes: usize,
    /// Whether something was left for another step.
    left: bool,
}

impl Spent<'_> {
    fn may(&mut self, bytes: usize) -> bool {
        let rows = self.rows < self.budget.max_rows || self.switch.is(Bug::SweepIgnoresRows);
        let fits = rows && (self.bytes < self.budget.max_bytes || self.switch.is(Bug::SweepIgnoresBytes));
        if fits {
            self.rows += 1;
            self.bytes += bytes;
        }
        fits
    }

    fn removes(&mut self, is_past: bool, bytes: usize) -> bool {
        let removed = is_past && !self.switch.is(Bug::SweepLeavesAll) && self.may(bytes);
        self.left |= is_past && !removed && !self.switch.has(Bug::SweepLeavesAll);
        removed
    }
}

impl Space {
    /// Removes what is past at `now`, row by row, until the budget is used up.
    pub(super) fn sweep(&mut self, now: StoreTime, budget: SweepBudget, switch: &Switch) -> Swept {
        let mut spent = Spent { switch, budget, rows: 0, bytes: 0, left: false };
        self.sweep_scopes(now, &mut spent);
        self.sweep_tasks(now, &mut spent);
        self.sweep_topics(now, &mut spent);
        let more = spent.left && !switch.is(Bug::SweepSaysDone);
        Swept { removed: spent.rows as u64, more }
    }

    fn sweep_scopes(&mut self, now: StoreTime, spent: &mut Spent<'_>) {
        let switch = spent.switch;
        let past = |deadline: Option<StoreTime>| deadline.is_some_and(|deadline| deadline <= now);
        let sessions = &mut self.sessions;
        for (scope, (info, entries)) in &mut sessions.scopes {
            let gone = past(info.expires) || sessions.first.is_past(switch, Bug::SweepByFirstDeadline, scope, "", now);
            let had_any = !entries.is_empty();
            entries.retain(|key, entry| {
                let past = past(entry.expires)
                    || (!key.is_empty() && sessions.first.is_past(switch, Bug::SweepByFirstTtl, scope, key, now));
                !spent.removes(gone || past, entry.value.len())
            });
            if had_any && entries.is_empty() && switch.is(Bug::SweepTakesEmptiedScope) {
                info.expires = Some(now);
            }
        }
        sessions.scopes.retain(|scope, (info, entries)| {
            // A System scope is there while it holds something: without, it is no row.
            if scope.kind == ScopeKind::System && entries.is_empty() {
                return false;
            }
            let first = sessions.first.is_past(switch, Bug::SweepByFirstDeadline, scope, "", now);
            !(entries.is_empty() && spent.removes(past(info.expires) || first, 0))
        });
    }

    fn sweep_tasks(&mut self, now: StoreTime, spent: &mut Spent<'_>) {
        let switch = spent.switch;
        let mut orphans = 0;
        let mut keys = Vec::new();
        self.tasks.retain(|_, stored| {
            let is_past = stored.head.expires.is_some_and(|expires| expires <= now);
            let removed = spent.removes(is_past, stored.bytes());
            if removed {
                orphans += usize::from(switch.is(Bug::OrphanTasks));
                keys.extend(stored.key().filter(|_| switch.has(Bug::SweepTakesKey)));
            }
            !removed
        });
        self.orphans += orphans;
        for key in keys {
            self.forget_key(&key, switch);
        }
    }

    fn sweep_topics(&mut self, now: StoreTime, spent: &mut Spent<'_>) {
        let switch = spent.switch;
        let topics = &mut self.topics;
        let (vanished, orphans) = (&mut topics.vanished, &mut self.orphans);
        let is_idle = |topic: &super::event::Topic| topic.ends(switch) <= now;
        // Where they vanish in turn, the oldest that is still kept holds up the rest.
        let kept = topics.live.values().filter(|topic| !is_idle(topic)).map(|topic| topic.written).min();
        topics.live.retain(|_, topic| {
            let held_up = kept.is_some_and(|kept| kept < topic.written);
            let idle = is_idle(topic) && !switch.bends(Bug::TopicsVanishInTurn, held_up);
            let bytes = topic.events.iter().map(|(_, event)| event.payload.len()).sum();
            let removed = spent.removes(idle, bytes);
            if removed {
                let falls = switch.bends(Bug::VanishedMarkFalls, topic.head < *vanished);
                *vanished = if falls { topic.head } else { topic.head.max(*vanished) };
                *orphans += if switch.is(Bug::OrphanEvents) { topic.events.len() } else { 0 };
            }
            !removed
        });
    }

    /// How many rows there are, past ones included.
    pub(super) fn rows(&self) -> usize {
        let entries: usize = self.sessions.scopes.values().map(|(_, entries)| entries.len() + 1).sum();
        let events: usize = self.topics.live.values().map(|topic| topic.events.len() + 1).sum();
        entries + self.tasks.len() + events + self.orphans
    }
}
