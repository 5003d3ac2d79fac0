//! `prompts/get`.

use std::sync::Arc;

use super::leg::Leg;
use super::suspend::Bound;
use crate::component::{Components, Prompt, PromptOutput};
use crate::operation::{CallError, CallOutcome, GetPrompt, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for GetPrompt {
    fn admit(&self, components: &Components) -> Result<(), CallError> {
        prompt(components, &self.name).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CallOutcome<PromptOutput>, CallError> {
        let leg = Leg {
            bound: Bound { method: "prompts/get", name: &self.name, arguments: &self.arguments },
            resume: self.resume.as_ref(),
            arguments: self.arguments.clone(),
            meta: self.meta.clone(),
            may_detach: false,
        };
        let prompt = prompt(&tasks.node.components, &self.name)?;
        let ended = leg.run(&tasks.node, prompt, requester).await?;
        let described = |mut output: PromptOutput| {
            output.description = output.description.or_else(|| prompt.about().description.clone());
            output
        };
        ended.map(described).without_task()
    }
}

pub(super) fn prompt<'c>(components: &'c Components, name: &str) -> Result<&'c Arc<Prompt>, CallError> {
    components.prompts.get(name).ok_or_else(|| CallError::UnknownPrompt(name.to_owned()))
}
