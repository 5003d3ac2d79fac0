use std::fs;
use std::path::{Path, PathBuf};

use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind, StoreResult};
use rusqlite::Connection;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::private::files_of;
use super::{filesystem, refused};
use crate::error::Failure;

/// The file that a path means, links followed: SQLite puts the log beside that one, and the path may come to mean another.
pub(crate) fn resolve(path: &Path) -> StoreResult<PathBuf> {
    let shown = path.display();
    let invalid = |detail: String| Err(refused(StoreErrorKind::InvalidInput, detail));
    match path.to_str() {
        Some("") => return invalid("no file is named; for instance state.db or /var/lib/server/state.db".to_owned()),
        Some(":memory:") => {
            return invalid(format!("{shown} is no file; for state that ends with the process use the memory store"));
        }
        Some(text) if text.starts_with("file:") => {
            return invalid(format!("{shown}: SQLite's own URLs are not understood; give the path of a file"));
        }
        _ => {}
    }
    let mut file = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&file) else { break };
        file = folder_of(&file).join(target);
    }
    Ok(match (folder_of(&file).canonicalize(), file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file,
    })
}

/// As many links as the system follows.
const MAX_LINKS: usize = 40;

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Names what is wrong with a path before SQLite sees it.
///
/// It never opens the file: closing it again would drop the locks that other handles of this process hold on it.
pub(super) fn check(path: &Path) -> StoreResult<()> {
    let shown = path.display();
    let folder = folder_of(path);
    if !folder.is_dir() {
        let detail = format!("the folder {} does not exist: make it first", folder.display());
        return Err(refused(StoreErrorKind::Unavailable, detail));
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
        Ok(metadata) if metadata.is_dir() => {
            let detail = format!("{shown} is a folder: name a file in it, for instance {shown}/state.db");
            Err(refused(StoreErrorKind::Unsupported, detail))
        }
        Ok(metadata) if !metadata.is_file() => {
            Err(refused(StoreErrorKind::Unsupported, format!("{shown} is no ordinary file: name one, or a new one")))
        }
        Ok(_) => files_of(path).iter().try_for_each(|file| match fs::metadata(file) {
            Ok(metadata) if metadata.permissions().readonly() => Err(read_only(file)),
            _ => Ok(()),
        }),
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
            // The log's index is made before anything else, and has no code of its own for a full disk.
            _ if cause.extended_code == SQLITE_IOERR_SHMSIZE => return full(path, failure),
            rusqlite::ErrorCode::DiskFull => return full(path, failure),
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

fn full(path: &Path, failure: &Failure) -> StoreError {
    let shown = path.display();
    let detail = format!("{shown} cannot be opened, its disk or its limit is full ({failure}): free some space");
    refused(StoreErrorKind::StorageFull, detail)
}
