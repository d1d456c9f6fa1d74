//! Changes of a cluster over a scripted `container` and an API that takes what it is given.

use std::fs;
use std::path::PathBuf;

use container_script::{Act, Script};
use engine::{ErrorCode, Operation};
use serde_json::{Value, json};
use spec::Cluster;

use super::api::FakeApi;
use super::bench::{Bench, DONE, healthy, node, two_nodes};

/// The nodes before and after the second worker was run.
fn nodes(second_worker: Option<&str>) -> Act {
    let mut nodes = vec![
        node(
            "dev-control-plane",
            "control-plane",
            "172.30.0.2",
            "first",
            "running",
        ),
        node("dev-worker", "worker", "172.30.0.3", "first", "running"),
    ];
    nodes.extend(
        second_worker.map(|state| node("dev-worker2", "worker", "172.30.0.4", "second", state)),
    );
    Act::Stdout(json!(nodes).to_string())
}

/// A cluster of two nodes in a home, with the access to an API.
pub(crate) fn known(bench: &Bench, api: &FakeApi, workers: u32) -> PathBuf {
    let folder = bench.home().join("clusters/dev");
    fs::create_dir_all(&folder).unwrap();
    let saved = Cluster::simple("dev", workers).unwrap().to_yaml();
    fs::write(folder.join("cluster.yaml"), saved).unwrap();
    api.save_access(&folder);
    folder
}

/// How a worker's container answers the node program.
fn adding(join: impl IntoIterator<Item = Act>) -> Script {
    healthy()
        .times(1, &["list"], [nodes(None)])
        .on(&["list"], [nodes(Some("running"))])
        .on(&["run"], [Act::Option("--name".into())])
        .on(
            &["exec", "network"],
            [Act::ReadLine, Act::Stdout(DONE.into())],
        )
        .on(&["exec", "join"], join)
        .on(&["exec"], [Act::Stdout("a log\n".into())])
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
        .on(&["delete"], [Act::LastWord])
}

fn sent(bench: &Bench) -> Vec<Value> {
    let lines = bench.stand.lines().into_iter();
    lines
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_worker_is_added_with_a_token_of_its_own() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let join = [Act::ReadLine, Act::ReadLine, Act::Stdout(DONE.into())];
    let bench = Bench::new(&adding(join));
    let folder = known(&bench, &api, 1);
    let wanted = Cluster::simple("dev", 2).unwrap();
    let op = Operation::silent();
    let changed = bench
        .engine
        .change("dev", &wanted, None, &op)
        .await
        .unwrap();
    assert_eq!(changed.added, ["dev-worker2"]);

    let lines = sent(&bench);
    let told = |node: &str| lines.iter().find(|line| line["node"] == node).unwrap();
    for node in ["dev-control-plane", "dev-worker"] {
        let peers = told(node)["network"]["peers"].to_string();
        assert!(
            peers.contains("dev-worker2"),
            "{node} does not know its new peer: {peers}"
        );
    }
    assert_eq!(told("dev-worker2")["controlPlane"], "172.30.0.2");
    let secret = &api.body("POST /api/v1/namespaces/kube-system/secrets")["stringData"];
    let text = |key: &str| secret[key].as_str().unwrap();
    let token = format!("{}.{}", text("token-id"), text("token-secret"));
    let material = lines
        .iter()
        .find(|line| line["caCert"].is_string())
        .unwrap();
    assert_eq!(material["bootstrapToken"], token);
    assert_eq!(material["caCert"], super::api::AUTHORITY);
    let seen = api.changes();
    let left = format!("bootstrap-token-{}", text("token-id"));
    assert!(
        seen.iter()
            .any(|line| line.starts_with("DELETE") && line.ends_with(&left)),
        "the token stays: {seen:?}"
    );
    assert!(!bench.changes().join("\n").contains(text("token-secret")));
    let saved = fs::read_to_string(folder.join("cluster.yaml")).unwrap();
    assert_eq!(saved, wanted.to_yaml());
    assert!(!folder.join("change").exists());
}

#[tokio::test]
async fn a_worker_that_is_added_gets_the_images_that_all_others_have() {
    const SHOP: &str = "docker.io/library/shop:2.1";
    let image = |name: &str, digest: &str| {
        json!({"id": format!("sha256:{name}"), "repoTags": [name],
            "repoDigests": [format!("{digest}@sha256:00")]})
    };
    let (shop, pulled) = (
        image(SHOP, "import-2026-01-01"),
        image("reg/web:1", "reg/web"),
    );
    let own = image("docker.io/library/own:1", "import-2026-01-01");
    let listed = |images: Value| Act::Stdout(json!({"images": images}).to_string());
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let mut script = Script::new()
        .on(
            &["exec", "dev-control-plane", "export", "--local", "-", SHOP],
            [Act::Stdout("layers of shop\n".into())],
        )
        .on(&["exec", "dev-worker2", "import"], [Act::ReadLine])
        .on(
            &["exec", "dev-control-plane", "/usr/local/bin/crictl"],
            [listed(json!([shop, pulled]))],
        )
        .on(
            &["exec", "dev-worker", "/usr/local/bin/crictl"],
            [listed(json!([shop, pulled, own]))],
        );
    let join = [Act::ReadLine, Act::ReadLine, Act::Stdout(DONE.into())];
    script.rules.extend(adding(join).rules);
    let bench = Bench::new(&script);
    known(&bench, &api, 1);
    let wanted = Cluster::simple("dev", 2).unwrap();
    let op = Operation::silent();
    let changed = bench.engine.change("dev", &wanted, None, &op).await;
    assert_eq!(changed.unwrap().lacking, [] as [String; 0]);
    let lines = bench.stand.lines();
    assert!(lines.contains(&"layers of shop".to_owned()), "{lines:?}");
    let exports: Vec<String> = bench
        .changes()
        .into_iter()
        .filter(|call| call.contains("export"))
        .collect();
    assert_eq!(exports.len(), 1, "{exports:?}");
    assert!(
        exports[0].ends_with(&format!("export --local - {SHOP}")),
        "{exports:?}"
    );
}

#[tokio::test]
async fn a_worker_that_can_not_join_leaves_nothing_but_its_logs() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let failed = json!({"event": "error", "code": "kubeadm", "message": "no route"});
    let join = [
        Act::ReadLine,
        Act::Stdout(format!("{failed}\n")),
        Act::Exit(1),
    ];
    // Seen while it joins and its logs are kept; then it is known by its name alone.
    let mut script = healthy()
        .times(1, &["list"], [nodes(None)])
        .times(2, &["list"], [nodes(Some("running"))])
        .on(&["list"], [nodes(None)]);
    script.rules.extend(adding(join).rules);
    let bench = Bench::new(&script);
    let folder = known(&bench, &api, 1);
    let before = fs::read_to_string(folder.join("cluster.yaml")).unwrap();
    let wanted = Cluster::simple("dev", 2).unwrap();
    let op = Operation::silent();
    let error = bench
        .engine
        .change("dev", &wanted, None, &op)
        .await
        .unwrap_err();

    assert_eq!(error.code, ErrorCode::NodeFailed);
    assert!(error.message.contains("no route"), "{error}");
    let logs = error.logs.expect("a folder with logs");
    assert!(logs.join("dev-worker2/serial.log").exists());
    let deleted = bench
        .changes()
        .into_iter()
        .find(|call| call.starts_with("delete"));
    assert_eq!(deleted.as_deref(), Some("delete --force dev-worker2"));
    assert!(
        api.changes()
            .contains(&"DELETE /api/v1/nodes/dev-worker2".to_owned())
    );
    assert_eq!(
        fs::read_to_string(folder.join("cluster.yaml")).unwrap(),
        before
    );
    assert!(!folder.join("change").exists());
    bench.stand.wait_until_gone();
}

#[tokio::test]
async fn a_worker_is_forgotten_by_kubernetes_and_by_its_peers() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let script = healthy()
        .times(2, &["list"], [two_nodes("first", "running")])
        .on(
            &["list"],
            [Act::Stdout(
                json!([node(
                    "dev-control-plane",
                    "control-plane",
                    "172.30.0.2",
                    "first",
                    "running"
                )])
                .to_string(),
            )],
        )
        .on(&["delete"], [Act::LastWord])
        .on(
            &["exec", "network"],
            [Act::ReadLine, Act::Stdout(DONE.into())],
        );
    let bench = Bench::new(&script);
    let folder = known(&bench, &api, 1);
    let alone = Cluster::simple("dev", 0).unwrap();
    let op = Operation::silent();
    let changed = bench.engine.change("dev", &alone, None, &op).await.unwrap();
    assert_eq!(changed.removed, ["dev-worker"]);
    assert_eq!(changed.marked, ["dev-control-plane"]);

    let seen = api.changes();
    let at = |line: &str| seen.iter().position(|one| one == line).expect(line);
    // The pods of the worker need a place before they have to leave it.
    let untaint = at("PATCH /api/v1/nodes/dev-control-plane");
    let close = at("PATCH /api/v1/nodes/dev-worker");
    assert!(
        untaint < close && close < at("DELETE /api/v1/nodes/dev-worker"),
        "{seen:?}"
    );
    assert_eq!(
        api.body("PATCH /api/v1/nodes/dev-worker")["spec"]["unschedulable"],
        true
    );
    assert!(
        bench
            .changes()
            .contains(&"delete --force dev-worker".to_owned())
    );
    let told = sent(&bench);
    assert_eq!(told.last().unwrap()["network"]["peers"], json!([]));
    let saved = fs::read_to_string(folder.join("cluster.yaml")).unwrap();
    assert_eq!(saved, alone.to_yaml());
}

#[tokio::test]
async fn what_a_killed_change_left_is_cleared_before_anything_else() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker", "dev-worker2"]).await;
    let script = healthy()
        .times(2, &["list"], [nodes(Some("stopped"))])
        .on(&["list"], [nodes(None)])
        .on(&["delete"], [Act::LastWord])
        .on(
            &["exec", "network"],
            [Act::ReadLine, Act::Stdout(DONE.into())],
        );
    let bench = Bench::new(&script);
    let folder = known(&bench, &api, 1);
    fs::write(folder.join("change"), "second\ndev-worker2\ndev-worker3\n").unwrap();
    let same = Cluster::simple("dev", 1).unwrap();
    let plan = bench.engine.plan_change("dev", &same).await.unwrap();
    assert_eq!(plan.at_once.len(), 1, "{plan:?}");
    assert_eq!(plan.blocked, None);
    let op = Operation::silent();
    bench.engine.change("dev", &same, None, &op).await.unwrap();
    // The third was never seen, but a call of `container` may still be making it.
    assert_eq!(bench.changes()[0], "delete --force dev-worker2 dev-worker3");
    assert!(
        api.changes()
            .contains(&"DELETE /api/v1/nodes/dev-worker2".to_owned())
    );
    assert!(!folder.join("change").exists());
}

#[tokio::test]
async fn what_can_not_be_done_changes_nothing() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    for (state, wanted, code) in [
        (
            "stopped",
            Cluster::simple("dev", 2).unwrap(),
            ErrorCode::ClusterStopped,
        ),
        ("running", other_subnet(), ErrorCode::ChangeImpossible),
        (
            "running",
            Cluster::simple("other", 1).unwrap(),
            ErrorCode::Usage,
        ),
    ] {
        let bench = Bench::new(&healthy().on(&["list"], [two_nodes("first", state)]));
        let folder = known(&bench, &api, 1);
        let before = fs::read_to_string(folder.join("cluster.yaml")).unwrap();
        let op = Operation::silent();
        let error = bench
            .engine
            .change("dev", &wanted, None, &op)
            .await
            .unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.hint.is_some(), "no way out of {code}");
        assert_eq!(bench.changes(), [] as [String; 0]);
        assert_eq!(api.changes(), [] as [String; 0]);
        assert_eq!(
            fs::read_to_string(folder.join("cluster.yaml")).unwrap(),
            before
        );
    }
}

fn other_subnet() -> Cluster {
    let mut cluster = Cluster::simple("dev", 1).unwrap();
    cluster.networking.pod_subnet = "10.80.0.0/16".parse().unwrap();
    cluster
}

#[tokio::test]
async fn a_container_with_the_name_of_a_new_worker_is_left_alone() {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let mut other = node("dev-worker2", "worker", "172.30.0.9", "", "running");
    other["configuration"]["labels"] = json!({});
    let list = json!([
        node(
            "dev-control-plane",
            "control-plane",
            "172.30.0.2",
            "first",
            "running"
        ),
        node("dev-worker", "worker", "172.30.0.3", "first", "running"),
        other,
    ]);
    let bench = Bench::new(&healthy().on(&["list"], [Act::Stdout(list.to_string())]));
    known(&bench, &api, 1);
    let wanted = Cluster::simple("dev", 2).unwrap();
    let op = Operation::silent();
    let error = bench
        .engine
        .change("dev", &wanted, None, &op)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ClusterExists);
    assert!(error.message.contains("dev-worker2"), "{error}");
    assert_eq!(bench.changes(), [] as [String; 0]);
}
