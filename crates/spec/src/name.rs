//! Names of clusters and nodes.

use crate::{Role, SpecError};

/// Longest name of a node: it is a host name and the name of a container.
const LONGEST_NODE_NAME: usize = 63;

/// Longest name of a cluster: with `-control-plane` behind it, it still is a node's name.
pub const LONGEST_CLUSTER_NAME: usize = LONGEST_NODE_NAME - "-control-plane".len();

/// Name of the node that is the `ordinal`th (from 1) of its role: `demo-worker`, `demo-worker2`.
pub(crate) fn node_name(cluster: &str, role: Role, ordinal: usize) -> String {
    match ordinal {
        0 | 1 => format!("{cluster}-{role}"),
        _ => format!("{cluster}-{role}{ordinal}"),
    }
}

/// Checks the name of a cluster: lower-case letters, digits and hyphens, a letter or digit at
/// both ends (an RFC 1123 label), and short enough for the names of its nodes.
///
/// The error has no place; its path is `metadata.name`.
pub fn validate_name(name: &str) -> Result<(), SpecError> {
    let error = |message: String| SpecError::new("metadata.name", message).value(name);
    if name.is_empty() {
        return Err(error("the name of the cluster is empty".into()));
    }
    if let Some(message) = label_fault(name) {
        return Err(
            error(format!("{name:?} is no name for a cluster: {message}"))
                .expected("lower-case letters, digits and hyphens, such as dev-cluster"),
        );
    }
    let length = name.len();
    if length > LONGEST_CLUSTER_NAME {
        return Err(error(format!(
            "the name is {length} characters long, {LONGEST_CLUSTER_NAME} is the most"
        ))
        .hint(format!(
            "with \"-control-plane\" it names a host, and host names end at {LONGEST_NODE_NAME}"
        )));
    }
    Ok(())
}

/// What keeps a text from being an RFC 1123 label, its length aside.
pub(crate) fn label_fault(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(bad) = text.chars().find(|&c| !allowed(c)) {
        return Some(format!("it contains {bad:?}"));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Some("it begins or ends with a hyphen".into());
    }
    None
}
