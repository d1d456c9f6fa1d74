//! Files of the product on this machine, apart from its clusters.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Belonging, Part};
use crate::app_folders::AppFolders;
use crate::command_link;
use crate::error::{Error, ErrorCode, Result};
use crate::home::Home;

/// What the system calls the app.
const APP_IDENTIFIER: &str = "dev.apple-k8s.app";

/// Name of the login item, as the app registers it.
const LOGIN_ITEM: &str = "apple-k8s";

/// The app's files that hold what a user chose, one name a line; with a star also what begins like
/// that, such as a file that was kept aside. Others in the same folder are not ours.
const SETTINGS: &str = include_str!("settings");

/// Where a Mac keeps what it caches for an app, one path in the user's `Library` a line.
const MAC_CACHES: &str = include_str!("mac-caches");

/// Folders that files are looked for in.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The engine's.
    pub(super) home: PathBuf,
    /// The app's own.
    pub(super) app: AppFolders,
    /// Login items.
    pub(super) login_item: PathBuf,
    /// The link to the command line.
    pub(super) link: PathBuf,
    /// What the web view keeps.
    pub(super) caches: Vec<PathBuf>,
}

impl Places {
    pub(super) fn of_user(home: &Home) -> Result<Self> {
        let folders = directories::BaseDirs::new().ok_or_else(|| {
            Error::new(
                ErrorCode::Internal,
                "the home folder of this user is not known",
            )
            .hint("set HOME")
        })?;
        let user = folders.home_dir();
        let (login_item, caches) = if cfg!(target_os = "macos") {
            let library = user.join("Library");
            (
                library.join(format!("LaunchAgents/{LOGIN_ITEM}.plist")),
                MAC_CACHES.lines().map(|name| library.join(name)).collect(),
            )
        } else {
            (
                user.join(format!(".config/autostart/{LOGIN_ITEM}.desktop")),
                [folders.data_local_dir(), folders.cache_dir()]
                    .map(|folder| folder.join(APP_IDENTIFIER))
                    .to_vec(),
            )
        };
        Ok(Self {
            home: home.root().to_owned(),
            app: AppFolders::of_user()?,
            login_item,
            link: command_link::user_link()?,
            caches,
        })
    }

    /// What is there.
    pub(super) fn belongings(&self) -> Vec<Belonging> {
        let mut found = Vec::new();
        let mut add = |part: Part, path: PathBuf| {
            if fs::symlink_metadata(&path).is_ok() {
                found.push(Belonging::file(part, path));
            }
        };
        add(Part::LoginItem, self.login_item.clone());
        if command_link::is_our_link(&self.link) {
            add(Part::CommandLink, self.link.clone());
        }
        for cache in &self.caches {
            add(Part::Cache, cache.clone());
        }
        for log in files(&self.app.logs, is_log) {
            add(Part::Log, log);
        }
        add(Part::Log, self.home.join("logs"));
        for file in files(&self.app.config, is_settings) {
            add(Part::Settings, file);
        }
        // With one folder for everything, its logs were found twice.
        let home_logs = self.home.join("logs");
        found.retain(|one| {
            one.path.as_ref() == Some(&home_logs)
                || !one
                    .path
                    .as_ref()
                    .is_some_and(|path| path.starts_with(&home_logs))
        });
        found
    }

    /// Removes folders that nothing is left in.
    pub(super) fn sweep(&self) {
        for folder in [
            &self.home.join("clusters"),
            &self.home.join("locks"),
            &self.app.logs,
            &self.app.config,
            &self.home,
        ] {
            // What still holds something stays; that is how it is told.
            let _ = fs::remove_dir(folder);
        }
        for above in [self.app.logs.parent(), self.app.config.parent()] {
            if let Some(folder) = above.filter(|folder| folder.ends_with("apple-k8s")) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

fn is_settings(name: &str) -> bool {
    SETTINGS.lines().any(|known| match known.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == known,
    })
}

/// The app's own logs: `app.2026-11-26.log`.
fn is_log(name: &str) -> bool {
    name.strip_prefix("app.")
        .is_some_and(|rest| rest.strip_suffix(".log").is_some())
}

/// Files and folders of a folder with such a name, sorted.
fn files(folder: &Path, named: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let entries = entries.filter_map(std::result::Result::ok);
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| named(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Removes a file, a link or a folder with all in it; it may be gone already.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(root: &Path) -> Places {
        Places {
            home: root.join("data"),
            app: AppFolders {
                config: root.join("config/apple-k8s"),
                logs: root.join("state/apple-k8s/logs"),
            },
            login_item: root.join("autostart/apple-k8s.desktop"),
            link: root.join("bin/apple-k8s"),
            caches: vec![root.join("cache").join(APP_IDENTIFIER)],
        }
    }

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "x").expect("written");
    }

    #[test]
    fn what_others_put_into_our_folders_is_not_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(folder.path());
        let theirs = [
            places.app.config.join("notes.txt"),
            places.app.logs.join("other.log"),
            places.link.clone(),
        ];
        let ours = [
            places.app.config.join("settings.json.bad-2"),
            places.app.logs.join("app.2026-01-01.log"),
            places.login_item.clone(),
        ];
        for path in theirs.iter().chain(&ours) {
            put(path);
        }
        let found = places.belongings();
        let paths: Vec<&Path> = found.iter().filter_map(|one| one.path.as_deref()).collect();
        assert_eq!(paths, [&*ours[2], &*ours[1], &*ours[0]]);
        for path in paths {
            remove(path).expect("removed");
            remove(path).expect("gone already");
        }
        places.sweep();
        assert!(theirs.iter().all(|path| path.exists()));
        assert!(places.belongings().is_empty());
    }

    #[test]
    fn empty_folders_go_up_to_the_users_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(folder.path());
        for path in [
            places.app.config.join("drafts/a.yaml"),
            places.app.logs.join("app.2026-01-01.log"),
            places.home.join("logs/dev-1/kubelet.log"),
            places.home.join("locks/none"),
        ] {
            put(&path);
        }
        fs::remove_file(places.home.join("locks/none")).expect("removed");
        for one in places.belongings() {
            remove(one.path.as_deref().expect("a file")).expect("removed");
        }
        places.sweep();
        let left: Vec<PathBuf> = fs::read_dir(folder.path())
            .expect("there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        let empty = |path: &PathBuf| fs::read_dir(path).expect("a folder").count() == 0;
        assert!(left.iter().all(empty), "{left:?}");
        assert!(!places.home.exists());
    }
}
