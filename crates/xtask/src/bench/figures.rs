//! Figures that can be quoted: spread, and the machine they come from.

use std::fmt;
use std::fs;

use anyhow::Result;
use serde::Serialize;

/// Smallest, middle and largest of several values.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    pub(crate) values: Vec<f64>,
}

impl Figure {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 || sorted.is_empty() {
            at(middle)
        } else {
            f64::midpoint(at(middle - 1), at(middle))
        };
        Self {
            min: at(0),
            median,
            max: at(sorted.len().wrapping_sub(1)),
            values,
        }
    }
}

/// Description of the machine that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    cpu: String,
    cores: usize,
    memory_gib: f64,
    system: String,
}

impl Machine {
    pub(crate) fn this() -> Result<Self> {
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
            date: jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        let figure = Figure::of([3.0, 1.0, 2.0, 10.0]);
        assert!((figure.median - 2.5).abs() < 1e-9 && figure.min < 1.1 && figure.max > 9.9);
        assert!((Figure::of([5.0]).median - 5.0).abs() < 1e-9);
        assert!(Figure::of([]).median.is_nan());
    }
}
