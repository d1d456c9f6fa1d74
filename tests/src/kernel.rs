//! Settings of the host's kernel, which a cluster must leave as they are. What `container` for Linux
//! raises while its service runs was raised when that was started.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What changes by itself, or names things that come and go.
const VOLATILE: [&str; 12] = [
    "/fs/aio-nr",
    "/fs/dentry-state",
    "/fs/file-nr",
    "/fs/inode-nr",
    "/fs/inode-state",
    "/fs/quota/",
    "/kernel/ns_last_pid",
    "/kernel/pty/nr",
    "/kernel/random/",
    "/kernel/tainted",
    "/net/netfilter/nf_conntrack_count",
    "/net/nf_conntrack_max",
];

/// All settings by their names.
#[derive(Debug)]
pub struct KernelSettings(BTreeMap<String, Vec<u8>>);

impl KernelSettings {
    /// As they are now.
    pub fn now() -> Self {
        let mut all = BTreeMap::new();
        collect(Path::new("/proc/sys"), &mut all);
        assert!(all.len() > 100, "/proc/sys can't be read");
        Self(all)
    }

    /// None may be another one now. Interfaces that came or went are no settings.
    ///
    /// # Panics
    /// When one changed.
    #[track_caller]
    pub fn assert_same(&self) {
        let now = Self::now().0;
        let changed: Vec<String> = self
            .0
            .iter()
            .filter_map(|(name, before)| {
                let now = now.get(name).filter(|now| *now != before)?;
                let text = |value: &[u8]| String::from_utf8_lossy(value).trim().to_owned();
                Some(format!("{name}: {} → {}", text(before), text(now)))
            })
            .collect();
        assert!(changed.is_empty(), "changed:\n{}", changed.join("\n"));
    }
}

fn collect(folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, into);
            continue;
        }
        let name = path.display().to_string();
        let name = name.trim_start_matches("/proc/sys").to_owned();
        let volatile = VOLATILE.iter().any(|one| name.starts_with(one)) || is_of_nodes(&name);
        // Some can only be written.
        if let (false, Ok(value)) = (volatile, fs::read(&path)) {
            into.insert(name, value);
        }
    }
}

/// Whether it is that of an interface which `container` made, such as `/net/ipv4/conf/ac0a1b/mtu`.
fn is_of_nodes(name: &str) -> bool {
    let mut words = name.split('/').skip(3);
    matches!(words.next(), Some("conf" | "neigh"))
        && words
            .next()
            .is_some_and(|interface| interface.starts_with("ac"))
}
