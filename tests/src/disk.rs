//! Small disks, to be filled.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Call, User};

/// A disk of its own, small; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one of this size, such as `64k`, in the user's folder.
    pub fn mount(user: &User, name: &str, size: &str) -> Self {
        let folder = user.folder().join(name);
        fs::create_dir(&folder).expect("a folder");
        let options = format!("size={size},mode=700");
        mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], &folder);
        Self { folder }
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// From now on it can only be read.
    pub fn freeze(&self) {
        mount(&["-o", "remount,ro"], &self.folder);
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let filler = self.folder.join("filler");
        let error = fs::write(filler, vec![0; 64 << 20]).expect_err("too small for this");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Call::new("/usr/bin/umount")
            .arg("--lazy")
            .arg(&self.folder)
            .run();
    }
}

fn mount(options: &[&str], folder: &Path) {
    Call::new("/usr/bin/mount").args(options).arg(folder).ok();
}
