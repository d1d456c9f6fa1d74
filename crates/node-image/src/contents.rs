//! What is in an image that `container image save` wrote: every file, as its last layer leaves it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tar::{Archive, EntryType};

use crate::architecture::Architecture;
use crate::elf::{HEADER, Machine};
use crate::error::{Error, Result};

/// Where containerd keeps manifests and configurations of the images that are unpacked in a node.
const BLOBS: &str = "var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/";
/// What a node image says of itself.
const OWN_WORDS: &str = "etc/apple-k8s/image.json";
/// A document is no longer than this; what is, is none.
const LARGEST_DOCUMENT: u64 = 4 << 20;

/// The files of an image, of which it says what matters here: for which processor they are.
#[derive(Debug, Clone)]
pub struct Contents {
    archive: PathBuf,
    /// Where the layers lie in the archive, the lowest first.
    layers: Vec<Blob>,
    architecture: String,
    files: BTreeMap<String, Found>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Blob {
    at: u64,
    size: u64,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Program(Machine),
    /// A document that names an architecture: a configuration of a baked image, or the node image's
    /// own words.
    Says(String),
    Other,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    digest: String,
}

#[derive(Deserialize)]
struct Manifest {
    config: Reference,
    layers: Vec<Reference>,
}

#[derive(Deserialize)]
struct Says {
    architecture: String,
}

impl Contents {
    /// Reads the archive of one image, an OCI layout. Blocking.
    ///
    /// # Errors
    /// [`Error::Archive`] when it is none.
    pub fn read(archive: &Path) -> Result<Self> {
        let invalid = |why: String| Error::Archive {
            path: archive.to_owned(),
            why,
        };
        let blobs = blobs(archive).map_err(|error| invalid(error.to_string()))?;
        let opened = Opened { archive, blobs };
        let index: Index = opened.document("index.json").map_err(invalid)?;
        let [image] = index.manifests.as_slice() else {
            let count = index.manifests.len();
            return Err(invalid(format!("it holds {count} images, and not one")));
        };
        let manifest: Manifest = opened.document(&path_of(image)).map_err(invalid)?;
        let config: Says = opened
            .document(&path_of(&manifest.config))
            .map_err(invalid)?;
        let layers = manifest
            .layers
            .iter()
            .map(|layer| opened.blob(&path_of(layer)));
        let layers: Result<Vec<Blob>, String> = layers.collect();
        let mut contents = Self {
            archive: archive.to_owned(),
            layers: layers.map_err(invalid)?,
            architecture: config.architecture,
            files: BTreeMap::new(),
        };
        for layer in contents.layers.clone() {
            let files = &mut contents.files;
            let read = open(archive, layer).and_then(|layer| add_layer(layer, files));
            read.map_err(|error| invalid(error.to_string()))?;
        }
        Ok(contents)
    }

    /// All programs and libraries, with the machine that they are for.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Machine)> {
        self.files.iter().filter_map(|(path, found)| match found {
            Found::Program(machine) => Some((path.as_str(), *machine)),
            _ => None,
        })
    }

    /// Number of images that are unpacked in it.
    pub fn baked_images(&self) -> usize {
        let baked = self.files.range(BLOBS.to_owned()..);
        let baked = baked.take_while(|(path, _)| path.starts_with(BLOBS));
        baked
            .filter(|(_, found)| matches!(found, Found::Says(_)))
            .count()
    }

    /// Everything that is not for this architecture, as a sentence each: programs, libraries,
    /// configurations of images, also those that are unpacked in it.
    pub fn foreign(&self, architecture: Architecture) -> Vec<String> {
        let wanted = architecture.name();
        let mut foreign = Vec::new();
        if self.architecture != wanted {
            foreign.push(format!("the image itself says {}", self.architecture));
        }
        foreign.extend(self.files.iter().filter_map(|(path, found)| match found {
            Found::Program(machine) if !machine.fits(architecture) => {
                Some(format!("{path} is for {machine}"))
            }
            Found::Says(said) if said != wanted => Some(format!("{path} says {said}")),
            _ => None,
        }));
        foreign
    }

    /// Writes the files into a folder, without their owners and devices: enough to run programs
    /// with their libraries by emulation. Blocking.
    ///
    /// # Errors
    /// [`Error::Archive`].
    pub fn unpack(&self, to: &Path) -> Result<()> {
        let unpack = |layer: Blob| {
            let mut tar = Archive::new(open(&self.archive, layer)?);
            for entry in tar.entries()? {
                let mut entry = entry?;
                let kind = entry.header().entry_type();
                let there = plain(&entry.path()?).is_some_and(|path| self.has(&path));
                if kind.is_dir() || (there && is_unpacked(kind)) {
                    entry.unpack_in(to)?;
                }
            }
            Ok(())
        };
        for layer in &self.layers {
            unpack(*layer).map_err(|error: io::Error| Error::Archive {
                path: self.archive.clone(),
                why: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// The text of one file, as the last layer leaves it. Blocking.
    ///
    /// # Errors
    /// [`Error::Archive`] when it is not there, is no text, or is far too long for one.
    pub fn document(&self, path: &str) -> Result<String> {
        let find = |layer: Blob| -> io::Result<Option<String>> {
            let mut tar = Archive::new(open(&self.archive, layer)?);
            for entry in tar.entries()? {
                let entry = entry?;
                let is_wanted = plain(&entry.path()?).is_some_and(|found| found == path);
                if is_wanted && entry.header().entry_type().is_file() {
                    if entry.size() > LARGEST_DOCUMENT {
                        return Err(io::Error::other(format!("{path} is too large")));
                    }
                    return io::read_to_string(entry).map(Some);
                }
            }
            Ok(None)
        };
        let invalid = |why: String| Error::Archive {
            path: self.archive.clone(),
            why,
        };
        let mut layers = self.layers.iter().rev().filter(|_| self.has(path));
        let found = layers.find_map(|layer| find(*layer).transpose());
        found
            .unwrap_or_else(|| Err(io::Error::other(format!("{path} is not in it"))))
            .map_err(|error| invalid(error.to_string()))
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }
}

fn is_unpacked(kind: EntryType) -> bool {
    kind.is_file() || kind.is_symlink() || kind.is_hard_link()
}

/// An archive whose parts are known.
struct Opened<'a> {
    archive: &'a Path,
    blobs: HashMap<String, Blob>,
}

impl Opened<'_> {
    fn blob(&self, path: &str) -> Result<Blob, String> {
        let found = self.blobs.get(path).copied();
        found.ok_or_else(|| format!("{path} is not in it"))
    }

    fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let blob = self.blob(path)?;
        if blob.size > LARGEST_DOCUMENT {
            return Err(format!("{path} is too large"));
        }
        let mut text = String::new();
        let mut file = part(self.archive, blob).map_err(|error| error.to_string())?;
        file.read_to_string(&mut text)
            .map_err(|error| format!("{path}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))
    }
}

fn path_of(reference: &Reference) -> String {
    format!("blobs/{}", reference.digest.replacen(':', "/", 1))
}

/// Where each file of the archive lies in it.
fn blobs(archive: &Path) -> io::Result<HashMap<String, Blob>> {
    let mut tar = Archive::new(File::open(archive)?);
    let mut blobs = HashMap::new();
    for entry in tar.entries_with_seek()? {
        let entry = entry?;
        if let Some(path) = plain(&entry.path()?) {
            let blob = Blob {
                at: entry.raw_file_position(),
                size: entry.size(),
            };
            blobs.insert(path, blob);
        }
    }
    Ok(blobs)
}

fn part(archive: &Path, blob: Blob) -> io::Result<impl Read + use<>> {
    let mut file = File::open(archive)?;
    file.seek(SeekFrom::Start(blob.at))?;
    Ok(BufReader::with_capacity(1 << 20, file.take(blob.size)))
}

/// A layer's tar stream, whatever it is compressed with.
fn open(archive: &Path, layer: Blob) -> io::Result<Box<dyn Read>> {
    let mut magic = [0; 4];
    part(archive, layer)?.read_exact(&mut magic)?;
    let part = part(archive, layer)?;
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(part)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(
            ruzstd::decoding::StreamingDecoder::new(part)
                .map_err(|error| io::Error::other(error.to_string()))?,
        ),
        _ => Box::new(part),
    })
}

/// Puts a layer over what is there.
fn add_layer(layer: impl Read, files: &mut BTreeMap<String, Found>) -> io::Result<()> {
    let mut tar = Archive::new(layer);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let Some(path) = plain(&entry.path()?) else {
            continue;
        };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name == ".wh..wh..opq" {
            remove(files, folder, false);
            continue;
        }
        if let Some(gone) = name.strip_prefix(".wh.") {
            let gone = if folder.is_empty() {
                gone.to_owned()
            } else {
                format!("{folder}/{gone}")
            };
            remove(files, &gone, true);
            continue;
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let found = if kind.is_hard_link() {
            let target = entry.link_name()?.as_deref().and_then(plain);
            let target = target.and_then(|target| files.get(&target).cloned());
            target.ok_or_else(|| io::Error::other(format!("{path} links to nothing")))?
        } else if kind.is_file() {
            look(&path, &mut entry)?
        } else {
            Found::Other
        };
        files.insert(path, found);
    }
    Ok(())
}

fn look(path: &str, file: &mut impl Read) -> io::Result<Found> {
    let mut head = Vec::new();
    file.by_ref().take(HEADER as u64).read_to_end(&mut head)?;
    if let Some(machine) = Machine::of(&head) {
        return Ok(Found::Program(machine));
    }
    if path.starts_with(BLOBS) || path == OWN_WORDS {
        file.take(LARGEST_DOCUMENT).read_to_end(&mut head)?;
        // A manifest among them names no architecture.
        if let Ok(said) = serde_json::from_slice::<Says>(&head) {
            return Ok(Found::Says(said.architecture));
        }
    }
    Ok(Found::Other)
}

/// Removes what lies below a folder, and what is at its own path.
fn remove(files: &mut BTreeMap<String, Found>, path: &str, itself: bool) {
    let below = format!("{path}/");
    files.retain(|file, _| !(file.starts_with(&below) || (itself && file == path)));
}

/// A path of an archive without `./` and `/` before it; none when it leads out.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir | Component::RootDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use sha2::{Digest, Sha256};
    use tar::{Builder, Header};

    use super::*;
    use crate::elf::tests::header;

    enum Entry<'a> {
        File(&'a str, Vec<u8>),
        HardLink(&'a str, &'a str),
        Link(&'a str, &'a str),
    }
    use Entry::{File as Regular, HardLink, Link};

    fn tar_of(entries: &[Entry<'_>]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for entry in entries {
            let mut header = Header::new_gnu();
            header.set_mode(0o755);
            header.set_size(0);
            let appended = match entry {
                Regular(path, bytes) => {
                    header.set_size(bytes.len() as u64);
                    tar.append_data(&mut header, path, bytes.as_slice())
                }
                HardLink(path, target) => {
                    header.set_entry_type(EntryType::Link);
                    tar.append_link(&mut header, path, target)
                }
                Link(path, target) => {
                    header.set_entry_type(EntryType::Symlink);
                    tar.append_link(&mut header, path, target)
                }
            };
            appended.expect("appended");
        }
        tar.into_inner().expect("a tar")
    }

    /// An archive of one image, as `container image save` writes it.
    fn archive(architecture: &str, layers: &[Vec<u8>]) -> tempfile::NamedTempFile {
        let mut blobs = Vec::new();
        let mut keep = |bytes: Vec<u8>| {
            let mut digest = Sha256::new();
            digest.update(&bytes);
            let digest = crate::recipe::hex(digest);
            blobs.push((format!("./blobs/sha256/{digest}"), bytes));
            serde_json::json!({ "digest": format!("sha256:{digest}") })
        };
        let layers: Vec<_> = layers.iter().map(|layer| keep(layer.clone())).collect();
        let config = serde_json::json!({ "architecture": architecture, "os": "linux" });
        let config = keep(config.to_string().into_bytes());
        let manifest = serde_json::json!({ "config": config, "layers": layers });
        let manifest = keep(manifest.to_string().into_bytes());
        let index = serde_json::json!({ "manifests": [manifest] });
        blobs.push(("./index.json".into(), index.to_string().into_bytes()));
        let entries: Vec<_> = blobs
            .iter()
            .map(|(path, bytes)| Regular(path, bytes.clone()))
            .collect();
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&tar_of(&entries)).expect("written");
        file
    }

    fn arm() -> Vec<u8> {
        header(2, 1, 183)
    }

    fn intel() -> Vec<u8> {
        header(2, 1, 62)
    }

    fn says(architecture: &str) -> Vec<u8> {
        format!(r#"{{"architecture": "{architecture}", "versions": {{}}}}"#).into_bytes()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).expect("written");
        out.finish().expect("compressed")
    }

    const BLOB: &str = "var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/0a";
    const SNAPSHOT: &str =
        "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/pause";

    #[test]
    fn a_document_is_read_as_the_last_layer_leaves_it() {
        let of = |path, text: &str| tar_of(&[Regular(path, text.as_bytes().to_vec())]);
        let file = archive(
            "arm64",
            &[
                gzip(&of("./etc/motd", "first")),
                of("etc/motd", "second"),
                of("etc/gone", "x"),
                of("etc/.wh.gone", ""),
            ],
        );
        let contents = Contents::read(file.path()).expect("an image");
        assert_eq!(contents.document("etc/motd").expect("there"), "second");
        for missing in ["etc/gone", "etc/never"] {
            let error = contents.document(missing).expect_err("not there");
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn an_image_of_one_architecture_has_nothing_foreign() {
        let lower = tar_of(&[
            Regular("./bin/old", intel()),
            Regular("usr/lib/x86/deep/lib.so", intel()),
            Regular("bin/sh", arm()),
            Regular("readme", b"text".to_vec()),
        ]);
        let upper = tar_of(&[
            Regular("bin/.wh.old", Vec::new()),
            Regular("usr/lib/.wh.x86", Vec::new()),
            HardLink("bin/bash", "bin/sh"),
            Link("bin/link", "sh"),
            Regular(BLOB, says("arm64")),
            Regular("etc/apple-k8s/image.json", says("arm64")),
            Regular(SNAPSHOT, arm()),
        ]);
        // As Apple's builder compresses its layers.
        for layers in [[lower.clone(), upper], [gzip(&lower), gzip(&upper_again())]] {
            let file = archive("arm64", &layers);
            let contents = Contents::read(file.path()).expect("an image");
            assert_eq!(contents.foreign(Architecture::Arm64), [] as [String; 0]);
            let programs: Vec<&str> = contents.programs().map(|(path, _)| path).collect();
            assert_eq!(programs, ["bin/bash", "bin/sh", SNAPSHOT]);
            assert_eq!(contents.baked_images(), 1);
        }
    }

    fn upper_again() -> Vec<u8> {
        tar_of(&[
            Regular("usr/.wh..wh..opq", Vec::new()),
            Regular("bin/.wh.old", Vec::new()),
            HardLink("bin/bash", "bin/sh"),
            Regular(BLOB, says("arm64")),
            Regular(SNAPSHOT, arm()),
        ])
    }

    #[test]
    fn whatever_is_foreign_is_named() {
        let layer = tar_of(&[
            Regular("bin/ls", arm()),
            Regular("bin/ld", intel()),
            HardLink("bin/ld.so", "bin/ld"),
            Regular(SNAPSHOT, header(1, 1, 40)),
            Regular(BLOB, says("amd64")),
            Regular("etc/apple-k8s/image.json", says("amd64")),
        ]);
        let file = archive("amd64", &[layer]);
        let contents = Contents::read(file.path()).expect("an image");
        assert_eq!(
            contents.foreign(Architecture::Arm64),
            [
                "the image itself says amd64".to_owned(),
                "bin/ld is for x86-64, 64 bits".to_owned(),
                "bin/ld.so is for x86-64, 64 bits".to_owned(),
                "etc/apple-k8s/image.json says amd64".to_owned(),
                format!("{BLOB} says amd64"),
                format!("{SNAPSHOT} is for arm, 32 bits"),
            ]
        );
    }

    #[test]
    fn files_are_unpacked_as_the_last_layer_leaves_them() {
        let lower = tar_of(&[Regular("bin/old", intel()), Regular("bin/sh", arm())]);
        let upper = tar_of(&[Regular("bin/.wh.old", Vec::new()), Link("sbin", "bin")]);
        let file = archive("arm64", &[lower, upper]);
        let contents = Contents::read(file.path()).expect("an image");
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        std::fs::create_dir(&root).expect("made");
        contents.unpack(&root).expect("unpacked");
        assert_eq!(std::fs::read(root.join("sbin/sh")).expect("there"), arm());
        assert!(!root.join("bin/old").exists());
        assert_eq!(plain(Path::new("../escape")), None);
        assert_eq!(plain(Path::new("./a//b/")).as_deref(), Some("a/b"));
    }

    #[test]
    fn what_is_no_archive_of_one_image_is_refused() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"no archive").expect("written");
        let error = |file: &Path| Contents::read(file).expect_err("refused").to_string();
        assert!(error(file.path()).contains("is no archive of an image"));
        assert!(error(Path::new("/nowhere")).contains("/nowhere"));
        let broken = archive("arm64", &[tar_of(&[HardLink("a", "b")])]);
        assert!(error(broken.path()).contains("a links to nothing"));
    }
}
