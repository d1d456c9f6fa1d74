//! This machine: its system and its memory.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use spec::Role;

use super::{Check, CheckState};
use crate::error::ErrorCode;

const SYSTEM: &str = "This machine";
const MEMORY: &str = "Memory";

/// The oldest macOS on which containers reach each other; on the one before, clusters have one
/// node. Source: the requirements of Apple's `container`.
const MACOS: u32 = 26;

/// Memory that the system itself should keep, in bytes.
const RESERVE: u64 = 2 << 30;

/// Whether clusters can run on this kind of machine at all.
pub(super) fn system() -> Check {
    let (state, detail) = match std::env::consts::OS {
        "macos" => macos(&mac_version(), std::env::consts::ARCH),
        "linux" => (CheckState::Ok, linux()),
        other => (CheckState::Failed, format!("{other} has no `container`")),
    };
    if state == CheckState::Failed {
        return Check::fails("system", SYSTEM, ErrorCode::RuntimeMissing, detail);
    }
    Check::new("system", SYSTEM, state, detail)
}

fn macos(version: &str, architecture: &str) -> (CheckState, String) {
    if architecture != "aarch64" {
        let detail = "Apple's `container` needs a Mac with Apple silicon";
        return (CheckState::Failed, detail.into());
    }
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    let found = format!("macOS {version} on Apple silicon");
    match major {
        None => (
            CheckState::Unknown,
            "the version of macOS could not be told".into(),
        ),
        Some(major) if major < 15 || (16..MACOS).contains(&major) => {
            (CheckState::Failed, format!("{found}: {MACOS} is needed"))
        }
        Some(15) => (
            CheckState::Warning,
            format!("{found}: clusters of one node only; several need {MACOS}"),
        ),
        Some(_) => (CheckState::Ok, found),
    }
}

/// The version of macOS, from the file that `sw_vers` reads.
fn mac_version() -> String {
    let text = fs::read_to_string("/System/Library/CoreServices/SystemVersion.plist");
    product_version(&text.unwrap_or_default()).unwrap_or_default()
}

fn product_version(plist: &str) -> Option<String> {
    let (_, rest) = plist.split_once("<key>ProductVersion</key>")?;
    let (_, rest) = rest.split_once("<string>")?;
    let (version, _) = rest.split_once("</string>")?;
    Some(version.to_owned())
}

fn linux() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or("Linux", |name| name.trim_matches('"'));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{name}, kernel {}", kernel.trim())
}

/// Memory of this machine, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    total: u64,
    /// What programs could still get.
    free: u64,
}

/// All memory of this machine in bytes, when it can be measured. Measured once: it stays.
pub fn total_memory() -> Option<u64> {
    static TOTAL: LazyLock<Option<u64>> = LazyLock::new(|| measured().map(|memory| memory.total));
    *TOTAL
}

fn measured() -> Option<Memory> {
    match std::env::consts::OS {
        "macos" => mac_memory(),
        _ => fs::read_to_string("/proc/meminfo")
            .ok()
            .and_then(|text| linux_memory(&text)),
    }
}

/// Whether a cluster with nothing said about it fits into the memory.
pub(super) fn memory() -> Check {
    let (state, detail) = match measured() {
        Some(memory) => judge(memory),
        None => (CheckState::Unknown, "it could not be measured".into()),
    };
    Check::new("memory", MEMORY, state, detail)
}

fn judge(memory: Memory) -> (CheckState, String) {
    let needed = Role::ControlPlane.default_memory().bytes();
    let gibibytes = |bytes: u64| format!("{}.{} Gi", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30);
    let found = format!(
        "{} of {} free; a cluster of one node takes up to {}",
        gibibytes(memory.free),
        gibibytes(memory.total),
        gibibytes(needed)
    );
    if memory.total < needed + RESERVE {
        let advice = "give nodes less with spec.nodes[].memory";
        (CheckState::Warning, format!("{found}: {advice}"))
    } else if memory.free < needed {
        let advice = "close programs, stop clusters, or give nodes less with spec.nodes[].memory";
        (CheckState::Warning, format!("{found}: {advice}"))
    } else {
        (CheckState::Ok, found)
    }
}

fn linux_memory(meminfo: &str) -> Option<Memory> {
    let value = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        kibibytes.checked_mul(1024)
    };
    Some(Memory {
        total: value("MemTotal:")?,
        free: value("MemAvailable:")?,
    })
}

/// macOS tells by programs alone, as long as nothing unsafe is called.
fn mac_memory() -> Option<Memory> {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let total = said("/usr/sbin/sysctl", &["-n", "hw.memsize"])?;
    Some(Memory {
        total: total.trim().parse().ok()?,
        free: free_by_vm_stat(&said("/usr/bin/vm_stat", &[])?)?,
    })
}

/// Pages that programs could get, of what `vm_stat` writes.
fn free_by_vm_stat(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("page size of ")?;
    let size: u64 = rest.split_whitespace().next()?.parse().ok()?;
    let pages = |key: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let number = line.map(|line| line.trim().trim_end_matches('.').parse());
        number.and_then(Result::ok).unwrap_or_default()
    };
    let keys = [
        "Pages free:",
        "Pages inactive:",
        "Pages speculative:",
        "Pages purgeable:",
    ];
    size.checked_mul(keys.into_iter().map(pages).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_that_clusters_run_on() {
        for (version, architecture, state) in [
            ("26.1", "aarch64", CheckState::Ok),
            ("27.0.1", "aarch64", CheckState::Ok),
            ("15.6", "aarch64", CheckState::Warning),
            ("14.7", "aarch64", CheckState::Failed),
            ("26.1", "x86_64", CheckState::Failed),
            ("", "aarch64", CheckState::Unknown),
        ] {
            let (found, detail) = macos(version, architecture);
            assert_eq!(found, state, "{version} {architecture}: {detail}");
        }
        let plist = "<dict>\n\t<key>ProductName</key>\n\t<string>macOS</string>\n\t<key>ProductVersion</key>\n\t<string>26.1</string>\n</dict>";
        assert_eq!(product_version(plist).as_deref(), Some("26.1"));
    }

    #[test]
    fn memory_is_judged_by_what_a_cluster_takes() {
        let gibibytes = |total: u64, free: u64| Memory {
            total: total << 30,
            free: free << 30,
        };
        assert_eq!(judge(gibibytes(16, 8)).0, CheckState::Ok);
        assert_eq!(judge(gibibytes(16, 3)).0, CheckState::Warning);
        let (state, detail) = judge(gibibytes(4, 4));
        assert_eq!(state, CheckState::Warning);
        assert!(detail.starts_with("4.0 Gi of 4.0 Gi free"), "{detail}");
    }

    #[test]
    fn memory_is_read_from_both_systems() {
        let linux = "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n";
        let memory = linux_memory(linux).expect("readable");
        assert_eq!((memory.total, memory.free), (16_384 << 10, 8192 << 10));
        assert_eq!(linux_memory("MemTotal: 1 kB"), None);
        let mac = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:                               10.\nPages active:                            999.\nPages inactive:                           20.\nPages speculative:                         1.\nPages purgeable:                           2.\n";
        assert_eq!(free_by_vm_stat(mac), Some(33 * 16_384));
        assert_eq!(free_by_vm_stat("nothing"), None);
    }
}
