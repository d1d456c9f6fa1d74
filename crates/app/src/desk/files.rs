//! Files that were dropped or chosen.

use std::path::PathBuf;
use std::sync::Arc;

use engine::{Error, ErrorCode, ManifestPreview, Result};

use super::work::Order;
use super::{Desk, Event, blocking};
use crate::drops::{DropEvent, DropKind, Dropped, DroppedFile, FileKind, look, unseen};
use crate::snapshot::OperationKind;

/// Files of one drop that are looked at; nobody drops more on purpose.
const MOST_FILES: usize = 100;

impl Desk {
    /// Files came over a window: they get a token, and a look that is told as an event. The disk
    /// is not asked here.
    pub fn drop_enter(self: &Arc<Self>, paths: Vec<PathBuf>) -> Result<Dropped> {
        let dropped = self.take(paths)?;
        self.begin_look(dropped.token.clone());
        Ok(dropped)
    }

    /// Files were opened with the app: told as an event, and their look as the next.
    pub fn drop_opened(self: &Arc<Self>, paths: Vec<PathBuf>) -> Result<()> {
        let Dropped { token, files } = self.take(paths)?;
        self.tell_drop(DropKind::Opened, token.clone(), files);
        self.begin_look(token);
        Ok(())
    }

    fn take(&self, mut paths: Vec<PathBuf>) -> Result<Dropped> {
        paths.truncate(MOST_FILES);
        let files: Vec<(PathBuf, DroppedFile)> = paths
            .into_iter()
            .map(|path| {
                let file = unseen(&path);
                (path, file)
            })
            .collect();
        let shown = files.iter().map(|(_, file)| file.clone()).collect();
        Ok(Dropped {
            token: self.drops.add(files)?,
            files: shown,
        })
    }

    fn begin_look(self: &Arc<Self>, token: String) {
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(files) = desk.look_at(&token).await {
                desk.tell_drop(DropKind::Looked, token, files);
            }
        });
    }

    fn tell_drop(&self, kind: DropKind, token: String, files: Vec<DroppedFile>) {
        self.send(Event::Drop(Arc::new(DropEvent {
            kind,
            x: 0.0,
            y: 0.0,
            token: Some(token),
            looking: kind != DropKind::Looked,
            files,
        })));
    }

    /// Files were chosen in a dialog: all of them are looked at.
    pub async fn drop_chosen(&self, paths: Vec<PathBuf>) -> Result<Dropped> {
        let Dropped { token, .. } = self.take(paths)?;
        let files = self.look_at(&token).await?;
        Ok(Dropped { token, files })
    }

    /// What is known of the files behind a token.
    pub fn drop_files(&self, token: &str) -> Result<Vec<DroppedFile>> {
        let files = self.drops.files(token)?;
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// Makes a token void.
    pub fn drop_forget(&self, token: &str) {
        self.drops.forget(token);
    }

    async fn look_at(&self, token: &str) -> Result<Vec<DroppedFile>> {
        let files = self.drops.files(token)?;
        let looked = blocking(move || {
            Ok(files
                .into_iter()
                .map(|(path, _)| {
                    let file = look(&path);
                    (path, file)
                })
                .collect::<Vec<_>>())
        })
        .await?;
        let shown = looked.iter().map(|(_, file)| file.clone()).collect();
        if self.drops.update(token, looked) {
            Ok(shown)
        } else {
            Err(Error::cancelled())
        }
    }

    /// What applying manifests would do: those behind a token, or a text.
    pub async fn manifest_preview(
        &self,
        cluster: &str,
        token: Option<&str>,
        text: Option<String>,
    ) -> Result<ManifestPreview> {
        let text = self.manifests(token, text).await?;
        if let Some(token) = token {
            self.drops.show(token, &text);
        }
        self.engine()?.preview_manifests(cluster, &text).await
    }

    /// Applies manifests: those behind a token as they were shown, or a text.
    pub async fn manifest_apply(
        self: &Arc<Self>,
        cluster: &str,
        token: Option<&str>,
        text: Option<String>,
    ) -> Result<u64> {
        let text = self.agreed(token, text).await?;
        let mut order = Order::on(OperationKind::Apply, cluster);
        order.subject = Some("manifests".into());
        let cluster = cluster.to_owned();
        Ok(self.begin(order, move |_, engine, op| async move {
            let objects = engine.apply_manifests(&cluster, &text, &op).await?;
            let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
            Ok(Some(format!(
                "{} applied to “{cluster}”.",
                crate::words::counted(count, "object")
            )))
        }))
    }

    /// The manifests that a person has agreed to: what they were shown, when they were shown it.
    async fn agreed(&self, token: Option<&str>, text: Option<String>) -> Result<String> {
        match token.and_then(|token| self.drops.shown(token)) {
            Some(shown) => Ok(shown),
            None => self.manifests(token, text).await,
        }
    }

    /// All manifests as one text.
    async fn manifests(&self, token: Option<&str>, text: Option<String>) -> Result<String> {
        if let Some(text) = text {
            return Ok(text);
        }
        let nothing = || {
            Error::new(
                ErrorCode::Usage,
                "none of these files holds Kubernetes objects",
            )
        };
        let files = self.drops.files(token.ok_or_else(nothing)?)?;
        let paths: Vec<PathBuf> = files
            .into_iter()
            .filter(|(_, file)| file.kind == FileKind::Manifests)
            .map(|(path, _)| path)
            .collect();
        if paths.is_empty() {
            return Err(nothing());
        }
        blocking(move || {
            let texts: Result<Vec<String>> = paths
                .iter()
                .map(|path| {
                    std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))
                })
                .collect();
            Ok(texts?.join("\n---\n"))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::place::Place;

    /// What a file says after it was shown, nobody has agreed to.
    #[tokio::test]
    async fn manifests_are_applied_as_they_were_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (place, home) = (folder.path().join("app"), folder.path().join("home"));
        let desk = Desk::at(Place::at(place), engine::Home::at(home)).unwrap();
        let path = folder.path().join("shop.yaml");
        std::fs::write(&path, "kind: Namespace\n").unwrap();
        let seen = DroppedFile {
            kind: FileKind::Manifests,
            ..unseen(&path)
        };
        let token = desk.drops.add(vec![(path.clone(), seen)]).unwrap();
        // There is no cluster to ask; what was read is shown all the same.
        let _ = desk.manifest_preview("dev", Some(&token), None).await;
        std::fs::write(&path, "kind: Secret\n").unwrap();
        let agreed = desk.agreed(Some(&token), None).await.unwrap();
        assert_eq!(agreed, "kind: Namespace\n");
        desk.drop_forget(&token);
        assert_eq!(desk.drops.shown(&token), None);
    }

    /// A file on a disk that hangs must not hold up who drags it.
    #[tokio::test]
    async fn dragged_files_are_taken_before_the_disk_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (place, home) = (folder.path().join("app"), folder.path().join("home"));
        let desk = Desk::at(Place::at(place), engine::Home::at(home)).unwrap();
        let mut events = desk.events();
        let entered = desk.drop_enter(vec![folder.path().join("gone.tar")]);
        let file = &entered.as_ref().unwrap().files[0];
        assert_eq!(
            (file.name.as_str(), file.problem.is_none()),
            ("gone.tar", true)
        );
        let looked = async {
            loop {
                if let Event::Drop(drop) = events.recv().await.unwrap() {
                    return drop;
                }
            }
        };
        let looked = tokio::time::timeout(Duration::from_secs(20), looked);
        let looked = looked.await.unwrap();
        assert_eq!(looked.kind, DropKind::Looked);
        assert!(looked.files[0].problem.is_some());
    }
}
