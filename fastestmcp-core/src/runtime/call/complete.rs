//! `completion/complete`.

use std::sync::Arc;

use serde_json::Value;

use super::plain::{self, Ended, Invocation};
use super::prompt::prompt;
use crate::component::{Completer, Completion, Visible};
use crate::context::Replay;
use crate::operation::{CallError, Complete, CompletionTarget, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for Complete {
    const IS_OF_COMPONENTS: bool = true;

    fn admit(&self, visible: Visible<'_>) -> Result<(), CallError> {
        self.completer(visible).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<Completion, CallError> {
        let visible = Visible { components: &tasks.node.components, view: &requester.view };
        let Some(completer) = self.completer(visible)?.cloned() else { return Ok(Completion::new([""; 0])) };
        let invocation = Invocation {
            arguments: Arc::new(Value::String(self.typed)),
            meta: Arc::default(),
            known: self.known,
            replay: Replay::default(),
            may_detach: false,
        };
        match plain::call(&tasks.node, &completer, invocation, requester).await? {
            Ended::Complete(completion) => Ok(completion),
            // MCP has no way to ask within a completion.
            Ended::Suspended(_) | Ended::Detached(_) => Err(CallError::Masked),
        }
    }
}

impl Complete {
    /// What completes the argument; an argument that nothing completes has no values.
    fn completer<'c>(&self, visible: Visible<'c>) -> Result<Option<&'c Arc<Completer>>, CallError> {
        let (completer, has) = match &self.target {
            CompletionTarget::Prompt(name) => {
                let prompt = prompt(visible, name)?;
                (prompt.completer(&self.argument), prompt.takes(&self.argument))
            }
            CompletionTarget::Resource(uri) => match visible.template(uri) {
                Some(template) => (template.completer(&self.argument), template.takes(&self.argument)),
                None if visible.resource(uri).is_some() => (None, false),
                None => return Err(CallError::InvalidParams("no such resource template".to_owned())),
            },
        };
        if !has {
            return Err(CallError::InvalidParams("no such argument".to_owned()));
        }
        Ok(completer)
    }
}
