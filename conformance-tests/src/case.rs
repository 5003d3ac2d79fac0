//! One row of the case table.

use std::fmt;

use futures_util::future::LocalBoxFuture;

use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::seam::Seam;

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
            seam: $crate::seam::Seam::$seam,
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
