//! Starting and stopping clusters whose nodes are not what they seem.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use container_script::{Act, Script};
use engine::{ErrorCode, Operation, Steps};
use serde_json::{Value, json};
use spec::Cluster;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, DONE, healthy, node, two_nodes};

/// An address at which no API answers.
const SILENT: &str = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- {name: k, cluster: {server: 'https://127.0.0.1:1'}}\nusers:\n- {name: u, user: {token: t}}\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\n";

/// A cluster that was created, of one control plane and one worker.
fn remembered(script: &Script) -> Bench {
    let bench = Bench::new(script);
    let dir = bench.home().join("clusters/dev");
    fs::create_dir_all(&dir).unwrap();
    let cluster = Cluster::simple("dev", 1).unwrap();
    fs::write(dir.join("cluster.yaml"), cluster.to_yaml()).unwrap();
    fs::write(dir.join("kubeconfig"), SILENT).unwrap();
    bench
}

/// Both nodes, the worker in this state, started at that second.
fn worker(state: &str, second: u32) -> Act {
    let mut worker = node("dev-worker", "worker", "172.30.0.3", "any", state);
    worker["status"]["startedDate"] = Value::from(format!("2026-01-01T10:00:{second:02}Z"));
    let control_plane = node(
        "dev-control-plane",
        "control-plane",
        "172.30.0.2",
        "any",
        "running",
    );
    Act::Stdout(json!([control_plane, worker]).to_string())
}

/// Nodes take stops, starts and their peers.
fn obedient(script: Script) -> Script {
    script
        .on(&["start"], [Act::LastWord])
        .on(&["stop"], [Act::LastWord])
        .on(
            &["exec", "network"],
            [Act::ReadLine, Act::Stdout(DONE.into())],
        )
}

/// Calls that start or stop a node, in order.
fn switches(bench: &Bench) -> Vec<String> {
    let mut calls = bench.changes();
    calls.retain(|call| call.starts_with("st"));
    calls
}

#[tokio::test]
async fn a_stop_that_was_cancelled_is_finished_by_the_next_start() {
    let script = healthy()
        .times(4, &["list"], [two_nodes("any", "running")])
        .times(1, &["list"], [two_nodes("any", "stopped")])
        .on(&["list"], [two_nodes("any", "running")])
        .times(1, &["stop", "dev-worker"], [Act::Mark, Act::Hang]);
    let bench = remembered(&obedient(script));
    let op = Operation {
        steps: Steps::silent(),
        cancel: CancellationToken::new(),
    };
    let (cancel, stand) = (op.cancel.clone(), Arc::clone(&bench.stand));
    tokio::task::spawn_blocking(move || {
        stand.wait_for_mark();
        cancel.cancel();
    });
    let error = bench.engine.stop("dev", &op).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);

    let before = switches(&bench).len();
    let silent = Operation::silent();
    bench.engine.start("dev", None, &silent).await.unwrap();
    let mut calls = switches(&bench).split_off(before);
    let starts = calls.split_off(2);
    assert!(
        calls.iter().all(|call| call.starts_with("stop")),
        "{calls:?}"
    );
    assert_eq!(starts.len(), 2, "{starts:?}");
    assert!(
        starts.iter().all(|call| call.starts_with("start")),
        "{starts:?}"
    );

    let before = switches(&bench).len();
    bench.engine.start("dev", None, &silent).await.unwrap();
    assert_eq!(
        switches(&bench).len(),
        before,
        "the stop is over and done with"
    );
}

#[tokio::test]
async fn a_node_on_its_way_down_is_started_when_it_is_off() {
    let script = healthy()
        .times(1, &["list"], [worker("stopping", 0)])
        .on(&["list"], [worker("running", 5)]);
    let bench = remembered(&obedient(script));
    let silent = Operation::silent();
    bench.engine.start("dev", None, &silent).await.unwrap();
    assert_eq!(
        switches(&bench),
        ["stop -t 30 dev-worker", "start dev-worker"]
    );
}

#[tokio::test]
async fn a_node_that_ends_while_it_is_waited_for_is_started_once_more() {
    let script = healthy()
        .times(2, &["list"], [worker("running", 0)])
        .times(2, &["list"], [worker("stopped", 0)])
        .times(2, &["list"], [worker("running", 5)])
        .on(&["list"], [worker("stopped", 5)]);
    let bench = remembered(&obedient(script));
    let began = Instant::now();
    let silent = Operation::silent();
    let wait = Some(Duration::from_mins(5));
    let error = bench.engine.start("dev", wait, &silent).await.unwrap_err();
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "it waited for a node that is off"
    );
    assert_eq!(error.code, ErrorCode::NodeFailed);
    assert!(error.message.contains("dev-worker"), "{error}");
    assert!(error.hint.unwrap().contains("logs"));
    assert_eq!(switches(&bench), ["start dev-worker"]);
}

#[tokio::test]
async fn a_node_that_can_not_be_started_is_named() {
    let script = healthy()
        .on(&["list"], [worker("stopped", 0)])
        .failing(&["start"], "failed to bootstrap container (cause: \"unknown: \"bind(descriptor:ptr:bytes:): Address already in use (errno: 48)\"\")");
    let bench = remembered(&script);
    let silent = Operation::silent();
    let error = bench.engine.start("dev", None, &silent).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::PortInUse);
    assert!(error.message.contains("dev-worker"), "{error}");
    assert_eq!(error.detail, None, "the message has those words already");
}
