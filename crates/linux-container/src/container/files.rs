//! Files of containers, written without ever following a link that a container may have made.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, unlinkat};
use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use crate::error::{Context, Error, Result};

/// Makes an empty file and the folders above it.
pub(crate) fn touch(path: &Path) -> Result<()> {
    let make = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::options().create(true).append(true).open(path)?;
        Ok(())
    };
    make().context(|| format!("cannot create {}", path.display()))
}

/// Unmounts a path, if anything is mounted there.
pub(crate) fn unmount(path: &Path) {
    let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
    while rustix::mount::unmount(path, flags).is_ok() {}
}

/// Unmounts everything below these folders, the last mount first.
pub(crate) fn unmount_below(folders: &[&Path]) {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // Blanks and the like in a path are written as three octal digits.
    let decode = |text: &str| text.replace("\\040", " ");
    let below = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
    let mounts = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(decode);
    let ours: Vec<String> = mounts.filter(|path| below(Path::new(path))).collect();
    for path in ours.iter().rev() {
        unmount(Path::new(path));
    }
}

/// Replaces `/etc/NAME` in the writable layer of a stopped container.
pub(crate) fn write_etc(upper: &Path, name: &str, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let root = rustix::fs::open(upper, directory(), Mode::empty())?;
        let Some(etc) = etc(&root)? else {
            return Ok(());
        };
        match unlinkat(&etc, name, AtFlags::empty()) {
            Err(Errno::NOENT) | Ok(()) => {}
            Err(e) => return Err(e.into()),
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&etc, name, flags, Mode::from_raw_mode(0o644))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
        File::from(file).write_all(text.as_bytes())
    };
    write().context(|| format!("cannot write /etc/{name} of the container"))
}

fn directory() -> OFlags {
    OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC
}

/// The folder `etc`, made when it is missing; none when the container put something else there.
fn etc(root: &OwnedFd) -> std::io::Result<Option<OwnedFd>> {
    match openat(root, "etc", directory(), Mode::empty()) {
        Ok(etc) => Ok(Some(etc)),
        Err(Errno::NOENT) => {
            mkdirat(root, "etc", Mode::from_raw_mode(0o755))?;
            Ok(Some(openat(root, "etc", directory(), Mode::empty())?))
        }
        Err(Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The root of a running container, in which absolute links stay inside.
pub(crate) struct Root(OwnedFd);

impl Root {
    pub(crate) fn of(pid: i32) -> Result<Self> {
        let path = format!("/proc/{pid}/root");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(&path, flags, Mode::empty())
            .map(Self)
            .context(|| format!("cannot open {path}"))
    }

    /// Contents of a file, empty when it is missing.
    pub(crate) fn read(&self, path: &str) -> String {
        let open = openat2(
            self.0.as_fd(),
            path,
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::empty(),
            ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
        );
        let Ok(file) = open else { return String::new() };
        std::io::read_to_string(File::from(file)).unwrap_or_default()
    }

    /// Whether a path is a file that can be executed.
    pub(crate) fn is_executable(&self, path: &str) -> bool {
        let open = openat2(
            self.0.as_fd(),
            path,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        );
        let Ok(file) = open else { return false };
        rustix::fs::fstat(&file).is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() && stat.st_mode & 0o111 != 0
        })
    }

    /// Whether a path is a folder.
    pub(crate) fn has_folder(&self, path: &str) -> bool {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat2(&self.0, path, flags, Mode::empty(), ResolveFlags::IN_ROOT).is_ok()
    }

    /// Whether the process of an `exec` finds its program.
    pub(crate) fn finds(&self, program: &str, cwd: &str, environment: &[String]) -> bool {
        if program.starts_with('/') {
            return self.is_executable(program);
        }
        if program.contains('/') {
            return self.is_executable(&format!("{cwd}/{program}"));
        }
        let path = environment
            .iter()
            .find_map(|v| v.strip_prefix("PATH="))
            .unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        path.split(':')
            .any(|folder| self.is_executable(&format!("{folder}/{program}")))
    }
}

/// The error of a program that is not there.
pub(crate) fn missing_program(name: &str) -> Error {
    Error::not_found(format!("failed to find target executable {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etc_is_written_but_links_are_not_followed() {
        let upper = tempfile::tempdir().unwrap();
        write_etc(upper.path(), "hosts", "a").unwrap();
        write_etc(upper.path(), "hosts", "b").unwrap();
        assert_eq!(
            fs::read_to_string(upper.path().join("etc/hosts")).unwrap(),
            "b"
        );

        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("hosts"), "untouched").unwrap();
        fs::remove_file(upper.path().join("etc/hosts")).unwrap();
        let link = upper.path().join("etc/hosts");
        std::os::unix::fs::symlink(outside.path().join("hosts"), &link).unwrap();
        write_etc(upper.path(), "hosts", "c").unwrap();
        assert_eq!(
            fs::read_to_string(outside.path().join("hosts")).unwrap(),
            "untouched"
        );

        fs::remove_dir_all(upper.path().join("etc")).unwrap();
        std::os::unix::fs::symlink(outside.path(), upper.path().join("etc")).unwrap();
        write_etc(upper.path(), "hosts", "d").unwrap();
        assert_eq!(
            fs::read_to_string(outside.path().join("hosts")).unwrap(),
            "untouched"
        );
    }
}
