//! The ports of this machine that clusters take, and how the API is reached through its own.

use std::fs;

use container_script::{Act, Script};
use engine::{Created, Engine, Error, ErrorCode, Operation};
use serde_json::json;
use spec::Cluster;

use crate::bench::{Bench, creatable, node};

#[tokio::test]
async fn an_api_that_is_open_to_other_machines_is_reached_by_its_certificate() {
    let bench = Bench::new(&creatable());
    let mut request = bench.request();
    request.cluster.networking.api_server_address = "0.0.0.0".parse().unwrap();
    let created = Engine::create(&bench.engine, request, &Operation::silent())
        .await
        .unwrap();
    let run = bench.changes().join("\n");
    let port = run.split("--publish 0.0.0.0:").nth(1).unwrap();
    let port = port.split(':').next().unwrap();
    assert_eq!(created.server, format!("https://127.0.0.1:{port}"));
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).unwrap();
    assert!(kubeconfig.contains(&created.server), "{kubeconfig}");
}

/// A stopped node of another cluster that publishes this port, before nodes of our own are made.
fn beside(port: u16) -> Script {
    let mut other = node(
        "other-control-plane",
        "control-plane",
        "172.30.0.2",
        "x",
        "stopped",
    );
    other["configuration"]["labels"]["apple-k8s.dev/cluster"] = json!("other");
    other["configuration"]["publishedPorts"][0]["hostPort"] = json!(port);
    let mut script = Script::new().times(
        1,
        &["list", "--all"],
        [Act::Stdout(json!([other]).to_string())],
    );
    let mut rest = creatable();
    let first = |rule: &container_script::Rule| rule.words == ["list"] && rule.times.is_some();
    let at = rest.rules.iter().position(first).unwrap();
    rest.rules.remove(at);
    script.rules.extend(rest.rules);
    script
}

async fn create(bench: &Bench, cluster: Cluster) -> Result<Created, Error> {
    let mut request = bench.request();
    request.cluster = cluster;
    Engine::create(&bench.engine, request, &Operation::silent()).await
}

fn port_of(created: &Created) -> u16 {
    created.server.rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_chosen_port_is_not_that_of_a_stopped_cluster() {
    let simple = || Cluster::simple("dev", 1).unwrap();
    let bench = Bench::new(&creatable());
    let first = port_of(&create(&bench, simple()).await.unwrap());
    let bench = Bench::new(&beside(first));
    let second = port_of(&create(&bench, simple()).await.unwrap());
    assert_ne!(
        first, second,
        "it is needed when the other cluster is started"
    );
}

/// A port that nobody has.
fn free() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_port_that_is_asked_for_may_not_be_that_of_a_stopped_cluster() {
    let port = free();
    for fields in [
        format!("  networking:\n    apiServerPort: {port}\n"),
        format!(
            "  nodes:\n  - role: control-plane\n    extraPortMappings:\n    - {{containerPort: 80, hostPort: {port}}}\n"
        ),
    ] {
        let nodes = if fields.contains("nodes") {
            ""
        } else {
            "  nodes:\n  - role: control-plane\n"
        };
        let bench = Bench::new(&beside(port));
        let error = create(&bench, parse(&format!("{nodes}{fields}")))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::PortInUse, "{error:?}");
        for word in ["\"other\"", "stopped", &port.to_string()] {
            assert!(error.message.contains(word), "{word}: {error}");
        }
        assert!(error.hint.unwrap().contains("delete cluster other"));
        assert_eq!(bench.changes(), [] as [String; 0]);
    }
}

fn parse(spec: &str) -> Cluster {
    let text = format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: dev\nspec:\n{spec}"
    );
    let parsed = Cluster::parse(text, "test", &std::env::temp_dir());
    parsed.unwrap().cluster
}

/// A port of the control plane, and which of this machine leads to it.
fn published(host_port: &str) -> Cluster {
    parse(&format!(
        "  nodes:\n  - role: worker\n  - role: control-plane\n    extraPortMappings:\n    - {{containerPort: 80{host_port}}}\n"
    ))
}

#[tokio::test]
async fn a_port_that_is_left_to_us_is_chosen_once_and_stays() {
    let bench = Bench::new(&creatable());
    let first = create(&bench, published("")).await.unwrap().ports;
    let [first] = first.as_slice() else {
        panic!("{first:?}")
    };
    let (host, node) = first.split_once(" → ").unwrap();
    assert_eq!(node, "dev-control-plane:80/tcp");
    let port: u16 = host.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    let runs = bench.changes().join("\n");
    assert!(runs.contains(&format!("--publish {host}:80/tcp")), "{runs}");
    let saved = fs::read_to_string(bench.home().join("clusters/dev/cluster.yaml")).unwrap();
    let named = published(&format!(", hostPort: {port}"));
    assert_eq!(saved, named.to_yaml(), "what is saved names the port");

    // The scripted nodes are those of a creation by this name.
    fs::write(bench.home().join("clusters/dev/creations"), "any\n").unwrap();
    // The same file again asks for nothing new, though its port is taken: by its own node.
    let again = published(", hostPort: 0");
    let plan = bench.engine.plan_change("dev", &again).await.unwrap();
    assert!(plan.is_empty(), "{plan:?}");

    // Another cluster needs that port at its next start.
    let bench = Bench::new(&beside(port));
    let second = create(&bench, published("")).await.unwrap().ports;
    assert_ne!(&second[0], first);
}

#[tokio::test]
async fn everything_that_is_in_the_way_is_said_at_once() {
    let port = free();
    let mut script = Script::new()
        .failing(
            &["image", "inspect", "apple-k8s-node:v1.35.0"],
            "image not found: apple-k8s-node:v1.35.0",
        )
        .on(
            &["network", "list"],
            [Act::Stdout(
                json!([{"id": "default",
            "configuration": {"id": "default"}, "status": {"ipv4Subnet": "10.244.7.0/24"}}])
                .to_string(),
            )],
        );
    script.rules.extend(beside(port).rules);
    let bench = Bench::new(&script);
    let wanted = format!(
        "  kubernetesVersion: v1.35.0\n  networking:\n    apiServerPort: {port}\n  nodes:\n  - role: control-plane\n    extraMounts:\n    - {{hostPath: /not/there, containerPath: /a}}\n    - {{hostPath: /nor/there, containerPath: /b}}\n"
    );
    let error = create(&bench, parse(&wanted)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::MountSourceMissing, "the first one's");
    assert!(error.message.contains("5 things"), "{error}");
    let detail = error.detail.unwrap();
    for word in [
        "/not/there",
        "/nor/there",
        "apple-k8s-node:v1.35.0",
        "build node-image --kubernetes-version v1.35.0",
        "podSubnet 10.244.0.0/16",
        "\"other\"",
    ] {
        assert!(detail.contains(word), "{word} is not in\n{detail}");
    }
    assert_eq!(bench.changes(), [] as [String; 0]);
}
