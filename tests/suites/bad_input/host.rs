//! What the host can't give: ports, address ranges, folders, images. With the real `container`.

use std::net::TcpListener;

use system_tests::{Cluster, Traces, User, node_image};

use crate::Before;

/// Refused with these words, and no container, volume or network of it is there.
#[track_caller]
fn refused(user: &User, yaml: &str, status: i32, words: &[&str]) {
    let cluster = Cluster::reserve(user, "bad");
    let file = cluster.write_yaml(yaml);
    let before = Before::of(user);
    let call = cluster.create(["--config", file.to_str().expect("a path")]);
    before.refuses(call, status, words);
    let names = Traces::names(user);
    assert!(
        names.iter().all(|name| !name.contains(cluster.name())),
        "{names:?}"
    );
}

fn with_spec(spec: &str) -> String {
    format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: NAME\nspec:\n{spec}"
    )
}

#[test]
fn a_taken_port_of_the_api_server() {
    let holder = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = holder.local_addr().expect("bound").port().to_string();
    let yaml = with_spec(&format!(
        "  nodes:\n  - role: control-plane\n  networking:\n    apiServerPort: {port}\n"
    ));
    refused(&User::new(), &yaml, 22, &[&port]);
}

#[test]
fn a_taken_port_of_a_mapping() {
    let holder = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = holder.local_addr().expect("bound").port().to_string();
    let yaml = with_spec(&format!(
        "  nodes:\n  - role: control-plane\n  - role: worker\n    extraPortMappings:\n    - containerPort: 30080\n      hostPort: {port}\n"
    ));
    refused(&User::new(), &yaml, 22, &[&port]);
}

#[test]
fn a_subnet_of_the_host() {
    let user = User::new();
    let networks = user
        .container(["network", "list", "--format", "json"])
        .ok()
        .json();
    let subnet = networks[0]["status"]["ipv4Subnet"]
        .as_str()
        .expect("a subnet")
        .to_owned();
    // A larger one, that has it inside.
    let octets: Vec<&str> = subnet.split('.').collect();
    let around = format!("{}.{}.0.0/16", octets[0], octets[1]);
    let yaml = with_spec(&format!(
        "  nodes:\n  - role: control-plane\n  networking:\n    podSubnet: {around}\n"
    ));
    refused(
        &user,
        &yaml,
        21,
        &["podSubnet", &around, "spec.networking.podSubnet"],
    );
}

#[test]
fn a_folder_that_is_not_there() {
    let yaml = with_spec(
        "  nodes:\n  - role: control-plane\n    extraMounts:\n    - hostPath: not/there\n      containerPath: /code\n",
    );
    refused(&User::new(), &yaml, 23, &["not/there"]);
}

#[test]
fn an_image_that_is_not_there() {
    let yaml = with_spec("  nodes:\n  - role: control-plane\n    image: nobody-built-this:1\n");
    refused(
        &User::new(),
        &yaml,
        30,
        &["apple-k8s build node-image --image nobody-built-this:1"],
    );
}

#[test]
fn an_image_for_another_architecture() {
    let user = User::new();
    let foreign = if cfg!(target_arch = "x86_64") {
        "arm64"
    } else {
        "amd64"
    };
    let own = if cfg!(target_arch = "x86_64") {
        "amd64"
    } else {
        "arm64"
    };
    user.file(
        "foreign/Dockerfile",
        "FROM scratch\nCOPY Dockerfile /\nLABEL dev.apple-k8s.kubernetes-version=v1.37.1 \
         dev.apple-k8s.node-contract=1\n",
    );
    let platform = format!("linux/{foreign}");
    user.container([
        "build",
        "--platform",
        &platform,
        "--tag",
        "system-test-foreign:1",
        "foreign",
    ])
    .seconds(180)
    .ok();
    let yaml = with_spec("  nodes:\n  - role: control-plane\n    image: system-test-foreign:1\n");
    refused(&user, &yaml, 31, &["system-test-foreign:1", own]);
    user.container(["image", "delete", "system-test-foreign:1"])
        .ok();
}

#[test]
fn an_image_that_is_no_node_image() {
    let user = User::new();
    user.file("plain/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    user.container(["build", "--tag", "system-test-plain:1", "plain"])
        .seconds(180)
        .ok();
    let yaml = with_spec("  nodes:\n  - role: control-plane\n    image: system-test-plain:1\n");
    refused(&user, &yaml, 32, &["system-test-plain:1", "node image"]);
    user.container(["image", "delete", "system-test-plain:1"])
        .ok();
}

#[test]
fn a_container_that_has_a_nodes_name() {
    let user = User::new();
    let cluster = Cluster::reserve(&user, "taken");
    let name = cluster.worker(1);
    let image = node_image();
    user.container(["create", "--name", &name, &image, "true"])
        .ok();
    let before = Before::of(&user);
    before.refuses(cluster.create(["--workers", "1"]), 41, &[&name]);
    let left = user.container(["list", "--all", "--quiet"]).ok().text();
    user.container(["delete", "--force", &name]).ok();
    assert_eq!(
        left.lines()
            .filter(|line| line.contains(cluster.name()))
            .collect::<Vec<_>>(),
        [name]
    );
}
