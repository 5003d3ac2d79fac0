/// The seam a case is about, or what is derived from all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seam {
    /// `SessionStateStore`.
    Session,
    /// `TaskBackend`.
    Task,
    /// `EventLog`.
    Event,
    /// The runtime, on all three.
    Runtime,
}

impl Seam {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Session, Self::Task, Self::Event, Self::Runtime];

    /// As case ids and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Task => "task",
            Self::Event => "event",
            Self::Runtime => "runtime",
        }
    }
}
