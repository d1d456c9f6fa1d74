//! What a running container uses, read from its control group and its network namespace.

use std::fs;
use std::path::PathBuf;

use crate::model::Stats;

/// Usage of the container of a first process.
pub(crate) fn stats(id: &str, pid: i32) -> Option<Stats> {
    let groups = Groups::of(pid)?;
    let (rx, tx) = network(pid);
    let (read, write) = groups.blocks();
    Some(Stats {
        block_read_bytes: read,
        block_write_bytes: write,
        cpu_usage_usec: groups.cpu(),
        id: id.to_owned(),
        memory_limit_bytes: groups.number("memory", "memory.limit_in_bytes", "memory.max"),
        memory_usage_bytes: groups.number("memory", "memory.usage_in_bytes", "memory.current"),
        network_rx_bytes: rx,
        network_tx_bytes: tx,
        num_processes: groups.number("pids", "pids.current", "pids.current"),
    })
}

/// Control groups of a process, of either generation.
struct Groups {
    /// Controllers and path of each line of `/proc/PID/cgroup`.
    lines: Vec<(String, String)>,
}

impl Groups {
    fn of(pid: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let lines = text
            .lines()
            .filter_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                // systemd moves itself below the group of the container.
                let controllers = parts.next()?.to_owned();
                let path = parts.next()?.trim_end_matches("/init.scope").to_owned();
                Some((controllers, path))
            })
            .collect();
        Some(Self { lines })
    }

    /// A file of a controller in the first generation, or of the one tree of the second.
    fn file(&self, controller: &str, first: &str, second: &str) -> Option<String> {
        for (controllers, path) in &self.lines {
            let path = path.trim_start_matches('/');
            let root = PathBuf::from("/sys/fs/cgroup");
            let file = if controllers.split(',').any(|c| c == controller) {
                root.join(controller).join(path).join(first)
            } else if controllers.is_empty() {
                root.join(path).join(second)
            } else {
                continue;
            };
            if let Ok(text) = fs::read_to_string(file) {
                return Some(text);
            }
        }
        None
    }

    fn number(&self, controller: &str, first: &str, second: &str) -> Option<u64> {
        self.file(controller, first, second)?.trim().parse().ok()
    }

    /// Microseconds of processor time so far.
    fn cpu(&self) -> Option<u64> {
        let text = self.file("cpuacct", "cpuacct.usage", "cpu.stat")?;
        match text.trim().parse::<u64>() {
            Ok(nanoseconds) => Some(nanoseconds / 1000),
            Err(_) => text
                .lines()
                .find_map(|l| l.strip_prefix("usage_usec ")?.parse().ok()),
        }
    }

    /// Bytes read from and written to block devices.
    fn blocks(&self) -> (Option<u64>, Option<u64>) {
        let text = self.file("blkio", "blkio.throttle.io_service_bytes", "io.stat");
        let Some(text) = text else {
            return (None, None);
        };
        let sum = |first: &str, second: &str| {
            text.split_whitespace()
                .scan("", |previous, word| {
                    let pair = (*previous, word);
                    *previous = word;
                    Some(pair)
                })
                .filter_map(|(before, word)| {
                    if before == first {
                        word.parse::<u64>().ok()
                    } else {
                        word.strip_prefix(second)?.parse().ok()
                    }
                })
                .sum()
        };
        (Some(sum("Read", "rbytes=")), Some(sum("Write", "wbytes=")))
    }
}

/// Bytes received and sent by all interfaces but the loopback.
fn network(pid: i32) -> (Option<u64>, Option<u64>) {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/net/dev")) else {
        return (None, None);
    };
    let mut sums = (0, 0);
    for line in text.lines().skip(2) {
        let Some((name, numbers)) = line.split_once(':') else {
            continue;
        };
        if !name.trim().starts_with("eth") {
            continue;
        }
        let numbers: Vec<u64> = numbers
            .split_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect();
        sums.0 += numbers.first().copied().unwrap_or(0);
        sums.1 += numbers.get(8).copied().unwrap_or(0);
    }
    (Some(sums.0), Some(sums.1))
}
