//! Files that a user drops or chooses: what they are, told by their content, and the tokens by
//! which windows speak of them. A window never learns a path.

mod look;
mod magic;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub(crate) use look::{look, unseen};

use crate::snapshot::Failure;

/// What happens with dragged files above a window.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DropEvent {
    /// What happened.
    pub kind: DropKind,
    /// Place of the pointer in the window, logical pixels.
    pub x: f64,
    /// Place of the pointer in the window, logical pixels.
    pub y: f64,
    /// Stands for the files in commands; the same from `enter` on.
    pub token: Option<String>,
    /// Whether the files are still being looked at: `looked` follows.
    pub looking: bool,
    /// The files.
    pub files: Vec<DroppedFile>,
}

/// What happens with dragged files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DropKind {
    /// They came over the window.
    Enter,
    /// They moved.
    Over,
    /// They left the window; the token is void.
    Leave,
    /// They were dropped. Without files: they were promised, and nothing arrived.
    Drop,
    /// They have been looked at.
    Looked,
    /// They were opened with the app: dropped at no place of the window. `looked` follows.
    Opened,
}

/// Files that were chosen in a dialog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    /// Stands for the files in commands.
    pub token: String,
    /// The files.
    pub files: Vec<DroppedFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DroppedFile {
    /// Its name without folders.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// What can be done with it.
    pub kind: FileKind,
    /// What it is, in words: `image archive (gzip)`, `PDF`.
    pub what: String,
    /// Names of the images in it, or of the cluster.
    pub images: Vec<String>,
    /// Why it can't be used.
    pub problem: Option<Failure>,
}

/// What can be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// Its images can be loaded into nodes.
    ImageArchive,
    /// It describes a cluster.
    Cluster,
    /// It holds Kubernetes objects.
    Manifests,
    /// Nothing.
    Other,
}

/// What a dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ChoosePurpose {
    /// Image archives.
    Image,
    /// YAML.
    Yaml,
    /// Anything that can be dropped.
    Any,
}

/// Files and what they are.
type Files = Vec<(PathBuf, DroppedFile)>;

/// Tokens and the files behind them.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    files: Files,
    /// The manifests that a preview was made of.
    manifests: Option<String>,
}

impl Drops {
    /// A token for files that were looked at, or are to be.
    pub(crate) fn add(&self, files: Files) -> Result<String> {
        let token = token()?;
        let known = Known {
            files,
            ..Known::default()
        };
        self.known().insert(token.clone(), known);
        Ok(token)
    }

    /// What is known of the files by now. False when the token is void.
    pub(crate) fn update(&self, token: &str, files: Files) -> bool {
        let mut known = self.known();
        let known = known.get_mut(token).map(|known| known.files = files);
        known.is_some()
    }

    /// Keeps the manifests that a person is shown: these are applied, whatever the files say then.
    pub(crate) fn show(&self, token: &str, manifests: &str) {
        if let Some(known) = self.known().get_mut(token) {
            known.manifests = Some(manifests.to_owned());
        }
    }

    /// The manifests that a person was shown.
    pub(crate) fn shown(&self, token: &str) -> Option<String> {
        self.known().get(token)?.manifests.clone()
    }

    /// The files behind a token.
    pub(crate) fn files(&self, token: &str) -> Result<Files> {
        let known = self.known();
        let files = known.get(token).map(|known| known.files.clone());
        files.ok_or_else(|| {
            Error::new(ErrorCode::Usage, "these files are no longer at hand")
                .hint("drop or choose them again")
        })
    }

    /// Makes a token void.
    pub(crate) fn forget(&self, token: &str) {
        self.known().remove(token);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sixteen random bytes: nobody guesses files that others have dropped.
fn token() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(
            ErrorCode::Internal,
            format!("no random numbers from the system: {error}"),
        )
    })?;
    let words: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(words.concat())
}
