//! Stores with one planted bug each, and the cases that must reject them: the suite is itself tested.

mod faulty;
mod table;

pub(crate) use faulty::Faulty;
pub use table::{PLANTED, Planted};
