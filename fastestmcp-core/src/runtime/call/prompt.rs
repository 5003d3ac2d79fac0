//! `prompts/get`.

use std::sync::Arc;

use super::leg::Leg;
use super::suspend::Bound;
use crate::component::{Prompt, PromptOutput, Visible};
use crate::operation::{CallError, CallOutcome, GetPrompt, Requester};
use crate::runtime::task::{Serve, Tasks};

impl Serve for GetPrompt {
    const IS_OF_COMPONENTS: bool = true;

    fn admit(&self, visible: Visible<'_>) -> Result<(), CallError> {
        prompt(visible, &self.name).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CallOutcome<PromptOutput>, CallError> {
        let leg = Leg {
            bound: Bound { method: "prompts/get", name: &self.name, arguments: &self.arguments },
            resume: self.resume.as_ref(),
            arguments: self.arguments.clone(),
            meta: self.meta.clone(),
            may_detach: false,
        };
        let visible = Visible { components: &tasks.node.components, view: &requester.view };
        let prompt = prompt(visible, &self.name)?.clone();
        let ended = leg.run(&tasks.node, &prompt, requester).await?;
        let described = |mut output: PromptOutput| {
            output.description = output.description.or_else(|| prompt.about().description.clone());
            output
        };
        ended.map(described).without_task()
    }
}

pub(super) fn prompt<'c>(visible: Visible<'c>, name: &str) -> Result<&'c Arc<Prompt>, CallError> {
    visible.prompt(name).ok_or_else(|| CallError::UnknownPrompt(name.to_owned()))
}
