//! Pods, Services and names, and what must not leave a node.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use system_tests::{Call, Cluster, http_get_until};

/// Pods and Services of every cluster that says nothing else, and Services that nobody has.
const POD_RANGE: &str = "10.244.0.0/16";
const SERVICE_RANGE: &str = "10.96.0.0/12";

/// A pod of the `DaemonSet` `page`.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) address: String,
}

/// The pods of the `DaemonSet`.
pub(crate) fn pages(cluster: &Cluster<'_>) -> Vec<Page> {
    let answer = cluster
        .kubectl(["get", "pods", "--selector", "app=page", "--output", "json"])
        .ok()
        .json();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let pods = answer["items"].as_array().expect("pods").iter();
    pods.map(|pod| Page {
        name: text(&pod["metadata"]["name"]),
        node: text(&pod["spec"]["nodeName"]),
        address: text(&pod["status"]["podIP"]),
    })
    .collect()
}

/// Shows: pod to pod across nodes, each with each.
pub(crate) fn pod_to_pod(cluster: &Cluster<'_>) {
    let pages = pages(cluster);
    for from in &pages {
        let addresses: Vec<&str> = pages.iter().map(|page| page.address.as_str()).collect();
        let script = format!(
            "for a in {}; do timeout 5 wget -q -O - http://$a:8080/ || exit 1; done",
            addresses.join(" ")
        );
        let answers = cluster.sh(&from.name, &script);
        let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(
            answers.lines().collect::<Vec<_>>(),
            names,
            "from {}",
            from.node
        );
    }
}

/// Shows: a Service reached by name, and DNS, from a pod on every node.
pub(crate) fn service(cluster: &Cluster<'_>) {
    let pages = pages(cluster);
    for from in &pages {
        let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
                      timeout 5 wget -q -O - http://page.default.svc.cluster.local/; done; true";
        let all: BTreeSet<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let answers = cluster.sh(&from.name, script);
            let seen: BTreeSet<&str> = answers.lines().collect();
            assert!(seen.is_subset(&all), "from {}: {answers}", from.node);
            // Twenty draws miss one of three with a chance of one in a thousand: two are enough
            // here, as pods are reached one by one above. A node's kube-proxy may be a moment
            // behind, says so nowhere, and refuses until then.
            if seen.len() >= 2 && answers.lines().count() == 20 {
                break;
            }
            assert!(Instant::now() < until, "from {}: {answers}", from.node);
        }
        // The short name goes by the search list of the pod.
        cluster.sh(&from.name, "timeout 5 wget -q -O - http://page/");
    }
}

/// Shows: a headless Service resolves to its pods, each of them has a name of its own, from
/// every node.
pub(crate) fn headless(cluster: &Cluster<'_>) {
    let address = |pod: &str| cluster.field(&format!("pod {pod}"), ".status.podIP");
    let (first, second) = (address("db-0"), address("db-1"));
    for from in pages(cluster) {
        let all = cluster.sh(&from.name, "nslookup db.default.svc.cluster.local");
        assert!(
            all.contains(&first) && all.contains(&second),
            "from {}: {all}",
            from.node
        );
        let one = cluster.sh(&from.name, "nslookup db-0.db.default.svc.cluster.local");
        assert!(
            one.contains(&first) && !one.contains(&second),
            "from {}: {one}",
            from.node
        );
    }
}

/// Shows: a `NodePort` answers on the address of every node's container, from the host.
pub(crate) fn node_port(cluster: &Cluster<'_>) {
    let names: Vec<String> = pages(cluster).into_iter().map(|page| page.name).collect();
    for node in [
        cluster.control_plane(),
        cluster.worker(1),
        cluster.worker(2),
    ] {
        let address = cluster.container_address(&node);
        let body = http_get_until(&format!("{address}:30080"), Duration::from_secs(10));
        assert!(
            names.iter().any(|name| name == body.trim()),
            "{node}: {body}"
        );
    }
}

/// Shows: extraPortMappings answer on loopback.
pub(crate) fn published(port: u16) {
    let body = http_get_until(&format!("127.0.0.1:{port}"), Duration::from_secs(10));
    assert!(body.starts_with("page-"), "{body}");
}

/// Sends to addresses of both ranges that nobody has, from a pod and from every node. Nothing
/// answers; where it goes is what [`LeakCounter`] tells.
pub(crate) fn knock_at_nobody(cluster: &Cluster<'_>) {
    let nobody = ["10.110.111.112", "10.244.200.200"];
    for node in [
        cluster.control_plane(),
        cluster.worker(1),
        cluster.worker(2),
    ] {
        for address in nobody {
            // bash's own network redirection: nothing else need be in the node image.
            let script = format!("timeout 1 bash -c 'echo > /dev/tcp/{address}/80'");
            let outcome = cluster.in_node(&node, ["bash", "-c", &script]).run();
            assert!(
                !outcome.success(),
                "something answered\n{}",
                outcome.report()
            );
        }
    }
    for page in pages(cluster) {
        for address in nobody {
            let script = format!("timeout 1 wget -q -O - http://{address}/; echo $?");
            let code = cluster.sh(&page.name, &script);
            // Refused, or given up: not answered, and not broken.
            assert!(
                ["1", "124", "143"].contains(&code.as_str()),
                "{address}: {code}"
            );
        }
    }
}

/// Counts, on the host, frames that come out of containers for addresses of the pod or Service
/// range. Containers are those on interfaces that `container` for Linux made, by their names: other
/// programs' are none of our business. Other tables are not touched; this one goes with the value.
pub(crate) struct LeakCounter;

const TABLE: [&str; 2] = ["bridge", "apple_k8s_leak_test"];

impl LeakCounter {
    pub(crate) fn start() -> Self {
        let [family, table] = TABLE;
        let rules = format!(
            "table {family} {table}\ndelete table {family} {table}\ntable {family} {table} {{\n\
             counter leaked {{}}\ncounter seen {{}}\n\
             chain from_containers {{ type filter hook prerouting priority -300;\n\
             iifname \"ac*\" ip daddr {{ {POD_RANGE}, {SERVICE_RANGE} }} counter name leaked\n\
             iifname \"ac*\" ether type ip counter name seen\n}}\n}}\n"
        );
        nft(&["-f", "-"]).input(rules).ok();
        Self
    }

    /// Nothing leaked, and the counter did see the nodes' traffic.
    #[allow(clippy::unused_self)] // only while it counts
    pub(crate) fn assert_none(&self) {
        assert!(
            Self::count("seen") > 100,
            "the counter saw no traffic: it counts nothing"
        );
        assert_eq!(
            Self::count("leaked"),
            0,
            "frames for pods or Services left a node"
        );
    }

    fn count(counter: &str) -> u64 {
        let [family, table] = TABLE;
        let answer = nft(&["-j", "list", "counter", family, table, counter])
            .ok()
            .json();
        let all = answer["nftables"].as_array().expect("a list");
        let packets = all
            .iter()
            .find_map(|one| one["counter"]["packets"].as_u64());
        packets.expect("a counter")
    }
}

impl Drop for LeakCounter {
    fn drop(&mut self) {
        let [family, table] = TABLE;
        nft(&["delete", "table", family, table]).run();
    }
}

fn nft(arguments: &[&str]) -> Call {
    Call::new("/usr/sbin/nft").args(arguments)
}
