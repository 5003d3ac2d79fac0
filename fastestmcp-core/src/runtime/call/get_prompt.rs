use std::sync::Arc;

use super::plain::{self, Ended, Invocation};
use crate::component::Components;
use crate::operation::{CallError, CallOutcome, GetPrompt, PromptOutcome, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for GetPrompt {
    fn admit(&self, components: &Components) -> Result<(), CallError> {
        components
            .prompts
            .get(&self.name)
            .map(drop)
            .ok_or_else(|| CallError::InvalidParams("no such prompt".to_owned()))
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<PromptOutcome, CallError> {
        let prompt = tasks.node.components.prompts.get(&self.name);
        let prompt = prompt.ok_or_else(|| CallError::InvalidParams("no such prompt".to_owned()))?.clone();
        let invocation = Invocation {
            arguments: self.arguments,
            meta: Arc::default(),
            replay: Default::default(),
            may_detach: false,
        };
        match plain::call(&tasks.node, &prompt, invocation, requester).await? {
            Ended::Complete(text) => Ok(CallOutcome::Complete(text)),
            Ended::Suspended(_) | Ended::Detached(_) => Err(CallError::Cancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Prompt;
    use crate::context::{Caller, NoClient};
    use crate::principal::{AuthContext, Principal};

    #[test]
    fn a_prompt_is_answered() {
        let _ = |runtime: crate::runtime::Runtime| async move {
            let caller = Caller::stateless(AuthContext::new(Principal::Anonymous), Default::default());
            runtime.handle(GetPrompt::new("p", serde_json::json!({})), caller, Arc::new(NoClient)).await
        };
        let _ = Prompt::new("p", async |_cx, _: crate::component::NoArgs| Ok("text".to_owned()));
    }
}
