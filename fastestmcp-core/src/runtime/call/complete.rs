//! `completion/complete`.

use std::sync::Arc;

use serde_json::Value;

use super::plain::{self, Ended, Invocation};
use super::prompt::prompt;
use crate::component::{Completer, Completion, Components};
use crate::context::Replay;
use crate::operation::{CallError, Complete, CompletionTarget, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for Complete {
    fn admit(&self, components: &Components) -> Result<(), CallError> {
        self.completer(components).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<Completion, CallError> {
        let Some(completer) = self.completer(&tasks.node.components)? else { return Ok(Completion::new([""; 0])) };
        let invocation = Invocation {
            arguments: Arc::new(Value::String(self.typed)),
            meta: Arc::default(),
            known: self.known,
            replay: Replay::default(),
            may_detach: false,
        };
        match plain::call(&tasks.node, completer, invocation, requester).await? {
            Ended::Complete(completion) => Ok(completion),
            // MCP has no way to ask within a completion.
            Ended::Suspended(_) | Ended::Detached(_) => Err(CallError::Masked),
        }
    }
}

impl Complete {
    /// What completes the argument; an argument that nothing completes has no values.
    fn completer<'c>(&self, components: &'c Components) -> Result<Option<&'c Arc<Completer>>, CallError> {
        let (completer, has) = match &self.target {
            CompletionTarget::Prompt(name) => {
                let prompt = prompt(components, name)?;
                (prompt.completer(&self.argument), prompt.takes(&self.argument))
            }
            CompletionTarget::Resource(uri) => match components.templates.get(uri) {
                Some(template) => (template.completer(&self.argument), template.takes(&self.argument)),
                None if components.resources.get(uri).is_some() => (None, false),
                None => return Err(CallError::InvalidParams("no such resource template".to_owned())),
            },
        };
        if !has {
            return Err(CallError::InvalidParams("no such argument".to_owned()));
        }
        Ok(completer)
    }
}
