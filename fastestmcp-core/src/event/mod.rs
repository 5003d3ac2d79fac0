//! Append-only topics and volatile wake-ups: the [`EventLog`] seam.

mod bus;
mod hub;
mod log;
mod record;

pub use bus::{Delivery, EventBus, EventSubscription};
pub use hub::WakeHub;
pub use log::{EventLog, WakeStream};
pub use record::{Event, Keep, Offset, ReadFrom, TopicRead, Wake};
