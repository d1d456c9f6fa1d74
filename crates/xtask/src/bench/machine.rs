//! The machine that is measured, and how busy it is.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Description of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: f64,
    system: String,
}

impl Machine {
    pub(super) fn this() -> Result<Self> {
        let value = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib: f64 = value(&memory, "MemTotal")
            .and_then(|text| text.split(' ').next()?.parse().ok())
            .unwrap_or_default();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Ok(Self {
            cpu: value(&cpu, "model name").unwrap_or_else(|| "unknown processor".into()),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            system: format!("Linux {}", release.trim()),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {} GiB, {}",
            self.cpu, self.cores, self.memory_gib, self.system
        )
    }
}

/// Time that all cores worked and that passed, in ticks.
pub(super) struct Load {
    busy: u64,
    all: u64,
}

impl Load {
    pub(super) fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("an empty /proc/stat")?;
        let ticks: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|word| word.parse().ok())
            .collect();
        let all: u64 = ticks.iter().take(8).sum();
        // The fourth and fifth are idle and waiting for the disk.
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self {
            busy: all - idle,
            all,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
    pub(super) fn busy_percent_since(&self, before: &Self) -> f64 {
        let all = (self.all - before.all).max(1) as f64;
        (self.busy - before.busy) as f64 / all * 100.0
    }
}
