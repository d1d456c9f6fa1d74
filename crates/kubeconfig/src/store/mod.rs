//! One kubeconfig on disk: read, changed under its lock, replaced at once.

mod lock;
mod replace;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::document::{Document, Fault};
use crate::{Entry, Error};
use lock::Lock;

/// Far above any kubeconfig, far below what would hurt to read.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// How often a file that changes under our hands is read anew before giving up.
const MAX_ATTEMPTS: usize = 5;

/// The text of a file that we make, before any entry. As long as the first line is there, the file
/// is ours, and goes with its last entry.
pub(crate) const CREATED: &str =
    "# Created by apple-k8s; removed with its last entry.\napiVersion: v1\nkind: Config\n";

/// What a change makes of a file.
pub(crate) enum Outcome {
    /// The file as it is will do.
    Unchanged,
    Text(String),
}

/// The file's text; `None` where there is no file.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn read(path: &Path) -> Result<Option<String>, Error> {
    let unreadable = |reason: String| Error::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let said = |error: &io::Error| unreadable(format!("the system says: {error}"));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(said(&error)),
    };
    if metadata.is_dir() {
        return Err(unreadable("it is a folder".to_owned()));
    }
    if !metadata.is_file() {
        // `KUBECONFIG=/dev/null` is a habit; anything else may block or differ on the next read.
        return if path == Path::new("/dev/null") {
            Ok(None)
        } else {
            Err(unreadable("it is no regular file".to_owned()))
        };
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| said(&error))?;
    file.take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| said(&error))?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(unreadable(format!(
            "it is larger than {} MiB",
            MAX_SIZE >> 20
        )));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = String::from_utf8_lossy(&error.as_bytes()[..at])
                .matches('\n')
                .count()
                + 1;
            Err(unreadable(format!("it is not UTF-8 text (line {line})")))
        }
    }
}

/// As [`read`], for readers without the lock: kubectl writes in place, so a text read while it has
/// the lock may be half of one. A lock that stays is no reason not to read.
///
/// # Errors
/// [`Error::Unreadable`].
pub(crate) fn read_settled(path: &Path) -> Result<Option<String>, Error> {
    const PATIENCE: Duration = Duration::from_millis(500);
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    loop {
        let before = state(path);
        let text = read(path)?;
        let quiet = !lock::exists(path) && state(path) == before;
        if quiet || Instant::now() >= until {
            return Ok(text);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// What changes when a file does.
fn state(path: &Path) -> Option<(u64, u64, SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.modified().ok()?))
}

/// Reads and understands a file's text.
pub(crate) fn parse<'t>(path: &Path, text: &'t str) -> Result<Document<'t>, Error> {
    Document::parse(text).map_err(|fault| in_file(path, fault))
}

pub(crate) fn in_file(path: &Path, fault: Fault) -> Error {
    let Fault {
        place,
        reason,
        unsupported,
    } = fault;
    let path = path.to_owned();
    if unsupported {
        Error::Unsupported {
            path,
            place,
            reason,
        }
    } else {
        Error::Invalid {
            path,
            place,
            reason,
        }
    }
}

/// Changes a file under its lock: `change` gets its text (that of a new file where there is none)
/// and says what it is to be. A file that we made and that holds nothing else any more is removed.
///
/// Returns whether the file was changed.
///
/// # Errors
/// As [`crate::Files::add`]; the file is as it was.
pub(crate) fn change(
    path: &Path,
    change: &mut dyn FnMut(&str) -> Result<Outcome, Fault>,
) -> Result<bool, Error> {
    let unwritable = |doing, source| Error::Unwritable {
        path: path.to_owned(),
        doing,
        source,
    };
    let target = follow(path).map_err(|source| unwritable("following the link", source))?;
    let folder = replace::folder_of(&target).to_owned();
    replace::make_folder(&folder).map_err(|source| unwritable("making its folder", source))?;
    let _lock = Lock::take(path, &target)?;
    for _ in 0..MAX_ATTEMPTS {
        let before = read(path)?;
        let text = before.as_deref().unwrap_or(CREATED);
        let after = match change(text).map_err(|fault| in_file(path, fault))? {
            Outcome::Unchanged => return Ok(false),
            Outcome::Text(after) if Some(&after) == before.as_ref() => return Ok(false),
            Outcome::Text(after) => after,
        };
        let ready = replace::Replacement::prepare(&target, &after)
            .map_err(|(doing, source)| unwritable(doing, source))?;
        // Editors heed no lock: what they saved meanwhile must not be lost.
        if read(path)? != before {
            continue;
        }
        let done = if after == CREATED {
            ready.remove(before.is_some())
        } else {
            ready.commit()
        };
        return done
            .map(|()| true)
            .map_err(|(doing, source)| unwritable(doing, source));
    }
    let error = io::Error::other("another program keeps changing it");
    Err(unwritable("replacing it", error))
}

/// Finds out whether [`change`] could work, changing nothing: takes the lock, edits the text, and
/// writes it to a file beside the real one, which then goes.
///
/// # Errors
/// As [`change`].
pub(crate) fn rehearse(path: &Path) -> Result<(), Error> {
    let unwritable = |doing, source| Error::Unwritable {
        path: path.to_owned(),
        doing,
        source,
    };
    let target = follow(path).map_err(|source| unwritable("following the link", source))?;
    let folder = replace::folder_of(&target);
    if !folder.is_dir() {
        // The folder is made by the change; here it only has to be possible.
        let above = folder.ancestors().find(|above| above.exists());
        let above = above.unwrap_or(Path::new("/"));
        if !above.is_dir() {
            let error = io::ErrorKind::NotADirectory.into();
            return Err(unwritable("making its folder", error));
        }
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        return rustix::fs::access(above, access)
            .map_err(|error| unwritable("making its folder", error.into()));
    }
    let _lock = Lock::take(path, &target)?;
    let text = read(path)?.unwrap_or_else(|| CREATED.to_owned());
    let after = parse(path, &text)?.with_entry(&Entry::placeholder());
    let after = after.map_err(|fault| in_file(path, fault))?;
    replace::Replacement::prepare(&target, &after)
        .map(drop)
        .map_err(|(doing, source)| unwritable(doing, source))
}

/// Whether nothing is there (nor could be, below a file).
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Where the file really is: links followed, the last one may lead nowhere yet.
fn follow(path: &Path) -> io::Result<PathBuf> {
    const MAX_LINKS: usize = 40;
    let mut target = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = replace::folder_of(&target).join(link),
            // EINVAL: it is no link.
            Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::InvalidInput => {
                return Ok(target);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "too many links",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_saves_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "a: 1\n").unwrap();
        let mut saved = false;
        let changed = change(&path, &mut |text| {
            if !std::mem::replace(&mut saved, true) {
                fs::write(&path, "a: 1\nb: 2\n").unwrap();
            }
            Ok(Outcome::Text(format!("{text}c: 3\n")))
        });
        assert!(changed.unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a: 1\nb: 2\nc: 3\n");
    }

    #[test]
    fn a_file_that_never_rests_is_given_up_on_and_keeps_what_was_saved_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let mut count = 0;
        let changed = change(&path, &mut |text| {
            count += 1;
            fs::write(&path, format!("a: {count}\n")).unwrap();
            Ok(Outcome::Text(format!("{text}c: 3\n")))
        });
        let error = changed.unwrap_err();
        assert!(error.to_string().contains("keeps changing"), "{error}");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("a: {MAX_ATTEMPTS}\n")
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
