use super::{Bug, Space, Switch};

impl Space {
    /// A crash: the model keeps everything, and with [`Bug::AckBeforeDurable`] all but the newest write.
    pub(super) fn lose_what_is_not_durable(&mut self, switch: &Switch) {
        if switch.has(Bug::AckBeforeDurable) {
            self.lose_the_newest(switch);
        }
        if switch.is(Bug::CrashRestartsNumbers) {
            self.counter = 0;
        }
    }

    pub(super) fn lose_the_newest(&mut self, switch: &Switch) {
        switch.fire();
        let kept = |number: u64| number + 1 < self.counter;
        for (_, entries) in self.sessions.scopes.values_mut() {
            entries.retain(|_, entry| kept(entry.version.0));
        }
        self.tasks.retain(|_, stored| kept(stored.head.version.0));
        for topic in self.topics.live.values_mut() {
            topic.events.retain(|(_, event)| kept(event.offset.0));
        }
    }
}
