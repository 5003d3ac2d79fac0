//! Recorded concurrent histories and what must be true of them (G10). Nothing here knows a store.

mod append;
mod linear;
mod order;
mod step;

pub(crate) use append::{Append, anomalies};
pub(crate) use linear::{Linear, linearizable};
pub(crate) use order::out_of_order;
pub(crate) use step::{Seen, Step, Stopwatch, What};
