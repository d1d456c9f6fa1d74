//! What a file asks for is what runs: read back from clusters and their nodes.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use system_tests::{BuiltImage, Call, Checks, Cluster, Output, Traces, User, free_port, http_get};

/// A file of kind that asks for nearly all that maps, and leaves a port to us.
const KIND: &str = include_str!("configured/kind.yaml");

/// A cluster without a network between pods.
const BARE: &str = include_str!("configured/bare.yaml");

/// A `Service` that leads to the API server itself: no image is needed.
const API_PORT: &str = include_str!("configured/api-port.yaml");

#[test]
fn clusters_are_what_their_files_say() {
    let user = User::new();
    let asked = Cluster::reserve(&user, "asked");
    let bare = Cluster::reserve(&user, "bare");
    let port = free_port();
    let kind = asked.write_yaml(&KIND.replace("PORT", &port.to_string()));
    let kind = kind.to_str().expect("a path");
    let own = bare.write_yaml(BARE);
    let own = own.to_str().expect("a path");
    let created = thread::scope(|scope| {
        let create = || asked.create(["--config", kind, "--output", "json"]).ok();
        let first = scope.spawn(create);
        bare.create(["--config", own, "--wait", "0"]).ok();
        first.join().expect("created")
    });
    let created = created.json_lines().pop().expect("a result");

    let mut checks = Checks::new();
    checks.check("without a CNI a node waits for one, and takes it", || {
        own_network(&bare);
        bare.delete().ok();
    });
    checks.check("without kube-proxy a node is Ready, and DNS waits", || {
        without_proxy(&user);
    });
    checks.check("a fixed port of the API", || {
        let server = format!("https://127.0.0.1:{port}");
        assert_eq!(created["server"], server.as_str());
        assert_eq!(asked.kubectl(["get", "--raw", "/readyz"]).ok().word(), "ok");
    });
    checks.check(
        "patches of kubeadm's and containerd's configuration",
        || {
            patched(&asked);
        },
    );
    checks.check("subnets of pods and Services", || subnets(&asked));
    checks.check("kube-proxy with iptables", || iptables(&asked));
    let mapped = mapped(&created);
    checks.check("a port that was left to us leads into the node", || {
        asked.apply(API_PORT);
        answers(mapped);
    });
    checks.check("a container's files by fuse-overlayfs", || {
        fuse_overlayfs(&asked);
    });
    checks.check("the file again changes nothing", || {
        let again = ["apply", "cluster", "--config", kind, "--dry-run"];
        let again = asked.call(again).args(["--name", asked.name()]);
        let plan = again.args(["--output", "json"]).ok();
        let plan = plan.json_lines().pop().expect("a result");
        for what in ["atOnce", "recreated", "impossible"] {
            assert_eq!(plan[what], serde_json::json!([]), "{plan}");
        }
    });
    checks.check("all of it after a restart", || {
        asked.call(["restart", "cluster", asked.name()]).ok();
        subnets(&asked);
        iptables(&asked);
        answers(mapped);
    });
    checks.check("a failed creation leaves nodes if asked, else none", || {
        retained(&user);
    });
    checks.finish();
}

/// The port of this machine that was chosen for the node's 30080.
fn mapped(created: &Value) -> u16 {
    let ports = created["ports"].as_array().expect("ports");
    let [port] = ports.as_slice() else {
        panic!("{created}")
    };
    let port = port.as_str().expect("a text");
    let (host, node) = port.split_once(" → ").expect("an arrow");
    assert!(node.ends_with("-control-plane:30080/tcp"), "{port}");
    let host = host.strip_prefix("127.0.0.1:").expect("loopback");
    host.parse().expect("a port")
}

/// Through the port, kube-proxy and the Service. The API server speaks TLS and says so to whoever
/// does not.
fn answers(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match http_get(&format!("127.0.0.1:{port}")) {
            Err(error) if error.to_string().contains("HTTP request to an HTTPS") => return,
            other => assert!(Instant::now() < until, "port {port}: {other:?}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn patched(cluster: &Cluster<'_>) {
    let node = cluster.control_plane();
    let pods = cluster.field(&format!("node {node}"), ".status.capacity.pods");
    assert_eq!(pods, "42", "KubeletConfiguration of all nodes");
    let label = cluster.field(&format!("node {node}"), ".metadata.labels.tier");
    assert_eq!(label, "front");
    let server = format!("pod kube-apiserver-{node} --namespace kube-system");
    let command = cluster.field(&server, ".spec.containers[0].command");
    assert!(command.contains("--event-ttl=2h0m0s"), "{command}");
    let config = cluster.in_node(&node, ["containerd", "config", "dump"]);
    let config = config.ok().text();
    assert!(config.contains("/etc/containerd/mirrors.d"), "{config}");
}

/// Shows: the other snapshotter of the node image, which a runtime of containerd's can name.
fn fuse_overlayfs(cluster: &Cluster<'_>) {
    const IMAGE: &str = "system-test:1";
    const RUN: &str = "systemctl start containerd-fuse-overlayfs && systemctl restart containerd && \
                       ctr --namespace k8s.io run --rm --snapshotter fuse-overlayfs \
                       docker.io/library/system-test:1 fuse-test sh -c 'grep \" / \" /proc/mounts'";
    let _image = BuiltImage::busybox(cluster.user(), IMAGE);
    let load = ["load", "image", IMAGE, "--name", cluster.name()];
    cluster.call(load).ok();
    let node = cluster.control_plane();
    let root = cluster.in_node(&node, ["bash", "-c", RUN]).ok().text();
    assert!(root.contains("fuse.fuse-overlayfs"), "{root}");
}

fn subnets(cluster: &Cluster<'_>) {
    let saved = "configmap kubeadm-config --namespace kube-system";
    let saved = cluster.field(saved, ".data.ClusterConfiguration");
    for line in ["podSubnet: 10.99.0.0/16", "serviceSubnet: 10.111.0.0/16"] {
        assert!(saved.contains(line), "{line} is not in\n{saved}");
    }
    let service = cluster.field("service kubernetes", ".spec.clusterIP");
    assert_eq!(service, "10.111.0.1");
    let dns = "pods --namespace kube-system --selector k8s-app=kube-dns";
    let dns = cluster.field(dns, ".items[*].status.podIP");
    assert!(dns.starts_with("10.99."), "{dns}");
}

/// Its rules are there, and none of nftables' own.
fn iptables(cluster: &Cluster<'_>) {
    let node = cluster.control_plane();
    let save = ["iptables-save", "--table", "nat"];
    let rules = cluster.in_node(&node, save).ok().text();
    let of_api = |line: &&str| line.starts_with("-A KUBE-SERVICES -d 10.111.0.1/32");
    assert!(rules.lines().any(|line| of_api(&line)), "{rules}");
    let table = ["nft", "list", "table", "ip", "kube-proxy"];
    assert!(!cluster.in_node(&node, table).run().success());
}

/// A node that has no network says so; given one, it is Ready, and pods run on it.
fn own_network(cluster: &Cluster<'_>) {
    let node = cluster.control_plane();
    let object = format!("node/{node}");
    cluster.wait("condition=Ready=False", &object);
    let ready = ".status.conditions[?(@.type==\"Ready\")].message";
    let why = cluster.field(&object, ready);
    assert!(why.contains("cni plugin not initialized"), "{why}");
    let address = ".status.addresses[?(@.type==\"InternalIP\")].address";
    assert_eq!(cluster.field(&object, address), "172.29.5.2", "nodeSubnet");
    let kubelet = cluster.field(&object, ".status.nodeInfo.kubeletVersion");
    assert_eq!(kubelet, "v1.37.1", "kubernetesVersion");

    let pods = cluster.field(&object, ".spec.podCIDR");
    let network = serde_json::json!({"cniVersion": "1.0.0", "name": "own", "plugins": [{
        "type": "ptp", "ipMasq": false,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": pods}]],
            "routes": [{"dst": "0.0.0.0/0"}]},
    }]});
    let write = [
        "exec",
        "--interactive",
        &node,
        "tee",
        "/etc/cni/net.d/10-own.conflist",
    ];
    let write = cluster.user().container(write);
    write.input(network.to_string()).ok();
    cluster.wait("condition=Ready", &object);
    let dns = "pods --namespace kube-system --selector k8s-app=kube-dns";
    cluster.wait("condition=Ready", dns);
}

/// `create` does not wait for DNS, which has no Service to reach the API by.
fn without_proxy(user: &User) {
    let cluster = Cluster::from_yaml(user, "proxyless", include_str!("configured/proxyless.yaml"));
    let node = format!("node/{}", cluster.control_plane());
    let ready = ".status.conditions[?(@.type==\"Ready\")].status";
    assert_eq!(cluster.field(&node, ready), "True");
    let sets = ["get", "daemonsets", "--all-namespaces", "--output", "name"];
    let sets = cluster.kubectl(sets).ok().word();
    assert_eq!(sets, "daemonset.apps/kube-flannel");
    let rules = cluster.in_node(&cluster.control_plane(), ["nft", "list", "ruleset"]);
    let rules = rules.ok().text();
    assert!(!rules.contains("10.96.0.1"), "{rules}");
}

/// A creation that fails at the node's certificates: with `--retain` its node can be looked at.
fn retained(user: &User) {
    let cluster = Cluster::reserve(user, "kept");
    let folder = user.folder().join("certificates");
    fs::create_dir_all(&folder).expect("a folder");
    let yaml = include_str!("configured/failing.yaml");
    let file = cluster.write_yaml(&yaml.replace("FOLDER", folder.to_str().expect("a path")));
    let before = user.kubeconfig_text();
    let create = |more: &[&str]| -> Output {
        let options = ["--config", file.to_str().expect("a path")];
        let options = options.into_iter().chain(more.iter().copied());
        let output = cluster.create(options).run().fails(50);
        assert_eq!(user.kubeconfig_text(), before, "{}", output.report());
        output
    };
    let has_node = || {
        let names = Traces::names(user);
        names.contains(&format!("container {}", cluster.control_plane()))
    };

    let kept = create(&["--retain"]);
    assert!(has_node(), "the node is gone\n{}", kept.report());
    let hint = format!("apple-k8s delete cluster {}", cluster.name());
    assert!(kept.stderr.contains(&hint), "{}", kept.report());
    let look: Call = cluster.in_node(&cluster.control_plane(), ["ls", "/etc/kubernetes"]);
    look.ok();
    cluster.delete().ok();
    assert!(!has_node(), "delete leaves it");

    let plain = create(&[]);
    let names = Traces::names(user).into_iter();
    let left: Vec<String> = names.filter(|name| name.contains(cluster.name())).collect();
    assert!(left.is_empty(), "{left:?}\n{}", plain.report());
}
