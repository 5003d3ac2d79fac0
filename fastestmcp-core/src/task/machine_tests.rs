use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Under these rules.
fn apply(policy: &RunPolicy, mut task: Snapshot, event: TaskEvent) -> Result<Step, Rejected> {
    task.state.policy = *policy;
    super::apply(task, event)
}

const NOW: StoreTime = StoreTime::from_millis(1_000_000);

fn policy(rerun: Rerun) -> RunPolicy {
    RunPolicy {
        rerun,
        run_timeout_ms: 60_000,
        input_timeout_ms: 10_000,
        on_input_timeout: OnInputTimeout::Decline,
        retain_ms: 3_600_000,
    }
}

fn fresh(claims: u32) -> Snapshot {
    Snapshot { status: TaskStatus::Working, claims, leased: true, state: TaskState::default() }
}

fn confirm() -> InputRequest {
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]});
    InputRequest { method: "elicitation/create".into(), params: json!({"message": "?", "requestedSchema": schema}) }
}

fn after(task: &Snapshot, step: Step) -> Snapshot {
    let leased = matches!(step.then, Then::KeepLease) && task.leased;
    Snapshot { status: step.status, claims: task.claims, leased, state: step.state }
}

#[test]
fn a_poison_task_starts_exactly_max_attempts_times_and_is_then_a_dead_letter() {
    let policy = policy(Rerun::Always { max_attempts: 3 });
    for claims in 1..=3 {
        assert_eq!(apply(&policy, fresh(claims), TaskEvent::Claimed(NOW)), Err(Rejected::Unchanged));
    }
    let step = apply(&policy, fresh(4), TaskEvent::Claimed(NOW)).unwrap();
    assert_eq!(step.status, TaskStatus::DeadLetter);
}

#[test]
fn a_task_that_never_reruns_fails_when_its_worker_is_lost_after_it_started() {
    let policy = policy(Rerun::Never);
    let started = after(&fresh(1), apply(&policy, fresh(1), TaskEvent::Started).unwrap());
    let reclaimed = Snapshot { claims: 2, leased: true, ..started };
    let step = apply(&policy, reclaimed, TaskEvent::Claimed(NOW)).unwrap();
    assert_eq!(step.status, TaskStatus::Failed);
    assert_eq!(step.state.outcome, Some(TaskOutcome::Error(RpcError::internal("worker lost"))));
    assert_eq!(apply(&policy, fresh(9), TaskEvent::Claimed(NOW)), Err(Rejected::Unchanged), "not started: redelivered");
}

#[test]
fn a_leg_that_waited_is_not_an_attempt() {
    let policy = policy(Rerun::Always { max_attempts: 1 });
    let asked = TaskEvent::Asked(BTreeMap::from([("k".into(), confirm())]), NOW);
    let task = after(&fresh(1), apply(&policy, fresh(1), asked).unwrap());
    let parked = apply(&policy, task.clone(), TaskEvent::Parked(NOW)).unwrap();
    assert_eq!(parked.then, Then::Waiting { at_most: Some(Duration::from_secs(10)) });
    let task = after(&task, parked);
    let answer = BTreeMap::from([("k".to_owned(), json!({"action": "accept", "content": {"ok": true}}))]);
    let answered = apply(&policy, task.clone(), TaskEvent::Answered(answer)).unwrap();
    assert_eq!(answered.then, Then::Runnable { delay: Duration::ZERO });
    let task = Snapshot { claims: 2, leased: true, ..after(&task, answered) };
    assert_eq!(apply(&policy, task, TaskEvent::Claimed(NOW)), Err(Rejected::Unchanged), "runs again");
}

#[test]
fn an_unanswered_wait_is_declined_or_fails_by_policy() {
    let mut policy = policy(Rerun::Always { max_attempts: 3 });
    let asked = TaskEvent::Asked(BTreeMap::from([("k".into(), confirm())]), NOW);
    let task = after(&fresh(1), apply(&policy, fresh(1), asked).unwrap());
    let before = NOW.after(Duration::from_millis(9_999));
    assert_eq!(apply(&policy, task.clone(), TaskEvent::Claimed(before)), Err(Rejected::Unchanged));
    let at = NOW.after(Duration::from_secs(10));
    let declined = apply(&policy, task.clone(), TaskEvent::Claimed(at)).unwrap();
    assert_eq!(declined.state.journal.inputs["k"].answer, Some(json!({"action": "decline"})));
    policy.on_input_timeout = OnInputTimeout::Fail;
    assert_eq!(apply(&policy, task, TaskEvent::Claimed(at)).unwrap().status, TaskStatus::Failed);
}

#[test]
fn a_key_stands_for_one_request_only() {
    let policy = policy(Rerun::Never);
    let ask = |request| TaskEvent::Asked(BTreeMap::from([("k".into(), request)]), NOW);
    let task = after(&fresh(1), apply(&policy, fresh(1), ask(confirm())).unwrap());
    assert_eq!(apply(&policy, task.clone(), ask(confirm())), Err(Rejected::Unchanged));
    let other = InputRequest { method: "elicitation/create".into(), params: json!({"message": "!"}) };
    assert_eq!(apply(&policy, task, ask(other)), Err(Rejected::KeyReused("k".into())));
}

#[test]
fn a_redelivered_handler_that_asks_again_waits_again() {
    let policy = policy(Rerun::Always { max_attempts: 3 });
    let ask = || TaskEvent::Asked(BTreeMap::from([("k".into(), confirm())]), NOW);
    let waiting = after(&fresh(1), apply(&policy, fresh(1), ask()).unwrap());
    assert_eq!(apply(&policy, Snapshot { claims: 2, ..waiting.clone() }, ask()), Err(Rejected::Unchanged));
    let detached = Snapshot { status: TaskStatus::Working, ..waiting };
    assert_eq!(apply(&policy, detached, ask()).unwrap().status, TaskStatus::InputRequired);
}

fn any_event() -> impl Strategy<Value = TaskEvent> {
    let key = prop_oneof![Just("a".to_owned()), Just("b".to_owned())];
    let good = json!({"action": "accept", "content": {"ok": true}});
    let answer = prop_oneof![Just(good), Just(json!({"action": "decline"})), Just(json!({"action": "accept"}))];
    let now = (0u64..40_000).prop_map(|ms| NOW.after(Duration::from_millis(ms)));
    prop_oneof![
        now.clone().prop_map(TaskEvent::Claimed),
        Just(TaskEvent::Started),
        Just(TaskEvent::Progressed(Progress { progress: 1.0, total: None, message: None })),
        (key.clone(), 0..9).prop_map(|(key, n)| TaskEvent::Recorded { key, value: json!(n) }),
        (0..9).prop_map(|n| TaskEvent::Checkpointed(json!(n))),
        (key.clone(), now.clone()).prop_map(|(key, now)| TaskEvent::Asked(BTreeMap::from([(key, confirm())]), now)),
        (key, answer).prop_map(|(key, answer)| TaskEvent::Answered(BTreeMap::from([(key, answer)]))),
        now.clone().prop_map(TaskEvent::Parked),
        Just(TaskEvent::InputTimedOut(NOW)),
        Just(TaskEvent::Finished(TaskOutcome::Result(json!({"content": []})))),
        Just(TaskEvent::RetryAsked(Duration::from_secs(1))),
        now.prop_map(|now| TaskEvent::HandedBack(now, Duration::ZERO)),
        Just(TaskEvent::Cancelled),
    ]
}

proptest! {
    /// No sequence of events leaves a terminal status, loses an answer or a recorded result, or forgets an attempt.
    #[test]
    fn whatever_happens_the_promises_hold(
        events in proptest::collection::vec(any_event(), 1..40),
        rerun in prop_oneof![Just(Rerun::Never), (1u32..4).prop_map(|max_attempts| Rerun::Always { max_attempts })],
    ) {
        let policy = policy(rerun);
        let mut task = Snapshot { leased: false, ..fresh(0) };
        for event in events {
            if matches!(event, TaskEvent::Claimed(_)) {
                task.claims += 1;
                task.leased = true;
            }
            let before = task.clone();
            let Ok(step) = apply(&policy, task.clone(), event) else { continue };
            prop_assert!(!before.status.is_terminal(), "left a terminal status");
            prop_assert_eq!(step.status.is_terminal(), matches!(step.then, Then::Terminal { .. }));
            prop_assert_eq!(step.status.is_terminal(), step.state.outcome.is_some());
            if !step.status.is_terminal() {
                for (key, input) in &before.state.journal.inputs {
                    if input.answer.is_some() {
                        prop_assert_eq!(Some(input), step.state.journal.inputs.get(key), "lost an answer");
                    }
                }
                for (key, value) in &before.state.journal.once {
                    prop_assert_eq!(Some(value), step.state.journal.once.get(key), "lost a recorded result");
                }
                let waiting = step.state.journal.is_waiting();
                prop_assert_eq!(step.status == TaskStatus::InputRequired, waiting, "status and journal disagree");
            }
            prop_assert!(step.state.credits >= before.state.credits);
            task = after(&before, step);
        }
    }
}
