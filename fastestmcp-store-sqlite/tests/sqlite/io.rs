//! A disk that fails (G4): the system refuses to write beyond a size, which SQLite takes for an I/O error.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::child::Process;
use crate::file::File;

#[test]
fn after_a_commit_met_an_io_error_the_file_is_opened_anew_before_anything_else_is_acknowledged() {
    let file = File::new();
    let mut other = Process::start_limited("meets_the_end_of_its_disk", &file.path(), 700);
    let Some(failed) = other.says() else { panic!("it met no error") };
    assert_eq!(failed, "Unavailable Unknown");
    assert_eq!(other.says().as_deref(), Some("Unavailable"), "again and again");
    let lifted = Command::new("prlimit").args(["--pid", &other.id().to_string(), "--fsize=unlimited"]).status();
    assert!(lifted.unwrap().success());
    assert_eq!(other.says().as_deref(), Some("opened anew"));
    assert_eq!(other.says().as_deref(), Some("all there"));
    assert_eq!(other.says(), None);
    file.assert_sound();
}

#[test]
fn a_start_without_room_for_the_logs_index_is_a_full_disk() {
    let file = File::new();
    let mut other = Process::start_limited("says_why_it_does_not_open", &file.path(), 12);
    assert_eq!(other.says().as_deref(), Some("StorageFull"));
    let told = other.says().unwrap();
    assert!(told.contains("state.db") && told.contains("free some space"), "{told}");
}
