use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use parking_lot::RwLock;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::map::Map;
use super::view::View;
use crate::config::Server;
use crate::error::Failure;
use crate::link::{Dialer, Link};

/// How long a map is taken as it is, whatever is doubted, so that a node that is down is not a storm of questions.
const FRESH: Duration = Duration::from_millis(100);

/// The nodes of a Redis Cluster. A slot that moved is learnt from the node that says so; the whole map is asked for when
/// it lacks a slot, and when the node in charge of one could not be reached or says that it is not. Only who needs such
/// a slot waits for the answer.
pub(super) struct Cluster {
    seeds: Vec<Server>,
    dialer: Dialer,
    /// How nodes are asked the way.
    guides: Dialer,
    map: RwLock<Map>,
    /// Held by whoever asks for the map; when that was last done, and what it failed with.
    asking: Mutex<Option<(Instant, Result<(), Failure>)>>,
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Server>, dialer: Dialer) -> Self {
        let guides = dialer.of_guides();
        Self { seeds, dialer, guides, map: RwLock::default(), asking: Mutex::default() }
    }

    pub(super) async fn find(&self, slot: u16) -> Result<Arc<Link>, Failure> {
        if let Some(owner) = self.map.read().undoubted(slot) {
            return Ok(owner);
        }
        let refreshed = self.refresh(|map| map.undoubted(slot).is_some()).await;
        // Who is doubted may be in charge all the same.
        let owner = self.map.read().owner(slot);
        match (owner, refreshed) {
            (Some(owner), _) => Ok(owner),
            (None, Err(failure)) => Err(failure),
            (None, Ok(())) => Err(Failure::NoServer(format!("no node of the cluster serves slot {slot}"))),
        }
    }

    pub(super) async fn primaries(&self) -> Result<Vec<Arc<Link>>, Failure> {
        if !self.map.read().is_whole() {
            self.refresh(Map::is_whole).await?;
        }
        Ok(self.map.read().in_charge())
    }

    pub(super) fn at(&self, server: &Server) -> Arc<Link> {
        self.map.write().node(server, &self.dialer)
    }

    pub(super) fn moved(&self, slot: u16, server: &Server) {
        self.map.write().moved(slot, server, &self.dialer);
    }

    pub(super) fn doubt(&self, link: &Arc<Link>) {
        self.map.write().doubt(link);
    }

    pub(super) fn close(&self) {
        std::mem::take(&mut *self.map.write()).forget();
    }

    /// Asks for the map, unless it is as it should be by the time it is this caller's turn, or somebody has just asked.
    async fn refresh(&self, suffices: impl Fn(&Map) -> bool) -> Result<(), Failure> {
        let mut asked = self.asking.lock().await;
        if suffices(&self.map.read()) {
            return Ok(());
        }
        if let Some((at, answer)) = &*asked
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = self.ask().await.map(|view| self.map.write().learn(&view, &self.dialer));
        *asked = Some((Instant::now(), answer.clone()));
        answer
    }

    /// Asks all nodes that were ever named at once, until most have answered and one of them knows of every slot, or all
    /// have. The best view counts: a node that was removed goes on answering, with nothing or with what was once true.
    async fn ask(&self) -> Result<View, Failure> {
        let mut guides = self.map.read().named().to_vec();
        let seeds = self.seeds.iter().filter(|seed| !guides.contains(seed)).cloned().collect::<Vec<_>>();
        guides.extend(seeds);
        let most = guides.len() / 2 + 1;
        let mut asked: FuturesUnordered<_> = guides.iter().map(|guide| View::of(guide, &self.guides)).collect();
        let mut failed = Failure::NoServer("there is no node of the cluster to ask".to_owned());
        let (mut best, mut answers): (Option<View>, usize) = (None, 0);
        while let Some(answer) = asked.next().await {
            answers += 1;
            match answer {
                Ok(view) if best.as_ref().is_none_or(|best| best.rank() < view.rank()) => best = Some(view),
                Ok(_) => {}
                Err(failure) => failed = failure,
            }
            if answers >= most && best.as_ref().is_some_and(View::is_whole) {
                break;
            }
        }
        best.ok_or(failed)
    }
}
