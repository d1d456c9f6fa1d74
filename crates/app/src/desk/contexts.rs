//! Contexts of the user's kubeconfig files: shown, watched, and switched only when asked.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{Error, ErrorCode, Result};
use kubeconfig::Files;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Desk, blocking, locked};
use crate::clock;
use crate::settings::Follow;
use crate::snapshot::{Context, Contexts, KubeconfigFile};
use crate::world::Fact;

/// A writer replaces the file and its lock: what comes together is read together.
const TOGETHER: Duration = Duration::from_millis(60);

/// Reads the contexts when a file changes, until the desk is gone.
pub(super) async fn keep(desk: Weak<Desk>) {
    let Some(here) = desk.upgrade() else { return };
    let asked = Arc::clone(&here.look_at_contexts);
    drop(here);
    let mut watched = None;
    loop {
        let Some(here) = desk.upgrade() else { return };
        let explicit = here.kubeconfig();
        let files = Files::from_env(explicit.as_deref());
        if let Ok(files) = &files {
            let wanted = Watched::places(files.paths());
            if watched
                .as_ref()
                .is_none_or(|watched: &Watched| watched.places != wanted)
            {
                watched = Watched::new(wanted, Arc::clone(&asked));
            }
        }
        here.read_contexts(files.map_err(Error::from)).await;
        let gone = here.events.receiver_count() == 0 && Arc::strong_count(&here) == 1;
        drop(here);
        if gone {
            return;
        }
        asked.notified().await;
        sleep(TOGETHER).await;
    }
}

/// Folders that are watched for files of certain names.
struct Watched {
    places: Places,
    _watcher: RecommendedWatcher,
}

/// Folder by folder, the names that count.
type Places = BTreeSet<(PathBuf, OsString)>;

impl Watched {
    /// Where changes of these files show: in their folders, in those of the files that links lead
    /// to, and, where a folder is missing, in the nearest one that is there.
    fn places(files: &[PathBuf]) -> Places {
        let mut places = Places::new();
        for file in files {
            let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
            for path in [file, &real] {
                let mut path = path.as_path();
                while let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                    if folder.is_dir() {
                        places.insert((folder.to_owned(), name.to_owned()));
                        break;
                    }
                    path = folder;
                }
            }
        }
        places
    }

    fn new(places: Places, told: Arc<Notify>) -> Option<Self> {
        let names: BTreeSet<OsString> = places.iter().map(|(_, name)| name.clone()).collect();
        let counts = move |event: &notify::Event| {
            !event.kind.is_access()
                && event
                    .paths
                    .iter()
                    .any(|path| path.file_name().is_some_and(|name| names.contains(name)))
        };
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| counts(&event)) {
                told.notify_one();
            }
        });
        let mut watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, "kubeconfig files are not watched"))
            .ok()?;
        let folders: BTreeSet<&Path> = places.iter().map(|(folder, _)| folder.as_path()).collect();
        for folder in folders {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %error, "not watched");
            }
        }
        Some(Self {
            places,
            _watcher: watcher,
        })
    }
}

impl Desk {
    async fn read_contexts(&self, files: Result<Files>) {
        let before = self.snapshot().contexts.clone();
        let mut contexts = match files {
            Ok(files) => blocking(move || Ok(read(&files))).await.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "no kubeconfig");
                Contexts::default()
            }
        };
        let own = locked(&self.switched).clone();
        contexts.switched_elsewhere = if contexts.current == before.current {
            before.switched_elsewhere
        } else {
            let first = before.files.is_empty();
            let ours = contexts.current.is_some() && contexts.current == own;
            (!first && !ours && contexts.current.is_some()).then(clock::now)
        };
        self.store.tell(Fact::Contexts(contexts));
    }

    /// Makes a context kubectl's. Answers when the file has been written and read again.
    pub async fn context_use(&self, name: &str) -> Result<()> {
        let files = Files::from_env(self.kubeconfig().as_deref())?;
        *locked(&self.switched) = Some(name.to_owned());
        let (name, writing) = (name.to_owned(), files.clone());
        blocking(move || Ok(writing.use_context(&name)?)).await?;
        self.read_contexts(Ok(files)).await;
        Ok(())
    }

    /// The kubeconfig file with a cluster's context.
    pub fn kubeconfig_of(&self, cluster: &str) -> Result<String> {
        let snapshot = self.snapshot();
        let entries = snapshot.contexts.entries.iter();
        let mut ours = entries.filter(|context| context.cluster.as_deref() == Some(cluster));
        ours.next()
            .map(|context| context.file.clone())
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::KubeconfigUnreadable,
                    format!("no kubeconfig file has an entry for “{cluster}”"),
                )
                .hint(format!("write it: apple-k8s export kubeconfig {cluster}"))
            })
    }

    /// Makes a cluster's context kubectl's when the user's rule says so for a start. The cluster
    /// runs all the same where that can't be done.
    pub(super) async fn follow_started(&self, cluster: &str) {
        if self.settings().follow != Follow::Always {
            return;
        }
        let context = engine::Engine::context_name(cluster);
        if let Err(error) = self.context_use(&context).await {
            let text = format!(
                "“{cluster}” runs, but kubectl does not use it yet: {}",
                error.message
            );
            self.notice(true, text);
        }
    }

    /// Remembers that this app made a cluster's context current.
    pub(super) fn note_switch(&self, cluster: &str) {
        *locked(&self.switched) = Some(engine::Engine::context_name(cluster));
    }
}

/// What the files say. One that can't be read does not hide the others.
fn read(files: &Files) -> Contexts {
    let mut contexts = Contexts::default();
    for path in files.paths() {
        let mut file = KubeconfigFile {
            path: path.display().to_string(),
            exists: path.exists(),
            problem: None,
        };
        let answer = Files::from_env(Some(path))
            .and_then(|alone| Ok((alone.contexts()?, alone.current_context()?)));
        match answer {
            Ok((entries, current)) => {
                contexts.current = contexts.current.take().or(current);
                for entry in entries {
                    if contexts
                        .entries
                        .iter()
                        .all(|known| known.name != entry.name)
                    {
                        contexts.entries.push(Context {
                            name: entry.name,
                            cluster: None,
                            file: file.path.clone(),
                        });
                    }
                }
            }
            Err(error) => file.problem = Some(Error::from(error).into()),
        }
        contexts.files.push(file);
    }
    contexts
}

#[cfg(test)]
mod tests {
    use engine::Home;

    use super::*;
    use crate::place::Place;
    use crate::settings::Settings;

    const FILE: &str =
        "current-context: work\ncontexts:\n- {name: work}\n- {name: apple-k8s-dev}\n";

    #[tokio::test]
    async fn a_started_cluster_is_followed_only_by_the_rule_for_that() {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("config");
        let desk = Desk::at(Place::at(folder.path()), Home::at(folder.path())).unwrap();
        let after = async |follow: Follow, cluster: &str| {
            std::fs::write(&kubeconfig, FILE).unwrap();
            let settings = Settings {
                follow,
                kubeconfig: Some(kubeconfig.display().to_string()),
                ..Settings::default()
            };
            desk.settings_set(settings).unwrap();
            desk.follow_started(cluster).await;
            std::fs::read_to_string(&kubeconfig).unwrap()
        };
        for rule in [Follow::Never, Follow::WhenCreated] {
            assert_eq!(after(rule, "dev").await, FILE);
        }
        let followed = FILE.replace("current-context: work", "current-context: apple-k8s-dev");
        assert_eq!(after(Follow::Always, "dev").await, followed);
        assert!(desk.snapshot().notices.is_empty());
        // Its entry was removed: the start is no failure for that.
        assert_eq!(after(Follow::Always, "gone").await, FILE);
        let notices = desk.snapshot().notices.clone();
        assert!(
            notices[0].text.starts_with("“gone” runs, but"),
            "{notices:?}"
        );
    }
}
