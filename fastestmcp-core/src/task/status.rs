use crate::record::Unreadable;

/// Where a task is. Stored as a number that backends only filter by; the wire's word depends on the protocol era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Queued or running.
    Working,
    /// Waiting for the client's input.
    InputRequired,
    /// Ended with a result.
    Completed,
    /// Ended with a result that is marked `isError`: `failed` on the 2025 wire, `completed` on 2026-07-28.
    ToolError,
    /// Ended with a JSON-RPC error.
    Failed,
    /// Cancelled by its owner.
    Cancelled,
    /// Failed because all its attempts were lost; an operator can requeue it. `failed` on the wire.
    DeadLetter,
}

impl TaskStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Working,
        Self::InputRequired,
        Self::Completed,
        Self::ToolError,
        Self::Failed,
        Self::Cancelled,
        Self::DeadLetter,
    ];

    /// The stored number, stable over releases.
    pub const fn code(self) -> u8 {
        match self {
            Self::Working => 0,
            Self::InputRequired => 1,
            Self::Completed => 2,
            Self::ToolError => 3,
            Self::Failed => 4,
            Self::Cancelled => 5,
            Self::DeadLetter => 6,
        }
    }

    /// The status of a stored number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The status of a stored number.
    ///
    /// # Errors
    /// A newer binary gave it.
    pub fn decode(code: u8) -> Result<Self, Unreadable> {
        Self::from_code(code).ok_or(Unreadable::Status(code))
    }

    /// Whether it never changes again.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Working | Self::InputRequired)
    }
}
