//! The lock file: respected, waited for, reported, and taken over only from our own dead.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use common::{Folder, TEXT, add, files};
use kubeconfig::Error;

/// What client-go leaves when it is killed: empty, and nobody may read it.
fn foreign_lock(folder: &Folder, age: Duration) -> PathBuf {
    let lock = folder.path("config.lock");
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o0)
        .open(&lock)
        .unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    lock
}

#[test]
fn a_lock_left_behind_by_another_program_is_reported_at_once_and_stays() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    let lock = foreign_lock(&folder, Duration::from_hours(2));
    let began = std::time::Instant::now();
    let error = add(&path).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(4));
    let Error::Locked {
        lock: reported,
        age,
        holder,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((reported, *holder), (&lock, None));
    assert!((7200..7300).contains(&age.as_secs()), "{age:?}");
    let told = error.to_string();
    assert!(
        told.contains("config.lock") && told.contains("2 h"),
        "{told}"
    );
    assert!(lock.exists());
    assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    // Reading needs no lock.
    assert!(files(&path).contexts().unwrap().is_empty());
}

#[test]
fn a_lock_that_goes_away_is_waited_for() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    let lock = foreign_lock(&folder, Duration::ZERO);
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| add(&path));
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            TEXT,
            "written under a foreign lock"
        );
        fs::remove_file(&lock).unwrap();
        adding.join().unwrap().unwrap();
    });
    assert_eq!(folder.names(), ["config"]);
}

#[test]
fn a_lock_of_a_live_process_is_waited_for_in_vain_and_one_of_a_dead_one_taken_over() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    let lock = folder.path("config.lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&lock)
        .unwrap();
    std::io::Write::write_all(&mut file, b"apple-k8s 4242\n").unwrap();
    file.lock().unwrap();
    let error = add(&path).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Locked {
                holder: Some(4242),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("process 4242"), "{error}");
    // The kernel does this when the process ends.
    drop(file);
    add(&path).unwrap();
    assert_eq!(folder.names(), ["config"]);
}

#[test]
fn a_lock_file_that_only_looks_like_ours_is_not_taken_over() {
    for text in ["", "apple-k8s", "apple-k8s x\n", "other 1\n"] {
        let folder = Folder::new();
        let path = folder.write("config", TEXT);
        let lock = folder.path("config.lock");
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&lock)
            .unwrap();
        std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(100))
            .unwrap();
        assert!(matches!(add(&path), Err(Error::Locked { .. })), "{text:?}");
        assert_eq!(fs::read_to_string(&lock).unwrap(), text);
    }
}

#[test]
fn a_rehearsal_finds_what_an_addition_would_and_changes_nothing() {
    let folder = Folder::new();
    let path = folder.write("config", TEXT);
    files(&path).rehearse_add().unwrap();
    files(&folder.path("new/.kube/config"))
        .rehearse_add()
        .unwrap();
    assert_eq!(folder.names(), ["config"]);

    let lock = foreign_lock(&folder, Duration::from_hours(2));
    let locked = files(&path).rehearse_add();
    assert!(matches!(locked, Err(Error::Locked { .. })), "{locked:?}");
    fs::remove_file(lock).unwrap();

    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let frozen = files(&path).rehearse_add();
    assert!(
        matches!(frozen, Err(Error::Unwritable { .. })),
        "{frozen:?}"
    );
    let below_a_file = files(&path.join("config")).rehearse_add();
    assert!(below_a_file.is_err(), "{below_a_file:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    assert_eq!(folder.names(), ["config"]);
}
