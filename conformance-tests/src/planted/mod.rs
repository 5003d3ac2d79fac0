//! Stores with one planted bug each, and the cases that must reject them: the suite is itself tested.

mod table;

pub use table::{PLANTED, Planted};
