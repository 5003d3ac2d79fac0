//! What the state verbs of a context come to.

mod values;
mod visibility;

pub(super) use values::StoredValues;
