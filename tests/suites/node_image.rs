//! What is in the node images of the store: everything for one architecture, whoever built them where;
//! by emulation each program of the foreign one runs; built again, it is the same to its digest.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use node_image::{Architecture, Contents, NodeImage};
use serde_json::Value;
use system_tests::{Call, Programs, User, node_image as own_image};

/// Set: the image for the other architecture has to be there and to run by emulation.
const FOREIGN: &str = "APPLE_K8S_TEST_FOREIGN";
/// Set: both images are built once more, elsewhere; that takes half an hour.
const AGAIN: &str = "APPLE_K8S_TEST_AGAIN";

/// Images that a node brings along, unpacked.
const BAKED: usize = 10;

/// Where containerd has what is unpacked.
const SNAPSHOTS: &str = "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";

/// Stands for what programs call the machine that they were built for.
const MACHINE: &str = "@machine";

/// How a program is asked for its version, and what the image calls it, or a word that it says.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("usr/local/bin/kubelet", &["--version"], "kubernetes"),
    (
        "usr/local/bin/kubeadm",
        &["version", "-o", "short"],
        "kubernetes",
    ),
    (
        "usr/local/bin/kubectl",
        &["version", "--client"],
        "kubernetes",
    ),
    ("usr/local/bin/containerd", &["--version"], "containerd"),
    (
        "usr/local/bin/containerd-shim-runc-v2",
        &["-v"],
        "containerd",
    ),
    (
        "usr/local/bin/containerd-fuse-overlayfs-grpc",
        &["-h"],
        "usage",
    ),
    ("usr/local/bin/ctr", &["--version"], "containerd"),
    ("usr/local/bin/runc", &["--version"], "runc"),
    ("usr/local/bin/crictl", &["--version"], "cri-tools"),
    ("usr/local/bin/apple-k8s-node", &[], "usage: apple-k8s-node"),
    ("usr/sbin/nft", &["--version"], "nftables"),
    (
        "usr/sbin/xtables-nft-multi",
        &["iptables", "--version"],
        "nf_tables",
    ),
    ("usr/sbin/ethtool", &["--version"], "ethtool version"),
    ("usr/sbin/conntrack", &["--version"], "conntrack-tools"),
    ("usr/sbin/ipset", &["--version"], "ipset v"),
    ("usr/sbin/mke2fs", &["-V"], "mke2fs"),
    ("usr/bin/ip", &["-V"], "iproute2"),
    ("usr/bin/kmod", &["--version"], "kmod version"),
    ("usr/bin/mount", &["--version"], "util-linux"),
    ("usr/bin/bash", &["--version"], MACHINE),
    ("usr/bin/curl", &["--version"], "curl"),
    ("usr/bin/jq", &["--version"], "jq-"),
    ("usr/bin/ping", &["-V"], "iputils"),
    ("usr/bin/socat", &["-V"], "socat version"),
    ("usr/bin/ps", &["--version"], "procps"),
    (
        "usr/bin/fuse-overlayfs",
        &["--version"],
        "fuse-overlayfs: version",
    ),
    ("usr/bin/systemctl", &["--version"], "systemd 252"),
    ("usr/lib/systemd/systemd", &["--version"], "systemd 252"),
    (
        "@/usr/local/bin/kube-apiserver",
        &["--version"],
        "kubernetes",
    ),
    (
        "@/usr/local/bin/kube-controller-manager",
        &["--version"],
        "kubernetes",
    ),
    (
        "@/usr/local/bin/kube-scheduler",
        &["--version"],
        "kubernetes",
    ),
    ("@/usr/local/bin/kube-proxy", &["--version"], "kubernetes"),
    ("@/usr/local/bin/etcd", &["--version"], "etcd"),
    ("@/coredns", &["-version"], "coredns"),
    ("@/usr/local/bin/flanneld", &["-h"], "Usage of"),
    (
        "@/usr/local/bin/local-path-provisioner",
        &["--version"],
        "local-path",
    ),
    ("@/pause", &["-v"], "pause"),
    ("@/usr/sbin/nft", &["--version"], "nftables"),
    ("@/bin/busybox", &["--help"], "BusyBox v"),
];

#[test]
fn every_program_in_the_node_images_is_for_their_machine() {
    let user = User::new();
    let own = NodeImage::new(None, None)
        .expect("a version")
        .named(own_image());
    look(&user, &own);

    let other = match Architecture::host() {
        Architecture::Arm64 => Architecture::Amd64,
        Architecture::Amd64 => Architecture::Arm64,
    };
    let foreign = NodeImage::new(None, Some(other)).expect("a version");
    let there = user
        .container(["image", "inspect", foreign.reference()])
        .run();
    if !there.success() {
        assert!(std::env::var_os(FOREIGN).is_none(), "{}", there.report());
        eprintln!(
            "  {} is not in the store: not looked at",
            foreign.reference()
        );
        return;
    }
    let contents = look(&user, &foreign);
    if std::env::var_os(FOREIGN).is_some() {
        emulate(&user, &contents, other);
    }
}

/// Reads an image from the store.
fn look(user: &User, image: &NodeImage) -> Contents {
    let architecture = image.architecture();
    let archive = user.folder().join(format!("{architecture}.tar"));
    user.container(["image", "save", "--platform", &architecture.platform()])
        .arg("--output")
        .arg(&archive)
        .arg(image.reference())
        .seconds(300)
        .ok();
    let contents = Contents::read(&archive).expect("an image");
    let programs: Vec<&str> = contents.programs().map(|(path, _)| path).collect();
    eprintln!(
        "  {}: {} programs and libraries, {} images in it",
        image.reference(),
        programs.len(),
        contents.baked_images()
    );
    assert_eq!(contents.foreign(architecture), [] as [String; 0]);
    // The other way round everything is foreign: what is read is what is there.
    let other = match architecture {
        Architecture::Arm64 => Architecture::Amd64,
        Architecture::Amd64 => Architecture::Arm64,
    };
    assert!(contents.foreign(other).len() > programs.len());
    assert!(programs.len() > 400, "{programs:?}");
    assert_eq!(contents.baked_images(), BAKED);
    for expected in ["usr/local/bin/kubernetes", "usr/local/bin/apple-k8s-node"] {
        assert!(programs.contains(&expected), "{expected} is missing");
    }
    let unpacked = programs.iter().filter(|path| path.starts_with(SNAPSHOTS));
    assert!(unpacked.count() > BAKED, "no programs in the images");
    contents
}

/// Runs all programs of an image of another architecture.
fn emulate(user: &User, contents: &Contents, architecture: Architecture) {
    let root = user.folder().join("root");
    fs::create_dir(&root).expect("a folder");
    contents.unpack(&root).expect("unpacked");
    let words = fs::read(root.join("etc/apple-k8s/image.json")).expect("there");
    let words: Value = serde_json::from_slice(&words).expect("JSON");
    let versions: BTreeMap<String, String> =
        serde_json::from_value(words["versions"].clone()).expect("versions");

    let mut failed = Vec::new();
    let mut run = |program: &Path, arguments: &[&str], expected: &str| {
        let output = emulated(&root, architecture, program)
            .args(arguments)
            .seconds(120)
            .run();
        let said = output.text() + &output.stderr;
        if !said.to_lowercase().contains(&expected.to_lowercase()) {
            failed.push(format!("{expected:?} is not said\n{}", output.report()));
        }
    };
    for (path, arguments, named) in PROGRAMS {
        let version = versions
            .get(*named)
            .map(|version| version.trim_start_matches('v'));
        let expected = match *named {
            MACHINE => machine(architecture),
            named => version.unwrap_or(named),
        };
        run(&place(&root, path), arguments, expected);
    }
    let plugins = fs::read_dir(root.join("opt/cni/bin")).expect("CNI plugins");
    let plugins: Vec<PathBuf> = plugins
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert!(plugins.len() > 5, "{plugins:?}");
    for plugin in &plugins {
        run(plugin, &[], versions["cni"].trim_start_matches('v'));
    }
    eprintln!(
        "  {} programs run by emulation",
        PROGRAMS.len() + plugins.len()
    );
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// A program in the image; `@` stands for the one in an image that is unpacked there.
fn place(root: &Path, path: &str) -> PathBuf {
    let Some(inside) = path.strip_prefix("@/") else {
        return root.join(path);
    };
    let snapshots = fs::read_dir(root.join(SNAPSHOTS)).expect("snapshots");
    let mut found = snapshots
        .map(|entry| entry.expect("an entry").path().join("fs").join(inside))
        .filter(|path| path.symlink_metadata().is_ok());
    found
        .next()
        .unwrap_or_else(|| panic!("no image has {inside}"))
}

/// What Linux, and the emulators, call an architecture.
const fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "aarch64",
        Architecture::Amd64 => "x86_64",
    }
}

/// A call of a program of the other architecture, with the libraries of its image.
fn emulated(root: &Path, architecture: Architecture, program: &Path) -> Call {
    Call::new(format!("/usr/bin/qemu-{}-static", machine(architecture)))
        .arg("-L")
        .arg(root)
        .arg(program)
        .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin")
        .without_env("CNI_COMMAND")
}

#[test]
fn built_again_elsewhere_an_image_has_the_same_digest() {
    if std::env::var_os(AGAIN).is_none() {
        eprintln!("  not built again: {AGAIN} is not set");
        return;
    }
    let user = User::new();
    let programs = Programs::get();
    let elsewhere = user.folder().join("elsewhere");
    let there = |call: Call| call.env("CONTAINER_APP_ROOT", &elsewhere);
    there(user.container(["system", "start", "--enable-kernel-install"])).ok();
    for architecture in [Architecture::host(), Architecture::Arm64] {
        let image = NodeImage::new(None, Some(architecture)).expect("a version");
        let digest = |call: Call| {
            let image = call.ok().json()[0].clone();
            let digest = image["configuration"]["descriptor"]["digest"].clone();
            assert!(digest.is_string(), "{image}");
            digest
        };
        let inspect = ["image", "inspect", image.reference()];
        let first = digest(user.container(inspect));
        let name = architecture.name();
        there(user.apple_k8s(["build", "node-image", "--arch", name]))
            .env("APPLE_K8S_CONTAINER", &programs.container)
            .seconds(60 * 60)
            .ok();
        assert_eq!(digest(there(user.container(inspect))), first, "{name}");
        eprintln!("  {}: {first}", image.reference());
    }
    there(user.container(["system", "stop"])).ok();
}
