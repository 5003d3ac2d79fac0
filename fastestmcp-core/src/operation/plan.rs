use std::sync::Arc;
use std::time::Duration;

use super::call_tool::{AskedTtl, CallTool, TaskMode};
use super::error::CallError;
use crate::component::{Components, TaskSupport, Tool};

/// How a call of a tool is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// While the client waits.
    Plain {
        /// The handler may let it go on as a task.
        may_detach: bool,
    },
    /// As a task.
    Task {
        /// The life that was asked for.
        ttl: AskedTtl,
        /// How long the client waits for a task that ends at once.
        inline_for: Duration,
    },
}

/// The tool of a call, and how it is carried out: by what the tool supports, and what the client makes of tasks.
pub(crate) fn plan(components: &Components, call: &CallTool) -> Result<Plan, CallError> {
    let policy = tool(components, call)?.task_policy();
    let task = |ttl, inline_for| Ok(Plan::Task { ttl, inline_for });
    match (call.tasks, policy.support) {
        (TaskMode::Unknown, TaskSupport::Required) => Err(CallError::TaskOnly),
        (TaskMode::Requested(_), TaskSupport::Forbidden) => Err(CallError::NoTask),
        (TaskMode::Requested(ttl), _) => task(ttl, Duration::ZERO),
        (TaskMode::Accepted, TaskSupport::Required | TaskSupport::Optional) if policy.detaches => {
            Ok(Plan::Plain { may_detach: true })
        }
        (TaskMode::Accepted, TaskSupport::Required) => task(AskedTtl::Default, policy.inline_for),
        // A leg of a suspended call is no new call.
        (TaskMode::Accepted, TaskSupport::Optional) if call.resume.is_none() => {
            task(AskedTtl::Default, policy.inline_for)
        }
        (TaskMode::Unknown | TaskMode::Accepted, _) => Ok(Plan::Plain { may_detach: false }),
    }
}

pub(crate) fn tool<'c>(components: &'c Components, call: &CallTool) -> Result<&'c Arc<Tool>, CallError> {
    components.tools.get(&call.name).ok_or_else(|| CallError::UnknownTool(call.name.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::component::{NoArgs, Registry, TaskPolicy};
    use crate::operation::Resume;

    #[test]
    fn the_tool_and_the_client_decide_together_whether_a_call_is_a_task() {
        let second = Duration::from_secs(1);
        let tool = |name: &str, policy: TaskPolicy| Tool::new(name, async |_cx, _: NoArgs| Ok("")).task(policy);
        let tools = vec![
            tool("never", TaskPolicy::forbidden()),
            tool("may", TaskPolicy::optional()),
            tool("must", TaskPolicy::required().inline_for(second)),
            tool("detaches", TaskPolicy::optional().detaches()),
        ];
        let components = Components { tools: Registry::new(tools).unwrap(), ..Components::default() };
        let plan = |name: &str, tasks| plan(&components, &CallTool::new(name, Map::new()).tasks(tasks));
        let plain = |plan| matches!(plan, Ok(Plan::Plain { may_detach: false }));
        let task = |plan| matches!(plan, Ok(Plan::Task { .. }));
        let asked = TaskMode::Requested(AskedTtl::Unlimited);

        assert!(plain(plan("never", TaskMode::Unknown)) && plain(plan("never", TaskMode::Accepted)));
        assert!(matches!(plan("never", asked), Err(CallError::NoTask)));
        assert!(plain(plan("may", TaskMode::Unknown)) && task(plan("may", TaskMode::Accepted)));
        assert!(task(plan("may", asked)) && task(plan("detaches", asked)));
        assert!(matches!(plan("must", TaskMode::Unknown), Err(CallError::TaskOnly)));
        let inline = Plan::Task { ttl: AskedTtl::Default, inline_for: second };
        assert_eq!(plan("must", TaskMode::Accepted).unwrap(), inline);
        assert_eq!(plan("must", asked).unwrap(), Plan::Task { ttl: AskedTtl::Unlimited, inline_for: Duration::ZERO });
        assert_eq!(plan("detaches", TaskMode::Accepted).unwrap(), Plan::Plain { may_detach: true });
        assert!(matches!(plan("nobody", TaskMode::Accepted), Err(CallError::UnknownTool(_))));
        let leg = CallTool::new("may", Map::new()).tasks(TaskMode::Accepted).resume(Resume::default());
        assert!(plain(super::plan(&components, &leg)));
    }
}
