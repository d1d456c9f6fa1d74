//! What can go wrong when the node image is built.

use std::io;
use std::path::{Path, PathBuf};

/// A build that did not succeed, or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call of `container` failed.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// `container build` failed; `output` is the end of what it printed.
    #[error("the build of {image} failed at {step}\n{output}")]
    Build {
        /// The image that was to be built.
        image: String,
        /// The step it failed at, for a person.
        step: String,
        /// The last lines it printed.
        output: String,
        /// The failed call.
        #[source]
        cause: Box<container::Error>,
    },
    /// Not a version of Kubernetes that can be built.
    #[error("{0:?} is no Kubernetes version such as v1.37.1")]
    Version(String),
    /// A version whose kubeadm does not understand this recipe's nodes.
    #[error("Kubernetes {0} is too old for a node image: it takes v1.31.0 or newer")]
    TooOld(String),
    /// Not an architecture of a node.
    #[error("{0:?} is no architecture of a node: it is arm64 or amd64")]
    Architecture(String),
    /// A program that makes base images is not installed.
    #[error(
        "{program} is not installed; it is needed to make base images from packages: apt-get install {package}"
    )]
    MissingProgram {
        /// The program.
        program: &'static str,
        /// Debian's package with it.
        package: &'static str,
    },
    /// A program that makes base images failed.
    #[error("{program} failed: it cannot {purpose}\n{output}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it was run for.
        purpose: String,
        /// The last lines it printed.
        output: String,
    },
    /// A download is not what the recipe names by its checksum.
    #[error(
        "{what} has the checksum {found}, and {expected} was expected: it is not what this program was made with; nothing of it is used"
    )]
    Checksum {
        /// What was downloaded.
        what: String,
        /// Its checksum.
        found: String,
        /// The recipe's.
        expected: String,
    },
    /// A file is not what `container image save` writes for one image.
    #[error("{} is no archive of an image: {why}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            cause,
        }
    }
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
