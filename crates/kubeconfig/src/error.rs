//! What can go wrong, told by what its reader can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A place in a file, counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Place {
    /// The place of the byte `at` in `text`.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = &text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: text[start..at].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a kubeconfig could not be read or changed. Whatever it is, the file is as it was.
///
/// No variant ever holds a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file exists but can't be read: permissions, a directory, not UTF-8, too large.
    #[error("{} can't be read: {reason}. It was left as it is.", path.display())]
    Unreadable {
        /// The file as named by the user.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// The file is no valid YAML, or no kubeconfig.
    #[error("{}:{place}: {reason}. The file was left as it is; correct it and try again.", path.display())]
    Invalid {
        /// The file as named by the user.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What is wrong there.
        reason: String,
    },
    /// The file is valid, but written in a way that can't be edited without touching more than
    /// our own entry.
    #[error("{}:{place}: {reason}. The file was left as it is; change it by hand or use another file with --kubeconfig.", path.display())]
    Unsupported {
        /// The file as named by the user.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// Which construct stands in the way.
        reason: String,
    },
    /// Another program holds the lock file, or left it behind.
    #[error("{} is locked: {} has been there for {}{}. If no kubectl or other program is changing the file now, the lock was left behind: delete {} and try again.",
        path.display(), lock.display(), in_words(*age), holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), lock.display())]
    Locked {
        /// The kubeconfig.
        path: PathBuf,
        /// The lock file in the way.
        lock: PathBuf,
        /// Time since the lock file was made.
        age: Duration,
        /// The process that holds it, where it is one of ours.
        holder: Option<u32>,
    },
    /// The file or its folder can't be written.
    #[error("{} can't be changed: {doing}: {source}. It was left as it is.", path.display())]
    Unwritable {
        /// The file as named by the user.
        path: PathBuf,
        /// The step that failed.
        doing: &'static str,
        /// The system's word for it.
        source: io::Error,
    },
    /// The kubeconfig written by a node is not what a node should write.
    #[error("the node's kubeconfig is refused: {reason}")]
    Guest {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// No context of that name in any of the files.
    #[error("there is no context {name:?} in {}", list(files))]
    NoContext {
        /// The name asked for.
        name: String,
        /// The files looked at.
        files: Vec<PathBuf>,
    },
    /// Neither a file was named, nor `$KUBECONFIG`, nor a home folder is known.
    #[error(
        "no kubeconfig to use: $HOME is not set. Name a file with --kubeconfig or $KUBECONFIG."
    )]
    NoHome,
}

impl Error {
    /// The kubeconfig this is about, where it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { path, .. }
            | Self::Invalid { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Locked { path, .. }
            | Self::Unwritable { path, .. } => Some(path),
            Self::Guest { .. } | Self::NoContext { .. } | Self::NoHome => None,
        }
    }

    /// The place in the file, where there is one.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Invalid { place, .. } | Self::Unsupported { place, .. } => Some(*place),
            _ => None,
        }
    }
}

fn list(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|file| file.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A duration as a person would tell it.
fn in_words(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
