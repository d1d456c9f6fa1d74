//! Real kind boots our node image. The benchmark makes such a cluster; its figures don't matter here.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use system_tests::{Call, Programs};

/// Building kind from nothing, and two clusters, in seconds.
const PATIENCE: u64 = 15 * 60;

#[test]
fn kind_boots_the_node_image() {
    let programs = Programs::with_nodes();
    let folder = tempfile::tempdir().expect("a folder");
    // `container` and `apple-k8s` by their names.
    let built = programs.xtask.parent().expect("a folder").display();
    let path = std::env::var("PATH").expect("a path");
    let said = Call::new(&programs.xtask)
        .env("PATH", format!("{built}:{path}"))
        .args(["bench", "--no-marks", "--json"])
        .args(["--pairs", "1", "--nodes", "1", "--settle", "0"])
        .arg("--output")
        .arg(folder.path().join("figures.json"))
        .seconds(PATIENCE)
        .ok();
    let pair = &said.json()["pairs"][0];
    // Not written before a pod of each got its answer.
    for contestant in ["kind", "ours"] {
        let answered = pair[contestant]["service"].as_f64();
        assert!(answered > Some(0.0), "{contestant}: {pair}");
    }
}
