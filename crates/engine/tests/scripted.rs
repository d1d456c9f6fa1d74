//! The engine against a scripted `container`: what it does when things go wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "scripted/bench.rs"]
mod bench;
#[path = "scripted/images.rs"]
mod images;
#[path = "scripted/lifecycle.rs"]
mod lifecycle;
#[path = "scripted/loading.rs"]
mod loading;
#[path = "scripted/ports.rs"]
mod ports;
#[path = "scripted/standing.rs"]
mod standing;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use container::Container;
use container_script::{Act, Script, Stand};
use engine::{CreateRequest, Engine, ErrorCode, Home, Operation, Steps};
use serde_json::{Value, json};
use spec::Cluster;
use tokio_util::sync::CancellationToken;

use bench::{
    Bench, DONE, JOINABLE, admin, creatable, fresh, healthy, leave_behind, node, two_nodes,
};

#[tokio::test]
async fn a_creation_ends_with_a_known_cluster() {
    let script = creatable();
    let bench = Bench::new(&script);
    let created = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap();

    assert_eq!(created.context, "apple-k8s-dev");
    assert_eq!(created.nodes, ["dev-control-plane", "dev-worker"]);
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).unwrap();
    assert!(kubeconfig.contains(&created.server), "{kubeconfig}");
    assert!(!created.current_context, "nobody asked for a switch");
    let saved = bench.home().join("clusters/dev");
    assert!(saved.join("cluster.yaml").exists() && !saved.join("creation").exists());

    let lines: Vec<Value> = bench
        .stand
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let init = lines
        .iter()
        .find(|line| line["role"] == "control-plane")
        .unwrap();
    let material = lines.iter().find(|line| line["caCert"] == "PEM").unwrap();
    assert_eq!(init["bootstrapToken"], material["bootstrapToken"]);
    let worker = lines.iter().find(|line| line["role"] == "worker").unwrap();
    assert_eq!(
        worker["bootstrapToken"],
        Value::Null,
        "a worker gets the token when it may join"
    );
    assert_eq!(worker["network"]["peers"][0]["node"], "dev-control-plane");
    let calls = bench.changes().join("\n");
    assert!(
        calls.contains("--publish 127.0.0.1:") && calls.contains("--cap-add ALL"),
        "{calls}"
    );
    assert!(
        !calls.contains(material["bootstrapToken"].as_str().unwrap()),
        "the token is in a process list"
    );

    let again = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::ClusterExists);
}

/// `run` of the control plane fails the way Apple's does when somebody else has taken the port.
const TAKEN: &str = "failed to bootstrap container (cause: \"unknown: \"bind(descriptor:ptr:bytes:): Address already in use (errno: 48)\"\")";

fn port_lost_once() -> Script {
    let mut script = Script::new().times(
        1,
        &["run", "dev-control-plane"],
        [Act::Stderr(format!("Error: {TAKEN}\n")), Act::Exit(1)],
    );
    let rest = creatable();
    script.rules.extend(rest.rules);
    script
}

#[tokio::test]
async fn a_chosen_port_that_was_lost_is_replaced_by_the_next() {
    let bench = Bench::new(&port_lost_once());
    let created = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap();
    let calls = bench.changes();
    let ports: Vec<u16> = calls
        .iter()
        .filter_map(|call| call.split("--publish 127.0.0.1:").nth(1))
        .map(|rest| rest.split(':').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ports.len(), 2, "{calls:?}");
    assert!(ports[1] > ports[0], "{ports:?}");
    // The list of nodes is scripted and says 16443; the saved access is what was asked for last.
    assert_eq!(created.server, format!("https://127.0.0.1:{}", ports[1]));
    let workers = calls
        .iter()
        .filter(|call| call.contains("--name dev-worker"));
    assert_eq!(workers.count(), 1, "the others are made once");
}

#[tokio::test]
async fn a_port_that_was_asked_for_is_not_replaced() {
    let bench = Bench::new(&port_lost_once());
    let mut request = bench.request();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    request.cluster.networking.api_server_port = Some(port);
    let error = bench
        .engine
        .create(request, &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::PortInUse);
}

#[tokio::test]
async fn a_failed_creation_keeps_logs_and_nothing_else() {
    let failed = json!({"event": "error", "code": "kubeadm", "message": "etcd did not start",
        "detail": "it was told to listen on an address that is taken"});
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
    fs::write(bench.kubeconfig(), "# mine\n").unwrap();
    let error = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();

    assert_eq!(error.code, ErrorCode::NodeFailed);
    assert!(error.message.contains("etcd did not start"), "{error}");
    let logs = error.logs.expect("a folder with logs");
    let serial = fs::read_to_string(logs.join("dev-worker/serial.log")).unwrap();
    assert_eq!(serial, "systemd says hello\n");
    let deleted = bench
        .changes()
        .into_iter()
        .find(|call| call.starts_with("delete"))
        .unwrap();
    assert!(
        deleted.contains("dev-control-plane") && deleted.contains("dev-worker"),
        "{deleted}"
    );
    assert_eq!(bench.remembered(), [] as [String; 0]);
    assert_eq!(fs::read_to_string(bench.kubeconfig()).unwrap(), "# mine\n");
    bench.wait_until_gone().await;
}

#[tokio::test]
async fn the_node_is_told_how_long_is_waited_for_it() {
    for (wait, seconds) in [(None, None), (Some(90), Some("APPLE_K8S_WAIT_SECONDS=90"))] {
        let script = fresh()
            .on(&["exec", "init"], [Act::ReadLine, Act::Exit(1)])
            .on(&["exec", "join"], [Act::ReadLine, Act::Hang])
            .on(&["exec"], [Act::Stdout("a log\n".into())]);
        let bench = Bench::new(&script);
        let request = CreateRequest {
            wait: wait.map(Duration::from_secs),
            ..bench.request()
        };
        let silent = Operation::silent();
        bench.engine.create(request, &silent).await.unwrap_err();
        let changes = bench.changes();
        let init = changes.iter().find(|call| call.ends_with(" init")).unwrap();
        assert_eq!(
            init.split(' ').find(|word| word.contains("WAIT_SECONDS")),
            seconds,
            "{init}"
        );
    }
}

#[tokio::test]
async fn retained_nodes_stay_and_can_be_deleted() {
    let script = fresh()
        .on(&["exec", "init"], [Act::ReadLine, Act::Exit(1)])
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang])
        .on(&["exec"], [Act::Stdout("a log\n".into())]);
    let bench = Bench::new(&script);
    let request = CreateRequest {
        retain: true,
        ..bench.request()
    };
    let error = bench
        .engine
        .create(request, &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NodeFailed);
    assert!(
        !bench
            .changes()
            .iter()
            .any(|call| call.starts_with("delete"))
    );

    // The scripted nodes are those of a creation by this name.
    leave_behind(&bench, "any");
    let kubeconfig = bench.kubeconfig();
    let deleted = bench
        .engine
        .delete("dev", Some(&kubeconfig), &Operation::silent())
        .await
        .unwrap();
    assert!(deleted.existed);
    assert_eq!(deleted.nodes, ["dev-control-plane", "dev-worker"]);
    assert_eq!(bench.remembered(), [] as [String; 0]);
}

#[tokio::test]
async fn cancelling_removes_what_was_made() {
    let script = fresh()
        .on(&["exec", "init"], [Act::ReadLine, Act::Mark, Act::Hang])
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang]);
    let bench = Bench::new(&script);
    let op = Operation {
        steps: Steps::silent(),
        cancel: CancellationToken::new(),
    };
    let cancel = op.cancel.clone();
    let stand = Arc::clone(&bench.stand);
    tokio::task::spawn_blocking(move || {
        stand.wait_for_mark();
        cancel.cancel();
    });
    let error = bench.engine.create(bench.request(), &op).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert!(
        bench
            .changes()
            .iter()
            .any(|call| call.starts_with("delete"))
    );
    assert_eq!(bench.remembered(), [] as [String; 0]);
    bench.wait_until_gone().await;
}

#[tokio::test]
async fn only_remains_of_the_killed_creation_are_cleared_away() {
    let foreign = healthy().on(&["list"], [two_nodes("other", "running")]);
    let bench = Bench::new(&foreign);
    leave_behind(&bench, "killed");
    let error = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ClusterExists);
    assert_eq!(
        bench.changes(),
        [] as [String; 0],
        "somebody's cluster was touched"
    );

    let ours = healthy()
        .times(1, &["list"], [two_nodes("killed", "stopped")])
        .times(1, &["list"], [Act::Stdout("[]".into())])
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["delete"], [Act::LastWord])
        .on(&["run"], [Act::Option("--name".into())])
        .on(
            &["exec", "init"],
            [Act::ReadLine, Act::Stdout(JOINABLE.into()), admin()],
        )
        .on(
            &["exec", "join"],
            [Act::ReadLine, Act::ReadLine, Act::Stdout(DONE.into())],
        );
    let bench = Bench::new(&ours);
    leave_behind(&bench, "killed");
    bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap();
    assert!(
        bench.changes()[0].starts_with("delete"),
        "{:?}",
        bench.changes()
    );
}

#[tokio::test]
async fn a_container_that_has_the_name_of_a_node_is_left_alone() {
    let mut other = node("dev-worker", "worker", "172.30.0.3", "", "running");
    other["configuration"]["labels"] = json!({});
    let list = Act::Stdout(json!([other]).to_string());
    let bench = Bench::new(&healthy().on(&["list"], [list]));
    let error = bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ClusterExists);
    assert!(error.message.contains("dev-worker"), "{error}");
    assert_eq!(bench.changes(), [] as [String; 0]);
}

#[tokio::test]
async fn starting_tells_every_node_where_the_others_are() {
    let script = healthy()
        .times(1, &["list"], [two_nodes("any", "stopped")])
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["start"], [Act::LastWord])
        .on(
            &["exec", "network"],
            [Act::ReadLine, Act::Stdout(DONE.into())],
        );
    let bench = Bench::new(&script);
    let dir = bench.home().join("clusters/dev");
    fs::create_dir_all(&dir).unwrap();
    fs::write(
        dir.join("cluster.yaml"),
        Cluster::simple("dev", 1).unwrap().to_yaml(),
    )
    .unwrap();
    fs::write(dir.join("kubeconfig"), "unused").unwrap();
    bench
        .engine
        .start("dev", None, &Operation::silent())
        .await
        .unwrap();

    let changes = bench.changes();
    assert_eq!(
        changes
            .iter()
            .filter(|call| call.starts_with("start"))
            .count(),
        2
    );
    let peers: Vec<Value> = bench
        .stand
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(peers.len(), 2);
    assert!(
        peers
            .iter()
            .all(|line| line["network"]["peers"][0]["underlay"] == "192.168.64.9")
    );
    assert!(peers.iter().all(|line| line.get("controlPlane").is_none()));
}

#[tokio::test]
async fn faults_of_the_runtime_have_their_codes_and_change_nothing() {
    let cases: [(Script, ErrorCode); 4] = [
        (Script::services_down("1.5.0"), ErrorCode::RuntimeStopped),
        (Script::release("0.12.0"), ErrorCode::RuntimeTooOld),
        (Script::release("1.2.0"), ErrorCode::RuntimeRefused),
        (Script::new().on(&[], [Act::Hang]), ErrorCode::RuntimeHung),
    ];
    for (script, code) in cases {
        let stand = Stand::new(&script);
        let folder = tempfile::tempdir().unwrap();
        let container = Container::at(stand.program()).with_limit(Duration::from_millis(500));
        let engine = Engine::new(container, Home::at(folder.path().join("home")));
        let kubeconfig = folder.path().join("config");
        let request = CreateRequest {
            cluster: Cluster::simple("dev", 0).unwrap(),
            wait: None,
            retain: false,
            kubeconfig: Some(kubeconfig.clone()),
            set_context: false,
        };
        let error = engine
            .create(request, &Operation::silent())
            .await
            .unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.hint.is_some(), "no way out of {code}");
        assert!(!kubeconfig.exists());
        assert_no_files(&folder.path().join("home"));
    }
}

fn assert_no_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        assert!(
            entry.file_type().unwrap().is_dir(),
            "{} was left",
            entry.path().display()
        );
        assert_no_files(&entry.path());
    }
}

/// An image in the store, for one architecture.
fn stored_image(name: &str, architecture: &str) -> Act {
    let image = json!([{
        "configuration": {"name": name, "descriptor": {"digest": "sha256:00"}},
        "variants": [{
            "config": {"architecture": architecture, "os": "linux"},
            "digest": "sha256:00", "size": 1,
            "platform": {"architecture": architecture, "os": "linux"},
        }]
    }]);
    Act::Stdout(image.to_string())
}

#[tokio::test]
async fn a_stored_image_for_another_architecture_is_refused_before_anything_is_copied() {
    let foreign = match engine::architecture() {
        "arm64" => "amd64",
        _ => "arm64",
    };
    let script = Script::healthy("1.5.0")
        .on(&["list"], [two_nodes("any", "running")])
        .on(
            &["image", "inspect", "own:1"],
            [stored_image("own:1", engine::architecture())],
        )
        .on(
            &["image", "inspect", "foreign:1"],
            [stored_image("foreign:1", foreign)],
        );
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    let images = ["own:1".to_owned(), "foreign:1".to_owned()];
    let error = bench
        .engine
        .load_images("dev", &images, &[], &Operation::silent())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ImageWrongPlatform);
    let needed = format!("the nodes need linux/{}", engine::architecture());
    assert!(
        error.message.contains("foreign:1")
            && error.message.contains(&format!("linux/{foreign}"))
            && error.message.contains(&needed),
        "{error}"
    );
    assert!(error.hint.is_some());
    assert_eq!(bench.changes(), [] as [String; 0], "the first one, too");
}

/// A delete that was killed left its call of `container` behind, which still removes nodes.
#[tokio::test]
async fn nodes_that_go_by_themselves_are_deleted_all_the_same() {
    let gone = healthy()
        .times(1, &["list"], [two_nodes("any", "running")])
        .on(&["list"], [Act::Stdout("[]".into())])
        .failing(&["delete"], "internalError: \"failed to delete container\" (cause: \"notFound: \"container with ID dev-worker not found\"\")");
    let bench = Bench::new(&gone);
    leave_behind(&bench, "any");
    let deleted = bench
        .engine
        .delete("dev", None, &Operation::silent())
        .await
        .unwrap();
    assert!(deleted.existed);

    let stuck = healthy()
        .on(&["list"], [two_nodes("any", "running")])
        .failing(&["delete"], "internalError: \"failed to delete container\"");
    let bench = Bench::new(&stuck);
    leave_behind(&bench, "any");
    let left = bench.engine.delete("dev", None, &Operation::silent()).await;
    assert_eq!(left.unwrap_err().code, ErrorCode::RuntimeFailed);
}

/// A create that was killed left its call of `container` behind, which may still make a node.
#[tokio::test]
async fn nodes_under_way_are_deleted_by_their_names() {
    let empty = healthy()
        .on(&["list"], [Act::Stdout("[]".into())])
        .on(&["delete"], [Act::LastWord]);
    let bench = Bench::new(&empty);
    leave_behind(&bench, "killed\ndev-control-plane\ndev-worker\n");
    bench
        .engine
        .delete("dev", None, &Operation::silent())
        .await
        .unwrap();
    assert_eq!(
        bench.changes(),
        ["delete --force dev-control-plane dev-worker"]
    );
    assert_eq!(bench.remembered(), [] as [String; 0]);
}
