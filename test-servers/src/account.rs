//! Servers that refuse to run as root run as somebody else.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use crate::{ServerError, program};

/// Somebody else to be.
#[derive(Debug)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Whom a server has to run as: `None` for the one who runs the tests.
    pub(crate) fn of_servers() -> Result<Option<Self>, ServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").map_err(|error| ServerError::failed("/etc/passwd", error))?;
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::named(&accounts, name));
        found.map(Some).ok_or_else(|| ServerError::Failed("neither postgres nor nobody in /etc/passwd".to_owned()))
    }

    fn named(accounts: &str, name: &str) -> Option<Self> {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some(Self { user: numbers.next()?.parse().ok()?, group: numbers.next()?.parse().ok()? })
    }

    /// Gives it a file or folder.
    pub(crate) fn own(&self, path: &Path) -> Result<(), ServerError> {
        chown(path, Some(self.user), Some(self.group)).map_err(|error| ServerError::failed(path.display(), error))
    }

    /// The beginning of a command line that runs the rest of it as this account, in the same process.
    pub(crate) fn prefix(&self) -> Result<Vec<OsString>, ServerError> {
        let setpriv = program::find("setpriv", "util-linux")?;
        let arguments =
            [format!("--reuid={}", self.user), format!("--regid={}", self.group), "--clear-groups".to_owned()];
        Ok([setpriv.into()].into_iter().chain(arguments.map(OsString::from)).collect())
    }
}
