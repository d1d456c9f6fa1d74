//! The engine when there is no room left, against a scripted `container`.
#![allow(clippy::unwrap_used, clippy::expect_used)]
// The stand is made for more tests than these.
#![allow(dead_code)]

#[path = "scripted/bench.rs"]
mod bench;

use std::fs;

use container_script::Act;
use engine::{ErrorCode, Operation};
use serde_json::json;

use bench::{Bench, DONE, JOINABLE, admin, fresh};

fn deleted(bench: &Bench) -> bool {
    let deletes = |call: &String| call.starts_with("delete");
    bench.changes().iter().any(deletes)
}

#[tokio::test]
async fn a_full_disk_of_a_node_is_said_as_such() {
    let failed = json!({"event": "error", "code": "kubeadm", "message": "kubeadm failed",
        "detail": "write /etc/kubernetes/pki/ca.crt: no space left on device"});
    let script = fresh()
        .on(
            &["exec", "init"],
            [
                Act::ReadLine,
                Act::Stdout(format!("{failed}\n")),
                Act::Exit(1),
            ],
        )
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang])
        .on(&["exec"], [Act::Stdout("a log\n".into())]);
    let bench = Bench::new(&script);
    let error = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NoSpace);
    assert!(error.message.contains("dev-control-plane"), "{error}");
    assert!(error.detail.unwrap().contains("pki/ca.crt"));
    assert!(error.hint.unwrap().contains("full"));
    assert!(deleted(&bench) && bench.remembered().is_empty());
}

/// What the engine must remember of a cluster can't be written at the end of its creation.
#[tokio::test]
async fn a_cluster_that_cannot_be_remembered_is_removed() {
    let script = fresh()
        .on(
            &["exec", "init"],
            [Act::ReadLine, Act::Stdout(JOINABLE.into()), admin()],
        )
        .on(
            &["exec", "join"],
            [Act::ReadLine, Act::ReadLine, Act::Stdout(DONE.into())],
        )
        .on(&["exec"], [Act::Stdout("a log\n".into())]);
    let bench = Bench::new(&script);
    // A folder where a file is to be written fails for the super-user as well.
    fs::create_dir_all(bench.home().join("clusters/dev/cluster.part")).unwrap();
    let error = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();
    assert!(error.message.contains("cluster.yaml"), "{error}");
    assert!(deleted(&bench), "its nodes are left");
    assert_eq!(bench.remembered(), [] as [String; 0]);
    assert!(!bench.kubeconfig().exists());
}
