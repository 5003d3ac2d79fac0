/// One way to be wrong, each seen in a real store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Preconditions are checked first and the write happens later.
    CheckThenAct,
    /// The first read after a write still shows what was there before it.
    StaleRead,
    /// A read takes for gone what a write that is about to be committed keeps alive.
    AbsentTooSoon,
    /// A load of several keys reads them one by one.
    TornLoad,
    /// Versions count per key and start again after a delete.
    VersionReuse,
    /// A touch revives a scope that has expired.
    ResurrectAfterExpiry,
    /// A write to an existing scope creates it if it was deleted.
    ResurrectAfterDelete,
    /// Durations are cut to whole seconds.
    TtlInSeconds,
    /// Durations are kept in 32 bits of milliseconds.
    TtlIn32Bits,
    /// What has a deadline is still there at the deadline itself.
    LateBoundary,
    /// Each node computes deadlines with its own clock.
    CallersClock,
    /// Pages are found by counting rows.
    PageByOffset,
    /// A walk whose anchor is gone starts again.
    PageRestart,
    /// An owner sees every owner whose name starts with its own.
    OwnerPrefix,
    /// Scope and key are joined with `::`.
    UnescapedJoin,
    /// Creating a scope that exists succeeds.
    UpsertScope,
    /// Inserting a task that exists replaces it.
    UpsertTask,
    /// A closed task takes any write.
    TerminalOverwrite,
    /// The holder of any token may write.
    NoFencing,
    /// Whoever once held a lease may hand it back.
    ReleaseWithoutToken,
    /// A take is a read and then a delete.
    TakeInTwoSteps,
    /// A write is acknowledged before it can survive a crash.
    AckBeforeDurable,
    /// An orderly close loses the newest write.
    CloseLosesTheNewest,
    /// Offsets are drawn first and events become visible later.
    EventHole,
    /// A reader of trimmed events is told nothing.
    SilentGap,
    /// A maximum in bytes is ignored.
    MaximumIgnored,
    /// The oldest event goes as soon as the maximum is reached.
    MaximumIsExclusive,
    /// Above the maximum the newest events go first.
    MaximumDropsTheNewest,
    /// An event that is larger than the maximum goes although it is the newest.
    MaximumSparesNothing,
    /// A reader of events that went for the maximum is told nothing.
    MaximumDropsSilently,
    /// With a maximum, events go that are beyond the count, however young they are.
    MaximumLiftsMinimum,
    /// Only a few of the events go that are above the maximum, and the rest with later appends.
    MaximumInSteps,
    /// A topic that is made again counts from the beginning.
    OffsetsRestart,
    /// The quota is counted first and the insert happens later.
    QuotaOutsideLock,
    /// The clock is read before the wait for the lock.
    ClockBeforeLock,
    /// A renewal raises the version.
    RenewBumpsVersion,
    /// A refused commit takes the one before it with it.
    NeighbourRolledBack,
    /// An idempotency key matches whatever was asked.
    IdempotencyIgnoresDigest,
    /// A task can be claimed shortly before its lease ends.
    EarlyReclaim,
    /// A write that may have been applied is reported as not applied.
    UnknownAsNotApplied,
    /// A write that never left the node is reported as of unknown outcome.
    NotAppliedAsUnknown,
    /// An operation waits for its answer however long that takes.
    NoDeadline,
    /// A listener whose connection was lost goes on as if nothing had been missed.
    SilentReconnect,
    /// A read that fails is answered as if nothing were there.
    FailureAsAbsent,
    /// An answer may have any size.
    AnswersWithoutBound,
    /// A System scope whose only key is empty counts as empty.
    EmptyKeyIsNothing,
    /// Namespaces share their data.
    SharedNamespaces,
    /// A claim that meets a damaged record fails.
    DamageFailsClaims,
    /// A claim that meets a damaged record answers with what came before it; what came after is leased all the same.
    DamageStrandsNeighbours,
    /// A damaged record stays due, and every claim names it again.
    DamageStaysDue,
    /// A renewal of several leases fails if one of the records is damaged.
    DamageFailsRenewals,
    /// A damaged record is answered as if it were not there.
    DamageAsAbsent,
    /// A page that would show a damaged record fails.
    DamageFailsLists,
    /// A walk ends at a damaged record.
    DamageEndsWalks,
    /// The tasks of an owner cannot be counted while one of them is damaged.
    DamageFailsQuotas,
    /// A damaged entry makes the whole scope unreadable.
    DamageSpreadsToScope,
    /// A damaged scope cannot be deleted.
    DamagedScopeStays,
    /// A sweep stops while anything is damaged.
    DamageStopsSweeps,
    /// A sweep goes by the deadline that a scope was made with, however often it was touched.
    SweepByFirstDeadline,
    /// A sweep goes by the first ttl that a key had.
    SweepByFirstTtl,
    /// A scope goes with the last of its keys that a sweep removes.
    SweepTakesEmptiedScope,
    /// Scopes are counted by the deadlines that they were made with.
    CountByFirstDeadline,
    /// A sweep removes any number of rows.
    SweepIgnoresRows,
    /// A sweep removes any number of bytes.
    SweepIgnoresBytes,
    /// A sweep that its budget ended says that it is through.
    SweepSaysDone,
    /// What one node swept is reported again by the next that sweeps.
    SweepReportsAgain,
    /// A sweep leaves what has expired.
    SweepLeavesAll,
    /// The entries of a deleted scope are never removed.
    OrphanEntries,
    /// Parts of a removed task are never removed.
    OrphanTasks,
    /// The events of a topic that vanished are never removed.
    OrphanEvents,
    /// Nothing is ever trimmed.
    TrimsNever,
    /// Trimming a topic that has many more events than it must keep goes by their number alone.
    TrimIgnoresAge,
    /// Trimming a topic that has many more events than it must keep takes more than those.
    TrimIgnoresCount,
    /// A reader of what was trimmed from a topic with many events is told nothing.
    TrimsSilently,
    /// An append trims by what the append before it was to keep.
    TrimsByOldKeep,
    /// A topic vanishes by its first append, however often it was written since.
    TopicEndNotPostponed,
    /// A topic that is to be kept less long than before is kept as long as before.
    TopicEndOnlyPostponed,
    /// Topics vanish in the order of their appends.
    TopicsVanishInTurn,
    /// What is known of topics that vanished is that of the last one.
    VanishedMarkFalls,
    /// A topic that was never seen has nothing to show, whoever asks.
    UnknownTopicIsEmpty,
    /// A read whose answer has no room goes on behind what it left out.
    CutAnswerSkips,
    /// A page that had no room for more is the last one.
    CutPageEndsWalk,
    /// A claim whose answer has no room leases the rest all the same.
    CutClaimLeasesAll,
    /// A claim whose answer has no room says that nothing is due.
    CutClaimHidesDue,
    /// A page on which no row fits is the last one.
    EmptyPageEndsWalk,
    /// A claim goes through its queues one by one.
    QueuesOneByOne,
    /// A queue that is named twice is claimed twice.
    QueueNamedTwice,
    /// An idempotency key goes with an expired holder that is swept, whoever has it by then.
    SweepTakesKey,
    /// An idempotency key goes with an expired holder that is inserted again, whoever has it by then.
    InsertTakesKey,
    /// Scopes of all namespaces are listed.
    ForeignScopes,
    /// Scopes of all namespaces are counted.
    ForeignCount,
    /// Deleting a scope deletes it in all namespaces.
    ForeignDelete,
    /// A sweep removes what has expired in any namespace.
    ForeignSweep,
    /// Entries of all namespaces are listed.
    ForeignEntries,
    /// An idempotency key is taken in all namespaces.
    ForeignKey,
    /// The open tasks of all namespaces count for a quota.
    ForeignQuota,
    /// Tasks of all namespaces are listed.
    ForeignTasks,
    /// Tasks of all namespaces are claimed.
    ForeignClaim,
    /// The next due task is that of all namespaces.
    ForeignDue,
    /// A topic that vanishes leaves a mark on all namespaces.
    ForeignMark,
    /// A wake-up is heard in all namespaces.
    ForeignWake,
    /// Answers carry no time.
    AnswersWithoutTime,
    /// Names that differ in case are one.
    NamesFoldCase,
    /// Scopes of different kinds with one id are one.
    KindsShareIds,
    /// A value ends at its first NUL.
    ValuesCutAtNul,
    /// An empty value is no value.
    EmptyIsAbsent,
    /// Nothing is too large, too long or invalid.
    LimitsUnchecked,
    /// An error shows what was sent.
    ErrorsTellValues,
    /// Of loads at once, one gets the answer of another.
    LoadsShareAnswers,
    /// A load whose caller went leaves its lock behind.
    LoadLeavesLock,
    /// The operations of one commit are applied one by one.
    CommitsInSteps,
    /// Nodes wait for each other's operations.
    OneAtATime,
    /// What became of a commit's operations is answered in another order.
    AnswersInReverse,
    /// A mismatch does not tell what is stored.
    MismatchHidesCurrent,
    /// A scope that is not missing is made anew.
    CreateIfMissingMakesAnew,
    /// A commit that is refused has created its scope.
    RefusedCommitCreates,
    /// A System scope that holds nothing does not exist.
    SystemScopesMustBeMade,
    /// A put without a ttl leaves the old one.
    TtlSurvivesPut,
    /// Deleting a scope says that it was there, and leaves it.
    DeletesNothing,
    /// A scope that is made again has the keys of the one that was deleted.
    DeletedKeysComeBack,
    /// A commit writes the whole scope as it was read.
    WholeScopeWrites,
    /// Versions have all 64 bits.
    VersionsAbove53Bits,
    /// A touch of an absent scope creates it.
    TouchCreates,
    /// A touch moves the deadline to an earlier time.
    TouchShortens,
    /// A touch is answered, and not written.
    TouchIsLost,
    /// A count goes on above its bound.
    CountIsUnbounded,
    /// Scopes are listed by the deadlines that they were made with.
    ListByFirstDeadline,
    /// The row after a full page is on no page.
    PageSkipsOne,
    /// A position of another listing is taken for a damaged record.
    PositionIsDamage,
    /// An orderly restart loses the newest write.
    RestartLosesTheNewest,
    /// Versions, tokens and offsets start again after a crash.
    CrashRestartsNumbers,
    /// The store's time stands still.
    ClockStands,
    /// A claim gets one task more than it asked for.
    ClaimIgnoresLimit,
    /// A claim leaves the version.
    ClaimKeepsVersion,
    /// An idempotency key does nothing.
    KeyIgnored,
    /// Closed tasks count for the quota.
    QuotaCountsClosed,
    /// A quota of nothing is no quota.
    QuotaOfZeroIsNone,
    /// A status has seven bits.
    StatusIn7Bits,
    /// A list shows tasks of any status.
    StatusFilterIgnored,
    /// A get answers with everything there is of a task.
    PartIgnored,
    /// Whoever knows an id may read its task.
    OwnerUnchecked,
    /// A terminal write shortens a task's life to its retain.
    RetainShortens,
    /// Versions count per task and start again with it.
    TaskVersionsCount,
    /// The next due task is that of the first queue.
    DueOfFirstQueue,
    /// A claim that comes too late gets what another got.
    ClaimsTwice,
    /// Tasks of a claim whose caller went are never due again.
    DroppedClaimStrands,
    /// The events of one append are appended one by one.
    AppendsOneByOne,
    /// An append answers with the offsets after its own.
    OffsetsOneTooHigh,
    /// An append on one of the nodes answers with offsets one below its own.
    OffsetsOneTooLow,
    /// The event after the tail is not read from there.
    TailSkipsNext,
    /// The oldest of the events that must be kept by their number goes.
    KeepsOneLess,
    /// Events go at half the age that they are to be kept for.
    KeepsHalfAsLong,
    /// What another node appended is not there for the first read.
    EventsAppearLate,
    /// After a full read the next event is not read.
    LimitedReadSkips,
    /// Topics are answered in the order of their names.
    TopicsAnsweredByName,
    /// Wake-ups are not sent.
    WakesNobody,
}
