//! Image archives: recognised by content, checked before any node sees them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorCode, Result};

/// Manifests and configurations are small; anything above is a layer and is not kept in memory.
const LARGEST_DOCUMENT: u64 = 4 << 20;
/// All documents of one archive together.
const LARGEST_DOCUMENTS: usize = 64 << 20;

/// A checked image archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The file.
    pub path: PathBuf,
    /// The images in it.
    pub images: Vec<ArchivedImage>,
    compression: Compression,
    /// Bytes of the uncompressed stream, without the padding at its end.
    length: u64,
}

/// An image in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedImage {
    /// Its normalised name (`docker.io/library/web:1`); none when the archive names none.
    pub reference: Option<String>,
    /// Per platform in the archive: architecture as in Go (`arm64`), and the image's id there
    /// (`sha256:…` of its configuration).
    pub platforms: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Archive {
    /// Reads a docker-archive or OCI layout, plain, gzip or zstd, and checks that it is whole:
    /// every document parses, every blob has its digest. Blocking.
    pub fn open(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let metadata = std::fs::metadata(&path).map_err(|error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let error = if missing {
                let message = format!("there is no file {}", path.display());
                Error::new(ErrorCode::ImageMissing, message)
            } else {
                Error::io("read", &path, &error)
            };
            error.hint("name the file that `docker save` or `container image save` wrote")
        })?;
        if !metadata.is_file() {
            return Err(invalid(&path, "it is not a regular file"));
        }
        let compression = Compression::of(&path)?;
        let (mut documents, length) = Documents::read(&path, compression)?;
        let images = documents.images().map_err(|why| invalid(&path, &why))?;
        if images.is_empty() {
            return Err(invalid(&path, "it holds no image"));
        }
        Ok(Self {
            path,
            images,
            compression,
            length,
        })
    }

    /// Checks that every image in it has content for `architecture`.
    pub fn check_architecture(&self, architecture: &str) -> Result<()> {
        for image in &self.images {
            let has = |wanted: &str| image.platforms.iter().any(|(found, _)| found == wanted);
            if !has(architecture) {
                let found: Vec<&str> = image.platforms.iter().map(|(a, _)| a.as_str()).collect();
                let name = image.reference.as_deref().unwrap_or("the image");
                return Err(Error::new(
                    ErrorCode::ImageWrongPlatform,
                    format!(
                        "{name} in {} is for {}, the nodes are {architecture}",
                        self.path.display(),
                        found.join(", ")
                    ),
                )
                .hint(format!("build or save the image for linux/{architecture}")));
            }
        }
        Ok(())
    }

    /// About how many bytes [`Archive::reader`] gives.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The uncompressed tar stream.
    pub(crate) fn reader(&self) -> Result<Box<dyn Read + Send>> {
        open_stream(&self.path, self.compression)
    }
}

impl Compression {
    fn of(path: &Path) -> Result<Self> {
        let mut magic = [0u8; 4];
        let mut file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
        let mut filled = 0;
        while filled < magic.len() {
            match file
                .read(&mut magic[filled..])
                .map_err(|e| Error::io("read", path, &e))?
            {
                0 => break,
                n => filled += n,
            }
        }
        Ok(match magic {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Self::Zstd,
            _ => Self::None,
        })
    }
}

fn open_stream(path: &Path, compression: Compression) -> Result<Box<dyn Read + Send>> {
    let mut file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
    file.seek(SeekFrom::Start(0))
        .map_err(|e| Error::io("read", path, &e))?;
    let file = BufReader::with_capacity(1 << 20, file);
    Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Zstd => Box::new(
            ruzstd::decoding::StreamingDecoder::new(file)
                .map_err(|e| invalid(path, &format!("its zstd stream is broken: {e}")))?,
        ),
    })
}

fn invalid(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorCode::ImageInvalid,
        format!("{} is not a usable image archive: {why}", path.display()),
    )
    .hint("make one with `docker save -o FILE IMAGE` or `container image save -o FILE IMAGE`")
}

/// The small files of an archive.
struct Documents {
    files: HashMap<String, Vec<u8>>,
}

impl Documents {
    /// Reads all of an archive; also says how long its stream is.
    fn read(path: &Path, compression: Compression) -> Result<(Self, u64)> {
        let broken =
            |error: std::io::Error| invalid(path, &format!("it is broken or cut short ({error})"));
        let mut tar = tar::Archive::new(Counted {
            stream: open_stream(path, compression)?,
            length: 0,
        });
        let mut files = HashMap::new();
        let mut total = 0;
        for entry in tar.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
            let name = name.trim_start_matches("./").to_owned();
            let size = entry.size();
            let mut hash = Sha256::new();
            let mut content = Vec::new();
            if size <= LARGEST_DOCUMENT {
                entry.read_to_end(&mut content).map_err(broken)?;
                hash.update(&content);
            } else {
                hash_all(&mut entry, &mut hash).map_err(broken)?;
            }
            if let Some(promised) = name.strip_prefix("blobs/sha256/")
                && !promised.is_empty()
                && !name.ends_with('/')
                && hex(&hash.finalize()) != promised
            {
                return Err(invalid(
                    path,
                    &format!("the content of {name} does not match its name"),
                ));
            }
            total += content.len();
            if total > LARGEST_DOCUMENTS {
                // Not a manifest any more: keep what came first, layers are not needed.
                total -= content.len();
                continue;
            }
            files.insert(name, content);
        }
        Ok((Self { files }, tar.into_inner().length))
    }

    fn images(&mut self) -> std::result::Result<Vec<ArchivedImage>, String> {
        if self.files.contains_key("index.json") {
            self.oci_images()
        } else if self.files.contains_key("manifest.json") {
            self.docker_images()
        } else {
            Err("it has neither manifest.json nor index.json".into())
        }
    }

    fn document<T: DeserializeOwned>(&self, name: &str) -> std::result::Result<T, String> {
        let content = self
            .files
            .get(name)
            .ok_or_else(|| format!("{name} is missing in it"))?;
        serde_json::from_slice(content)
            .map_err(|error| format!("{name} in it is no valid JSON: {error}"))
    }

    fn docker_images(&self) -> std::result::Result<Vec<ArchivedImage>, String> {
        let entries: Vec<DockerEntry> = self.document("manifest.json")?;
        let mut images = Vec::new();
        for entry in entries {
            let platform = self.platform(&entry.config)?;
            let tags = entry.repo_tags.unwrap_or_default();
            if tags.is_empty() {
                images.push(ArchivedImage {
                    reference: None,
                    platforms: vec![platform],
                });
                continue;
            }
            images.extend(tags.iter().map(|tag| ArchivedImage {
                reference: Some(normalise(tag)),
                platforms: vec![platform.clone()],
            }));
        }
        Ok(images)
    }

    fn oci_images(&self) -> std::result::Result<Vec<ArchivedImage>, String> {
        let index: OciIndex = self.document("index.json")?;
        let mut images = Vec::new();
        for descriptor in index.manifests {
            let mut platforms = Vec::new();
            self.oci_platforms(&descriptor, 0, &mut platforms)?;
            let note = |key: &str| descriptor.annotations.get(key).cloned();
            let reference = note("io.containerd.image.name")
                .or_else(|| note("com.apple.containerization.image.name"))
                .or_else(|| {
                    note("org.opencontainers.image.ref.name")
                        .filter(|name| name.contains('/') || name.contains(':'))
                });
            if !platforms.is_empty() {
                images.push(ArchivedImage {
                    reference: reference.as_deref().map(normalise),
                    platforms,
                });
            }
        }
        Ok(images)
    }

    /// Collects the platforms behind a descriptor. Platforms whose content is not in the archive
    /// are passed over: saving one platform of several leaves the others out.
    fn oci_platforms(
        &self,
        descriptor: &OciDescriptor,
        depth: u8,
        found: &mut Vec<(String, String)>,
    ) -> std::result::Result<(), String> {
        let file = blob(&descriptor.digest);
        if depth > 3 || (depth > 0 && !self.files.contains_key(&file)) {
            return Ok(());
        }
        let content: OciContent = self.document(&file)?;
        for inner in &content.manifests {
            self.oci_platforms(inner, depth + 1, found)?;
        }
        if let Some(config) = content.config {
            let platform = self.platform(&blob(&config.digest))?;
            // Build attestations are stored as images of an unknown platform.
            if platform.0 != "unknown" {
                found.push(platform);
            }
        }
        Ok(())
    }

    fn platform(&self, config: &str) -> std::result::Result<(String, String), String> {
        let parsed: ImageConfig = self.document(config)?;
        let id = self
            .files
            .get(config)
            .map(|content| hex(&Sha256::digest(content)));
        Ok((
            parsed.architecture,
            format!("sha256:{}", id.unwrap_or_default()),
        ))
    }
}

/// A stream and how much of it was read.
struct Counted<R> {
    stream: R,
    length: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(into)?;
        self.length += read as u64;
        Ok(read)
    }
}

fn hash_all(from: &mut impl Read, hash: &mut Sha256) -> std::io::Result<()> {
    let mut chunk = vec![0; 1 << 16];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok(()),
            n => hash.update(&chunk[..n]),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    repo_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct OciIndex {
    manifests: Vec<OciDescriptor>,
}

#[derive(Deserialize)]
struct OciDescriptor {
    digest: String,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

/// An image manifest or an index; what is absent is empty.
#[derive(Deserialize)]
struct OciContent {
    #[serde(default)]
    manifests: Vec<OciDescriptor>,
    config: Option<OciDescriptor>,
}

#[derive(Deserialize)]
struct ImageConfig {
    architecture: String,
}

fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The full form of an image name, as containerd and Apple's `container` write it:
/// `web` is `docker.io/library/web:latest`.
pub fn normalise(reference: &str) -> String {
    let (name, suffix) = match reference.split_once('@') {
        Some((name, digest)) => (name, format!("@{digest}")),
        None => (reference, String::new()),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = if last.contains(':') || !suffix.is_empty() {
        ""
    } else {
        ":latest"
    };
    let host = name.split_once('/').map(|(first, _)| first);
    let prefix = match host {
        Some(first) if first.contains(['.', ':']) || first == "localhost" => "",
        Some(_) => "docker.io/",
        None => "docker.io/library/",
    };
    format!("{prefix}{name}{tag}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn digest(content: &[u8]) -> String {
        hex(&Sha256::digest(content))
    }

    fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, content.as_slice())
                .expect("appended");
        }
        tar.into_inner().expect("complete")
    }

    fn oci(architecture: &str) -> Vec<(String, Vec<u8>)> {
        let config = format!(r#"{{"architecture":"{architecture}","os":"linux"}}"#).into_bytes();
        let manifest = format!(
            r#"{{"config":{{"digest":"sha256:{}"}},"layers":[]}}"#,
            digest(&config)
        )
        .into_bytes();
        let index = format!(
            r#"{{"manifests":[{{"digest":"sha256:{}","annotations":{{"io.containerd.image.name":"docker.io/library/web:1"}}}}]}}"#,
            digest(&manifest)
        );
        vec![
            ("index.json".into(), index.into_bytes()),
            (format!("blobs/sha256/{}", digest(&config)), config),
            (format!("blobs/sha256/{}", digest(&manifest)), manifest),
        ]
    }

    fn docker() -> Vec<(String, Vec<u8>)> {
        let config = br#"{"architecture":"arm64"}"#.to_vec();
        let manifest = r#"[{"Config":"c.json","RepoTags":["web:1"],"Layers":[]}]"#;
        vec![
            ("manifest.json".into(), manifest.into()),
            ("c.json".into(), config),
        ]
    }

    fn saved(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        file
    }

    fn open(content: &[u8]) -> Result<Archive> {
        Archive::open(saved(content).path())
    }

    #[test]
    fn both_forms_are_recognised_by_content() {
        let image = &open(&tar_of(&oci("amd64"))).expect("valid").images[0];
        assert_eq!(image.reference.as_deref(), Some("docker.io/library/web:1"));
        assert_eq!(image.platforms[0].0, "amd64");
        let image = &open(&tar_of(&docker())).expect("valid").images[0];
        assert_eq!(image.reference.as_deref(), Some("docker.io/library/web:1"));
        let id = format!("sha256:{}", digest(br#"{"architecture":"arm64"}"#));
        assert_eq!(image.platforms, [("arm64".to_owned(), id)]);
    }

    #[test]
    fn compressed_archives_are_read() {
        let plain = tar_of(&docker());
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).expect("written");
        let gzip = gzip.finish().expect("complete");
        let zstd = ruzstd::encoding::compress_to_vec(
            plain.as_slice(),
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        for packed in [gzip, zstd] {
            let file = saved(&packed);
            let archive = Archive::open(file.path()).expect("valid");
            let mut unpacked = Vec::new();
            archive
                .reader()
                .expect("a stream")
                .read_to_end(&mut unpacked)
                .expect("whole");
            assert_eq!(unpacked, plain);
            let padding = unpacked.len() as u64 - archive.length();
            assert!(padding <= 1024, "{padding} bytes were not counted");
        }
    }

    #[test]
    fn broken_archives_say_why() {
        let message = |content: &[u8]| open(content).expect_err("invalid").message;
        assert!(
            message(b"hello").contains("broken or cut short"),
            "{}",
            message(b"hello")
        );
        assert!(message(b"").contains("neither"), "{}", message(b""));
        let whole = tar_of(&oci("amd64"));
        assert!(message(&whole[..700]).contains("not a usable image archive"));
        let mut tampered = oci("amd64");
        tampered[1].1.push(b' ');
        assert!(message(&tar_of(&tampered)).contains("does not match its name"));
        let other = vec![("README".to_owned(), b"hi".to_vec())];
        assert!(message(&tar_of(&other)).contains("neither"));
    }

    #[test]
    fn a_foreign_architecture_is_refused() {
        let archive = open(&tar_of(&oci("arm64"))).expect("valid");
        archive.check_architecture("arm64").expect("fits");
        let error = archive.check_architecture("amd64").expect_err("foreign");
        assert_eq!(error.code, ErrorCode::ImageWrongPlatform);
    }

    #[test]
    fn names_are_normalised() {
        for (short, full) in [
            ("web", "docker.io/library/web:latest"),
            ("me/web:1", "docker.io/me/web:1"),
            ("localhost/web", "localhost/web:latest"),
            ("reg.example:5000/a/b", "reg.example:5000/a/b:latest"),
            ("web@sha256:00", "docker.io/library/web@sha256:00"),
        ] {
            assert_eq!(normalise(short), full);
        }
    }
}
