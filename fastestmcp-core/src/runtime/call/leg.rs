//! A leg of a call of a component of any kind: what is known of earlier ones goes in, and what is to be asked before the next
//! comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::plain::{self, Ended, Invocation};
use super::suspend::{Bound, resume, suspend};
use crate::component::Component;
use crate::context::{Caller, Replay};
use crate::operation::{CallError, CallOutcome, Requester, Resume};
use crate::runtime::node::Node;
use crate::task::{InputRequest, Journal};

/// What is called, and what the client brought back.
pub(super) struct Leg<'r> {
    /// What a suspended call is bound to.
    pub(super) bound: Bound<'r>,
    pub(super) resume: Option<&'r Resume>,
    pub(super) arguments: Arc<Value>,
    pub(super) meta: Arc<Map<String, Value>>,
    pub(super) may_detach: bool,
}

/// How a leg ended, where it did not fail.
pub(super) enum LegEnd<O> {
    Complete(O),
    Suspended { requests: BTreeMap<String, InputRequest>, state: String },
    Detached(Journal),
}

impl Leg<'_> {
    pub(super) async fn run<C: Component>(
        self,
        node: &Arc<Node>,
        component: &Arc<C>,
        requester: Requester,
    ) -> Result<LegEnd<C::Output>, CallError> {
        let Self { bound, resume, arguments, meta, may_detach } = self;
        let replay = replay_of(node, &requester.caller, &bound, resume).await?;
        let caller = requester.caller.clone();
        let invocation = Invocation { arguments, meta, known: Arc::default(), replay, may_detach };
        Ok(match plain::call(node, component, invocation, requester).await? {
            Ended::Complete(output) => LegEnd::Complete(output),
            Ended::Suspended(journal) => {
                let asked = |(key, asked): (&str, &InputRequest)| {
                    // The journal keeps the question as the handler put it.
                    let refused = resume.and_then(|resume| asked.check(resume.answers.get(key)?).err());
                    (key.to_owned(), refused.map_or_else(|| asked.clone(), |reason| asked.again(&reason)))
                };
                let requests = journal.open_inputs().map(asked).collect();
                LegEnd::Suspended { requests, state: Box::pin(suspend(node, &caller, &bound, journal)).await? }
            }
            Ended::Detached(journal) => LegEnd::Detached(journal),
        })
    }
}

impl<O> LegEnd<O> {
    pub(super) fn map<T>(self, change: impl FnOnce(O) -> T) -> LegEnd<T> {
        match self {
            Self::Complete(output) => LegEnd::Complete(change(output)),
            Self::Suspended { requests, state } => LegEnd::Suspended { requests, state },
            Self::Detached(journal) => LegEnd::Detached(journal),
        }
    }

    /// Of a call that cannot go on as a task.
    pub(super) fn without_task(self) -> Result<CallOutcome<O>, CallError> {
        match self {
            Self::Complete(output) => Ok(CallOutcome::Complete(output)),
            Self::Suspended { requests, state } => Ok(CallOutcome::InputRequired { requests, state }),
            // Nobody told its handler that it could.
            Self::Detached(_) => Err(CallError::Masked),
        }
    }
}

/// What a call that goes on has of its earlier legs; nothing for a new one.
async fn replay_of(
    node: &Node,
    caller: &Caller,
    bound: &Bound<'_>,
    brought: Option<&Resume>,
) -> Result<Replay, CallError> {
    let Some(Resume { state, answers }) = brought else { return Ok(Replay::default()) };
    let Some(state) = state else {
        // The client answers what it knows will be asked.
        return Ok(Replay::resumed(Journal::default(), answers.clone()));
    };
    let mut journal = Box::pin(resume(node, caller, bound, state)).await?;
    // One invalid answer must not cost the others; it is asked for again.
    for (key, answer) in answers {
        if let Err(error) = journal.answer(BTreeMap::from([(key.clone(), answer.clone())])) {
            tracing::debug!(%error, "an answer is asked for again");
        }
    }
    Ok(Replay::resumed(journal, BTreeMap::new()))
}
