//! Memory of nodes as a machine pays for it that runs nothing else: each page of it counts once,
//! however many programs share it, and whatever other clusters on the machine share it too.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::io::Errno;

/// MiB by program; a page that several share is divided among them.
pub(super) type Memory = BTreeMap<String, f64>;

const PAGE: u64 = 4096;
const PAGES_PER_MIB: f64 = 256.0;

/// Memory of these processes and all that descend from them.
pub(super) fn of_trees(roots: &[u32]) -> Result<Memory> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for pid in processes()? {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut open = roots.to_vec();
    let mut programs = Vec::new();
    let mut users: HashMap<u64, u32> = HashMap::new();
    while let Some(pid) = open.pop() {
        let pages = pages(pid)?;
        if let Some(program) = program(pid) {
            for page in &pages {
                *users.entry(*page).or_default() += 1;
            }
            programs.push((program, pages));
        } else {
            // It has ended since it was listed.
            ensure!(!roots.contains(&pid), "process {pid} is gone");
        }
        open.extend(children.remove(&pid).unwrap_or_default());
    }
    let mut memory = Memory::new();
    for (program, pages) in programs {
        let shares = pages.iter().filter_map(|page| users.get(page));
        let pages: f64 = shares.map(|users| 1.0 / f64::from(*users)).sum();
        *memory.entry(program).or_default() += pages / PAGES_PER_MIB;
    }
    Ok(memory)
}

/// The process that is `inner` in the PID namespace whose first process is `init` on the host.
pub(super) fn outside(init: u32, inner: u32) -> Result<u32> {
    let namespace = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let wanted = namespace(init).context("the world is gone")?;
    // The number a process has in its parent's namespace is the second: nodes have their own.
    let found = processes()?.into_iter().find(|pid| {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
            return false;
        };
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let second = numbers.and_then(|numbers| numbers.split_whitespace().nth(1)?.parse().ok());
        second == Some(inner)
            && (namespace(*pid) == Some(wanted.clone())
                || parent(*pid).and_then(namespace) == Some(wanted.clone()))
    });
    found.with_context(|| format!("no process {inner} in the world of {init}"))
}

fn processes() -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

/// Name of the program, as it was called.
fn program(pid: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = line.split(|byte| *byte == 0).next()?;
    let first = String::from_utf8_lossy(first);
    let name = Path::new(first.as_ref()).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the parent is the second field after it.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// Numbers of the physical pages that a process has; none when it has ended.
fn pages(pid: u32) -> Result<Vec<u64>> {
    match present(pid) {
        Err(error)
            if error.kind() == ErrorKind::NotFound
                || error.kind() == ErrorKind::UnexpectedEof
                || Errno::from_io_error(&error) == Some(Errno::SRCH) =>
        {
            Ok(Vec::new())
        }
        pages => pages.with_context(|| format!("memory of process {pid}: are you root?")),
    }
}

fn present(pid: u32) -> std::io::Result<Vec<u64>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps"))?;
    let table = File::open(format!("/proc/{pid}/pagemap"))?;
    let mut pages = Vec::new();
    for (first, last) in resident(&maps) {
        let mut entries = vec![0; usize::try_from((last - first) / PAGE * 8).unwrap_or_default()];
        table.read_exact_at(&mut entries, first / PAGE * 8)?;
        let (entries, _) = entries.as_chunks();
        for entry in entries {
            let entry = u64::from_ne_bytes(*entry);
            let number = entry & ((1 << 55) - 1);
            if entry >> 63 == 0 {
                continue; // not in memory
            }
            if number == 0 {
                return Err(ErrorKind::PermissionDenied.into());
            }
            pages.push(number);
        }
    }
    Ok(pages)
}

/// Address ranges of which something is in memory.
fn resident(maps: &str) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    let mut range = None;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Rss:") if words.next() != Some("0") => ranges.extend(range.take()),
            Some(word) => {
                if let Some((first, last)) = word.split_once('-') {
                    let address = |text| u64::from_str_radix(text, 16);
                    range = address(first).ok().zip(address(last).ok());
                }
            }
            None => {}
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_with_something_in_memory_are_looked_at() {
        let maps = "00400000-00402000 r-xp 00000000 00:1e 27 /bin/a-b\nSize: 8 kB\nRss:   4 kB\n\
                    00500000-00600000 rw-p 00000000 00:00 0\nSize: 1024 kB\nRss:   0 kB\n\
                    00700000-00701000 rw-p 00000000 00:00 0 [heap]\nRss:   4 kB\n";
        assert_eq!(
            resident(maps),
            [(0x40_0000, 0x40_2000), (0x70_0000, 0x70_1000)]
        );
    }

    /// Whoever is not root may not see where pages are.
    #[test]
    fn a_page_of_two_processes_counts_once() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let mut sleepers: Vec<_> = (0..2)
            .map(|_| {
                let mut command = std::process::Command::new("sleep");
                command.arg("60").spawn().expect("sleep")
            })
            .collect();
        let pids: Vec<u32> = sleepers.iter().map(std::process::Child::id).collect();
        // The second runs its program, not ours, when the first page is its own.
        while pids.iter().any(|pid| program(*pid) != Some("sleep".into())) {
            std::thread::yield_now();
        }
        let one = of_trees(&pids[..1]).expect("readable")["sleep"];
        let both = of_trees(&pids).expect("readable")["sleep"];
        for sleeper in &mut sleepers {
            sleeper.kill().expect("kill");
            sleeper.wait().expect("wait");
        }
        assert!(one > 0.1 && both > one && both < 1.9 * one, "{one} {both}");
        assert!(of_trees(&pids).is_err(), "gone");
    }
}
