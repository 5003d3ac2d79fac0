use fastestmcp_core::backend::Backend;
use std::fs;

use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::ids::Namespace;
use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore};

use crate::file::{File, get, open, put};

async fn refusal(config: SqliteConfig) -> StoreError {
    SqliteStore::open_with(config).await.expect_err("it should be refused")
}

async fn assert_refused(file: &File, kind: StoreErrorKind, words: &str) {
    let before = fs::read(file.path()).ok();
    let error = refusal(file.config()).await;
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(fs::read(file.path()).ok(), before, "a refused file is left as it was");
}

#[tokio::test]
async fn a_database_of_another_application_is_refused() {
    let file = File::new();
    file.raw().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_refused(&file, StoreErrorKind::Unsupported, "another application").await;
    file.raw().execute_batch("DROP TABLE theirs; PRAGMA application_id = 7").unwrap();
    assert_refused(&file, StoreErrorKind::Unsupported, "another application").await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let file = File::new();
    fs::write(file.path(), "hello").unwrap();
    assert_refused(&file, StoreErrorKind::Corrupt, "not a SQLite database").await;
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(file.path()).unwrap();
    bytes[100..4096].fill(0xA5);
    fs::write(file.path(), bytes).unwrap();
    let error = refusal(file.config()).await;
    assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[tokio::test]
async fn a_read_only_file_is_refused() {
    let file = File::new();
    open(file.config()).await.close().await.unwrap();
    let mut permissions = fs::metadata(file.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(file.path(), permissions).unwrap();
    assert_refused(&file, StoreErrorKind::Unsupported, "read-only").await;
}

#[tokio::test]
async fn a_missing_folder_and_a_folder_are_refused() {
    let file = File::new();
    let error = refusal(SqliteConfig::new(file.path().join("deeper.db"))).await;
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("does not exist"), "{error}");
    fs::create_dir(file.path()).unwrap();
    let error = refusal(file.config()).await;
    assert!(error.to_string().contains("is a folder"), "{error}");
}

#[tokio::test]
async fn a_file_that_needs_a_newer_binary_is_refused_and_one_that_does_not_is_opened() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    store.close().await.unwrap();
    file.raw().execute_batch("PRAGMA user_version = 9").unwrap();
    let store = open(file.config()).await;
    assert_eq!(get(&store, "s").await.as_deref(), Some(&b"v"[..]), "additive for one release");
    store.close().await.unwrap();
    file.raw().execute_batch("UPDATE meta SET min_supported_format = 9").unwrap();
    assert_refused(&file, StoreErrorKind::Unsupported, "newer release").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_handles_may_create_one_file_at_once() {
    let file = File::new();
    let opening = (0..8).map(|_| tokio::spawn(SqliteStore::open_with(file.quick())));
    let mut stores = Vec::new();
    for opened in opening.collect::<Vec<_>>() {
        stores.push(opened.await.unwrap().unwrap());
    }
    for (index, store) in stores.iter().enumerate() {
        put(store, &index.to_string(), "v").await.unwrap();
    }
    for index in 0..stores.len() {
        assert!(get(&stores[0], &index.to_string()).await.is_some());
    }
    file.assert_sound();
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let file = File::new();
    open(file.config()).await.close().await.unwrap();
    let schema = || -> Vec<String> {
        let connection = file.raw();
        let mut statement =
            connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let first = schema();
    assert!(!first.is_empty());
    open(file.config()).await.close().await.unwrap();
    assert_eq!(schema(), first);
}

#[tokio::test]
async fn namespaces_on_one_file_are_apart() {
    let file = File::new();
    let one = open(file.quick().namespace(Namespace::new("a").unwrap())).await;
    let other = open(file.quick().namespace(Namespace::new("a\0").unwrap())).await;
    put(&one, "s", "v").await.unwrap();
    assert_eq!(get(&other, "s").await, None);
    assert!(get(&one, "s").await.is_some());
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    store.close().await.unwrap();
    let error = put(&store, "t", "v").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(!fs::exists(file.path().with_extension("db-wal")).unwrap(), "the log is in the file");
    let again = open(file.config()).await;
    assert!(get(&again, "s").await.is_some());
}

#[tokio::test]
async fn what_is_no_file_is_refused_with_what_to_do() {
    for (path, words) in [
        ("", "no file is named"),
        (":memory:", "use the memory store"),
        ("file:state.db?mode=memory", "give the path of a file"),
    ] {
        let error = refusal(SqliteConfig::new(path)).await;
        assert_eq!(error.kind, StoreErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(!fs::exists(":memory:").unwrap() && !fs::exists("file:state.db").unwrap());
}

#[tokio::test]
async fn a_log_that_is_read_only_is_named() {
    let file = File::new();
    let store = open(file.config()).await;
    put(&store, "s", "v").await.unwrap();
    let crashed = File::new();
    let log = crashed.path().with_extension("db-wal");
    fs::copy(file.path(), crashed.path()).unwrap();
    fs::copy(file.path().with_extension("db-wal"), &log).unwrap();
    let mut permissions = fs::metadata(&log).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&log, permissions).unwrap();
    assert_refused(&crashed, StoreErrorKind::Unsupported, "state.db-wal is read-only").await;
}

#[tokio::test]
async fn a_start_on_a_full_disk_names_the_file_and_the_remedy() {
    let file = File::new();
    let error = refusal(file.config().max_file_bytes(8_192)).await;
    assert_eq!(error.kind, StoreErrorKind::StorageFull, "{error}");
    let told = error.to_string();
    assert!(told.contains("state.db") && told.contains("free some space"), "{told}");
    assert!(get(&open(file.config()).await, "s").await.is_none(), "it opens when there is space");
}

#[tokio::test]
async fn absurd_settings_are_refused_or_bounded() {
    let file = File::new();
    let error = refusal(file.config().timeout(std::time::Duration::ZERO)).await;
    assert_eq!(error.kind, StoreErrorKind::InvalidInput, "{error}");
    let store = open(file.config().readers(usize::MAX).timeout(std::time::Duration::MAX)).await;
    put(&store, "s", "v").await.unwrap();
    store.close().await.unwrap();
    let error = refusal(SqliteConfig::new("/dev/null")).await;
    assert!(error.to_string().contains("/dev/null is no ordinary file"), "{error}");
}
