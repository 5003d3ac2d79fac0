use std::collections::HashMap;
use std::sync::Arc;

use super::view::View;
use crate::config::Server;
use crate::link::{Dialer, Link};
use crate::tag::SLOTS;

/// Who is in charge of what, as far as is known.
#[derive(Default)]
pub(super) struct Map {
    nodes: HashMap<Server, Arc<Link>>,
    /// Who is in charge of each slot; empty before the first answer.
    owners: Vec<Option<Arc<Link>>>,
    /// Those that could not be reached, or said that they are not in charge, since the map was asked for.
    doubted: Vec<Arc<Link>>,
    /// All nodes that the last answer named, replicas included.
    named: Vec<Server>,
}

impl Map {
    pub(super) fn node(&mut self, server: &Server, dialer: &Dialer) -> Arc<Link> {
        let link = || Arc::new(Link::new(server.clone(), dialer.clone()));
        self.nodes.entry(server.clone()).or_insert_with(link).clone()
    }

    pub(super) fn owner(&self, slot: u16) -> Option<Arc<Link>> {
        self.owners.get(usize::from(slot)).cloned().flatten()
    }

    pub(super) fn undoubted(&self, slot: u16) -> Option<Arc<Link>> {
        self.owner(slot).filter(|owner| !self.doubted.iter().any(|doubted| Arc::ptr_eq(doubted, owner)))
    }

    pub(super) fn is_whole(&self) -> bool {
        self.doubted.is_empty() && !self.owners.is_empty() && self.owners.iter().all(Option::is_some)
    }

    /// Every node that is in charge of something.
    pub(super) fn in_charge(&self) -> Vec<Arc<Link>> {
        let is_owner = |link: &&Arc<Link>| self.owners.iter().flatten().any(|owner| Arc::ptr_eq(owner, link));
        self.nodes.values().filter(is_owner).cloned().collect()
    }

    pub(super) fn named(&self) -> &[Server] {
        &self.named
    }

    pub(super) fn moved(&mut self, slot: u16, server: &Server, dialer: &Dialer) {
        let node = self.node(server, dialer);
        if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
            *owner = Some(node);
        }
    }

    pub(super) fn doubt(&mut self, link: &Arc<Link>) {
        if !self.doubted.iter().any(|doubted| Arc::ptr_eq(doubted, link)) {
            self.doubted.push(link.clone());
        }
    }

    pub(super) fn learn(&mut self, view: &View, dialer: &Dialer) {
        let mut owners = vec![None; usize::from(SLOTS)];
        for range in &view.ranges {
            let node = self.node(&range.primary, dialer);
            for slot in range.first..=range.last.min(SLOTS - 1) {
                owners[usize::from(slot)] = Some(node.clone());
            }
        }
        self.owners = owners;
        self.doubted.clear();
        self.named = view.named.clone();
        // Who is no longer named is forgotten with its connection.
        self.nodes.retain(|server, _| self.named.contains(server));
    }

    /// Gives all connections up.
    pub(super) fn forget(self) {
        self.nodes.values().for_each(|link| link.forget());
    }
}
