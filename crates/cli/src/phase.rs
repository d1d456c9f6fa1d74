//! The names of phases for people. The words in events stay the same between releases; these
//! may get better.

/// Phases that read better than their event's word: word, while it runs, when it is done.
const NAMES: [(&str, &str, &str); 14] = [
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
];

/// A phase that runs.
pub(crate) fn running(word: &str) -> String {
    known(word).map_or_else(|| plain(word), |(_, running, _)| running.to_owned())
}

/// A phase that is done.
pub(crate) fn done(word: &str) -> String {
    known(word).map_or_else(|| plain(word), |(_, _, done)| done.to_owned())
}

/// The text with its first letter large.
pub(crate) fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
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
        assert_eq!(sentence("checks"), "Checks");
    }
}
