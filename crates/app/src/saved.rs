//! Small files that are replaced at once, and survive what makes them unreadable.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use engine::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a file held.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Loaded<T> {
    /// There is no file.
    Absent,
    /// Its content.
    Read(T),
    /// It could not be understood; it was moved here.
    Corrupt(PathBuf),
}

/// Reads a file of JSON. One that can't be understood is kept beside, so that nothing is lost.
pub(crate) fn load<T: DeserializeOwned>(file: &Path) -> Result<Loaded<T>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::Absent),
        Err(error) => return Err(Error::io("read", file, &error)),
    };
    match serde_json::from_slice(&bytes) {
        Ok(content) => Ok(Loaded::Read(content)),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "a file can't be understood");
            let aside = free_name(file);
            fs::rename(file, &aside).map_err(|error| Error::io("move aside", file, &error))?;
            Ok(Loaded::Corrupt(aside))
        }
    }
}

/// A name beside a file for what it held: `.bad`, or a further one where that is taken.
fn free_name(file: &Path) -> PathBuf {
    let name = |ending: String| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let further = (2..100).map(|number| name(format!(".bad-{number}")));
    std::iter::once(name(".bad".into()))
        .chain(further)
        .find(|name| !name.exists())
        .unwrap_or_else(|| name(".bad".into()))
}

/// Writes a file of JSON.
pub(crate) fn save<T: Serialize>(file: &Path, content: &T) -> Result<()> {
    let mut text = serde_json::to_string_pretty(content).map_err(|error| {
        Error::new(
            engine::ErrorCode::Internal,
            format!("{} can't be written: {error}", file.display()),
        )
    })?;
    text.push('\n');
    replace(file, &text)
}

/// Makes a folder that is there for the user alone, unless it is there already.
pub(crate) fn folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Error::io("create the folder", folder, &error))
}

/// Replaces a file in one step, readable by the user alone; its folder is made when missing.
pub(crate) fn replace(file: &Path, text: &str) -> Result<()> {
    if let Some(parent) = file.parent() {
        folder(parent)?;
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let write = || {
        let mut out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        fs::rename(&part, file)
    };
    write().map_err(|error| {
        // Nothing refers to the part; a failure to remove it changes nothing.
        let _ = fs::remove_file(&part);
        Error::io("write", file, &error)
    })
}

/// Replaces a file of the user's at once, so that a full disk leaves the old one. A link stays one,
/// and who may read it stays the same.
pub(crate) fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let path = match path.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return fs::write(path, text);
        }
        Err(error) => return Err(error),
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(path.metadata()?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// Removes a file that may be gone already.
pub(crate) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", file, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_at_once_behind_its_link_and_keeps_who_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (
            folder.path().join("cluster.yaml"),
            folder.path().join("link"),
        );
        overwrite(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        let open = fs::File::open(&file).unwrap();
        symlink(&file, &link).unwrap();
        overwrite(&link, "new").unwrap();
        assert!(link.is_symlink(), "the link is gone");
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o604);
        // Who read the old one while it was replaced has all of that.
        assert_eq!(io::read_to_string(open).unwrap(), "old");
    }
}
