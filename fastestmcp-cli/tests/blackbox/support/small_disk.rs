use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A disk that is soon full. Making one takes root.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "none"]).arg(folder.path()).status();
        assert!(mounted.unwrap().success(), "a disk is mounted by root only");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room on it.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let failure = loop {
            if let Err(error) = filler.write_all(&[1; 4_096]) {
                break error;
            }
        };
        assert_eq!(failure.kind(), ErrorKind::StorageFull, "{failure}");
    }

    /// Makes room again.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failed test leaves behind may still have it open.
        drop(Command::new("umount").arg("--lazy").arg(self.path()).status());
    }
}
