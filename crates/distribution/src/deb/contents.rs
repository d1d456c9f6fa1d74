//! What lies where in the packages.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::package::{Entry, Package};
use super::programs::Programs;
use crate::product::Product;
use crate::{REPOSITORY, VERSION, bill, clone_folder, licences, source};

/// Where shells look for completions of packages: shell, file.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/apple-k8s"),
    ("zsh", "usr/share/zsh/vendor-completions/_apple-k8s"),
    ("fish", "usr/share/fish/vendor_completions.d/apple-k8s.fish"),
];

/// What `container` calls, beside what every Debian has.
const CALLED: &str =
    "podman, conmon, catatonit, runc, netavark, aardvark-dns, iproute2, nftables, iptables";

/// The line in /usr/share/applications.
const DESKTOP: &str = "\
[Desktop Entry]
Type=Application
Name=apple-k8s
GenericName=Kubernetes clusters
Comment=Create, start, stop and watch Kubernetes clusters
Exec=apple-k8s-app %F
Icon=apple-k8s
Terminal=false
Categories=Development;
MimeType=application/yaml;application/x-yaml;application/x-tar;application/gzip;application/x-compressed-tar;application/zstd;application/x-zstd-compressed-tar;
Keywords=Kubernetes;containers;cluster;
StartupWMClass=apple-k8s-app
";

/// Command line and `container`.
pub(super) fn clusters(programs: &Programs) -> Result<Package> {
    let mut package = Package {
        name: "apple-k8s",
        section: "admin",
        depends: CALLED.to_owned(),
        // To build a node image from packages and Go modules.
        recommends: "ca-certificates, debian-archive-keyring, golang-go, mmdebstrap",
        // Its /usr/bin/container is another program.
        conflicts: "open-infrastructure-compute-tools",
        title: "Kubernetes clusters of many nodes on one machine",
        description: "\
             Creates, starts, stops, heals, grows and watches Kubernetes clusters, whose\n\
             nodes boot systemd, containerd and kubeadm from one image and keep their\n\
             addresses for life.\n\
             \n\
             Beside the command apple-k8s there is container, the command line of Apple's\n\
             program of that name over podman. Both need root.",
        entries: vec![
            Entry::program("usr/bin/apple-k8s", read(&programs.apple_k8s)?),
            Entry::program("usr/bin/container", read(&programs.container)?),
        ],
    };
    for (shell, path) in COMPLETIONS {
        package
            .entries
            .push(Entry::text(path, completion(&programs.apple_k8s, shell)?));
    }
    package.entries.extend(manual(&programs.apple_k8s)?);
    let spec = clone_folder().join("crates/spec");
    package.entries.push(Entry::text(
        "usr/share/apple-k8s/cluster.v1alpha1.json",
        read(&spec.join("schema/cluster.v1alpha1.json"))?,
    ));
    for name in ["full.yaml", "kind.yaml", "minimal.yaml"] {
        package.entries.push(Entry::text(
            &format!("usr/share/doc/apple-k8s/examples/{name}"),
            read(&spec.join("examples").join(name))?,
        ));
    }
    for (name, text) in [
        (
            "third-party-licences",
            licences::report(Product::Linux, None)?,
        ),
        ("sbom.cdx.json", bill::text(Product::Linux, None)?),
    ] {
        let path = format!("usr/share/doc/apple-k8s/{name}.gz");
        package
            .entries
            .push(Entry::text(&path, source::gzip(text.as_bytes())?));
    }
    documents(&mut package)?;
    Ok(package)
}

/// The app.
pub(super) fn app(programs: &Programs) -> Result<Package> {
    let mut package = Package {
        name: "apple-k8s-app",
        section: "admin",
        // The library of the tray icon is looked for when the app starts, not linked.
        depends: format!("apple-k8s (= {VERSION}), libayatana-appindicator3-1"),
        recommends: "xdg-utils, xterm | x-terminal-emulator",
        conflicts: "",
        title: "Kubernetes clusters of many nodes on one machine - app",
        description: "\
             Creates, starts, stops and watches Kubernetes clusters from an icon in the\n\
             panel, and a window with everything of a cluster.",
        entries: vec![
            Entry::program("usr/bin/apple-k8s-app", read(&programs.app)?),
            Entry::text("usr/share/applications/apple-k8s-app.desktop", DESKTOP),
        ],
    };
    let icons = clone_folder().join("icons");
    for size in [16, 32, 64, 128, 256, 512] {
        package.entries.push(Entry::text(
            &format!("usr/share/icons/hicolor/{size}x{size}/apps/apple-k8s.png"),
            read(&icons.join(format!("app/{size}.png")))?,
        ));
    }
    package.entries.push(Entry::text(
        "usr/share/icons/hicolor/scalable/apps/apple-k8s.svg",
        read(&icons.join("app.svg"))?,
    ));
    documents(&mut package)?;
    Ok(package)
}

/// What every package has to say of itself.
fn documents(package: &mut Package) -> Result<()> {
    let name = package.name;
    let copyright = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: apple-k8s\n\
         Source: {REPOSITORY}\n\
         \n\
         Files: *\n\
         Copyright: 2026 The apple-k8s authors\n\
         License: Apache-2.0\n\
         Comment: Others' work in the programs, with its licences:\n \
         /usr/share/doc/apple-k8s/third-party-licences.gz\n\
         \n\
         License: Apache-2.0\n \
         On Debian systems the text of the Apache License, version 2.0, is in\n \
         /usr/share/common-licenses/Apache-2.0.\n"
    );
    let when = source::time()?.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let changelog = format!(
        "{name} ({VERSION}) unstable; urgency=medium\n\n  * Release {VERSION}: see {REPOSITORY}/releases.\n\n \
         -- {}  {when}\n",
        super::package::MAINTAINER
    );
    let folder = format!("usr/share/doc/{name}");
    package
        .entries
        .push(Entry::text(&format!("{folder}/copyright"), copyright));
    package.entries.push(Entry::text(
        &format!("{folder}/changelog.gz"),
        source::gzip(changelog.as_bytes())?,
    ));
    Ok(())
}

/// The script of a shell, as the program that is found on the search path prints it.
fn completion(program: &Path, shell: &str) -> Result<String> {
    let output = Command::new(program)
        .arg0("apple-k8s")
        .args(["completion", shell])
        .output()
        .with_context(|| format!("running {}", program.display()))?;
    ensure!(output.status.success(), "no completion for {shell}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The pages of the manual.
fn manual(program: &Path) -> Result<Vec<Entry>> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(program)
        .arg("manual")
        .arg(folder.path())
        .output()
        .with_context(|| format!("running {}", program.display()))?;
    ensure!(output.status.success(), "no manual");
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("usr/share/man/man1/{name}.gz");
        pages.push(Entry::text(&place, source::gzip(&read(&path)?)?));
    }
    ensure!(!pages.is_empty(), "an empty manual");
    Ok(pages)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}
