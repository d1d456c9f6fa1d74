//! What is in the node images of the store: everything for one architecture, whoever built them where,
//! and each program of this machine's runs and says its version.
//!
//! The image of the other architecture is looked at where it is in the store. That it is there, that
//! its programs run by emulation, and that both images built again are the same to their digests, is
//! asked for by `make image-arm64` alone, which takes hours and is run by hand; elsewhere this says
//! what it has not looked at.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

#[path = "node_image/programs.rs"]
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use node_image::{Architecture, Contents, NodeImage};
use programs::{Image, PROGRAMS, machine};
use serde_json::Value;
use system_tests::{Call, Programs, User, node_image as own_image};

/// Set: the image for the other architecture has to be there and to run by emulation.
const FOREIGN: &str = "APPLE_K8S_TEST_FOREIGN";
/// Set: both images are built once more, elsewhere; that takes an hour.
const AGAIN: &str = "APPLE_K8S_TEST_AGAIN";

/// Images that a node brings along, unpacked.
const BAKED: usize = 10;

/// Where containerd has what is unpacked.
const SNAPSHOTS: &str = "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";

#[test]
fn every_program_in_the_node_images_is_for_their_machine() {
    let user = User::new();
    let own = NodeImage::new(None, None)
        .expect("a version")
        .named(own_image());
    let contents = look(&user, &own);
    run_programs(&user, &contents, own.architecture());

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
        let missing = foreign.reference();
        eprintln!("  not looked at: {missing}, which is not in the store (`make image-arm64`)");
        return;
    }
    let contents = look(&user, &foreign);
    if std::env::var_os(FOREIGN).is_some() {
        run_programs(&user, &contents, other);
    } else {
        eprintln!("  not looked at: its programs as they run; {FOREIGN} is not set");
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

/// Runs all programs of an image, by emulation where it is for another machine.
fn run_programs(user: &User, contents: &Contents, architecture: Architecture) {
    let is_emulated = architecture != Architecture::host();
    if !cfg!(target_os = "linux") {
        eprintln!("  not looked at: its programs as they run; they are Linux's");
        return;
    }
    let root = user.folder().join(architecture.name());
    fs::create_dir(&root).expect("a folder");
    contents.unpack(&root).expect("unpacked");
    let words = fs::read(root.join("etc/apple-k8s/image.json")).expect("there");
    let words: Value = serde_json::from_slice(&words).expect("JSON");
    let versions: BTreeMap<String, String> =
        serde_json::from_value(words["versions"].clone()).expect("versions");
    let image = Image {
        architecture,
        versions: &versions,
        is_emulated,
    };
    let call = |(root, path): (PathBuf, &str), arguments: &[&str]| {
        let call = if is_emulated {
            emulated(&root, architecture, path)
        } else {
            native(&root, path)
        };
        let call = call.env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin");
        let call = call.without_env("CNI_COMMAND").args(arguments);
        call.seconds(120).run()
    };

    let mut faults = Vec::new();
    for program in PROGRAMS {
        let output = call(place(&root, program.path), program.arguments);
        faults.extend(program.fault(&output, &image));
    }
    let plugins = fs::read_dir(root.join("opt/cni/bin")).expect("CNI plugins");
    let plugins: Vec<String> = plugins
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("text"))
        .collect();
    assert!(plugins.len() > 5, "{plugins:?}");
    for plugin in &plugins {
        let path = format!("opt/cni/bin/{plugin}");
        let output = call((root.clone(), &path), &[]);
        faults.extend(image.fault_of_plugin(plugin, &output));
    }
    eprintln!(
        "  {} programs for {architecture} run{}",
        PROGRAMS.len() + plugins.len(),
        if is_emulated { " by emulation" } else { "" }
    );
    let count = faults.len();
    assert!(count == 0, "{count} failed:\n{}", faults.join("\n"));
}

/// Where a program is: a root, and a path in it. `@` stands for the root of an image that is
/// unpacked in this one.
fn place<'a>(root: &Path, path: &'a str) -> (PathBuf, &'a str) {
    let Some(inside) = path.strip_prefix("@/") else {
        return (root.to_owned(), path);
    };
    let snapshots = fs::read_dir(root.join(SNAPSHOTS)).expect("snapshots");
    let mut roots = snapshots
        .map(|entry| entry.expect("an entry").path().join("fs"))
        .filter(|root| root.join(inside).symlink_metadata().is_ok());
    let root = roots.next();
    (
        root.unwrap_or_else(|| panic!("no image has {inside}")),
        inside,
    )
}

/// A call of a program of this machine's image, which sees no other files.
fn native(root: &Path, path: &str) -> Call {
    let call = Call::new("unshare").args(["--mount", "--root"]);
    let call = call.arg(root);
    // An image of one program has no place for it.
    let call = if root.join("proc").is_dir() {
        call.arg("--mount-proc")
    } else {
        call
    };
    call.arg("--").arg(Path::new("/").join(path))
}

/// A call of a program of the other architecture, with the libraries of the node's image.
fn emulated(root: &Path, architecture: Architecture, path: &str) -> Call {
    Call::new(format!("/usr/bin/qemu-{}-static", machine(architecture)))
        .arg("-L")
        .arg(root)
        .arg(root.join(path))
}

#[test]
fn built_again_elsewhere_an_image_has_the_same_digest() {
    if std::env::var_os(AGAIN).is_none() {
        eprintln!("  not looked at: the digests of images built again; {AGAIN} is not set");
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
