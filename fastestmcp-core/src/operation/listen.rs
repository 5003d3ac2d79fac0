use super::Slot;

/// `subscriptions/listen`, and every other stream that a client keeps open to hear of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listen {}

/// Room for such a stream, given back when it is dropped.
#[derive(Debug)]
#[must_use = "its room is given back when it is dropped"]
pub struct Listening {
    _slots: Vec<Slot>,
}

impl Listening {
    pub(crate) const fn new(slots: Vec<Slot>) -> Self {
        Self { _slots: slots }
    }
}
