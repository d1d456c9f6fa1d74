//! Settings of the host's kernel that containers need: changed while a started service needs them,
//! and then what they were before. Several services share them; callers hold the host's lock.

use std::fs;
use std::path::PathBuf;

use crate::error::{Context, Result};
use crate::world::{World, write_atomic};

/// Name of the file that keeps the host's own value.
const BEFORE: &str = "before";

/// A number among the kernel's settings.
pub(crate) struct HostSetting {
    /// Where the kernel shows it.
    path: &'static str,
    /// Folder, in that of all services, which says who needs it.
    folder: &'static str,
    /// The least that is needed.
    least: u64,
}

/// Lets the host forward packets, as containers that reach beyond it need.
pub(crate) const FORWARDING: HostSetting = HostSetting {
    path: "/proc/sys/net/ipv4/ip_forward",
    folder: "forwarding",
    least: 1,
};

/// How many files the programs of a user may watch, and with how many watchers. All containers are
/// root's here; a machine of its own has as many for itself.
pub(crate) const WATCHES: [HostSetting; 2] = [
    HostSetting {
        path: "/proc/sys/fs/inotify/max_user_instances",
        folder: "inotify-instances",
        least: 8192,
    },
    HostSetting {
        path: "/proc/sys/fs/inotify/max_user_watches",
        folder: "inotify-watches",
        least: 524_288,
    },
];

impl HostSetting {
    /// Raises it for a service.
    pub(crate) fn take(&self, service: &str) -> Result<()> {
        let folder = self.folder();
        fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
        let now = self.read()?;
        let before = folder.join(BEFORE);
        if !before.exists() {
            write_atomic(&before, now.as_bytes())?;
        }
        write_atomic(&folder.join(service), b"")?;
        if now.trim().parse().is_ok_and(|now: u64| now >= self.least) {
            return Ok(());
        }
        self.write(&self.least.to_string())
    }

    /// Gives it back; the last service to do so restores what was before.
    pub(crate) fn give_back(&self, service: &str) -> Result<()> {
        let folder = self.folder();
        if fs::remove_file(folder.join(service)).is_err() {
            return Ok(());
        }
        let before = folder.join(BEFORE);
        let others = fs::read_dir(&folder).map_or(0, |files| files.flatten().count());
        if let (1, Ok(text)) = (others, fs::read_to_string(&before)) {
            self.write(&text)?;
            let _ = fs::remove_file(before);
        }
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        World::shared(self.folder)
    }

    fn read(&self) -> Result<String> {
        fs::read_to_string(self.path).context(|| format!("cannot read {}", self.path))
    }

    fn write(&self, value: &str) -> Result<()> {
        fs::write(self.path, value).context(|| format!("cannot write {}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A setting that is a file, so that the host's own stays as it is.
    fn setting(value: &str) -> (tempfile::TempDir, HostSetting) {
        let folder = tempfile::tempdir().expect("a folder");
        let text = |name: &str| folder.path().join(name).display().to_string().leak();
        let setting = HostSetting {
            path: text("value"),
            folder: text("users"),
            least: 100,
        };
        fs::write(setting.path, value).expect("a file");
        (folder, setting)
    }

    #[test]
    fn the_last_service_gives_the_host_its_value_back() {
        let (_folder, setting) = setting("7\n");
        let value = || fs::read_to_string(setting.path).expect("a file");
        for service in ["one", "two", "one"] {
            setting.take(service).expect("raised");
            assert_eq!(value(), "100");
        }
        for (service, then) in [("one", "100"), ("one", "100"), ("two", "7\n")] {
            setting.give_back(service).expect("given back");
            assert_eq!(value(), then, "after {service}");
        }
    }

    #[test]
    fn what_is_higher_already_stays() {
        let (_folder, setting) = setting("4096\n");
        let value = || fs::read_to_string(setting.path).expect("a file");
        setting.take("one").expect("left");
        assert_eq!(value(), "4096\n");
        setting.give_back("one").expect("left");
        assert_eq!(value(), "4096\n");
    }
}
