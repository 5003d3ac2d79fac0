use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// How often each operation of the seams was called, by `seam.operation`.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Calls {
    pub(super) fn count(&self, operation: &'static str) {
        *self.0.lock().entry(operation).or_default() += 1;
    }

    pub(super) fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}
