//! Files that only their owner reads (G17): sessions, arguments, results and keys are in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use parking_lot::Mutex;

use super::refused;

/// Held while a file is made and while one is opened: whoever closes a file that SQLite has open in this process takes
/// SQLite's locks on it away, and making one closes it again.
pub(super) static OPENING: Mutex<()> = Mutex::new(());

/// A database, its log and the log's index.
pub(crate) fn files_of(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        path.into()
    })
}

/// Makes a missing file, readable by its owner only from its first moment on. SQLite gives its log and the log's index
/// the same mode.
pub(super) fn create(path: &Path) -> StoreResult<()> {
    let _alone = OPENING.lock();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // It is not opened then.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            let shown = path.display();
            let (kind, remedy) = match error.kind() {
                ErrorKind::StorageFull => (StoreErrorKind::StorageFull, "free some space on its disk"),
                ErrorKind::PermissionDenied => (StoreErrorKind::Unavailable, "its folder must be writable"),
                ErrorKind::ReadOnlyFilesystem => {
                    (StoreErrorKind::Unsupported, "its file system is mounted read-only: put it on another one")
                }
                _ => (StoreErrorKind::Unavailable, "mend that, or name another file"),
            };
            Err(refused(kind, format!("{shown} cannot be created ({error}): {remedy}")).caused_by(error))
        }
    }
}

/// Takes what others may do with an existing file away, and says so. Where that cannot be done (the file is another
/// user's, or its file system knows no modes) the operator is told: whoever can read it now could so far.
#[cfg(unix)]
pub(super) fn tighten(database: &Path) {
    use std::os::unix::fs::PermissionsExt;

    for path in files_of(database) {
        let mode = || fs::metadata(&path).map(|metadata| metadata.permissions().mode() & 0o777);
        let Ok(before) = mode() else { continue };
        if before & 0o077 == 0 {
            continue;
        }
        let changed = fs::set_permissions(&path, fs::Permissions::from_mode(before & 0o700));
        let (file, before) = (path.display(), format!("{before:o}"));
        match (changed, mode()) {
            (Ok(()), Ok(now)) if now & 0o077 == 0 => {
                tracing::warn!(%file, before, "the file could be read by others; from now on by its owner only");
            }
            (changed, _) => {
                let error = changed.err().map(|error| error.to_string());
                tracing::error!(%file, before, error, "the file can be read by others, and that cannot be changed");
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) fn tighten(_: &Path) {}
