use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;

use super::bent::Bent;
use super::faulty::Faulty;
use super::{Bug, Disk, Switch};
use crate::harness::{Cluster, Damage, Fault, Harness, HarnessError, Node, Skew};

/// Runs the suite on the reference model, or on the model with one bug.
#[derive(Clone, Debug)]
pub struct ModelHarness {
    switch: Arc<Switch>,
}

impl ModelHarness {
    /// The model as it should be.
    pub fn correct() -> Self {
        Self { switch: Arc::new(Switch::off()) }
    }

    /// The model with `bug`.
    pub fn with(bug: Bug) -> Self {
        Self { switch: Arc::new(Switch::on(bug)) }
    }

    /// How often the bug made a difference so far.
    pub fn fired(&self) -> u64 {
        self.switch.fired()
    }
}

#[async_trait]
impl Harness for ModelHarness {
    const NAME: &'static str = "reference-model";
    const VIRTUAL_TIME: bool = true;

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(Disk::new(clock, self.switch.clone())))
    }
}

#[async_trait]
impl Cluster for Disk {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }

    async fn node_in(&self, namespace: &Namespace, index: usize) -> Result<Node, HarnessError> {
        let shared = self.switch.bends(Bug::SharedNamespaces, *namespace != Namespace::default());
        let model = if shared { self.open(&Namespace::default(), index) } else { self.open(namespace, index) };
        let faulty = Faulty::around(model, self.switch.clone(), self.wire(index));
        Ok(Node::of(Bent::around(faulty, index, self.switch.clone(), self.between.clone())))
    }

    async fn crash(&self) -> Result<(), HarnessError> {
        for (space, _) in self.spaces.lock().values() {
            space.lock().lose_what_is_not_durable(&self.switch);
        }
        Ok(())
    }

    async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
        self.wire(index).arm(fault);
        Ok(())
    }

    async fn cut(&self, index: usize) -> Result<(), HarnessError> {
        self.wire(index).cut();
        Ok(())
    }

    async fn heal(&self, index: usize) -> Result<(), HarnessError> {
        self.wire(index).heal();
        Ok(())
    }

    async fn skew(&self, _index: usize, _by: Skew) -> Result<(), HarnessError> {
        // The model reads the store's clock and no other: there is nothing to move.
        Ok(())
    }

    async fn restart(&self) -> Result<(), HarnessError> {
        if self.switch.has(Bug::RestartLosesTheNewest) {
            self.spaces.lock().values().for_each(|(space, _)| space.lock().lose_the_newest(&self.switch));
        }
        Ok(())
    }

    async fn rows(&self) -> Result<u64, HarnessError> {
        Ok(self.spaces.lock().values().map(|(space, _)| space.lock().rows() as u64).sum())
    }

    async fn damage(&self, record: &Damage) -> Result<(), HarnessError> {
        let (space, _) = self.spaces.lock().entry(Namespace::default()).or_default().clone();
        space.lock().damage(record);
        Ok(())
    }
}
