//! Small images to run in pods: Debian's static busybox and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::User;

const BUSYBOX: &str = "/bin/busybox";

/// Programs of busybox that the tests call.
const APPLETS: [&str; 14] = [
    "cat", "date", "echo", "grep", "hostname", "httpd", "ls", "mkdir", "nslookup", "sh", "sleep",
    "tar", "touch", "wget",
];

/// An image in the store of `container`; deleted when dropped.
#[derive(Debug)]
pub struct BuiltImage<'u> {
    user: &'u User,
    name: &'static str,
}

impl<'u> BuiltImage<'u> {
    /// Builds an image of busybox with `container build`.
    pub fn busybox(user: &'u User, name: &'static str) -> Self {
        let folder = user.folder().join("busybox");
        fs::create_dir_all(&folder).expect("a folder");
        fs::copy(BUSYBOX, folder.join("busybox")).expect("busybox, of the package busybox-static");
        let dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\n\
                          RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n\
                          CMD [\"/bin/sleep\", \"infinity\"]\n";
        fs::write(folder.join("Dockerfile"), dockerfile).expect("a file");
        user.container(["build", "--tag", name])
            .arg(&folder)
            .seconds(180)
            .ok();
        Self { user, name }
    }
}

impl Drop for BuiltImage<'_> {
    fn drop(&mut self) {
        self.user
            .container(["image", "delete", "--force", self.name])
            .run();
    }
}

/// How an archive lays images out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As `docker save` writes.
    Docker,
    /// An OCI image layout.
    Oci,
}

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// An image archive to write: busybox under a name.
#[derive(Debug, Clone, Copy)]
pub struct Archive<'a> {
    /// Name of the image.
    pub reference: &'a str,
    /// Architecture that it claims.
    pub architecture: &'a str,
    /// How it is laid out.
    pub form: Form,
    /// How it is compressed.
    pub compression: Compression,
}

impl Archive<'_> {
    /// Writes it into the user's folder and gives its path.
    pub fn write(&self, user: &User, file: &str) -> PathBuf {
        self.write_heavy(user, file, 0)
    }

    /// The same with a file of so many bytes in it, which takes a while to load.
    pub fn write_heavy(&self, user: &User, file: &str, ballast: usize) -> PathBuf {
        let layer = layer(ballast);
        let tar = match self.form {
            Form::Docker => self.docker(&layer),
            Form::Oci => self.oci(&layer),
        };
        user.file(file, self.compression.pack(&tar))
    }

    fn config(&self, layer: &[u8]) -> Vec<u8> {
        bytes(&json!({
            "architecture": self.architecture, "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "infinity"], "Env": ["PATH=/bin"],
                       "Labels": {"reference": self.reference}},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        }))
    }

    fn docker(&self, layer: &[u8]) -> Vec<u8> {
        let config = self.config(layer);
        let config_file = format!("{}.json", hex(&config));
        let manifest =
            json!([{"Config": config_file, "RepoTags": [self.reference], "Layers": ["layer.tar"]}]);
        tar_of(&[
            (config_file.as_str(), &config),
            ("layer.tar", layer),
            ("manifest.json", &bytes(&manifest)),
        ])
    }

    fn oci(&self, layer: &[u8]) -> Vec<u8> {
        let config = self.config(layer);
        let describe = |kind: &str, content: &[u8]| {
            json!({"mediaType": format!("application/vnd.oci.image.{kind}"),
                   "digest": digest(content), "size": content.len()})
        };
        let manifest = bytes(&json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": describe("config.v1+json", &config),
            "layers": [describe("layer.v1.tar", layer)],
        }));
        let mut top = describe("manifest.v1+json", &manifest);
        top["annotations"] = json!({"io.containerd.image.name": self.reference});
        let index = bytes(&json!({"schemaVersion": 2, "manifests": [top]}));
        let blob = |content: &[u8]| format!("blobs/sha256/{}", hex(content));
        tar_of(&[
            ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
            ("index.json", &index),
            (&blob(&manifest), &manifest),
            (&blob(&config), &config),
            (&blob(layer), layer),
        ])
    }
}

impl Compression {
    fn pack(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => tar.to_vec(),
            Self::Gzip => {
                let fast = flate2::Compression::fast();
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), fast);
                gzip.write_all(tar).expect("memory");
                gzip.finish().expect("memory")
            }
            Self::Zstd => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                ruzstd::encoding::compress_to_vec(tar, level)
            }
        }
    }
}

fn layer(ballast: usize) -> Vec<u8> {
    let busybox = fs::read(BUSYBOX).expect("busybox, of the package busybox-static");
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, Path::new("bin/busybox"), &busybox, 0o755);
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")
            .expect("memory");
    }
    if ballast > 0 {
        append(&mut tar, Path::new("ballast"), &vec![0; ballast], 0o644);
    }
    tar.into_inner().expect("memory")
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        append(&mut tar, Path::new(name), content, 0o644);
    }
    tar.into_inner().expect("memory")
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &Path, content: &[u8], mode: u32) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    tar.append_data(&mut header, name, content).expect("memory");
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex(content))
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
