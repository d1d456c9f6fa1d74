//! What a cluster might leave behind on a Linux host, and the search for it.
//!
//! While nodes run they are asked for the marks that the host knows them by: names, identities in
//! podman's storage, kernel namespaces, interfaces, addresses, ports. After a delete none of these
//! may be found anywhere. Other clusters on the same host do not disturb that.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
use serde_json::Value;

use crate::{Call, Cluster, User};

/// The longest that a call which is about to end is waited for.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// Marks of the nodes of one cluster.
#[derive(Debug, Clone)]
pub struct NodeTraces {
    /// Words that occur in names of files, command lines, mounts and rules.
    words: BTreeSet<String>,
    /// Kernel namespaces of the nodes and of their pods, as `pid:[4026532842]`.
    namespaces: BTreeSet<String>,
    /// Numbers of the host's ends of the nodes' network interfaces.
    interfaces: BTreeSet<u32>,
    /// Ports of loopback.
    ports: BTreeSet<u16>,
    /// When they were taken, in ticks since the host booted.
    taken: u64,
}

impl NodeTraces {
    /// The marks of a running cluster.
    #[track_caller]
    pub fn of(cluster: &Cluster<'_>) -> Self {
        let user = cluster.user();
        let mut traces = Self {
            words: BTreeSet::from([cluster.name().to_owned()]),
            namespaces: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            ports: BTreeSet::new(),
            taken: 0,
        };
        let host = namespaces("/proc/self/ns");
        for node in cluster.nodes() {
            let node = node["name"].as_str().expect("a name");
            // Globs need a shell; the script is a constant.
            let script = "readlink /proc/[0-9]*/ns/* | sort -u; cat /sys/class/net/eth0/iflink";
            let answer = cluster.in_node(node, ["sh", "-c", script]).ok().text();
            for line in answer.lines() {
                match line.parse() {
                    Ok(number) => drop(traces.interfaces.insert(number)),
                    Err(_) if host.contains(line) => {}
                    Err(_) => drop(traces.namespaces.insert(line.to_owned())),
                }
            }
            traces.words.extend(stored_identities(user, node));
            traces.ports.extend(published_ports(user, node));
        }
        traces.taken = now();
        assert!(
            !traces.namespaces.is_empty(),
            "the nodes have no namespaces: {traces:?}"
        );
        assert!(
            !traces.ports.is_empty(),
            "the nodes publish nothing: {traces:?}"
        );
        traces
    }

    /// Nothing of the marks may be found on the host.
    #[track_caller]
    pub fn assert_gone(&self, user: &User) {
        let mut found = named(user, &self.words);
        found.extend(self.processes());
        found.extend(self.interfaces.iter().filter_map(|number| {
            let name = interface(*number)?;
            Some(format!("interface {name}"))
        }));
        found.extend(self.ports.iter().filter_map(|&port| {
            let error = TcpListener::bind(("127.0.0.1", port)).err()?;
            Some(format!("port {port}: {error}"))
        }));
        assert!(found.is_empty(), "left behind:\n{}", found.join("\n"));
    }

    /// Processes in a namespace of a node. The kernel uses numbers of namespaces again at once:
    /// later processes belong to somebody else.
    fn processes(&self) -> Vec<String> {
        processes()
            .filter(|process| started(process).is_some_and(|start| start <= self.taken))
            .filter(|process| !self.namespaces.is_disjoint(&namespaces(process.join("ns"))))
            .map(|process| format!("process {}", describe(&process)))
            .collect()
    }
}

/// What is there of a cluster that may never have been complete: all by its name, and what in
/// podman's storage belongs to nobody.
#[derive(Debug)]
pub struct Traces;

impl Traces {
    /// Nothing may be there that carries the name, nor anything that lost its owner.
    #[track_caller]
    pub fn assert_none(user: &User, cluster: &str) {
        let words = BTreeSet::from([cluster.to_owned()]);
        wait_for_calls(&words);
        let mut found = named(user, &words);
        found.extend(orphans(user));
        assert!(found.is_empty(), "left behind:\n{}", found.join("\n"));
    }

    /// Names of all containers, volumes and networks.
    #[track_caller]
    pub fn names(user: &User) -> BTreeSet<String> {
        let lists = [
            ("container", &["list", "--all", "--quiet"][..]),
            ("volume", &["volume", "list", "--quiet"]),
            ("network", &["network", "list", "--quiet"]),
        ];
        let mut names = BTreeSet::new();
        for (kind, words) in lists {
            let answer = user.container(words.iter().copied()).ok().text();
            names.extend(answer.lines().map(|name| format!("{kind} {name}")));
        }
        names
    }
}

/// Everything on the host whose name or text has one of the words.
fn named(user: &User, words: &BTreeSet<String>) -> Vec<String> {
    let hit = |text: &str| words.iter().any(|word| text.contains(word));
    let mut found: Vec<String> = Traces::names(user)
        .into_iter()
        .filter(|name| hit(name))
        .collect();

    let own = getpid().as_raw_nonzero().get().to_string();
    found.extend(
        processes()
            .filter(|process| !process.ends_with(&own))
            .filter_map(|process| {
                let text = describe(&process);
                hit(&text).then(|| format!("process {text}"))
            }),
    );
    for (what, text) in host_texts() {
        let lines = text.lines().filter(|line| hit(line));
        found.extend(lines.map(|line| format!("{what}: {}", line.trim())));
    }
    let places = [
        app_root(user),
        user.home(),
        "/run/apple-container".into(),
        "/sys/fs/cgroup".into(),
    ];
    for place in places {
        walk(&place, &mut |path| {
            if path
                .file_name()
                .is_some_and(|name| hit(&name.to_string_lossy()))
            {
                found.push(format!("file {}", path.display()));
            }
        });
    }
    found
}

/// Waits for calls of `container` that a killed program left behind: they end by themselves, and
/// what they do then is part of what is looked at.
fn wait_for_calls(words: &BTreeSet<String>) {
    let until = Instant::now() + CALL_LIMIT;
    for process in processes() {
        let text = describe(&process);
        let pid = process
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw).filter(|pid| *pid != getpid()) else {
            continue;
        };
        if !text.contains("/container ") || !words.iter().any(|word| text.contains(word)) {
            continue;
        }
        // Gone already, or gone within the limit; what stays is found by the search.
        if let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) {
            let left = until.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).expect("a short time");
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&left));
        }
    }
}

/// Texts of the host that name containers.
fn host_texts() -> Vec<(&'static str, String)> {
    let mut texts = vec![(
        "mount",
        fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(),
    )];
    let programs: [(&str, &[&str]); 4] = [
        ("nft", &["list", "ruleset"]),
        ("iptables-save", &[]),
        ("ip", &["-oneline", "link"]),
        ("ip", &["netns"]),
    ];
    for (program, arguments) in programs {
        let path = ["/usr/sbin", "/sbin", "/usr/bin"].map(|folder| Path::new(folder).join(program));
        if let Some(path) = path.into_iter().find(|path| path.exists()) {
            texts.push((program, Call::new(path).args(arguments).run().text()));
        }
    }
    texts
}

/// Containers and layers in podman's storage that none of its lists knows.
fn orphans(user: &User) -> Vec<String> {
    let storage = app_root(user).join("podman/storage");
    let known = |list: &str| -> BTreeSet<String> {
        let text = fs::read(storage.join(list)).unwrap_or_default();
        let all: Vec<Value> = serde_json::from_slice(&text).unwrap_or_default();
        all.iter()
            .filter_map(|one| Some(one["id"].as_str()?.to_owned()))
            .collect()
    };
    let mut found = Vec::new();
    for (folder, list) in [
        ("overlay-containers", "overlay-containers/containers.json"),
        ("overlay", "overlay-layers/layers.json"),
    ] {
        let known = known(list);
        let entries = fs::read_dir(storage.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
            let identity = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if identity && !known.contains(&name) {
                found.push(format!("{folder} without owner: {name}"));
            }
        }
    }
    found
}

/// Identities of a container and of its writable layer in podman's storage.
fn stored_identities(user: &User, node: &str) -> Vec<String> {
    let list = app_root(user).join("podman/storage/overlay-containers/containers.json");
    let all: Vec<Value> =
        serde_json::from_slice(&fs::read(list).unwrap_or_default()).unwrap_or_default();
    let has_name = |one: &&Value| {
        one["names"]
            .as_array()
            .is_some_and(|names| names.iter().any(|name| name == node))
    };
    let stored = all
        .iter()
        .find(has_name)
        .unwrap_or_else(|| panic!("{node} is not in podman's storage"));
    ["id", "layer"]
        .iter()
        .filter_map(|key| Some(stored[*key].as_str()?.to_owned()))
        .collect()
}

fn published_ports(user: &User, node: &str) -> Vec<u16> {
    let answer = user.container(["inspect", node]).ok().json();
    let ports = answer[0]["configuration"]["publishedPorts"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ports
        .iter()
        .filter_map(|port| u16::try_from(port["hostPort"].as_u64()?).ok())
        .collect()
}

fn app_root(user: &User) -> PathBuf {
    let status = user
        .container(["system", "status", "--format", "json"])
        .ok()
        .json();
    let root = status["paths"]["appRoot"]
        .as_str()
        .or(status["appRoot"].as_str());
    root.expect("an app root").into()
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))
    })
}

/// Ticks of the clock that the kernel tells starts by; always 100 a second on Linux.
const TICKS: f64 = 100.0;

/// Ticks since the host booted.
fn now() -> u64 {
    let text = fs::read_to_string("/proc/uptime").expect("/proc/uptime");
    let seconds: f64 = text
        .split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .expect("seconds");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small, positive"
    )]
    let ticks = (seconds * TICKS) as u64;
    ticks
}

/// When a process started, in ticks since the host booted.
fn started(process: &Path) -> Option<u64> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    // The name, in brackets, may hold anything: what follows it is fixed.
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split(' ').nth(19)?.parse().ok()
}

/// Number, command line and control group of a process; it may end meanwhile.
fn describe(process: &Path) -> String {
    let read = |file: &str| {
        let text = fs::read(process.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&text).replace(['\0', '\n'], " ")
    };
    format!(
        "{} {} {}",
        process.display(),
        read("cmdline"),
        read("cgroup")
    )
}

fn namespaces(folder: impl AsRef<Path>) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .filter_map(|link| Some(link.to_str()?.to_owned()))
        .collect()
}

fn interface(number: u32) -> Option<String> {
    let entries = fs::read_dir("/sys/class/net").ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        let text = fs::read_to_string(path.join("ifindex")).ok()?;
        (text.trim().parse() == Ok(number)).then(|| path.display().to_string())
    })
}

/// Visits names that may carry a container's, not what lies within the files of images.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        visit(&path);
        let deeper = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if deeper && !path.ends_with("diff") && !path.ends_with("merged") {
            walk(&path, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_started_a_moment_ago() {
        let started = started(Path::new("/proc/self")).expect("a start");
        // Both clocks are rounded: a process that just began may seem to begin a tick from now.
        let ticks = now().abs_diff(started);
        assert!(ticks < 100 * 60 * 60, "{ticks} ticks");
    }
}
