//! What an author or operator can set to something that cannot work is refused when the server is built (contract R8).

use std::time::Duration;

use super::config::RuntimeConfig;
use crate::component::Tool;
use crate::ids::MAX_ID_BYTES;
use crate::limits::MAX_DURATION;

/// The shortest lease that can be renewed in time.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);
/// The shortest pause between sweeps.
const SHORTEST_SWEEP: Duration = Duration::from_millis(10);
const MILLISECOND: Duration = Duration::from_millis(1);
/// The most of anything at once; more than any machine has room for.
const MOST: usize = 1 << 24;
/// A node's name and what makes it unique together are a worker's name, which stores limit.
const LONGEST_NODE: usize = MAX_ID_BYTES - 16;

type Checked = Result<(), String>;

/// The first value of a configuration that cannot work, and what is wrong with it.
pub(in crate::runtime) fn check_config(config: &RuntimeConfig) -> Result<(), (&'static str, String)> {
    let spans = [
        ("lease", config.lease, SHORTEST_LEASE),
        ("park_after", config.park_after, Duration::ZERO),
        ("grace", config.grace, Duration::ZERO),
        ("drain", config.drain, Duration::ZERO),
        ("call_timeout", config.call_timeout, MILLISECOND),
        ("input_timeout", config.input_timeout, MILLISECOND),
        ("resume_within", config.resume_within, MILLISECOND),
        ("session_idle", config.session_idle, MILLISECOND),
        ("session_max", config.session_max, MILLISECOND),
        ("session_init", config.session_init, MILLISECOND),
        ("principal_ttl", config.principal_ttl, MILLISECOND),
        ("anonymous_handle_max", config.anonymous_handle_max, MILLISECOND),
        ("sweep_every", config.sweep_every, SHORTEST_SWEEP),
    ];
    let counts = [
        // A node without slots serves and runs nothing, as it is told.
        ("worker_slots", config.worker_slots, 0),
        ("max_calls", config.max_calls, 1),
        ("max_calls_per_owner", config.max_calls_per_owner, 1),
        ("max_waiters", config.max_waiters, 1),
        ("max_waiters_per_owner", config.max_waiters_per_owner, 1),
        ("max_streams", config.max_streams, 1),
        ("max_streams_per_owner", config.max_streams_per_owner, 1),
    ];
    let spans = spans.map(|(what, value, least)| (what, span(value, least)));
    let counts = counts.map(|(what, value, least)| (what, count(value, least)));
    let named = [
        ("node", config.node.as_deref().map_or(Ok(()), |node| name(node, LONGEST_NODE))),
        ("max_sessions", if config.max_sessions == 0 { Err("is 0".to_owned()) } else { Ok(()) }),
        ("max_open_tasks", if config.max_open_tasks == 0 { Err("is 0".to_owned()) } else { Ok(()) }),
    ];
    let queues = config.queues.iter().flatten().map(|queue| ("queues", name(queue, MAX_ID_BYTES)));
    let all = spans.into_iter().chain(counts).chain(named).chain(queues);
    first_problem(all)
}

/// The same of a tool.
pub(in crate::runtime) fn check_tool(tool: &Tool) -> Result<(), (&'static str, String)> {
    let policy = tool.task_policy();
    let all = [
        ("timeout", tool.about().timeout.map_or(Ok(()), |timeout| span(timeout, MILLISECOND))),
        ("queue", name(&policy.queue, MAX_ID_BYTES)),
        ("priority", if policy.priority > 9 { Err(format!("is {} and above 9", policy.priority)) } else { Ok(()) }),
        ("ttl", span(policy.ttl, MILLISECOND)),
        ("longest ttl", span(policy.max_ttl, MILLISECOND)),
        ("retention", span(policy.retain, Duration::ZERO)),
        ("run timeout", span(policy.run_timeout, MILLISECOND)),
        ("input timeout", span(policy.input_timeout, MILLISECOND)),
        ("inline wait", span(policy.inline_for, Duration::ZERO)),
        ("poll interval", span(policy.poll_interval, MILLISECOND)),
    ];
    first_problem(all)
}

fn first_problem(checked: impl IntoIterator<Item = (&'static str, Checked)>) -> Result<(), (&'static str, String)> {
    checked.into_iter().try_for_each(|(what, checked)| checked.map_err(|problem| (what, problem)))
}

fn span(value: Duration, least: Duration) -> Checked {
    if value < least {
        return Err(format!("of {value:?} is below {least:?}"));
    }
    if value > MAX_DURATION {
        return Err("is above 100 years".to_owned());
    }
    Ok(())
}

fn count(value: usize, least: usize) -> Checked {
    if value < least || value > MOST {
        return Err(format!("of {value} is not within {least} to {MOST}"));
    }
    Ok(())
}

fn name(value: &str, longest: usize) -> Checked {
    if value.is_empty() || value.len() > longest {
        return Err(format!("is not of 1 to {longest} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{NoArgs, TaskPolicy};

    type Change<T> = fn(&mut T);

    #[test]
    fn a_configuration_that_cannot_work_is_refused_by_the_name_of_the_value() {
        let absurd: [(&str, Change<RuntimeConfig>); 10] = [
            ("lease", |config| config.lease = Duration::ZERO),
            ("lease", |config| config.lease = Duration::MAX),
            ("grace", |config| config.grace = Duration::MAX),
            ("call_timeout", |config| config.call_timeout = Duration::MAX),
            ("sweep_every", |config| config.sweep_every = Duration::ZERO),
            ("worker_slots", |config| config.worker_slots = usize::MAX),
            ("max_calls", |config| config.max_calls = usize::MAX),
            ("max_waiters", |config| config.max_waiters = 0),
            ("node", |config| config.node = Some(String::new())),
            ("queues", |config| config.queues = Some(vec!["q".repeat(MAX_ID_BYTES + 1)])),
        ];
        assert!(check_config(&RuntimeConfig::default()).is_ok());
        for (name, change) in absurd {
            let mut changed = RuntimeConfig::default();
            change(&mut changed);
            assert_eq!(check_config(&changed).unwrap_err().0, name);
        }
    }

    #[test]
    fn a_tool_that_cannot_work_is_refused_by_the_name_of_the_value() {
        let made = |policy: TaskPolicy| Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(policy);
        let required = TaskPolicy::required;
        let absurd = [
            ("timeout", made(required()).timeout(Duration::MAX)),
            ("timeout", made(required()).timeout(Duration::ZERO)),
            ("queue", made(required().queue(""))),
            ("ttl", made(required().ttl(Duration::ZERO, Duration::MAX))),
            ("longest ttl", made(required().ttl(MILLISECOND, Duration::MAX))),
            ("retention", made(required().retain(Duration::MAX))),
            ("run timeout", made(required().run_timeout(Duration::MAX))),
            ("inline wait", made(required().inline_for(Duration::MAX))),
            ("poll interval", made(required().poll_interval(Duration::ZERO))),
        ];
        assert!(check_tool(&made(required())).is_ok());
        for (name, absurd) in absurd {
            assert_eq!(check_tool(&absurd).unwrap_err().0, name);
        }
    }
}
