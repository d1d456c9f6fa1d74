//! The names of phases for people. The words in events stay the same between releases; these
//! may get better.

/// Phases that read better than their event's word: word, while it runs, when it is done.
const NAMES: [(&str, &str, &str); 19] = [
    ("preflight", "checks", "checked"),
    ("boot", "booting", "booted"),
    ("dns", "DNS", "DNS ready"),
    ("ready", "waiting for Ready", "ready"),
    ("join", "joining", "joined"),
    ("stop", "stopping", "stopped"),
    ("delete-nodes", "deleting nodes", "nodes deleted"),
    ("collect-logs", "collecting logs", "logs collected"),
    ("clean-up", "cleaning up", "cleaned up"),
    ("check-archive", "checking archive", "archive checked"),
    ("save-image", "saving image", "image saved"),
    ("load", "loading", "loaded"),
    ("logs", "collecting logs", "logs collected"),
    ("cni", "CNI", "CNI ready"),
    ("base-debian", "base image of nodes", "base image of nodes"),
    (
        "base-golang",
        "base image of the builder",
        "base image of the builder",
    ),
    ("coredns", "CoreDNS", "CoreDNS"),
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
    NAMES.into_iter().find(|(name, _, _)| *name == word)
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
        assert_eq!(running("control-plane"), "control plane");
        assert_eq!(
            (sentence("checks"), sentence("etcd")),
            ("Checks".into(), "etcd".into())
        );
    }
}
