//! The contract's rules in one line each, for the report of a failure.

/// The edition of the contract that this suite tests.
pub const EDITION: &str = "2026-1";

/// What the rule `id` promises; empty for a rule that no case is about.
pub(crate) fn text(id: &str) -> &'static str {
    RULES.iter().find(|(rule, _)| *rule == id).map_or("", |(_, text)| text)
}

const RULES: &[(&str, &str)] = &[
    (
        "A3",
        "one key ring a namespace; what it seals opens for its purpose, its caller and its data only, and single-use nonces once",
    ),
    (
        "C1",
        "values act on the scope of the call; what one call sets, the next of that scope reads on any node, and no other scope does",
    ),
    (
        "C2",
        "request-local values are of one call, shadow a stored value, and cost no store call; a stored set removes the shadow",
    ),
    ("C3", "a value that does not serialize changes nothing; a failing store is an error, never the default"),
    ("C4", "updates of a value lose none, from however many callers and nodes"),
    (
        "C5",
        "a session is its principal's alone, slides with every use, ends with its idle, absolute or initialization time, and ends on every node at once",
    ),
    ("C6", "a handle is opened by its principal only and lives as long as it was asked for and is used"),
    (
        "C7",
        "what is hidden is absent from lists and refused, on every node within 1 s; later rules win, and the server's over all",
    ),
    ("C8", "subscriptions of a session are a stored set of exact URIs and templates"),
    (
        "G1",
        "time is the store's: read once per operation after its locks, carried by every answer, never going back, exact from 1 ms to 100 years",
    ),
    ("G3", "a deadline at or before now means absent: for every operation, at once, swept or not"),
    ("G4", "a failure is a typed error that says whether it was applied; it is never reported as absent"),
    ("G5", "every call ends within its deadline with a value or a typed error, and holds up no other"),
    ("G6", "a caller that drops its future leaves the operation wholly applied or not, and no lock behind"),
    ("G7", "values are opaque bytes and read as they were put; ids and keys are opaque UTF-8 up to 512 bytes"),
    ("G8", "namespaces on one database never see each other"),
    ("G9", "owners are compared strictly; wrong owner, unknown and expired give the same answer"),
    (
        "G10",
        "linearizable per key and record over all nodes, serializable within a scope; versions, tokens and offsets never repeat",
    ),
    ("G11", "what a backend declares of itself holds"),
    ("G12", "limits are checked before anything is written and refused as TooLarge"),
    ("G13", "what exists throughout a walk appears exactly once; a deleted anchor is harmless; walks end"),
    (
        "G14",
        "a sweep removes expired data, reports each record once over all nodes, and correctness never depends on it",
    ),
    (
        "G16",
        "a damaged record is Corrupt for who asks for it and for nobody else: claims, lists and sweeps step over it, its neighbours lose nothing",
    ),
    ("R1", "a plain call has a timeout, a task a run timeout; waiting for the client counts in neither"),
    ("R2", "above a cap a request is refused as overloaded with a time to come back; running work is unharmed"),
    ("R3", "a panic ends its own call with a masked error and nothing else"),
    ("R4", "unexpected error text never reaches the wire; what an author raises for the model does"),
    ("R8", "what an author can get wrong cannot damage a record"),
    ("R9", "what only informs is never waited for and delays no lease"),
    ("R7", "an orderly close loses nothing that was acknowledged, and is idempotent"),
    ("S1", "a load is one snapshot; a touch moves the deadline to min(now + ttl, ends) only for more than its slack"),
    ("S2", "a commit is all or nothing; the first failed precondition is reported; a take has exactly one winner"),
    ("S3", "Existing never resurrects a scope; CreateIfMissing leaves a live one alone; CreateNew creates once"),
    ("S4", "present-and-empty, present-null and absent are three things"),
    ("S5", "deleting a scope removes all its keys at once and is idempotent"),
    ("S6", "puts to different keys of one scope never lose each other"),
    ("S7", "listing scopes is stable; counting is bounded and at most 1 s old"),
    ("T1", "an insert is readable on every node, idempotent by id and by key; the quota is exact under concurrency"),
    ("T2", "a claim raises version, claims and token; a renewal changes only the end of the lease"),
    ("T3", "of racing terminal writes exactly one wins and everyone sees that one"),
    ("T4", "each due task goes to exactly one claimer, by priority, due time and id; stale tokens are refused"),
    ("T5", "a lease that ends makes its task due by itself: never before its end, at most 2 s after"),
    (
        "T6",
        "at least once, with exactly one outcome; what never reruns is not run again; a store that does not answer is no outcome",
    ),
    (
        "T7",
        "questions are recorded under their keys; answers reach the task from any node, in parts, and invalid ones are refused",
    ),
    (
        "T8",
        "a cancelled task is terminal before the reply; its handler is told and then dropped; a late result changes nothing",
    ),
    ("T9", "a task's ttl counts from creation; a terminal write extends it to retain, never shortens it"),
    ("T14", "submission is all or nothing; a repeat after a lost answer finds itself"),
    ("T10", "listing is by owner and optionally status, newest first"),
    ("T11", "at most two writes of progress a second, the last one always lands, none outlives the end"),
    ("T12", "waiters on any node get the outcome once; a lost wake-up costs at most 1 s"),
    ("T13", "a stopping node hands back what may rerun and ends the rest; no task waits for a lease to run out"),
    ("T15", "a handler that runs again finds its answers, its results of once and its checkpoint, and nothing else's"),
    ("E1", "offsets rise strictly per topic in commit order as every reader sees it, also over re-creation"),
    ("E2", "a gap is told if anything after the offset may be gone; never a silent hole"),
    ("E3", "wake-ups are hints that reach listeners on any node"),
    ("E5", "from an acknowledged append on a live subscriber sees it, in order and once"),
    ("E7", "records are the truth: who was cut off or told of a gap looks at them again, and what still comes follows"),
    (
        "E4",
        "keep is a minimum by count and age, within its maximum in bytes, above which the oldest go first; topics that nobody writes disappear",
    ),
];
