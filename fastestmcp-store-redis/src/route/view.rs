use redis::Value;

use crate::config::Server;
use crate::error::Failure;
use crate::link::Dialer;
use crate::tag::SLOTS;

/// What one node knows of the cluster.
pub(super) struct View {
    pub(super) ranges: Vec<Range>,
    /// Every node, replicas included.
    pub(super) named: Vec<Server>,
    /// How many elections and moves it has heard of.
    epoch: u64,
}

pub(super) struct Range {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) primary: Server,
}

impl View {
    /// Asks one node, on a connection of its own.
    pub(super) async fn of(guide: &Server, dialer: &Dialer) -> Result<Self, Failure> {
        let wire = dialer.dial(guide, |_| {}).await?;
        let mut slots = redis::cmd("CLUSTER");
        let Value::Array(ranges) = wire.ask(slots.arg("SLOTS")).await? else {
            return Err(Failure::Reply("CLUSTER SLOTS"));
        };
        let mut info = redis::cmd("CLUSTER");
        let info: String =
            redis::from_redis_value(wire.ask(info.arg("INFO")).await?).map_err(|_| Failure::Reply("CLUSTER INFO"))?;
        let epoch = info.lines().find_map(|line| line.strip_prefix("cluster_current_epoch:"));
        let epoch = epoch.and_then(|epoch| epoch.trim().parse().ok()).unwrap_or_default();
        let mut view = Self { ranges: Vec::new(), named: Vec::new(), epoch };
        for range in ranges {
            view.add(range, guide).ok_or(Failure::Reply("CLUSTER SLOTS"))?;
        }
        Ok(view)
    }

    /// First slot, last slot, then the nodes, the primary first: host, port and more.
    fn add(&mut self, range: Value, guide: &Server) -> Option<()> {
        let mut range = range.into_sequence().ok()?.into_iter();
        let first = redis::from_redis_value(range.next()?).ok()?;
        let last = redis::from_redis_value(range.next()?).ok()?;
        let nodes: Vec<Server> = range.map(|node| server(node, guide)).collect::<Option<_>>()?;
        let primary = nodes.first()?.clone();
        for node in nodes {
            if !self.named.contains(&node) {
                self.named.push(node);
            }
        }
        self.ranges.push(Range { first, last, primary });
        Some(())
    }

    fn slots(&self) -> usize {
        self.ranges.iter().map(|range| usize::from(range.last.saturating_sub(range.first)) + 1).sum()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.slots() >= usize::from(SLOTS)
    }

    /// Who knows of nothing is no guide; of the others the one that has heard of the most, then the one that knows of
    /// the most slots.
    pub(super) fn rank(&self) -> (bool, u64, usize) {
        let slots = self.slots();
        (slots > 0, self.epoch, slots)
    }
}

fn server(node: Value, guide: &Server) -> Option<Server> {
    let mut node = node.into_sequence().ok()?.into_iter();
    let host: Option<String> = redis::from_redis_value(node.next()?).ok()?;
    let port = redis::from_redis_value(node.next()?).ok()?;
    // A node that does not know its own address means the one at which it was asked.
    let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| guide.host.clone());
    Some(Server::new(host, port))
}
