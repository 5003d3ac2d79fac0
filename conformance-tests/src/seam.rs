/// The seam a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seam {
    /// `SessionStateStore`.
    Session,
    /// `TaskBackend`.
    Task,
    /// `EventLog`.
    Event,
}

impl Seam {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Session, Self::Task, Self::Event];

    /// As case ids and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Task => "task",
            Self::Event => "event",
        }
    }
}
