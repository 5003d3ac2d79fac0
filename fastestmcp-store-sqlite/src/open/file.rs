use std::fs;
use std::path::Path;

use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind, StoreResult};
use rusqlite::Connection;

use super::{filesystem, refused};
use crate::error::Failure;

/// Names what is wrong with a path before SQLite sees it.
///
/// It never opens the file: closing it again would drop the locks that other handles of this process hold on it.
pub(super) fn check(path: &Path) -> StoreResult<()> {
    let shown = path.display();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(refused(StoreErrorKind::Unavailable, format!("the folder {} does not exist", folder.display())));
    }
    if let Some(kind) = filesystem::network_kind_of(folder) {
        let detail = format!("{shown} is on a network file system ({kind}), where SQLite's locks and log are not safe");
        return Err(refused(StoreErrorKind::Unsupported, detail));
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(refused(StoreErrorKind::Unavailable, format!("{shown} cannot be looked at: {error}")).caused_by(error))
        }
        Ok(metadata) if metadata.is_dir() => Err(refused(StoreErrorKind::Unsupported, format!("{shown} is a folder"))),
        Ok(metadata) if metadata.permissions().readonly() => Err(read_only(path)),
        Ok(_) => Ok(()),
    }
}

/// SQLite opens a file that it may not write without a word.
pub(super) fn check_writable(connection: &Connection, path: &Path) -> Result<StoreResult<()>, Failure> {
    Ok(if connection.is_readonly("main")? { Err(read_only(path)) } else { Ok(()) })
}

/// What went wrong with a file, in words that name it.
pub(super) fn explain(path: &Path, failure: &Failure) -> StoreError {
    let shown = path.display();
    if let Failure::Sqlite(rusqlite::Error::SqliteFailure(cause, _)) = failure {
        match cause.code {
            rusqlite::ErrorCode::NotADatabase => return not_sqlite(path),
            rusqlite::ErrorCode::ReadOnly => return read_only(path),
            rusqlite::ErrorCode::CannotOpen => {
                let detail = format!("{shown} cannot be opened: its folder must be writable, too ({failure})");
                return refused(StoreErrorKind::Unavailable, detail);
            }
            _ => {}
        }
    }
    let mut error = failure.to_error("open", Outcome::NotApplied);
    error.detail = match error.kind {
        StoreErrorKind::Corrupt => format!("{shown} is damaged: {failure}"),
        _ => format!("{shown}: {failure}"),
    };
    error
}

fn read_only(path: &Path) -> StoreError {
    refused(
        StoreErrorKind::Unsupported,
        format!("{} is read-only; the file and its folder must be writable", path.display()),
    )
}

fn not_sqlite(path: &Path) -> StoreError {
    refused(StoreErrorKind::Corrupt, format!("{} is not a SQLite database", path.display()))
}
