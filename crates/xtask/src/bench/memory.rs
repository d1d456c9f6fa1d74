//! Memory of a node as the machine pays for it: pages shared by processes are counted once.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};

/// Proportional memory, in MiB, of a process and all that descend from it.
pub(crate) fn of_tree(root: u32) -> Result<f64> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut open = vec![root];
    let mut kib = 0;
    while let Some(pid) = open.pop() {
        // A process may have ended since it was listed.
        kib += proportional_kib(pid).unwrap_or(0);
        open.extend(children.remove(&pid).unwrap_or_default());
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
    let mib = kib as f64 / 1024.0;
    anyhow::ensure!(mib > 0.0, "process {root} uses no memory: it is gone");
    Ok(mib)
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

fn proportional_kib(pid: u32) -> Result<u64> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = text
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .context("no Pss")?;
    let number = line.split_whitespace().nth(1).context("no number")?;
    Ok(number.parse()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_uses_memory() {
        assert!(super::of_tree(std::process::id()).expect("readable") > 0.5);
    }
}
