//! The recipe: the files of `node-image/`, as they were when this crate was compiled.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::error::{Error, Result};

include!(concat!(env!("OUT_DIR"), "/recipe.rs"));

/// The build file, in the recipe's folder.
pub(crate) const DOCKERFILE: &str = "Dockerfile.apple-k8s-node";

/// The time of all files in images, by the name and in the form of reproducible builds: 2026-01-01.
/// The build file has it, too, for whoever builds by hand.
pub(crate) const SOURCE_DATE_EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "1767225600");

/// [`SOURCE_DATE_EPOCH`] as an argument of a build: builders make images of that time.
pub(crate) fn time() -> (String, String) {
    let (name, time) = SOURCE_DATE_EPOCH;
    (name.to_owned(), time.to_owned())
}

/// Kubernetes version that the recipe's checksums are for. Others are built, too, with checksums
/// from Go's public database.
pub fn default_kubernetes_version() -> &'static str {
    module_version("modules/kubernetes/go.mod", "k8s.io/kubernetes").unwrap_or_default()
}

/// A file of the recipe.
pub(crate) fn file(name: &str) -> Option<&'static str> {
    let (_, content) = FILES.iter().find(|(path, _)| *path == name)?;
    std::str::from_utf8(content).ok()
}

/// The version that a `go.mod` of the recipe requires of a module.
pub(crate) fn module_version(go_mod: &str, module: &str) -> Option<&'static str> {
    file(go_mod)?.lines().find_map(|line| {
        let mut words = line
            .trim()
            .trim_start_matches("require ")
            .split_whitespace();
        (words.next() == Some(module)).then(|| words.next())?
    })
}

/// The checksum that a `go.sum` of the recipe has for a module at a version.
pub(crate) fn module_checksum(go_sum: &str, module: &str, version: &str) -> Option<&'static str> {
    file(go_sum)?.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(module) && words.next() == Some(version)).then(|| words.next())?
    })
}

/// Names of the Debian packages in a list of the recipe.
pub(crate) fn packages(list: &str) -> Vec<&'static str> {
    file(list)
        .unwrap_or_default()
        .lines()
        .map(|line| line.split_once('#').map_or(line, |(name, _)| name).trim())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Digest over every file of the recipe: their names and contents.
pub(crate) fn digest() -> Sha256 {
    let mut digest = Sha256::new();
    for (name, content) in FILES {
        add(&mut digest, name.as_bytes());
        add(&mut digest, content);
    }
    digest
}

/// Adds a text so that no other split of the same bytes gives the same digest.
pub(crate) fn add(digest: &mut Sha256, text: &[u8]) {
    digest.update(text.len().to_le_bytes());
    digest.update(text);
}

/// The digest in hexadecimal digits.
pub(crate) fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Writes the recipe to a folder that disappears with the returned value.
pub(crate) fn write() -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("apple-k8s-node-image-")
        .tempdir()
        .map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), e))?;
    for (name, content) in FILES {
        let path = folder.path().join(name);
        put(&path, content, name.starts_with("scripts/"))?;
    }
    Ok(folder)
}

/// Writes a file with a fixed time: builders compare times, too, to know what changed.
fn put(path: &PathBuf, content: &[u8], executable: bool) -> Result<()> {
    let io = |action| move |e| Error::io(action, path, e);
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))
        .map_err(io("make the folder of"))?;
    fs::write(path, content).map_err(io("write"))?;
    let file = File::options().write(true).open(path).map_err(io("open"))?;
    file.set_modified(SystemTime::UNIX_EPOCH)
        .map_err(io("set the time of"))?;
    make_readable(path, executable)
}

/// Gives a file the mode that it has in the image, whatever this process's mask is.
pub(crate) fn make_readable(path: &Path, executable: bool) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| Error::io("set the mode of", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipe_is_complete_and_pinned() {
        for name in [
            DOCKERFILE,
            "node/main.go",
            "modules/kubernetes/go.sum",
            "scripts/assemble",
        ] {
            assert!(file(name).is_some(), "{name} is missing");
        }
        assert!(default_kubernetes_version().starts_with("v1."));
        assert!(packages("packages").contains(&"systemd"));
        assert!(FILES.iter().all(|(name, _)| !name.ends_with("_test.go")));
    }

    #[test]
    fn every_module_has_its_checksums() {
        let modules: Vec<&str> = FILES
            .iter()
            .filter_map(|(name, _)| name.strip_suffix("/go.mod"))
            .collect();
        assert!(modules.len() > 8, "{modules:?}");
        for module in modules {
            assert!(
                file(&format!("{module}/go.sum")).is_some(),
                "{module} has no go.sum"
            );
        }
    }

    #[test]
    fn the_time_of_files_is_the_same_by_hand() {
        let (name, time) = SOURCE_DATE_EPOCH;
        let dockerfile = file(DOCKERFILE).unwrap_or_default();
        let uses = dockerfile.matches(&format!("ARG {name}")).count();
        assert!(uses >= 3, "{uses} stages know the time");
        assert_eq!(
            dockerfile.matches(&format!("ARG {name}={time}\n")).count(),
            uses
        );
    }

    #[test]
    fn build_file_fits_apples_limit() {
        assert!(file(DOCKERFILE).is_some_and(|text| text.len() < 16 * 1024));
    }

    /// podman reuses a step although what the step mounts from another stage has changed: an
    /// image of one Kubernetes version held the programs of another.
    #[test]
    fn stages_pass_files_on_by_copies() {
        let dockerfile = file(DOCKERFILE).unwrap_or_default();
        assert!(!dockerfile.contains("type=bind"));
        for stage in [
            "debian",
            "kubernetes",
            "runc",
            "cni",
            "etcd",
            "coredns",
            "flannel",
        ] {
            assert!(
                dockerfile.contains(&format!("COPY --from={stage} ")),
                "{stage}"
            );
        }
    }

    #[test]
    fn every_stage_is_reached_and_every_script_used() {
        let dockerfile = file(DOCKERFILE).unwrap_or_default();
        for (name, _) in FILES
            .iter()
            .filter(|(name, _)| name.starts_with("modules/"))
        {
            let module = name.split('/').nth(1).unwrap_or_default();
            assert!(
                module == "toolchain" || dockerfile.contains(&format!("COPY modules/{module}/")),
                "no stage builds {name}"
            );
        }
    }

    #[test]
    fn written_twice_it_is_the_same_with_modes_and_times() {
        use std::os::unix::fs::PermissionsExt;
        let folder = write().expect("written");
        let script = fs::metadata(folder.path().join("scripts/assemble")).expect("there");
        assert_eq!(script.permissions().mode() & 0o777, 0o755);
        assert_eq!(script.modified().ok(), Some(SystemTime::UNIX_EPOCH));
        let dockerfile = fs::metadata(folder.path().join(DOCKERFILE)).expect("there");
        assert_eq!(dockerfile.permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn digest_tells_apart_what_joins_to_the_same() {
        let of = |parts: &[&str]| {
            let mut digest = Sha256::new();
            for part in parts {
                add(&mut digest, part.as_bytes());
            }
            hex(digest)
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    }
}
