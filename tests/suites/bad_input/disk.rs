//! Disks that are full.

use std::fs;
use std::path::{Path, PathBuf};

use system_tests::{Call, Cluster, Programs, User};

use crate::Before;

/// A disk of its own, small; unmounted when dropped.
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    pub(crate) fn mount(user: &User, name: &str, size: &str) -> Self {
        let folder = user.folder().join(name);
        fs::create_dir(&folder).expect("a folder");
        let options = format!("size={size},mode=700");
        mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], &folder);
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// From now on it can only be read.
    pub(crate) fn freeze(&self) {
        mount(&["-o", "remount,ro"], &self.folder);
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) {
        let filler = self.folder.join("filler");
        let error = fs::write(filler, vec![0; 64 << 20]).expect_err("too small for this");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Call::new("/usr/bin/umount")
            .arg("--lazy")
            .arg(&self.folder)
            .run();
    }
}

fn mount(options: &[&str], folder: &Path) {
    Call::new("/usr/bin/mount").args(options).arg(folder).ok();
}

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
        &["MiB", "image prune"],
    );
    let list = container(&["list", "--all", "--quiet"]).ok().text();
    container(&["system", "stop"]).ok();
    assert_eq!(list, "");
}
