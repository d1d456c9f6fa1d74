//! What the system counts of a process and of all that it started.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;

/// What a program took over a time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Cost {
    /// Share of one core, in percent.
    pub(super) core_percent: f64,
    /// How often a thread came to run, each second.
    pub(super) wakeups_per_second: f64,
    /// MiB; what several processes share is divided among them.
    pub(super) memory_mib: f64,
    /// Processes.
    pub(super) processes: usize,
}

/// Counters of a process and its descendants at a moment.
#[derive(Debug)]
pub(super) struct Counters {
    at: Instant,
    processes: BTreeMap<u32, Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    /// Processor time in ticks, children that have ended included.
    ticks: u64,
    /// Context switches of each thread.
    switches: HashMap<u32, u64>,
    memory_kib: u64,
}

impl Counters {
    /// What is counted now.
    pub(super) fn of(root: u32) -> Result<Self> {
        let processes = tree(root)?.into_iter();
        let processes: BTreeMap<u32, Counter> = processes
            .filter_map(|pid| Some((pid, counter(pid)?)))
            .collect();
        ensure!(processes.contains_key(&root), "the app has ended");
        Ok(Self {
            at: Instant::now(),
            processes,
        })
    }

    /// What was taken since.
    #[expect(clippy::cast_precision_loss, reason = "counters of a minute")]
    pub(super) fn since(&self, before: &Self) -> Result<Cost> {
        let seconds = (self.at - before.at).as_secs_f64();
        let none = Counter::default();
        let (mut ticks, mut switches, mut memory) = (0, 0, 0);
        for (pid, now) in &self.processes {
            let then = before.processes.get(pid).unwrap_or(&none);
            ticks += now.ticks.saturating_sub(then.ticks);
            memory += now.memory_kib;
            for (thread, count) in &now.switches {
                let known = then.switches.get(thread).copied().unwrap_or_default();
                switches += count.saturating_sub(known);
            }
        }
        let per_second = rustix::param::clock_ticks_per_second();
        ensure!(per_second > 0, "the system has no clock ticks");
        Ok(Cost {
            core_percent: ticks as f64 / per_second as f64 / seconds * 100.0,
            wakeups_per_second: switches as f64 / seconds,
            memory_mib: memory as f64 / 1024.0,
            processes: self.processes.len(),
        })
    }
}

/// A process and all that descend from it.
fn tree(root: u32) -> Result<Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc")?.flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(parent) = stat(pid).and_then(|words| words.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let (mut open, mut all) = (vec![root], Vec::new());
    while let Some(pid) = open.pop() {
        open.extend(children.remove(&pid).unwrap_or_default());
        all.push(pid);
    }
    Ok(all)
}

/// None of a process that has ended meanwhile.
fn counter(pid: u32) -> Option<Counter> {
    let words = stat(pid)?;
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    // Of `proc(5)`: own time in user and system mode, and that of children that were waited for.
    let ticks = (11..15).filter_map(number).sum();
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let memory_kib = field(&rollup, "Pss:").unwrap_or_default();
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let switches = tasks.filter_map(|task| {
        let thread = task.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let own = field(&status, "voluntary_ctxt_switches:")?;
        let forced = field(&status, "nonvoluntary_ctxt_switches:")?;
        Some((thread, own + forced))
    });
    Some(Counter {
        ticks,
        switches: switches.collect(),
        memory_kib,
    })
}

/// The words of `/proc/<pid>/stat` after the name, the state first.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_counts_and_that_of_children_too() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let before = Counters::of(std::process::id()).expect("counted");
        let began = Instant::now();
        // Half a second of work, as the processor counts it.
        let mut sum = 0_u64;
        while began.elapsed().as_millis() < 500 {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        std::hint::black_box(sum);
        let cost = Counters::of(std::process::id())
            .expect("counted")
            .since(&before)
            .expect("a cost");
        assert!(before.processes.contains_key(&child.id()));
        child.kill().expect("kill");
        child.wait().expect("wait");
        assert!(cost.core_percent > 5.0, "{cost:?}");
        assert!(cost.memory_mib > 0.5 && cost.processes >= 2, "{cost:?}");
    }

    #[test]
    fn fields_are_told_from_those_that_end_alike() {
        let status = "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(12));
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), Some(3));
        assert_eq!(
            field("Pss:        100 kB\nPss_Dirty: 7 kB", "Pss:"),
            Some(100)
        );
    }
}
