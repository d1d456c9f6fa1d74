//! Looking at files: their beginning, then all of an archive. A disk may be slow, or hang.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use engine::{Archive, Error, ErrorCode};
use spec::Cluster;

use super::magic::{self, Content};
use super::{DroppedFile, FileKind};
use crate::snapshot::Failure;

/// A text of more than this is no YAML that a person wrote.
const LONGEST_TEXT: u64 = 8 << 20;

/// A file of which nothing but its path is known.
pub(crate) fn unseen(path: &Path) -> DroppedFile {
    DroppedFile {
        name: path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.display().to_string(),
        ),
        size_bytes: 0,
        kind: FileKind::Other,
        what: String::new(),
        images: Vec::new(),
        problem: None,
    }
}

/// What a file is by its first bytes.
fn glance(path: &Path) -> DroppedFile {
    let mut file = unseen(path);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            file.what = "a file that can't be read".into();
            file.problem = Some(Error::io("read", path, &error).into());
            return file;
        }
    };
    file.size_bytes = metadata.len();
    if !metadata.is_file() {
        let what = if metadata.is_dir() {
            "a folder"
        } else {
            "no regular file"
        };
        return refused(file, what);
    }
    let head = match head(path) {
        Ok(head) => head,
        Err(error) => {
            file.what = "a file that can't be read".into();
            file.problem = Some(Error::io("read", path, &error).into());
            return file;
        }
    };
    match magic::content(&head) {
        Content::Archive(how) => {
            file.kind = FileKind::ImageArchive;
            file.what = format!("an archive ({how})");
            file
        }
        Content::Text => text(file, path),
        Content::Other(what) => refused(file, what),
    }
}

/// What a file is, all of it read. Blocking; an archive takes as long as reading it.
pub(crate) fn look(path: &Path) -> DroppedFile {
    let mut file = glance(path);
    if file.kind != FileKind::ImageArchive {
        return file;
    }
    let checked = Archive::open(path).and_then(|archive| {
        archive.check_architecture(engine::architecture())?;
        Ok(archive)
    });
    match checked {
        Ok(archive) => {
            file.what = file.what.replace("an archive", "an image archive");
            file.images = archive
                .images
                .into_iter()
                .filter_map(|image| image.reference)
                .collect();
        }
        Err(error) => {
            // An image for other machines is one; what is broken or holds something else is not.
            if error.code != ErrorCode::ImageWrongPlatform {
                file.kind = FileKind::Other;
            }
            file.problem = Some(error.into());
        }
    }
    file
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(magic::ENOUGH);
    let enough = u64::try_from(magic::ENOUGH).unwrap_or(u64::MAX);
    File::open(path)?.take(enough).read_to_end(&mut head)?;
    Ok(head)
}

/// A text: a Cluster YAML, manifests, or neither.
fn text(file: DroppedFile, path: &Path) -> DroppedFile {
    if file.size_bytes > LONGEST_TEXT {
        return refused(file, "a text too long for YAML that is applied by hand");
    }
    let Ok(content) = fs::read_to_string(path) else {
        return refused(file, "a text that is not UTF-8");
    };
    let kinds = kinds(&content);
    let is_cluster = kinds.iter().any(|(version, kind)| {
        kind == "Cluster"
            && (version.starts_with("apple-k8s.dev/") || version.starts_with("kind.x-k8s.io/"))
    });
    if is_cluster {
        let base = path.parent().unwrap_or(Path::new("/"));
        let name = Cluster::parse(&content, &file.name, base).map(|parsed| parsed.cluster.name);
        return DroppedFile {
            kind: FileKind::Cluster,
            what: "a Cluster YAML".into(),
            images: name.into_iter().collect(),
            ..file
        };
    }
    if !kinds.is_empty() {
        return DroppedFile {
            kind: FileKind::Manifests,
            what: "Kubernetes manifests".into(),
            ..file
        };
    }
    refused(file, "a text without Kubernetes objects")
}

/// `apiVersion` and `kind` at the left edge of each document, YAML or JSON.
fn kinds(text: &str) -> Vec<(String, String)> {
    let field = |document: &str, key: &str| -> Option<String> {
        document.lines().find_map(|line| {
            let value = line.strip_prefix(key)?.strip_prefix(':')?;
            let value = value.split(" #").next().unwrap_or(value).trim();
            Some(value.trim_matches(['"', '\'']).to_owned())
        })
    };
    if text.trim_start().starts_with('{') {
        let Ok(object) = serde_json::from_str::<serde_json::Value>(text) else {
            return Vec::new();
        };
        let word = |key: &str| object.get(key)?.as_str().map(str::to_owned);
        return word("apiVersion").zip(word("kind")).into_iter().collect();
    }
    documents(text)
        .iter()
        .filter_map(|document| field(document, "apiVersion").zip(field(document, "kind")))
        .collect()
}

fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("---") {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    documents
}

/// T28: what it is, and what would do.
fn refused(file: DroppedFile, what: &str) -> DroppedFile {
    let problem = Failure {
        code: ErrorCode::ImageInvalid,
        message: format!("{} is {what}.", file.name),
        hint: Some("Drop an image archive (tar, gzip, zstd) or a YAML file.".into()),
        detail: None,
        logs: None,
    };
    DroppedFile {
        what: what.to_owned(),
        problem: Some(problem),
        ..file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(name: &str, content: &[u8]) -> DroppedFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        look(&path)
    }

    fn archive(architecture: &str) -> Vec<u8> {
        let config = format!(r#"{{"architecture":"{architecture}"}}"#);
        let manifest = r#"[{"Config":"c.json","RepoTags":["web:1"],"Layers":[]}]"#;
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in [("manifest.json", manifest), ("c.json", &config)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(content.len()).unwrap());
            header.set_mode(0o644);
            tar.append_data(&mut header, name, content.as_bytes())
                .unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn an_image_archive_is_one_by_whatever_name() {
        let file = dropped("notes.pdf", &archive(engine::architecture()));
        assert_eq!(file.kind, FileKind::ImageArchive);
        assert_eq!(file.images, ["docker.io/library/web:1"]);
        assert_eq!(file.what, "an image archive (tar)");
        assert_eq!(file.problem, None);
    }

    #[test]
    fn a_pdf_is_a_pdf_whatever_its_name() {
        let file = dropped("web.tar", b"%PDF-1.7\n...");
        assert_eq!(file.kind, FileKind::Other);
        assert_eq!(file.problem.unwrap().message, "web.tar is a PDF.");
    }

    #[test]
    fn an_image_for_other_machines_says_so() {
        let file = dropped("web.tar", &archive("s390x"));
        assert_eq!(file.kind, FileKind::ImageArchive);
        assert_eq!(file.problem.unwrap().code, ErrorCode::ImageWrongPlatform);
    }

    #[test]
    fn a_tar_of_something_else_or_half_an_archive_is_refused() {
        let mut half = archive(engine::architecture());
        half.truncate(700);
        let file = dropped("web.tar", &half);
        assert_eq!(file.kind, FileKind::Other);
        assert!(file.problem.is_some());
        let gzip = dropped("x.gz", b"\x1f\x8b\x08 no tar in here");
        assert_eq!(gzip.kind, FileKind::Other);
    }

    #[test]
    fn yaml_is_told_by_its_kind() {
        let cluster = "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: dev\nspec:\n  nodes:\n  - role: control-plane\n";
        let file = dropped("a.txt", cluster.as_bytes());
        assert_eq!(
            (file.kind, file.images),
            (FileKind::Cluster, vec!["dev".to_owned()])
        );
        let kind = dropped(
            "k.yaml",
            b"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
        );
        assert_eq!(kind.kind, FileKind::Cluster);
        let other = dropped(
            "c.yaml",
            b"apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\n",
        );
        assert_eq!(other.kind, FileKind::Manifests, "another project's Cluster");
        let several = dropped(
            "m",
            b"# two\n---\napiVersion: v1\nkind: Service\n---\nkind: Pod\n",
        );
        assert_eq!(several.kind, FileKind::Manifests);
        let json = dropped("m.json", br#"{"kind":"Pod","apiVersion":"v1"}"#);
        assert_eq!(json.kind, FileKind::Manifests);
        assert_eq!(dropped("n.txt", b"hello\n").kind, FileKind::Other);
        assert_eq!(dropped("empty", b"").what, "an empty file");
    }

    #[test]
    fn folders_and_missing_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(folder.path()).what, "a folder");
        let missing = look(&folder.path().join("gone"));
        assert!(missing.problem.is_some());
    }
}
