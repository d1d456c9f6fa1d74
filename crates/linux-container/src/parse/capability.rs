//! Capabilities: `CAP_X`, `X` or `ALL`.

use crate::error::{Error, Result};

/// What a process has without any flag (since 0.12).
pub(crate) const DEFAULTS: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

const OTHERS: [&str; 27] = [
    "CAP_AUDIT_CONTROL",
    "CAP_AUDIT_READ",
    "CAP_BLOCK_SUSPEND",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    "CAP_DAC_READ_SEARCH",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE",
    "CAP_MAC_ADMIN",
    "CAP_MAC_OVERRIDE",
    "CAP_NET_ADMIN",
    "CAP_NET_BROADCAST",
    "CAP_PERFMON",
    "CAP_SYSLOG",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_MODULE",
    "CAP_SYS_NICE",
    "CAP_SYS_PACCT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_WAKE_ALARM",
];

/// Full names of the values of a flag.
pub(crate) fn names(values: &[String]) -> Result<Vec<String>> {
    values
        .iter()
        .map(|value| {
            let upper = value.to_ascii_uppercase();
            if upper == "ALL" {
                return Ok(upper);
            }
            let full = if upper.starts_with("CAP_") {
                upper
            } else {
                format!("CAP_{upper}")
            };
            if DEFAULTS.contains(&full.as_str()) || OTHERS.contains(&full.as_str()) {
                Ok(full)
            } else {
                Err(Error::invalid(format!("invalid capability: {value}")))
            }
        })
        .collect()
}

/// The capabilities of the first process; `None` stands for all there are.
pub(crate) fn effective(add: &[String], drop: &[String]) -> Option<Vec<String>> {
    let all = |list: &[String]| list.iter().any(|c| c == "ALL");
    if all(add) && drop.is_empty() {
        return None;
    }
    let everything = || DEFAULTS.iter().chain(&OTHERS).map(|c| (*c).to_owned());
    let mut kept: Vec<String> = match (all(add), all(drop)) {
        (true, _) => everything().collect(),
        (false, true) => Vec::new(),
        (false, false) => DEFAULTS.iter().map(|c| (*c).to_owned()).collect(),
    };
    if !all(drop) {
        kept.retain(|c| !drop.contains(c));
    }
    for capability in add.iter().filter(|c| *c != "ALL") {
        if !kept.contains(capability) {
            kept.push(capability.clone());
        }
    }
    kept.sort();
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn names_are_completed_and_checked() {
        assert_eq!(
            names(&list(&["net_admin", "ALL"])).unwrap(),
            ["CAP_NET_ADMIN", "ALL"]
        );
        assert!(names(&list(&["CAP_NOPE"])).is_err());
    }

    #[test]
    fn defaults_adds_and_drops() {
        assert_eq!(effective(&[], &[]).unwrap(), DEFAULTS);
        assert_eq!(effective(&list(&["ALL"]), &[]), None);
        assert_eq!(
            effective(&list(&["CAP_KILL"]), &list(&["ALL"])).unwrap(),
            ["CAP_KILL"]
        );
        let most = effective(&list(&["ALL"]), &list(&["CAP_SYS_ADMIN"])).unwrap();
        assert_eq!(most.len(), 40);
        assert!(!most.contains(&"CAP_SYS_ADMIN".to_owned()));
        assert_eq!(effective(&[], &list(&["CAP_KILL"])).unwrap().len(), 13);
    }
}
