use std::fmt;
use std::io::{self, Write};

/// What a row has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Ours over theirs.
    Ratio(f64),
    /// Ours alone, in the row's unit.
    AtMost(f64),
    /// Ours over theirs, where less is better.
    RatioAtMost(f64),
    /// None: the row says where another row's number stands.
    Shown,
}

/// How a number reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Microseconds,
    Bytes,
    Count,
}

/// One line of the report.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) ours: f64,
    /// The other side of the same run; `None` where a target stands alone.
    pub(crate) theirs: Option<f64>,
    pub(crate) target: Target,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.theirs.map(|theirs| self.ours / theirs)
    }

    /// Pass, short, or why neither can be said.
    fn verdict(&self) -> &'static str {
        let met = match self.target {
            Target::Ratio(least) => self.ratio().map(|ratio| ratio >= least),
            Target::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Target::AtMost(most) => Some(self.ours <= most),
            Target::Shown => return "-",
        };
        match met {
            Some(true) => "pass",
            Some(false) => "short",
            None => "not measured: the other side is missing",
        }
    }

    /// Prints the head of the table.
    pub(crate) fn print_head(out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{:<54} {:>12} {:>12} {:>8} {:>12}  verdict", "row", "ours", "theirs", "ratio", "target")
    }

    /// Prints the row.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let theirs = self.theirs.map_or_else(|| "-".to_owned(), |theirs| self.unit.show(theirs));
        let ratio = self.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let target = match self.target {
            Target::Ratio(least) => format!(">= {least:.2}"),
            Target::RatioAtMost(most) => format!("<= {most:.2}"),
            Target::AtMost(most) => format!("<= {}", self.unit.show(most)),
            Target::Shown => "-".to_owned(),
        };
        let verdict = self.verdict();
        let ours = self.unit.show(self.ours);
        writeln!(out, "{:<54} {ours:>12} {theirs:>12} {ratio:>8} {target:>12}  {verdict}", self.name)?;
        out.flush()
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond if value >= 1e6 => format!("{:.2}M/s", value / 1e6),
            Self::PerSecond if value >= 1e4 => format!("{:.1}k/s", value / 1e3),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Milliseconds => format!("{value:.3}ms"),
            Self::Microseconds => format!("{value:.1}us"),
            Self::Bytes if value >= f64::from(1 << 20) => format!("{:.1}MiB", value / f64::from(1 << 20)),
            Self::Bytes if value >= 1e4 => format!("{:.1}KiB", value / 1024.0),
            Self::Bytes => format!("{value:.0}B"),
            Self::Count => format!("{value:.3}"),
        }
    }
}

/// What stopped a row.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error(transparent)]
    Store(#[from] fastestmcp_core::error::StoreError),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Server(#[from] fastestmcp_test_servers::ServerError),
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Join(#[from] tokio::task::JoinError),
    #[error("{0}")]
    Wrong(String),
}

impl BenchError {
    /// The final state is not what the run wrote.
    pub(crate) fn wrong(what: impl fmt::Display) -> Self {
        Self::Wrong(what.to_string())
    }
}

pub(crate) type BenchResult<T> = Result<T, BenchError>;
