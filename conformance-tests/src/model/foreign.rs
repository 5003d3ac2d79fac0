//! The data of other namespaces, for the bugs that reach over (G8).

use super::{Bug, Model, Switch};

impl Model {
    /// Another namespace of the same disk, if `bug` is on and there is one.
    pub(super) fn abroad(&self, bug: Bug) -> Option<Self> {
        if !self.switch.has(bug) {
            return None;
        }
        let spaces = self.spaces.lock();
        let (_, (space, wakes)) = spaces.iter().find(|(name, _)| **name != self.namespace)?;
        self.switch.fire();
        let (space, wakes, switch) = (space.clone(), wakes.clone(), Switch::off().into());
        Some(Self { space, wakes, switch, ..self.clone() })
    }
}
