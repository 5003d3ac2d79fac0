//! Append-only topics and volatile wake-ups: the [`EventLog`] seam.

mod log;
mod record;

pub use log::{EventLog, WakeStream};
pub use record::{Event, Keep, Offset, ReadFrom, TopicRead, Wake};
