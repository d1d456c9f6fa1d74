//! A kubeconfig that can't be used: found out before anything is made.

use std::fs;

use system_tests::{Call, Cluster, SmallDisk, Traces, User};

use crate::Before;

#[track_caller]
fn refused(user: &User, options: &[&str], status: i32, words: &[&str]) {
    let cluster = Cluster::reserve(user, "kubeconfig");
    let before = Before::of(user);
    before.refuses(cluster.create(options.iter().copied()), status, words);
    // What was wrong goes, so that the cluster's guard can do its work.
    let _ = fs::remove_file(user.kubeconfig()).or_else(|_| fs::remove_dir(user.kubeconfig()));
    let _ = fs::remove_file(user.folder().join("kubeconfig.lock"));
    let names = Traces::names(user);
    assert!(
        names.iter().all(|name| !name.contains(cluster.name())),
        "{names:?}"
    );
}

#[test]
fn one_that_is_no_yaml() {
    let user = User::new();
    fs::write(user.kubeconfig(), "apiVersion: v1\nclusters:\n- name: 'a\n").expect("a file");
    refused(&user, &[], 60, &["kubeconfig:3:", "correct it"]);
}

#[test]
fn one_that_is_a_folder() {
    let user = User::new();
    fs::create_dir(user.kubeconfig()).expect("a folder");
    refused(&user, &[], 60, &["folder"]);
}

#[test]
fn one_that_can_not_be_written() {
    let user = User::new();
    // Root may write everywhere but where nobody may.
    let disk = SmallDisk::mount(&user, "frozen", "1m");
    let file = disk.folder().join("config");
    fs::write(&file, "apiVersion: v1\nkind: Config\n").expect("a file");
    disk.freeze();
    let path = file.to_str().expect("a path");
    refused(&user, &["--kubeconfig", path], 62, &[path]);
    assert_eq!(
        fs::read_to_string(&file).expect("there"),
        "apiVersion: v1\nkind: Config\n"
    );
}

#[test]
fn one_on_a_full_disk() {
    let user = User::new();
    let disk = SmallDisk::mount(&user, "full", "64k");
    let file = disk.folder().join("config");
    disk.fill();
    let path = file.to_str().expect("a path");
    refused(&user, &["--kubeconfig", path], 70, &[path]);
    assert!(!file.exists());
}

#[test]
fn one_that_another_program_has_locked() {
    let user = User::new();
    fs::write(user.kubeconfig(), "apiVersion: v1\nkind: Config\n").expect("a file");
    // As kubectl does: the lock is that the file is there.
    let lock = user.folder().join("kubeconfig.lock");
    fs::write(&lock, "").expect("a file");
    let path = lock.to_str().expect("a path");
    refused(&user, &[], 61, &[path, "delete"]);
}

/// Nothing is wrong with one that is not there, nor with its folder.
#[test]
fn a_missing_one_is_no_error() {
    let user = User::new();
    let call: Call = user.apple_k8s(["delete", "cluster", "nobody-made-this"]);
    let output = call.ok();
    assert!(
        output.text().contains("nothing to delete"),
        "{}",
        output.report()
    );
    assert_eq!(user.kubeconfig_text(), None);
}
