//! Disks that are full.

use system_tests::{Cluster, Programs, SmallDisk, User};

use crate::Before;

/// The product's own files don't fit.
#[test]
fn no_room_for_the_home() {
    let user = User::new();
    let disk = SmallDisk::mount(&user, "disk", "64k");
    disk.fill();
    let cluster = Cluster::reserve(&user, "home-full");
    let home = disk.folder().join("home");
    let before = Before::of(&user);
    before.refuses(
        cluster.create([]).env("APPLE_K8S_HOME", &home),
        70,
        &[home.to_str().expect("a path")],
    );
    let list = user.container(["list", "--all", "--quiet"]).ok().text();
    assert!(!list.contains(cluster.name()), "{list}");
}

/// The nodes don't fit: said before one is made.
#[test]
fn no_room_for_nodes() {
    let user = User::over(Programs::get());
    let disk = SmallDisk::mount(&user, "disk", "64m");
    let root = disk.folder().join("root");
    let container = |words: &[&str]| {
        user.container(words.iter().copied())
            .env("CONTAINER_APP_ROOT", &root)
            .seconds(180)
    };
    container(&["system", "start", "--enable-kernel-install"]).ok();
    user.file(
        "tiny/Dockerfile",
        "FROM scratch\nCOPY Dockerfile /\nLABEL dev.apple-k8s.kubernetes-version=v1.37.1 \
         dev.apple-k8s.node-contract=1\n",
    );
    container(&["build", "--tag", "apple-k8s-node:v1.37.1", "tiny"]).ok();
    let before = Before::of(&user);
    let call = user.apple_k8s(["create", "cluster", "dev", "--workers", "2"]);
    before.refuses(
        call.env("CONTAINER_APP_ROOT", &root),
        70,
        &["Mi free", "image prune"],
    );
    let list = container(&["list", "--all", "--quiet"]).ok().text();
    container(&["system", "stop"]).ok();
    assert_eq!(list, "");
}
