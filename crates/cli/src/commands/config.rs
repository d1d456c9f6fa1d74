//! From the options of `create cluster` and `apply cluster` to the cluster they ask for.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use engine::{Error, ErrorCode, Result};
use spec::{Cluster, ErrorList, SpecError};

use super::counted;
use crate::args::{ClusterName, CreateArgs};
use crate::console::Console;

/// More than any Cluster YAML has; what is longer is something else.
const LARGEST: u64 = 4 << 20;

/// The cluster that was asked for. Options win over the file; doubts are said as warnings.
pub(super) fn cluster(args: &CreateArgs, console: Console) -> Result<Cluster> {
    let mut cluster = match &args.config {
        Some(file) => from_file(file, console)?,
        None => Cluster::simple(&args.name.resolve()?, args.workers.unwrap_or(0)).map_err(usage)?,
    };
    if let Some(name) = args.name.given()? {
        cluster = cluster.renamed(&name).map_err(usage)?;
    }
    if let Some(version) = &args.kubernetes_version {
        cluster.kubernetes_version = Some(version.clone());
    }
    if let Some(image) = &args.image {
        for node in &mut cluster.nodes {
            node.image = Some(image.clone());
        }
    }
    Ok(cluster)
}

/// The cluster of a file, under another name when one was given.
pub(super) fn named(file: &Path, name: &ClusterName, console: Console) -> Result<Cluster> {
    let cluster = from_file(file, console)?;
    match name.given()? {
        Some(name) => cluster.renamed(&name).map_err(usage),
        None => Ok(cluster),
    }
}

/// A file or standard input, and its name; `what` it should be.
pub(super) fn text(file: &Path, what: &str) -> Result<(String, Vec<u8>)> {
    let piped = file == Path::new("-");
    let read = if piped {
        read(io::stdin().lock())
    } else {
        File::open(file).and_then(read)
    };
    let origin = if piped {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let text = read.map_err(|error| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!("{origin} can't be read: {error}"),
        )
    })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
        let message = format!("{origin} is larger than {} MiB: no {what}", LARGEST >> 20);
        return Err(Error::new(ErrorCode::ConfigInvalid, message));
    }
    Ok((origin, text))
}

fn from_file(file: &Path, console: Console) -> Result<Cluster> {
    let (origin, text) = text(file, "Cluster YAML")?;
    let piped = file == Path::new("-");
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let base = folder.filter(|_| !piped).unwrap_or(Path::new("."));
    let base = std::path::absolute(base).map_err(|error| Error::io("find", base, &error))?;
    let parsed = Cluster::parse(text, &origin, &base).map_err(|errors| invalid(&errors))?;
    if !parsed.warnings.is_empty() {
        console.warn(
            &ErrorList {
                origin: origin.clone(),
                errors: parsed.warnings.clone(),
            }
            .to_string(),
        );
    }
    parsed.check_host_paths().map_err(|errors| Error {
        code: ErrorCode::MountSourceMissing,
        ..invalid(&errors)
    })?;
    Ok(parsed.cluster)
}

fn read(source: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn invalid(errors: &ErrorList) -> Error {
    let count = counted(errors.errors.len(), "error");
    Error::new(
        ErrorCode::ConfigInvalid,
        format!("{count} in {}", errors.origin),
    )
    .detail(errors.to_string())
}

fn usage(error: SpecError) -> Error {
    let mut message = error.message;
    if let Some(expected) = error.expected {
        message = format!("{message}; expected {expected}");
    }
    let built = Error::new(ErrorCode::Usage, message);
    match error.hint {
        Some(hint) => built.hint(hint),
        None => built,
    }
}
