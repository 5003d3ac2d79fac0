//! One row of the case table.

use std::fmt;

use fastestmcp_core::error::StoreError;
use futures_util::future::LocalBoxFuture;

use crate::harness::HarnessError;
use crate::scene::Scene;

/// The seam a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seam {
    /// `SessionStateStore`.
    Session,
    /// `TaskBackend`.
    Task,
    /// `EventLog`.
    Event,
}

impl Seam {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Session, Self::Task, Self::Event];

    /// As case ids and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Task => "task",
            Self::Event => "event",
        }
    }
}

/// Whether every backend is held to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Always.
    Must,
    /// If the backend declares that its writes survive the death of the process (G11).
    IfDurable,
}

impl Level {
    /// As reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::IfDurable => "if durable",
        }
    }
}

/// Why a case ended before its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It cannot be tried here.
    Skip(String),
    /// The harness failed.
    Harness(String),
    /// The store failed where a value was due.
    Store(StoreError),
    /// The store gave another value than the one that the rest of the case needs.
    Wrong(String),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HarnessError> for Halt {
    fn from(error: HarnessError) -> Self {
        match error {
            HarnessError::Unsupported(reason) => Self::Skip(reason),
            HarnessError::Failed(detail) => Self::Harness(detail),
        }
    }
}

/// How a case ends. What it found is in its scene.
pub(crate) type CaseResult = Result<(), Halt>;

/// One promise and the way to try it.
pub struct Case {
    /// Unique and stable, for instance `task.lease.stale_token_rejected`.
    pub id: &'static str,
    /// The contract's rule, for instance `T4`.
    pub rule: &'static str,
    /// Whether every backend is held to it.
    pub level: Level,
    /// The seam.
    pub seam: Seam,
    pub(crate) run: for<'a> fn(&'a Scene) -> LocalBoxFuture<'a, CaseResult>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.rule)
    }
}

/// The cases of one file: seam, common start of the ids, then `rule: function` rows. A row `rule if durable: function`
/// holds only backends that declare durability.
macro_rules! cases {
    ($seam:ident, $prefix:literal; $($rule:literal $(if $durable:ident)? : $run:ident),+ $(,)?) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            id: concat!($prefix, ".", stringify!($run)),
            rule: $rule,
            level: $crate::case::level!($($durable)?),
            seam: $crate::case::Seam::$seam,
            run: |scene| Box::pin($run(scene)),
        }),+];
    };
}

macro_rules! level {
    () => {
        $crate::case::Level::Must
    };
    (durable) => {
        $crate::case::Level::IfDurable
    };
}

pub(crate) use {cases, level};
