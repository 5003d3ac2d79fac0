//! Who may read the files (G17).
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fastestmcp_core::backend::Backend;
use fastestmcp_store_sqlite::SqliteConfig;

use crate::file::{File, get, open, put};

fn modes(path: &Path) -> Vec<u32> {
    let mode = |ending: &str| fs::metadata(format!("{}{ending}", path.display())).unwrap().permissions().mode() & 0o777;
    ["", "-wal", "-shm"].map(mode).to_vec()
}

#[tokio::test]
async fn a_new_file_its_log_and_index_are_their_owners_only() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    assert_eq!(modes(&file.path()), [0o600; 3]);
    store.close().await.unwrap();
    let link = file.path().with_file_name("link.db");
    std::os::unix::fs::symlink("behind.db", &link).unwrap();
    let store = open(SqliteConfig::new(&link)).await;
    put(&store, "s", "v").await.unwrap();
    assert_eq!(modes(&file.path().with_file_name("behind.db")), [0o600; 3], "through a link to a file that is missing");
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_existing_file_that_others_can_read_is_made_its_owners_only() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    // What a crash leaves behind: all three files, as older releases made them.
    let crashed = File::new();
    for ending in ["", "-wal", "-shm"] {
        let to = format!("{}{ending}", crashed.path().display());
        fs::copy(format!("{}{ending}", file.path().display()), &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let again = open(crashed.config()).await;
    assert_eq!(modes(&crashed.path()), [0o600; 3]);
    assert!(get(&again, "s").await.is_some());
}
