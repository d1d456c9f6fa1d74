//! The Cluster YAML: checked, planned, applied, and drafts of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{ChangePlan, Error, ErrorCode, Result};

use super::clusters::{base_folder, parse};
use super::work::Order;
use super::{Desk, blocking, locked};
use crate::config::{ConfigCheck, OpenedConfig, Preset, SavedConfig, check};
use crate::drops::FileKind;
use crate::saved;
use crate::snapshot::OperationKind;

/// How long nodes that are made get to be of use.
const WAIT: std::time::Duration = std::time::Duration::from_mins(5);
/// A draft of more than this is none.
const LONGEST_DRAFT: usize = 4 << 20;

impl Desk {
    /// What the validator says of a text.
    pub async fn config_check(&self, text: String) -> Result<ConfigCheck> {
        blocking(move || Ok(check(&text, &base_folder()))).await
    }

    /// A Cluster YAML to begin with.
    pub fn config_preset(&self, preset: Preset, name: &str) -> Result<String> {
        let mut new = self.settings().new_cluster;
        new.name = self.free_name(name);
        match preset {
            Preset::Usual => {}
            Preset::One => new.workers = 0,
            Preset::Three => new.workers = 2,
        }
        Ok(new.cluster()?.to_yaml())
    }

    /// The Cluster YAML that a cluster was made from, as it is now.
    pub async fn config_of(&self, cluster: &str) -> Result<String> {
        spec::validate_name(cluster)
            .map_err(|error| Error::new(ErrorCode::Usage, error.to_string()))?;
        let file = self.home.cluster_file(cluster);
        let cluster = cluster.to_owned();
        blocking(move || {
            std::fs::read_to_string(&file).map_err(|error| {
                if error.kind() == std::io::ErrorKind::NotFound {
                    Error::new(
                        ErrorCode::ClusterNotFound,
                        format!("nothing is saved of a cluster \"{cluster}\""),
                    )
                    .hint("it was not created to its end, or was deleted meanwhile")
                } else {
                    Error::io("read", &file, &error)
                }
            })
        })
        .await
    }

    /// What a changed text means for a cluster.
    pub async fn config_plan(&self, cluster: &str, text: &str) -> Result<ChangePlan> {
        let wanted = parse(text)?;
        self.engine()?.plan_change(cluster, &wanted).await
    }

    /// Makes a cluster what a text says.
    pub fn config_apply(self: &Arc<Self>, cluster: &str, text: &str) -> Result<u64> {
        let wanted = parse(text)?;
        let order = Order::on(OperationKind::Change, cluster);
        let (cluster, draft) = (cluster.to_owned(), text.to_owned());
        Ok(self.begin(order, move |desk, engine, op| async move {
            let changed = engine.change(&cluster, &wanted, Some(WAIT), &op).await?;
            desk.draft_used(Some(&cluster), &draft);
            Ok(Some(changes(&changed)))
        }))
    }

    /// The text of a Cluster YAML behind a token.
    pub async fn config_open(&self, token: &str) -> Result<OpenedConfig> {
        let files = self.drops.files(token)?;
        let found = files
            .into_iter()
            .find(|(_, file)| file.kind == FileKind::Cluster);
        let Some((path, _)) = found else {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                "none of these files describes a cluster",
            ));
        };
        locked(&self.chosen).insert(path.clone());
        blocking(move || {
            let text =
                std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
            Ok(OpenedConfig {
                text,
                path: path.display().to_string(),
            })
        })
        .await
    }

    /// Writes a Cluster YAML to a file that the user has just chosen, and was asked about by the
    /// desktop if there was one of that name.
    pub async fn config_save_as(&self, text: String, path: PathBuf) -> Result<SavedConfig> {
        locked(&self.chosen).insert(path.clone());
        blocking(move || written(text, &path)).await
    }

    /// Writes a Cluster YAML over a file that the user opened or chose before; a window can't name
    /// others. What another program wrote there since is not overwritten unasked: `over` is what
    /// the user knows to be there.
    pub async fn config_save(&self, text: String, over: OpenedConfig) -> Result<SavedConfig> {
        let path = PathBuf::from(&over.path);
        if !locked(&self.chosen).contains(&path) {
            return Err(Error::new(
                ErrorCode::PermissionDenied,
                format!("{} was not chosen by you", path.display()),
            )
            .hint("choose where to save it"));
        }
        blocking(move || {
            let there = match std::fs::read(&path) {
                Ok(there) => there,
                // Whoever removed it has nothing to lose.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return written(text, &path);
                }
                Err(error) => return Err(Error::io("read", &path, &error)),
            };
            // What is no text is shown as one, and known again as that.
            let there = String::from_utf8_lossy(&there);
            if there == over.text || there == text {
                return written(text, &path);
            }
            Ok(SavedConfig::Changed(OpenedConfig {
                text: there.into_owned(),
                path: over.path,
            }))
        })
        .await
    }

    /// The unfinished text of a cluster, or of a new one.
    pub fn draft_get(&self, cluster: Option<&str>) -> Result<Option<String>> {
        let file = self.draft_file(cluster)?;
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", &file, &error)),
        }
    }

    /// Keeps an unfinished text, or forgets it.
    pub fn draft_set(&self, cluster: Option<&str>, text: Option<&str>) -> Result<()> {
        let file = self.draft_file(cluster)?;
        match text {
            Some(text) if text.len() > LONGEST_DRAFT => Err(Error::new(
                ErrorCode::ConfigInvalid,
                "a text of more than 4 MiB is no Cluster YAML",
            )),
            Some(text) => saved::replace(&file, text),
            None => saved::remove(&file),
        }
    }

    /// Forgets an unfinished text that was made true; one that was edited since is kept.
    pub(super) fn draft_used(&self, cluster: Option<&str>, text: &str) {
        let same = self
            .draft_get(cluster)
            .map(|draft| draft.as_deref() == Some(text));
        let forgotten = same.and_then(|same| {
            if same {
                self.draft_set(cluster, None)
            } else {
                Ok(())
            }
        });
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the draft stays");
        }
    }

    /// The name becomes part of a path: it is checked here, whoever asks.
    fn draft_file(&self, cluster: Option<&str>) -> Result<PathBuf> {
        let name = match cluster {
            None => "new".to_owned(),
            Some(cluster) => {
                spec::validate_name(cluster)
                    .map_err(|error| Error::new(ErrorCode::Usage, error.to_string()))?;
                format!("of-{cluster}")
            }
        };
        Ok(self.place.drafts().join(format!("{name}.yaml")))
    }
}

fn written(text: String, path: &Path) -> Result<SavedConfig> {
    saved::overwrite(path, &text).map_err(|error| Error::io("write", path, &error))?;
    let path = path.display().to_string();
    Ok(SavedConfig::Saved(OpenedConfig { text, path }))
}

/// What a change did, in one line.
fn changes(changed: &engine::Changed) -> String {
    let parts: Vec<String> = [
        ("added", &changed.added),
        ("removed", &changed.removed),
        ("made again", &changed.recreated),
        ("changed", &changed.marked),
    ]
    .into_iter()
    .filter(|(_, nodes)| !nodes.is_empty())
    .map(|(what, nodes)| format!("{} {what}", nodes.join(", ")))
    .collect();
    if parts.is_empty() {
        return format!("“{}” is as it should be.", changed.name);
    }
    let text = format!("“{}”: {}.", changed.name, parts.join("; "));
    if changed.lacking.is_empty() {
        text
    } else {
        format!("{text} Load again: {}.", changed.lacking.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use engine::Home;

    use super::*;
    use crate::place::Place;

    #[tokio::test]
    async fn a_draft_that_was_edited_since_outlives_the_work_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path().join("app"));
        let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
        for cluster in [None, Some("dev")] {
            desk.draft_set(cluster, Some("edited")).unwrap();
            desk.draft_used(cluster, "as it was");
            assert_eq!(desk.draft_get(cluster).unwrap().as_deref(), Some("edited"));
            desk.draft_used(cluster, "edited");
            assert_eq!(desk.draft_get(cluster).unwrap(), None);
        }
    }
}
