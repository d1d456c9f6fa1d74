//! What other programs do with clusters now: read from the names and words of their locks, which
//! are never touched.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::snapshot::OperationKind;
use crate::world::Elsewhere;

/// Work of other programs, by the locks in the engine's home. A lock of a process that is gone is
/// none.
pub(super) fn works(home: &Path) -> Vec<Elsewhere> {
    let Ok(entries) = fs::read_dir(home.join("locks")) else {
        return Vec::new();
    };
    let mut works: Vec<Elsewhere> = entries
        .filter_map(|entry| work(&entry.ok()?.path()))
        .collect();
    works.sort_by(|a, b| a.cluster.cmp(&b.cluster));
    works
}

fn work(file: &Path) -> Option<Elsewhere> {
    let cluster = file.file_name()?.to_str()?.strip_suffix(".lock")?;
    let words = fs::read_to_string(file).ok()?;
    let (what, process) = parse(&words)?;
    if process == std::process::id() || !lives(process) {
        return None;
    }
    let since = fs::metadata(file).ok()?.modified().ok()?;
    let since = since.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(Elsewhere {
        cluster: cluster.to_owned(),
        kind: kind(what)?,
        since: i64::try_from(since).ok()?,
    })
}

/// `create cluster (process 123)`.
fn parse(words: &str) -> Option<(&str, u32)> {
    let (what, rest) = words.split_once(" (process ")?;
    Some((what, rest.strip_suffix(')')?.parse().ok()?))
}

/// Work that is over at once, such as writing a kubeconfig, is not worth a word.
fn kind(what: &str) -> Option<OperationKind> {
    Some(match what {
        "create cluster" => OperationKind::Create,
        "start cluster" => OperationKind::Start,
        "stop cluster" => OperationKind::Stop,
        "restart cluster" => OperationKind::Restart,
        "delete cluster" => OperationKind::Delete,
        "apply cluster" => OperationKind::Change,
        "load image" => OperationKind::Load,
        "apply manifests" => OperationKind::Apply,
        _ => return None,
    })
}

fn lives(process: u32) -> bool {
    let Some(process) = i32::try_from(process)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return false;
    };
    // One of another user's lives too.
    !matches!(
        rustix::process::test_kill_process(process),
        Err(rustix::io::Errno::SRCH)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(locks: &[(&str, String)]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("locks")).unwrap();
        for (name, words) in locks {
            fs::write(home.path().join("locks").join(name), words).unwrap();
        }
        home
    }

    #[test]
    fn a_lock_of_a_living_process_is_work() {
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let words = format!("start cluster (process {})", other.id());
        let home = home(&[("dev.lock", words), ("api-port", String::new())]);
        let seen = works(home.path());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].cluster.as_str(), seen[0].kind),
            ("dev", OperationKind::Start)
        );
        assert!(works(home.path()).is_empty(), "it was killed");
    }

    #[test]
    fn our_own_locks_and_unreadable_ones_are_none() {
        let own = format!("create cluster (process {})", std::process::id());
        let home = home(&[
            ("dev.lock", own),
            ("a.lock", String::new()),
            ("b.lock", "create cluster (process x)".into()),
            ("c.lock", "create cluster (process 99999999999)".into()),
        ]);
        assert!(works(home.path()).is_empty());
        assert!(works(Path::new("/nowhere")).is_empty());
    }
}
