//! The names of phases for people. The words in events stay the same between releases; these
//! may get better.

/// Phases that read better than their event's word: word, while it runs, when it is done.
const NAMES: &[(&str, &str, &str)] = &[
    // Of operations.
    ("preflight", "checks", "checked"),
    ("run", "starting", "started"),
    ("dns", "DNS", "DNS ready"),
    ("ready", "waiting for Ready", "ready"),
    ("stop", "stopping", "stopped"),
    ("apply", "applying", "applied"),
    ("service", "starting the services", "services started"),
    ("service-stop", "stopping the services", "services stopped"),
    ("kernel", "installing a kernel", "kernel installed"),
    ("drain", "moving pods off", "pods moved off"),
    ("delete-node", "deleting", "deleted"),
    (
        "label",
        "setting labels and taints",
        "labels and taints set",
    ),
    ("delete-nodes", "deleting nodes", "nodes deleted"),
    ("delete-image", "removing image", "image removed"),
    ("collect-logs", "collecting logs", "logs collected"),
    ("clean-up", "cleaning up", "cleaned up"),
    ("check-archive", "checking archive", "archive checked"),
    ("save-image", "saving image", "image saved"),
    ("load", "loading", "loaded"),
    ("copy-images", "copying images", "images copied"),
    ("logs", "collecting logs", "logs collected"),
    // Of an acceptance.
    ("check-machine", "this machine", "this machine"),
    ("check-container", "container", "container"),
    ("check-boot", "booting a node", "a node booted"),
    ("check-cluster", "making a cluster", "a cluster made"),
    ("check-network", "between the nodes", "between the nodes"),
    ("check-access", "kubeconfig and port", "kubeconfig and port"),
    (
        "check-restart",
        "stopping and starting",
        "stopped and started",
    ),
    ("check-delete", "deleting", "deleted"),
    ("check-signature", "reading signatures", "signatures read"),
    // Of a node.
    ("boot", "booting", "booted"),
    ("network", "connecting", "connected"),
    ("containerd", "starting containerd", "containerd started"),
    ("certificates", "making certificates", "certificates made"),
    ("kubeconfigs", "writing kubeconfigs", "kubeconfigs written"),
    ("etcd-manifest", "setting up etcd", "etcd set up"),
    (
        "control-plane-manifests",
        "setting up the control plane",
        "control plane set up",
    ),
    ("kubelet", "starting the kubelet", "kubelet started"),
    ("kubelet-start", "setting up the kubelet", "kubelet set up"),
    ("api", "waiting for the API server", "API server answers"),
    (
        "open-for-workers",
        "opening for workers",
        "open for workers",
    ),
    ("add-ons", "installing add-ons", "add-ons installed"),
    ("node-registered", "registering", "registered"),
    (
        "wait-for-control-plane",
        "waiting for the control plane",
        "let in by the control plane",
    ),
    ("join-preflight", "asking to join", "may join"),
    (
        "discovery",
        "finding the control plane",
        "control plane found",
    ),
    (
        "kubelet-credentials",
        "getting credentials",
        "has credentials",
    ),
    ("join", "joining", "joined"),
    // Of an image's build.
    ("base-debian", "base image of nodes", "base image of nodes"),
    (
        "base-golang",
        "base image of the builder",
        "base image of the builder",
    ),
    ("build-containerd", "containerd", "containerd"),
    ("coredns", "CoreDNS", "CoreDNS"),
    ("cni", "CNI plugins", "CNI plugins"),
    ("cri-tools", "crictl", "crictl"),
    ("assembled", "images of the node", "images of the node"),
];

/// A phase that runs.
pub(crate) fn running(word: &str) -> String {
    known(word).map_or_else(|| plain(word), |(_, running, _)| running.to_owned())
}

/// A phase that is done.
pub(crate) fn done(word: &str) -> String {
    known(word).map_or_else(|| plain(word), |(_, _, done)| done.to_owned())
}

/// Names of programs that are written small even where a line begins.
const SMALL: [&str; 5] = ["containerd", "crictl", "etcd", "flannel", "runc"];

/// The text with its first letter large, unless it is the name of a program.
pub(crate) fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        _ if SMALL.contains(&text) => text.to_owned(),
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

fn known(word: &str) -> Option<(&'static str, &'static str, &'static str)> {
    NAMES.iter().copied().find(|(name, _, _)| *name == word)
}

fn plain(word: &str) -> String {
    word.replace(['-', '_'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_phase_is_shown_as_it_is() {
        assert_eq!(
            (running("boot"), done("boot")),
            ("booting".into(), "booted".into())
        );
        assert_eq!(running("local-path"), "local path");
        assert_eq!(
            (sentence("checks"), sentence("etcd")),
            ("Checks".into(), "etcd".into())
        );
    }

    #[test]
    fn no_phase_has_two_names() {
        let words: std::collections::HashSet<&str> =
            NAMES.iter().map(|(word, _, _)| *word).collect();
        assert_eq!(words.len(), NAMES.len());
    }
}
