//! Append-only topics and volatile wake-ups: the [`EventLog`] seam, and the [`EventBus`] over it.

mod announcer;
mod bus;
mod change_announcer;
mod changes;
mod hub;
mod listeners;
mod log;
mod mailbox;
mod pending;
mod read;
mod reader;
mod record;
mod session_stream;
mod subscription;

pub(crate) use announcer::Announcer;
pub use bus::EventBus;
pub(crate) use change_announcer::{Change, ChangeAnnouncer};
pub use changes::{Changes, List};
pub use hub::WakeHub;
pub use log::{EventLog, WakeStream};
pub use mailbox::Delivery;
pub use record::{Event, Keep, Offset, ReadFrom, TopicRead, Wake};
pub use session_stream::{KEEP_SESSION, session_topic};
pub use subscription::EventSubscription;
