//! Labels and taints, by the rules of Kubernetes.

use std::collections::BTreeSet;

use crate::name::label_fault;
use crate::read::Problems;
use crate::source::{element, field};
use crate::{Node, SpecError};

/// Labels below `kubernetes.io` and `k8s.io` that a kubelet may give its node; it refuses to
/// start with others (`IsKubeletLabel` of the kubelet's well-known labels).
const KUBELET_LABELS: [&str; 8] = [
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];

/// Prefixes below which a kubelet may set any label.
const KUBELET_PREFIXES: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];

/// Labels that the node itself sets.
const SET_BY_NODE: [&str; 3] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
];

/// Prefix of the product's own labels.
const OWN_PREFIX: &str = "apple-k8s.dev";

/// Longest name (without prefix) and longest value of a label.
const LONGEST_PART: usize = 63;

/// Longest prefix of a label, a DNS name.
const LONGEST_PREFIX: usize = 253;

/// Checks the labels and taints of a node.
pub(super) fn check(path: &str, node: &Node, problems: &mut Problems) {
    for (key, value) in &node.labels {
        let path = field(&format!("{path}.labels"), key);
        if let Some(fault) = key_fault(key).or_else(|| reserved(key)) {
            let error =
                SpecError::new(&path, format!("{key:?} can't be a label: {fault}")).at_key();
            problems.error(with_hint(error.value(key), key));
        }
        if let Some(fault) = value_fault(value) {
            let error = SpecError::new(&path, format!("{value:?} is no label's value: {fault}"));
            problems.error(error.value(value));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, taint) in node.taints.iter().flatten().enumerate() {
        let path = element(&format!("{path}.taints"), index);
        if problems.failed(&path) {
            continue;
        }
        if !problems.failed(&format!("{path}.key"))
            && let Some(fault) = key_fault(&taint.key)
        {
            let message = format!("{:?} can't be a taint: {fault}", taint.key);
            problems.error(SpecError::new(format!("{path}.key"), message).value(&taint.key));
        }
        if let Some(fault) = value_fault(&taint.value) {
            let message = format!("{:?} is no taint's value: {fault}", taint.value);
            problems.error(SpecError::new(format!("{path}.value"), message).value(&taint.value));
        }
        if !seen.insert((&taint.key, taint.effect.as_str())) {
            let message = format!(
                "the taint {} with {} stands here twice",
                taint.key, taint.effect
            );
            problems.error(SpecError::new(path, message));
        }
    }
}

fn with_hint(error: SpecError, key: &str) -> SpecError {
    match key.strip_prefix("node-role.kubernetes.io/") {
        Some(_) => error.hint(format!("set it afterwards: kubectl label node NODE {key}=")),
        None => error,
    }
}

/// What keeps a text from being the key of a label or taint: `[prefix/]name`.
fn key_fault(key: &str) -> Option<String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if let Some(fault) = prefix_fault(prefix) {
                return Some(fault);
            }
            name
        }
        None => key,
    };
    if name.is_empty() {
        return Some("it has no name".into());
    }
    part_fault(name)
}

fn prefix_fault(prefix: &str) -> Option<String> {
    if prefix.len() > LONGEST_PREFIX {
        return Some(format!(
            "its prefix has more than {LONGEST_PREFIX} characters"
        ));
    }
    prefix.split('.').find_map(|label| {
        if label.is_empty() {
            return Some("its prefix is no DNS name".into());
        }
        label_fault(label).map(|fault| format!("its prefix is no DNS name, {fault}"))
    })
}

fn value_fault(value: &str) -> Option<String> {
    if value.is_empty() {
        None
    } else {
        part_fault(value)
    }
}

/// What keeps a text from being a label's name or value.
fn part_fault(part: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(bad) = part.chars().find(|&c| !allowed(c)) {
        return Some(format!("it contains {bad:?}"));
    }
    if part.len() > LONGEST_PART {
        return Some(format!(
            "it has {} characters, {LONGEST_PART} is the most",
            part.len()
        ));
    }
    let ends = |c: char| c.is_ascii_alphanumeric();
    let proper = part.starts_with(ends) && part.ends_with(ends);
    (!proper).then(|| "it begins or ends with no letter or digit".into())
}

/// Why a label is not the user's to set.
fn reserved(key: &str) -> Option<String> {
    let (prefix, _) = key.split_once('/')?;
    let below = |domain: &str| {
        prefix
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if below(OWN_PREFIX) {
        return Some(format!("{OWN_PREFIX} is reserved"));
    }
    if SET_BY_NODE.contains(&key) {
        return Some("the node sets it itself".into());
    }
    let of_kubernetes = below("kubernetes.io") || below("k8s.io");
    let allowed =
        KUBELET_LABELS.contains(&key) || KUBELET_PREFIXES.iter().any(|domain| below(domain));
    (of_kubernetes && !allowed)
        .then(|| "a node may not give itself this label of Kubernetes".into())
}

#[cfg(test)]
mod tests {
    use super::{key_fault, reserved, value_fault};

    #[test]
    fn keys() {
        let long = "a".repeat(63);
        for good in [
            "a",
            "disk-type",
            "example.com/My_Key.1",
            &long,
            &format!("x/{long}"),
        ] {
            assert_eq!(key_fault(good), None, "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in [
            "", "-a", "a-", "a b", "ä", "x/", "/x", "A.com/x", "a..b/x", "a/b/c", &too_long,
        ] {
            assert!(key_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn values() {
        for good in ["", "a", "1.2_x-Y"] {
            assert_eq!(value_fault(good), None, "{good}");
        }
        for bad in ["-a", "a/b", "a b", &"a".repeat(64)] {
            assert!(value_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn labels_that_are_not_the_users() {
        for good in [
            "a",
            "example.com/a",
            "notk8s.io/a",
            "topology.kubernetes.io/zone",
            "node.kubernetes.io/x",
            "sub.node.kubernetes.io/x",
        ] {
            assert_eq!(reserved(good), None, "{good}");
        }
        for bad in [
            "apple-k8s.dev/x",
            "x.apple-k8s.dev/y",
            "kubernetes.io/hostname",
            "node-role.kubernetes.io/worker",
            "k8s.io/x",
            "x.k8s.io/y",
        ] {
            assert!(reserved(bad).is_some(), "{bad}");
        }
    }
}
