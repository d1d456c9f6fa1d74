//! Files that were dropped or chosen.

use std::path::PathBuf;
use std::sync::Arc;

use engine::{Error, ErrorCode, ManifestPreview, Result};

use super::work::Order;
use super::{Desk, Event, blocking};
use crate::drops::{DropEvent, DropKind, Dropped, DroppedFile, FileKind, glance, look};
use crate::snapshot::OperationKind;

/// Files of one drop that are looked at; nobody drops more on purpose.
const MOST_FILES: usize = 100;

impl Desk {
    /// Files came over a window: they get a token, a glance at once, and a look that is told as an
    /// event. Blocking for the glance.
    pub fn drop_enter(self: &Arc<Self>, paths: Vec<PathBuf>) -> Result<Dropped> {
        let dropped = self.glance_at(paths)?;
        self.begin_look(dropped.token.clone());
        Ok(dropped)
    }

    /// Files were opened with the app: told as an event, and their look as the next. Blocking for
    /// the glance.
    pub fn drop_opened(self: &Arc<Self>, paths: Vec<PathBuf>) -> Result<()> {
        let Dropped { token, files } = self.glance_at(paths)?;
        self.tell_drop(DropKind::Opened, token.clone(), files);
        self.begin_look(token);
        Ok(())
    }

    fn glance_at(&self, mut paths: Vec<PathBuf>) -> Result<Dropped> {
        paths.truncate(MOST_FILES);
        let files: Vec<(PathBuf, DroppedFile)> = paths
            .into_iter()
            .map(|path| {
                let file = glance(&path);
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
    pub async fn drop_chosen(&self, mut paths: Vec<PathBuf>) -> Result<Dropped> {
        paths.truncate(MOST_FILES);
        let files = paths
            .into_iter()
            .map(|path| {
                let file = glance(&path);
                (path, file)
            })
            .collect();
        let token = self.drops.add(files)?;
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
        self.engine()?.preview_manifests(cluster, &text).await
    }

    /// Applies manifests: those behind a token, or a text.
    pub async fn manifest_apply(
        self: &Arc<Self>,
        cluster: &str,
        token: Option<&str>,
        text: Option<String>,
    ) -> Result<u64> {
        let text = self.manifests(token, text).await?;
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
