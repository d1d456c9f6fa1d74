//! Disks that fill up while a cluster is created.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::time::Duration;

use system_tests::{Checks, Cluster, Output, SmallDisk, Traces, User};

/// Shows: real disks that are full in the middle of a creation, with real nodes. It fails with the
/// code for that, removes what it made, and no kubeconfig is touched.
#[test]
fn full_in_the_middle() {
    let user = User::new();
    let mut checks = Checks::new();
    checks.check("the product's own disk", || home(&user));
    checks.check("a disk of the control plane", || {
        node(&user, "control-plane");
    });
    checks.check("a disk of a worker", || {
        node(&user, "worker");
    });
    checks.finish();
}

/// The home fills up once nodes boot: at the end the cluster can't be remembered.
fn home(user: &User) {
    let disk = SmallDisk::mount(user, "home-disk", "64k");
    let cluster = Cluster::reserve(user, "home");
    let home = disk.folder().join("home");
    let create = cluster
        .create(["--output", "json"])
        .env("APPLE_K8S_HOME", &home);
    let running = create.start();
    running.line_with("\"phase\":\"boot\"", Duration::from_mins(1));
    disk.fill();
    let output = running.end(Duration::from_mins(4)).fails(70);
    let error = output.json_lines().pop().expect("a line");
    assert_eq!(error["code"], "NoSpace", "{error}");
    let named = error["message"].as_str().expect("a text");
    assert!(named.contains(home.to_str().expect("a path")), "{named}");
    nothing_is_left(&cluster, &output);
    let left = std::fs::read_dir(home.join("clusters")).expect("a folder");
    assert_eq!(left.count(), 0, "the cluster is half remembered");
}

/// Certificates of a node lie on a disk of their own, which is full.
fn node(user: &User, role: &str) {
    let disk = SmallDisk::mount(user, &format!("{role}-disk"), "64k");
    disk.fill();
    let cluster = Cluster::reserve(user, "node");
    let full = format!(
        "extraMounts: [{{hostPath: {}, containerPath: /etc/kubernetes/pki}}]",
        disk.folder().display()
    );
    let mounts = |of: &str| {
        if of == role {
            full.as_str()
        } else {
            "labels: {}"
        }
    };
    let yaml = format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: NAME\nspec:\n  nodes:\n  \
         - role: control-plane\n    {}\n  - role: worker\n    {}\n",
        mounts("control-plane"),
        mounts("worker")
    );
    let file = cluster.write_yaml(&yaml);
    let create = cluster.create(["--config", file.to_str().expect("a path")]);
    let output = create.run().fails(70);
    let name = match role {
        "worker" => cluster.worker(1),
        _ => cluster.control_plane(),
    };
    for word in [name.as_str(), "no space left on device", "full"] {
        assert!(output.stderr.contains(word), "{word}\n{}", output.report());
    }
    nothing_is_left(&cluster, &output);
}

#[track_caller]
fn nothing_is_left(cluster: &Cluster<'_>, output: &Output) {
    let user = cluster.user();
    assert_eq!(user.kubeconfig_text(), None, "{}", output.report());
    let names = Traces::names(user);
    let left: Vec<&String> = names
        .iter()
        .filter(|name| name.contains(cluster.name()))
        .collect();
    assert!(left.is_empty(), "{left:?}\n{}", output.report());
}
