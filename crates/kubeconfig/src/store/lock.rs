//! The lock file: client-go's convention, plus our own.
//!
//! kubectl, kind and others create `<file>.lock` with `O_CREAT|O_EXCL`, hold the lock while it
//! exists and delete it afterwards. We do the same, so they and we exclude each other. They do not
//! wait and leave the file behind when killed; nothing tells a dead holder's file from a live one.
//!
//! Ours are better: the lock file carries our mark and our process, and its holder has it locked
//! with `flock` too, which the kernel ends with the process. It appears at its name complete, by a
//! hard link. So a lock file with our mark that nobody has locked is a dead writer's, and is taken
//! over. Any other lock file is never touched: after a short wait it is reported with its age.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::replace::{beside, siblings};
use crate::Error;

/// Writers hold a lock for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A foreign lock of this age was left behind: waiting would not help.
const STALE: Duration = Duration::from_mins(1);

const MARK: &str = "apple-k8s ";

/// What a lock file is called before it gets its name.
const CANDIDATE: &str = "lock";

/// The lock of one kubeconfig, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// One, or two where the kubeconfig is a link: who names the link and who names the file must
    /// exclude each other too.
    _held: Vec<Held>,
}

impl Lock {
    /// Takes the lock of the kubeconfig called `path`, which really is `target`.
    ///
    /// # Errors
    /// [`Error::Locked`] after a bounded wait, [`Error::Unwritable`].
    pub(super) fn take(path: &Path, target: &Path) -> Result<Self, Error> {
        let mut names = vec![lock_name(path), lock_name(target)];
        // In one order for all, or two writers could wait for each other.
        names.sort();
        names.dedup();
        let until = Instant::now() + PATIENCE;
        let held = names
            .into_iter()
            .map(|name| Held::take(path, name, until))
            .collect::<Result<_, _>>()?;
        Ok(Self { _held: held })
    }
}

/// Whether somebody holds the lock of the kubeconfig called `path`, or left it behind.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(lock_name(path)).is_ok()
}

fn lock_name(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut name = absolute.into_os_string();
    name.push(".lock");
    name.into()
}

/// One lock file of ours.
#[derive(Debug)]
struct Held {
    name: PathBuf,
    /// Keeps the kernel's lock on the file.
    file: File,
}

/// What stands in the way.
struct Obstacle {
    age: Duration,
    /// The process that holds it, if it is one of ours.
    holder: Option<u32>,
}

impl Held {
    fn take(path: &Path, name: PathBuf, until: Instant) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable {
            path: path.to_owned(),
            doing: "making its lock file",
            source,
        };
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(file) = create(&name).map_err(unwritable)? {
                return Ok(Self { name, file });
            }
            let obstacle = match take_over(&name) {
                Ok(Attempt::Taken(file)) => return Ok(Self { name, file }),
                Ok(Attempt::Gone) => continue,
                Ok(Attempt::Held(obstacle)) => obstacle,
                Err(error) => return Err(unwritable(error)),
            };
            let stale = obstacle.holder.is_none() && obstacle.age > STALE;
            if stale || Instant::now() >= until {
                return Err(Error::Locked {
                    path: path.to_owned(),
                    lock: name,
                    age: obstacle.age,
                    holder: obstacle.holder,
                });
            }
            // The only way to wait for a lock that is a file's absence, portably.
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // First the name, then (by closing) the kernel's lock: who waits for it sees the name gone.
        if is_at(&self.file, &self.name) {
            let _ = fs::remove_file(&self.name);
        }
    }
}

/// Makes the lock file, unless there is one.
fn create(name: &Path) -> io::Result<Option<File>> {
    let candidate = beside(name, CANDIDATE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&candidate)?;
    let linked = claim(&mut file).and_then(|()| fs::hard_link(&candidate, name));
    let _ = fs::remove_file(&candidate);
    match linked {
        Ok(()) => {
            sweep(name);
            Ok(Some(file))
        }
        // Somebody has the lock, or swept the candidate away before it was locked.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A file system without hard links.
        Err(_) => create_directly(name),
    }
}

/// Removes candidates that killed processes left: those that nobody has locked.
fn sweep(name: &Path) {
    for candidate in siblings(name, CANDIDATE) {
        if File::open(&candidate).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(candidate);
        }
    }
}

fn create_directly(name: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(name);
    match file {
        Ok(mut file) => {
            claim(&mut file)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// Locks the file and writes our mark into it.
fn claim(file: &mut File) -> io::Result<()> {
    match file.lock() {
        // Without it, a lock file left behind can't be taken over; it still excludes.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
        _ => {}
    }
    mark(file)
}

fn mark(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    writeln!(file, "{MARK}{}", std::process::id())
}

enum Attempt {
    /// A dead writer's lock file is ours now.
    Taken(File),
    /// The lock file is not there any more.
    Gone,
    Held(Obstacle),
}

fn take_over(name: &Path) -> io::Result<Attempt> {
    let metadata = match fs::symlink_metadata(name) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::Gone),
        Err(error) => return Err(error),
    };
    let since = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let age = since.elapsed().unwrap_or_default();
    let foreign = Ok(Attempt::Held(Obstacle { age, holder: None }));
    // kubectl's lock files have mode 0 and are empty: never ours.
    if !metadata.is_file() || metadata.mode() & 0o777 != 0o600 {
        return foreign;
    }
    let mut file = match OpenOptions::new().read(true).write(true).open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::Gone),
        Err(_) => return foreign,
    };
    let locked = file.try_lock();
    let Some(holder) = holder(&mut file)? else {
        return foreign;
    };
    match locked {
        Ok(()) if is_at(&file, name) => {
            mark(&mut file)?;
            Ok(Attempt::Taken(file))
        }
        Ok(()) => Ok(Attempt::Gone),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Ok(Attempt::Held(Obstacle {
            age,
            holder: Some(holder),
        })),
    }
}

/// The process named in a lock file of ours.
fn holder(file: &mut File) -> io::Result<Option<u32>> {
    let mut text = String::new();
    match file.take(64).read_to_string(&mut text) {
        Ok(_) => Ok(text
            .strip_prefix(MARK)
            .and_then(|pid| pid.trim_end().parse().ok())),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `name` is the name of this very file.
fn is_at(file: &File, name: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(name)) {
        (Ok(file), Ok(named)) => (file.dev(), file.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
