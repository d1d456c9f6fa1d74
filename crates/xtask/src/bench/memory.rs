//! Memory of a node as the machine pays for it: pages shared by processes are counted once.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// MiB by program.
pub(super) type Memory = BTreeMap<String, f64>;

/// Proportional memory of a process and all that descend from it.
pub(super) fn of_tree(root: u32) -> Result<Memory> {
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
    let mut memory = Memory::new();
    while let Some(pid) = open.pop() {
        // A process may have ended since it was listed.
        if let (Ok(mib), Some(program)) = (proportional_mib(pid), program(pid)) {
            *memory.entry(program).or_default() += mib;
        }
        open.extend(children.remove(&pid).unwrap_or_default());
    }
    anyhow::ensure!(
        memory.values().sum::<f64>() > 0.0,
        "process {root} uses no memory: it is gone"
    );
    Ok(memory)
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

fn proportional_mib(pid: u32) -> Result<f64> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = text
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .context("no Pss")?;
    let number = line.split_whitespace().nth(1).context("no number")?;
    let kib: u32 = number.parse()?;
    Ok(f64::from(kib) / 1024.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_uses_memory() {
        let memory = super::of_tree(std::process::id()).expect("readable");
        let own = memory.iter().find(|(name, _)| name.starts_with("xtask"));
        assert!(*own.expect("named after its file").1 > 0.5, "{memory:?}");
    }
}
