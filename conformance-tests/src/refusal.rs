//! What a refusal looks like, for every seam (G4).

use std::fmt::Debug;

use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind};

use crate::brief::brief;
use crate::scene::Scene;

/// Reports anything but an error of `kind` that is known to have changed nothing.
pub(crate) fn refused<T: Debug>(scene: &Scene, what: &str, kind: StoreErrorKind, got: &Result<T, StoreError>) {
    match got {
        Err(error) if error.kind == kind && error.outcome == Outcome::NotApplied => {}
        other => scene.violation(format!("{what}: {kind:?}, not applied, was due; got {}", brief(other))),
    }
}
