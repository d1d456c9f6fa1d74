//! Data that outlives pods, and folders of the host.

use std::fs;

use system_tests::Cluster;

/// A claim of the default class and a pod that uses it, on the node that takes it first.
const KEEPER: &str = include_str!("keeper.yaml");

/// Shows: a `PersistentVolumeClaim` written, its pod deleted and made anew on its node, data there.
pub(crate) fn volume(cluster: &Cluster<'_>) {
    cluster.apply(KEEPER);
    cluster.wait("condition=Ready", "pod/keeper");
    let node = cluster.field("pod keeper", ".spec.nodeName");
    cluster.sh("keeper", "echo precious > /data/file");
    cluster.kubectl(["delete", "pod", "keeper"]).ok();
    cluster.apply(KEEPER);
    cluster.wait("condition=Ready", "pod/keeper");
    assert_eq!(cluster.field("pod keeper", ".spec.nodeName"), node);
    assert_eq!(cluster.sh("keeper", "cat /data/file"), "precious");
}

/// Makes the claim with its pod and writes something.
pub(crate) fn keep(cluster: &Cluster<'_>, text: &str) {
    cluster.apply(KEEPER);
    cluster.wait("condition=Ready", "pod/keeper");
    cluster.sh("keeper", &format!("echo {text} > /data/file"));
}

/// What was written.
pub(crate) fn kept(cluster: &Cluster<'_>) -> String {
    cluster.sh("keeper", "cat /data/file")
}

/// Shows: extraMounts seen in pods, both ways. One with `readOnly` can't be written by the node, nor by
/// a pod that mounts it so. A pod that does not is told off by a Mac's device alone: on Linux it
/// is a folder of the kernel that they share.
pub(crate) fn mounts(cluster: &Cluster<'_>) {
    let pod = include_str!("mounts.yaml").replace("NODE", &cluster.worker(1));
    cluster.apply(&pod);
    cluster.wait("condition=Ready", "pod/mounts");
    assert_eq!(
        cluster.sh("mounts -c main", "cat /code/hello.txt"),
        "from the host"
    );
    assert_eq!(
        cluster.sh("mounts -c main", "cat /fixed/hello.txt"),
        "not to be changed"
    );
    cluster.sh("mounts -c main", "echo from the pod > /code/answer.txt");
    let folder = cluster.user().folder();
    let answer = fs::read_to_string(folder.join("code/answer.txt")).expect("written by the pod");
    assert_eq!(answer, "from the pod\n");
    cluster.sh("mounts -c main", "! touch /fixed/new");
    assert!(!folder.join("fixed/new").exists());
    let in_node = cluster
        .in_node(&cluster.worker(1), ["touch", "/fixed/new"])
        .run();
    assert!(
        in_node.stderr.contains("Read-only file system"),
        "{}",
        in_node.report()
    );
    assert!(!folder.join("fixed/new").exists());
    let refused = if cfg!(target_os = "linux") { "" } else { "! " };
    cluster.sh("mounts -c bold", &format!("{refused}touch /fixed/bold"));
    assert_eq!(folder.join("fixed/bold").exists(), refused.is_empty());
}
