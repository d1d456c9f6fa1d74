//! Folders and files of this machine that nodes see.

use std::collections::BTreeSet;

use crate::read::Problems;
use crate::source::element;
use crate::{Cluster, Mount, Node, SpecError};

use super::node_path;

/// Nothing of the host may be mounted here or below: the system fills these at each start.
const FILLED_AT_START: [&str; 8] = [
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/var/run",
    "/tmp",
    "/etc/apple-k8s",
    "/var/lib/container-disk",
];

/// Nothing of the host may replace these: the node would lack what it is made of. Below them is
/// fine.
const NEEDED: [&str; 29] = [
    "/",
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/opt",
    "/opt/cni",
    "/opt/cni/bin",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/etc/kubernetes",
    "/etc/containerd",
    "/etc/cni",
    "/etc/systemd",
    "/etc/hosts",
    "/etc/resolv.conf",
];

/// Checks the mounts of a node.
pub(super) fn check(path: &str, node: &Node, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, mount) in node.extra_mounts.iter().enumerate() {
        let path = element(&format!("{path}.extraMounts"), index);
        check_host_path(&path, mount, problems);
        let container = format!("{path}.containerPath");
        if problems.failed(&path) || problems.failed(&container) {
            continue;
        }
        if let Some(error) = container_path_error(container.clone(), &mount.container_path) {
            problems.error(error.value(&mount.container_path));
        } else if !seen.insert(&mount.container_path) {
            let message = format!("the node has a mount at {} already", mount.container_path);
            problems.error(SpecError::new(container, message).value(&mount.container_path));
        }
    }
}

fn check_host_path(path: &str, mount: &Mount, problems: &mut Problems) {
    let error = |message: String| SpecError::new(format!("{path}.hostPath"), message);
    let Some(host_path) = mount.host_path.to_str() else {
        let message = format!("the name of {} is not UTF-8", mount.host_path.display());
        problems.error(error(message).hint("rename the folder"));
        return;
    };
    // `container run --volume` separates its parts by colons.
    if host_path.contains(':') {
        problems.error(error("the path contains \":\"".into()).value(host_path).hint(
            "a path with a colon can't be mounted: rename the folder, or mount the one above it",
        ));
    }
}

fn container_path_error(path: String, container_path: &str) -> Option<SpecError> {
    let error = |message: String| Some(SpecError::new(path, message));
    if !container_path.starts_with('/') {
        let absolute = clean(container_path);
        return error(format!("{container_path:?} is not absolute")).map(|error| {
            error
                .expected("a path that begins with \"/\"")
                .hint(format!("did you mean {absolute}?"))
        });
    }
    if container_path.contains([':', '\n', '\r', '\t']) {
        return error("the path contains a character that can't be in a mount".into())
            .map(|error| error.expected("a path without colons and line breaks"));
    }
    let cleaned = clean(container_path);
    if container_path.split('/').any(|part| part == "..") {
        return error(format!("{container_path:?} contains \"..\""))
            .map(|error| error.expected("the path itself"));
    }
    if cleaned != container_path {
        return error(format!("{container_path:?} is not written plainly"))
            .map(|error| error.hint(format!("write {cleaned}")));
    }
    if NEEDED.contains(&container_path) {
        return error(format!(
            "a mount over {container_path} would hide what the node needs"
        ))
        .map(|error| error.hint("mount it at a place of its own, such as /data"));
    }
    let system = FILLED_AT_START
        .into_iter()
        .find(|system| is_in(container_path, system))?;
    error(format!(
        "{system} of a node is made anew at each start, a mount there would be lost"
    ))
    .map(|error| error.hint("mount it at a place of its own, such as /data"))
}

/// An absolute path without empty parts, `.` and a slash at the end.
fn clean(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    format!("/{}", parts.collect::<Vec<_>>().join("/"))
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The mounts whose folder or file this machine does not have.
pub(crate) fn host_paths(cluster: &Cluster) -> Vec<SpecError> {
    let mut errors = Vec::new();
    for (index, node) in cluster.nodes.iter().enumerate() {
        for (number, mount) in node.extra_mounts.iter().enumerate() {
            let path = element(&format!("{}.extraMounts", node_path(index)), number);
            if let Err(error) = mount.host_path.metadata() {
                errors.push(host_path_error(&format!("{path}.hostPath"), mount, &error));
            }
        }
    }
    errors
}

fn host_path_error(path: &str, mount: &Mount, error: &std::io::Error) -> SpecError {
    let host_path = mount.host_path.display();
    let spec_error = if error.kind() == std::io::ErrorKind::NotFound {
        SpecError::new(path, format!("{host_path} does not exist on this machine"))
            .hint("create it, or correct the path")
    } else {
        SpecError::new(path, format!("{host_path} can't be used: {error}"))
    };
    spec_error.value(host_path)
}

#[cfg(test)]
mod tests {
    use super::container_path_error;

    #[test]
    fn places_in_a_node() {
        for good in [
            "/code",
            "/var/lib/kubelet/config.json",
            "/etc/containerd/certs.d",
            "/data/x.y",
            "/runner",
            "/var/local",
            "/home",
        ] {
            assert_eq!(container_path_error(String::new(), good), None, "{good}");
        }
        for bad in [
            "",
            "code",
            "/",
            "/proc",
            "/sys/fs",
            "/run/x",
            "/tmp/x",
            "/dev/null",
            "/usr/bin",
            "/etc",
            "/a/../b",
            "/a/",
            "/a//b",
            "/a/./b",
            "/a:b",
            "/var/run/x",
            "/etc/hosts",
        ] {
            assert!(container_path_error(String::new(), bad).is_some(), "{bad}");
        }
    }
}
