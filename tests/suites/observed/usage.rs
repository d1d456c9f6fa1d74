//! Numbers of the app against the node's own.

use std::time::{Duration, Instant};

use engine::{Engine, UsageSample};
use system_tests::Cluster;

use super::Seen;

/// A pod that keeps one processor busy.
const BURNER: &str = "{apiVersion: v1, kind: Pod, metadata: {name: burner}, spec: {terminationGracePeriodSeconds: 0,
  containers: [{name: main, image: 'system-test:1', imagePullPolicy: Never, command: [sh, -c, 'while :; do :; done']}]}}";

/// Shows: a node with a busy pod uses what the pod's own counter in `/proc` says, and a little
/// more; memory is that of the node's processes; each pod is told.
pub(crate) fn of_a_burner(seen: &Seen, engine: &Engine, cluster: &Cluster<'_>) {
    cluster.apply(BURNER);
    cluster.wait("condition=Ready", "pod/burner");
    let node = cluster.field("pod/burner", ".spec.nodeName");
    let (sample, burned) = seen.runtime.block_on(async {
        let mut meter = engine.meter(cluster.name());
        meter.sample().await.expect("measured");
        let before = ticks(cluster, &node);
        let began = Instant::now();
        let sample = meter.sample().await.expect("measured");
        let burned = ticks(cluster, &node) - before;
        (sample, burned / began.elapsed().as_secs_f64())
    });
    let found = sample
        .nodes
        .iter()
        .find(|row| row.node == node)
        .expect("it");
    let cores = found.cpu_cores.expect("measured");
    assert!(
        cores > burned * 0.6 && cores < burned + 1.5,
        "{cores} cores, of which the pod used {burned}"
    );
    let memory = found.memory_bytes.expect("measured");
    let resident = resident(cluster, &node);
    assert!(
        memory > resident / 4 && memory < resident * 2,
        "{memory} bytes, where processes have {resident}"
    );
    let disk = (
        found.disk_bytes.expect("measured"),
        found.disk_capacity_bytes.expect("measured"),
    );
    assert!(disk.0 > 100 << 20 && disk.0 < disk.1, "{disk:?}");
    pods(seen, engine, cluster);
    cluster
        .kubectl(["delete", "--wait=false", "pod/burner"])
        .ok();
}

/// The kubelet measures every 10 to 20 s.
fn pods(seen: &Seen, engine: &Engine, cluster: &Cluster<'_>) {
    let of_burner = |sample: &UsageSample| {
        let mut pods = sample.pods.iter();
        let pod =
            pods.find(|pod| (pod.namespace.as_str(), pod.name.as_str()) == ("default", "burner"));
        pod.and_then(|pod| pod.cpu_cores)
            .filter(|cores| *cores > 0.2)
    };
    let told = seen.runtime.block_on(async {
        let mut meter = engine.meter(cluster.name());
        let measured = async {
            loop {
                if let Some(cores) = of_burner(&meter.sample().await.expect("measured")) {
                    return cores;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(40), measured).await
    });
    let cores = told.expect("the pod is measured in 40 s");
    assert!(cores < 2.0, "{cores} cores");
}

/// Seconds of processor time that the burner has used.
fn ticks(cluster: &Cluster<'_>, node: &str) -> f64 {
    let script = "for each in /proc/[0-9]*; do grep -q 'while :; do :; done' $each/cmdline 2>/dev/null && \
                  [ \"$(cat $each/comm)\" = sh ] && cat $each/stat; done; true";
    let text = cluster.in_node(node, ["bash", "-c", script]).ok().text();
    let used: u64 = text
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.rsplit(')').next()?.split_whitespace().collect();
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        })
        .max()
        .expect("the burner runs");
    #[allow(clippy::cast_precision_loss)] // hundredths of a few seconds
    let seconds = used as f64 / 100.0;
    seconds
}

/// Bytes of memory of all processes in a node that are their own.
fn resident(cluster: &Cluster<'_>, node: &str) -> u64 {
    let script = "cat /proc/[0-9]*/status 2>/dev/null | grep ^RssAnon; true";
    let text = cluster.in_node(node, ["bash", "-c", script]).ok().text();
    let kibibytes: u64 = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    kibibytes * 1024
}
