//! What the state verbs of a context come to.

mod values;

pub(super) use values::StoredValues;
