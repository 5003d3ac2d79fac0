//! The one reader of the log on a node, for all who listen there.
//!
//! Why a subscriber misses nothing, gets nothing twice, and gets it in order (contract E5), whenever it joins:
//! - Its mailbox holds the offset up to which the log was read for it. It has one from the moment it joins, before its
//!   subscription is acknowledged, and only the reader moves it on.
//! - The log is asked after such offsets only, and an answer goes to the mailboxes for which it was asked and to no others:
//!   whoever joins while a read is under way is no part of it, and its topic is due for the next one.
//! - So every answer begins where its mailbox stands, and leaves it where the answer ends. A read that fails, hangs or is
//!   given up moves nobody.
//!
//! Those who listen to one topic stand at one offset as soon as they are at its end, and then share one question.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::listeners::{Listeners, Question};
use super::read::{Answer, read};
use super::{EventLog, ReadFrom, TopicRead};
use crate::error::{StoreErrorKind, StoreResult};
use crate::limits::Limits;

/// How long a lost wake-up may delay a subscriber, and how long a failed read is not repeated.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The turn of the subscribers between reads of what has piled up.
const TURN: Duration = Duration::from_millis(1);
/// How many subscribers are woken before the node does something else: a thousand at once would hold up its calls. More
/// at a time where that came to more than so many turns: each turn holds up those who are still to be woken.
const AT_A_TIME: usize = 32;
const TURNS: usize = 32;

pub(super) struct Reader {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) listeners: Arc<Listeners>,
    pub(super) limits: Limits,
    pub(super) ended: CancellationToken,
}

/// What a round of reading came to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Round {
    Done,
    /// There is more to read at once.
    More,
    /// The log did not answer.
    Failed,
}

impl Reader {
    /// Reads until nobody listens, or the bus has ended.
    pub(super) async fn run(self) {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => {}
            () = self.listeners.deserted() => {}
            () = self.follow() => {}
        }
    }

    async fn follow(&self) {
        let most = self.limits.max_batch.max(1);
        let mut look = Instant::now() + LOOK_EVERY;
        loop {
            if Instant::now() >= look {
                look = Instant::now() + LOOK_EVERY;
                self.listeners.mark_all();
            }
            let questions = self.listeners.questions(most);
            if questions.is_empty() {
                // Late is as good as woken: all is looked at.
                let _ = timeout_at(look, self.listeners.due()).await;
                continue;
            }
            match self.read(questions, most).await {
                // Who was woken in the meantime shares the next read.
                Round::Done => tokio::task::yield_now().await,
                Round::More => sleep(TURN).await,
                Round::Failed => {
                    sleep(LOOK_EVERY).await;
                    look = Instant::now();
                }
            }
        }
    }

    /// Reads in as many parts as are needed.
    async fn read(&self, questions: Vec<Question>, most: usize) -> Round {
        let mut round = Round::Done;
        let mut parts = vec![questions];
        while let Some(mut part) = parts.pop() {
            if part.len() > most {
                parts.push(part.split_off(most));
            }
            match self.ask(&part).await {
                Ok(answers) => round = round.max(self.deliver(&part, &answers).await),
                // One damaged topic does not cost the listeners of the others (contract G16).
                Err(error) if is_of_one(error.kind) && part.len() > 1 => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
                Err(error) => {
                    tracing::debug!(%error, "events could not be read");
                    if !is_of_one(error.kind) {
                        return Round::Failed;
                    }
                }
            }
        }
        round
    }

    async fn ask(&self, questions: &[Question]) -> StoreResult<Vec<Answer>> {
        let asked = questions.iter().map(|question| (question.topic.to_string(), ReadFrom::After(question.after)));
        read(&*self.log, &self.limits, &asked.collect::<Vec<_>>()).await
    }

    async fn deliver(&self, questions: &[Question], answers: &[Answer]) -> Round {
        let listeners: usize = questions.iter().map(|question| question.audience.len()).sum();
        let (at_a_time, mut woken) = (AT_A_TIME.max(listeners / TURNS), 0);
        let mut unfinished = Vec::new();
        for (question, answer) in questions.iter().zip(answers) {
            for mailbox in &question.audience {
                mailbox.take(answer);
                woken += 1;
                if woken % at_a_time == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if !answer.is_all {
                let has_some = !matches!(&answer.read, TopicRead::Events { items, .. } if items.is_empty());
                unfinished.push((has_some, &question.topic));
            }
        }
        // Those that got nothing, because others had so much, come first.
        unfinished.sort_by_key(|(has_some, _)| *has_some);
        unfinished.iter().for_each(|(_, topic)| self.listeners.mark(topic));
        if unfinished.is_empty() { Round::Done } else { Round::More }
    }
}

/// Whether an error is about a topic, rather than the log or the way to it.
const fn is_of_one(kind: StoreErrorKind) -> bool {
    use StoreErrorKind::{Corrupt, InvalidInput, TooLarge, Unsupported};
    matches!(kind, Corrupt | InvalidInput | TooLarge | Unsupported)
}
