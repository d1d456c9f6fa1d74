//! The diagnostics bundle: what helps to find a fault, without what is secret.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::{Error, Home, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::desk::Desk;
use crate::redact::redact;
use crate::wire::DiagnosticsFile;

/// Bytes of a log, from its end.
const MOST_OF_A_LOG: u64 = 512 << 10;
/// How far back the runtime's own log goes.
const RUNTIME_LOG: Duration = Duration::from_mins(10);
/// A runtime that hangs must not keep the bundle from being made.
const PATIENCE: Duration = Duration::from_secs(15);

impl Desk {
    /// Every file that the bundle would have.
    pub async fn diagnostics(self: &Arc<Self>) -> Vec<DiagnosticsFile> {
        let mut files = vec![
            file("app.json", &pretty(&self.info())),
            file("snapshot.json", &pretty(&*self.snapshot())),
            file("settings.json", &pretty(&self.settings())),
            file("runtime.txt", &self.runtime_text().await),
        ];
        let (logs, home) = (self.place().logs().to_owned(), self.home().clone());
        let read = tokio::task::spawn_blocking(move || {
            let mut found = app_logs(&logs);
            found.extend(cluster_files(&home));
            found
        });
        files.extend(read.await.unwrap_or_default());
        files
    }

    /// Writes the bundle to a file that the user chose.
    pub async fn diagnostics_write(self: &Arc<Self>, path: PathBuf) -> Result<String> {
        let files = self.diagnostics().await;
        let shown = path.display().to_string();
        let written = tokio::task::spawn_blocking(move || {
            bundle(&path, &files).map_err(|error| Error::io("write", &path, &error))
        });
        written.await.unwrap_or_else(|error| {
            Err(Error::new(
                engine::ErrorCode::Internal,
                format!("the bundle was not written: {error}"),
            ))
        })?;
        Ok(shown)
    }

    /// What the runtime says of itself.
    async fn runtime_text(&self) -> String {
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(error) => return error.message,
        };
        let container = engine.container().with_limit(PATIENCE);
        let (status, logs) = tokio::join!(container.status(), container.system_logs(RUNTIME_LOG));
        let program = container.program().display().to_string();
        let status = match status {
            Ok(status) => format!("{status:#?}"),
            Err(error) => error.to_string(),
        };
        let logs = logs.unwrap_or_else(|error| error.to_string());
        format!("{program}\n\n{status}\n\n{}", tail(&logs))
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

/// A file of the bundle: secrets left out, the user's folder called `~`.
fn file(name: &str, text: &str) -> DiagnosticsFile {
    let (text, redactions) = redact(text);
    let text = match std::env::home_dir() {
        Some(home) if home.parent().is_some() => text.replace(&home.display().to_string(), "~"),
        _ => text,
    };
    DiagnosticsFile {
        name: name.to_owned(),
        size_bytes: text.len() as u64,
        text,
        redactions,
    }
}

fn app_logs(folder: &Path) -> Vec<DiagnosticsFile> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    paths.sort();
    paths
        .iter()
        .rev()
        .take(3)
        .filter_map(|path| {
            let name = format!("logs/{}", path.file_name()?.display());
            Some(file(&name, &end_of(path)?))
        })
        .collect()
}

/// What each cluster was made from, and which logs of failures there are.
fn cluster_files(home: &Home) -> Vec<DiagnosticsFile> {
    let names = home.cluster_names().unwrap_or_default();
    let mut files: Vec<DiagnosticsFile> = names
        .iter()
        .filter_map(|name| {
            let text = fs::read_to_string(home.cluster_file(name)).ok()?;
            Some(file(&format!("clusters/{name}.yaml"), &text))
        })
        .collect();
    let mut kept: Vec<String> = fs::read_dir(home.logs())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().display().to_string()))
        .collect();
    kept.sort();
    if !kept.is_empty() {
        files.push(file("logs-of-failures.txt", &kept.join("\n")));
    }
    files
}

fn end_of(path: &Path) -> Option<String> {
    let mut file = fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(MOST_OF_A_LOG)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_OF_A_LOG).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn tail(text: &str) -> &str {
    let most = usize::try_from(MOST_OF_A_LOG).unwrap_or(usize::MAX);
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

fn bundle(path: &Path, files: &[DiagnosticsFile]) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write(&part, files).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Nothing refers to the part; a failure to remove it changes nothing.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(path: &Path, files: &[DiagnosticsFile]) -> std::io::Result<()> {
    let out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.text.len() as u64);
        header.set_mode(0o600);
        let name = format!("apple-k8s-diagnostics/{}", file.name);
        tar.append_data(&mut header, name, file.text.as_bytes())?;
    }
    tar.into_inner()?.finish()?.sync_all()
}
