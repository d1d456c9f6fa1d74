//! Locks: one operation at a time on a cluster, and one choice of a port at a time; and what they
//! tell of the work of other programs.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, ErrorCode, Result};
use crate::home::{Home, create_private_dir};

/// What the name of a cluster's lock ends with.
const SUFFIX: &str = ".lock";

/// What is done with a cluster by whoever holds its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It is made.
    Create,
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
    /// It is stopped and started.
    Restart,
    /// It is deleted.
    Delete,
    /// It is changed.
    Change,
    /// Images are loaded into its nodes.
    Load,
    /// Its entry is written into a kubeconfig.
    Export,
    /// It is stopped, as the services underneath are.
    StopServices,
    /// The checks of a Mac are made.
    Acceptance,
    /// What the product keeps is removed.
    Uninstall,
}

impl Work {
    const ALL: [Self; 11] = [
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Delete,
        Self::Change,
        Self::Load,
        Self::Export,
        Self::StopServices,
        Self::Acceptance,
        Self::Uninstall,
    ];

    /// Whether nodes end by it.
    pub(crate) const fn ends_nodes(self) -> bool {
        matches!(
            self,
            Self::Stop | Self::Restart | Self::Delete | Self::StopServices
        )
    }

    /// As lock files and messages have it.
    const fn words(self) -> &'static str {
        match self {
            Self::Create => "create cluster",
            Self::Start => "start cluster",
            Self::Stop => "stop cluster",
            Self::Restart => "restart cluster",
            Self::Delete => "delete cluster",
            Self::Change => "apply cluster",
            Self::Load => "load image",
            Self::Export => "export kubeconfig",
            Self::StopServices => "stop the services",
            Self::Acceptance => "doctor --mac-acceptance",
            Self::Uninstall => "uninstall",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Work of a program that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The cluster.
    pub cluster: String,
    /// What is done with it.
    pub work: Work,
    /// Number of the process.
    pub process: u32,
    /// Since when.
    pub since: SystemTime,
}

/// Who holds a cluster's lock; none when nobody does: who was killed has left the file there, and
/// another process may have its number by now.
fn held(file: &Path) -> Option<Held> {
    let cluster = file.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let text = fs::read_to_string(file).ok()?;
    let (words, process) = text.trim().strip_suffix(')')?.split_once(" (process ")?;
    let process: u32 = process.parse().ok()?;
    let id = rustix::process::Pid::from_raw(process.try_into().ok()?)?;
    // One of another user's lives too.
    if rustix::process::test_kill_process(id) == Err(rustix::io::Errno::SRCH) {
        return None;
    }
    // Asked last, so that it keeps hardly anybody from taking the lock.
    if File::open(file).ok()?.try_lock_shared().is_ok() {
        return None;
    }
    Some(Held {
        cluster: cluster.to_owned(),
        work: Work::ALL.into_iter().find(|work| work.words() == words)?,
        process,
        since: fs::metadata(file).ok()?.modified().ok()?,
    })
}

impl Home {
    fn locks(&self) -> PathBuf {
        self.root().join("locks")
    }

    /// Removes the file of a turn that was killed. Nobody is kept from anything by it; it would
    /// only lie there.
    pub(crate) fn sweep_port_turn(&self) {
        let path = self.port_turn_file();
        if path.exists()
            && let Ok(file) = open_lock(&path)
            && file.try_lock().is_ok()
            && is_at(&file, &path)
        {
            drop(PortTurn { file, path });
        }
    }

    /// Removes lock files that killed operations left. One that is held stays.
    pub(crate) fn sweep_locks(&self) {
        let entries = fs::read_dir(self.locks()).into_iter().flatten();
        for entry in entries.filter_map(std::result::Result::ok) {
            if let Some(name) = entry.file_name().to_string_lossy().strip_suffix(SUFFIX) {
                // Taken and released, which removes the file.
                drop(self.lock(name, Work::Uninstall));
            }
        }
        self.sweep_port_turn();
    }

    fn port_turn_file(&self) -> PathBuf {
        self.locks().join("api-port")
    }

    /// Takes the lock of a cluster; the lock ends with the value, or with the process.
    ///
    /// The name becomes part of paths: it is checked here, whoever asks.
    pub(crate) fn lock(&self, cluster: &str, work: Work) -> Result<ClusterLock> {
        spec::validate_name(cluster)
            .map_err(|error| Error::new(ErrorCode::Usage, error.message.clone()))?;
        create_private_dir(&self.locks())?;
        ClusterLock::take(self.lock_file(cluster), cluster, work)
    }

    /// What is done with a cluster now, in any program. Only for what is shown: it may end at any
    /// moment.
    pub(crate) fn work(&self, cluster: &str) -> Option<Work> {
        held(&self.lock_file(cluster)).map(|held| held.work)
    }

    /// What other programs do with clusters now, by the clusters' names.
    pub fn work_elsewhere(&self) -> Vec<Held> {
        let entries = fs::read_dir(self.locks()).into_iter().flatten();
        let mut all: Vec<Held> = entries
            .filter_map(|entry| held(&entry.ok()?.path()))
            .filter(|held| held.process != std::process::id())
            .collect();
        all.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        all
    }

    fn lock_file(&self, cluster: &str) -> PathBuf {
        self.locks().join(format!("{cluster}{SUFFIX}"))
    }

    /// Waits for the turn to choose a port for a cluster's API. It is held until the port is
    /// taken: of two clusters created at the same time, both would find the same one free.
    pub(crate) async fn port_turn(&self) -> Result<PortTurn> {
        create_private_dir(&self.locks())?;
        let path = self.port_turn_file();
        let waited = tokio::task::spawn_blocking(move || PortTurn::wait(path)).await;
        waited.map_err(|error| {
            Error::new(
                ErrorCode::Internal,
                format!("waiting for a port failed: {error}"),
            )
        })?
    }
}

/// Exclusive right to change one cluster, across processes.
///
/// An advisory lock of the operating system: a killed process releases it, so a stale lock
/// does not exist. The file says who holds it, for the message to whoever is refused.
#[derive(Debug)]
pub(crate) struct ClusterLock {
    file: File,
    path: PathBuf,
}

impl ClusterLock {
    fn take(path: PathBuf, cluster: &str, work: Work) -> Result<Self> {
        let failed = |error: &std::io::Error| Error::io("lock", &path, error);
        loop {
            let mut file = open_lock(&path).map_err(|error| failed(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Err(busy(&mut file, cluster)),
                Err(fs::TryLockError::Error(error)) => return Err(failed(&error)),
            }
            if !is_at(&file, &path) {
                continue;
            }
            let who = format!("{work} (process {})", std::process::id());
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(who.as_bytes()))
                .map_err(|error| failed(&error))?;
            return Ok(Self { file, path });
        }
    }
}

impl Drop for ClusterLock {
    fn drop(&mut self) {
        // Removed while still held: whoever opened it meanwhile sees another inode and retries.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// The turn to choose a port; the next one waits until this value is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct PortTurn {
    file: File,
    path: PathBuf,
}

impl PortTurn {
    fn wait(path: PathBuf) -> Result<Self> {
        let failed = |error: &std::io::Error| Error::io("lock", &path, error);
        loop {
            let file = open_lock(&path).map_err(|error| failed(&error))?;
            file.lock().map_err(|error| failed(&error))?;
            if is_at(&file, &path) {
                return Ok(Self { file, path });
            }
        }
    }
}

impl Drop for PortTurn {
    fn drop(&mut self) {
        // As with a cluster's lock: whoever waits for this very file sees that it is gone.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Whether a lock's file is still the one at its path: the holder before may have removed it
/// between our open and our lock.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn busy(file: &mut File, cluster: &str) -> Error {
    let mut holder = String::new();
    // Only for the message: an unreadable holder is an unknown one.
    let _ = file.take(200).read_to_string(&mut holder);
    let holder = if holder.is_empty() {
        "another operation"
    } else {
        holder.trim()
    };
    Error::new(
        ErrorCode::ClusterBusy,
        format!("cluster \"{cluster}\" is busy: {holder}"),
    )
    .hint("wait until it has ended, or end that process, then try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_operation_at_a_time_and_nothing_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        let held = home.lock("dev", Work::Create).expect("free");
        let refused = home.lock("dev", Work::Delete).expect_err("held");
        assert_eq!(refused.code, ErrorCode::ClusterBusy);
        assert!(
            refused.message.contains("create cluster (process"),
            "{}",
            refused.message
        );
        home.lock("other", Work::Create)
            .expect("another cluster is free");
        assert_eq!(home.work("dev"), Some(Work::Create));
        drop(held);
        assert_eq!(home.work("dev"), None);
        home.lock("dev", Work::Delete).expect("free again");
        let left = fs::read_dir(folder.path().join("locks"))
            .expect("there")
            .count();
        assert_eq!(left, 0, "a lock file stayed");
    }

    #[tokio::test]
    async fn ports_are_chosen_one_after_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        let first = home.port_turn().await.expect("free");
        let second = home.port_turn();
        tokio::pin!(second);
        let early = tokio::time::timeout(std::time::Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "two turns at once");
        drop(first);
        drop(second.await.expect("free again"));
        let left = fs::read_dir(folder.path().join("locks"));
        assert_eq!(left.expect("there").count(), 0, "a lock file stayed");
    }

    #[test]
    fn a_name_can_lead_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        for name in ["../dev", "a/b", "", "."] {
            let error = home.lock(name, Work::Delete).expect_err(name);
            assert_eq!(error.code, ErrorCode::Usage, "{name:?}");
        }
    }

    fn home(locks: &[(&str, String)]) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("locks")).unwrap();
        for (name, words) in locks {
            fs::write(folder.path().join("locks").join(name), words).unwrap();
        }
        let home = Home::at(folder.path());
        (folder, home)
    }

    /// As whoever holds a lock does.
    fn hold(home: &Home, name: &str) -> File {
        let file = open_lock(&home.locks().join(name)).unwrap();
        file.try_lock().unwrap();
        file
    }

    #[test]
    fn a_lock_of_a_living_process_is_work() {
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let words = format!("start cluster (process {})", other.id());
        let (_folder, home) = home(&[("dev.lock", words), ("api-port", String::new())]);
        assert!(home.work_elsewhere().is_empty(), "another has its number");
        let _lock = hold(&home, "dev.lock");
        let seen = home.work_elsewhere();
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!((&*seen[0].cluster, seen[0].work), ("dev", Work::Start));
        assert!(home.work_elsewhere().is_empty(), "it was killed");
    }

    #[test]
    fn our_own_locks_and_unreadable_ones_are_none_of_others() {
        let own = format!("create cluster (process {})", std::process::id());
        let (_folder, home) = home(&[
            ("dev.lock", own),
            ("a.lock", String::new()),
            ("b.lock", "create cluster (process x)".into()),
            ("c.lock", "create cluster (process 99999999999)".into()),
        ]);
        let _locks = ["dev.lock", "a.lock", "b.lock", "c.lock"].map(|name| hold(&home, name));
        assert_eq!(home.work_elsewhere(), []);
        assert_eq!(home.work("dev"), Some(Work::Create));
        assert_eq!(Home::at("/nowhere").work_elsewhere(), []);
    }
}
