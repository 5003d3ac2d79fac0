use std::fmt;

/// Why a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// This signal came.
    Signal(&'static str),
    /// The client ended standard input.
    InputEnded,
    /// The client closed standard output.
    OutputClosed,
    /// The client no longer read what it was sent.
    Unread,
    /// The client did not open a connection in order.
    BadClient,
    /// The application asked for it.
    Asked,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signal(signal) => signal,
            Self::InputEnded => "the input ended",
            Self::OutputClosed => "the output was closed",
            Self::Unread => "the client stopped reading",
            Self::BadClient => "the client did not open a connection",
            Self::Asked => "the application",
        })
    }
}
