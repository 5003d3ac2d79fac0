//! The copy of the sources that faults are woven into.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Not sources.
const LEFT_OUT: &[&str] = &["target", ".git", "node_modules"];

/// A folder with the sources as they are. What has not changed since the last copy keeps its time, so that it is not built
/// again.
pub(super) struct Tree {
    pub(super) sources: PathBuf,
    pub(super) build: PathBuf,
    written: BTreeSet<PathBuf>,
}

pub(super) fn copy() -> Result<Tree, String> {
    let folder = root().join("target/planted");
    let mut tree = Tree { sources: folder.join("tree"), build: folder.join("build"), written: BTreeSet::new() };
    tree.take(&root(), Path::new(""))?;
    tree.drop_the_rest(Path::new(""))?;
    Ok(tree)
}

impl Tree {
    fn take(&mut self, from: &Path, inside: &Path) -> Result<(), String> {
        for (name, is_folder) in entries(&from.join(inside))? {
            let path = inside.join(&name);
            if !is_folder {
                self.written.insert(path);
            } else if !LEFT_OUT.iter().any(|left_out| OsStr::new(left_out) == name) {
                self.take(from, &path)?;
            }
        }
        Ok(())
    }

    fn drop_the_rest(&self, inside: &Path) -> Result<(), String> {
        let folder = self.sources.join(inside);
        if !folder.exists() {
            return Ok(());
        }
        for (name, is_folder) in entries(&folder)? {
            let path = inside.join(&name);
            if is_folder {
                self.drop_the_rest(&path)?;
            } else if !self.written.contains(&path) {
                fs::remove_file(self.sources.join(&path)).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Writes all files, each as `change` makes it of the original.
    pub(super) fn write(&self, change: impl Fn(&Path, String) -> Result<String, String>) -> Result<(), String> {
        for path in &self.written {
            let failed = |error: std::io::Error| format!("{}: {error}", path.display());
            let original = fs::read(root().join(path)).map_err(failed)?;
            let changed = match String::from_utf8(original) {
                Ok(text) => change(path, text)?.into_bytes(),
                Err(error) => error.into_bytes(),
            };
            self.put(path, &changed).map_err(failed)?;
        }
        Ok(())
    }

    /// Writes a file unless it is so already.
    pub(super) fn put(&self, path: &Path, contents: &[u8]) -> std::io::Result<()> {
        let target = self.sources.join(path);
        if fs::read(&target).is_ok_and(|there| there == contents) {
            return Ok(());
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(target, contents)
    }
}

fn entries(folder: &Path) -> Result<Vec<(std::ffi::OsString, bool)>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        found.push((entry.file_name(), entry.file_type().map_err(failed)?.is_dir()));
    }
    Ok(found)
}
