use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use redis::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::Server;
use crate::error::Failure;
use crate::link::{Dialer, Link};
use crate::tag::SLOTS;

/// How long a map is taken as it is, whatever is doubted, so that a node that is down is not a storm of questions.
const FRESH: Duration = Duration::from_millis(100);

/// The nodes of a Redis Cluster. A slot that moved is learnt from the node that says so; the whole map is asked for at
/// first, and after a node could not be reached.
pub(super) struct Cluster {
    seeds: Vec<Server>,
    dialer: Dialer,
    map: RwLock<Map>,
    /// Held by whoever asks for the map; when that was last done.
    asking: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Map {
    nodes: HashMap<Server, Arc<Link>>,
    /// Who is in charge of each slot; empty before the first answer.
    owners: Vec<Option<Arc<Link>>>,
    doubted: bool,
}

impl Map {
    fn node(&mut self, server: &Server, dialer: &Dialer) -> Arc<Link> {
        let link = || Arc::new(Link::new(server.clone(), dialer.clone()));
        self.nodes.entry(server.clone()).or_insert_with(link).clone()
    }
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Server>, dialer: Dialer) -> Self {
        Self { seeds, dialer, map: RwLock::default(), asking: Mutex::default() }
    }

    pub(super) async fn find(&self, slot: u16) -> Result<Arc<Link>, Failure> {
        if self.is_doubted() {
            self.refresh().await?;
        }
        let owner = self.map.read().owners.get(usize::from(slot)).cloned().flatten();
        owner.ok_or_else(|| Failure::NoServer(format!("no node of the cluster serves slot {slot}")))
    }

    pub(super) async fn primaries(&self) -> Result<Vec<Arc<Link>>, Failure> {
        if self.is_doubted() {
            self.refresh().await?;
        }
        let map = self.map.read();
        let is_owner = |link: &Arc<Link>| map.owners.iter().flatten().any(|owner| Arc::ptr_eq(owner, link));
        Ok(map.nodes.values().filter(|link| is_owner(link)).cloned().collect())
    }

    pub(super) fn at(&self, server: &Server) -> Arc<Link> {
        self.map.write().node(server, &self.dialer)
    }

    pub(super) fn moved(&self, slot: u16, server: &Server) {
        let mut map = self.map.write();
        let node = map.node(server, &self.dialer);
        if let Some(owner) = map.owners.get_mut(usize::from(slot)) {
            *owner = Some(node);
        }
    }

    pub(super) fn doubt(&self) {
        self.map.write().doubted = true;
    }

    pub(super) fn close(&self) {
        let map = std::mem::take(&mut *self.map.write());
        map.nodes.values().for_each(|link| link.forget());
    }

    fn is_doubted(&self) -> bool {
        let map = self.map.read();
        map.doubted || map.owners.is_empty()
    }

    async fn refresh(&self) -> Result<(), Failure> {
        let mut asked = self.asking.lock().await;
        if !self.is_doubted() || (asked.is_some_and(|at| at.elapsed() < FRESH) && !self.map.read().owners.is_empty()) {
            return Ok(());
        }
        let known: Vec<Arc<Link>> = self.map.read().nodes.values().cloned().collect();
        let seeds = self.seeds.iter().map(|seed| self.at(seed));
        let mut failed = Failure::NoServer("there is no node of the cluster to ask".to_owned());
        for link in known.into_iter().chain(seeds.collect::<Vec<_>>()) {
            match ask(&link).await {
                Ok(ranges) => {
                    self.learn(ranges);
                    *asked = Some(Instant::now());
                    return Ok(());
                }
                Err(failure) => failed = failure,
            }
        }
        Err(failed)
    }

    fn learn(&self, ranges: Vec<Range>) {
        let mut map = self.map.write();
        let mut owners = vec![None; usize::from(SLOTS)];
        for Range { first, last, server } in ranges {
            let node = map.node(&server, &self.dialer);
            for slot in first..=last.min(SLOTS - 1) {
                owners[usize::from(slot)] = Some(node.clone());
            }
        }
        map.owners = owners;
        map.doubted = false;
    }
}

struct Range {
    first: u16,
    last: u16,
    server: Server,
}

async fn ask(link: &Link) -> Result<Vec<Range>, Failure> {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let reply = link.wire().await?.ask(&command).await?;
    let Value::Array(ranges) = reply else { return Err(Failure::Reply("CLUSTER SLOTS")) };
    ranges.into_iter().map(|range| read(range, link.server()).ok_or(Failure::Reply("CLUSTER SLOTS"))).collect()
}

/// First slot, last slot, then the nodes, the primary first: host, port and more.
fn read(range: Value, asked: &Server) -> Option<Range> {
    let mut range = range.into_sequence().ok()?.into_iter();
    let first = redis::from_redis_value(range.next()?).ok()?;
    let last = redis::from_redis_value(range.next()?).ok()?;
    let mut primary = range.next()?.into_sequence().ok()?.into_iter();
    let host: Option<String> = redis::from_redis_value(primary.next()?).ok()?;
    let port = redis::from_redis_value(primary.next()?).ok()?;
    // A node that does not know its own address means the one at which it was asked.
    let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| asked.host.clone());
    Some(Range { first, last, server: Server::new(host, port) })
}
