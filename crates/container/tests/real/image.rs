//! A small image made of a static busybox, as an OCI layout archive.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// Reference of the image.
pub(crate) const NAME: &str = "docker.io/library/client-test:1";

const BUSYBOX: &str = "/usr/bin/busybox";

/// Writes the archive.
pub(crate) fn write(archive: &Path, architecture: &str) {
    let layer = layer();
    let config = format!(
        r#"{{"architecture":"{architecture}","os":"linux","config":{{"Cmd":["sh","-c","echo up; exec sleep 100000"],"Env":["PATH=/bin"],"Labels":{{"made-by":"test"}}}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        digest(&layer)
    );
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[{}]}}"#,
        descriptor("config.v1+json", config.as_bytes()),
        descriptor("layer.v1.tar", &layer)
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},"platform":{{"architecture":"{architecture}","os":"linux"}},"annotations":{{"io.containerd.image.name":"{NAME}","org.opencontainers.image.ref.name":"{NAME}"}}}}]}}"#,
        digest(manifest.as_bytes()),
        manifest.len()
    );
    let mut tar = Builder::new(std::fs::File::create(archive).unwrap());
    add(
        &mut tar,
        "oci-layout",
        br#"{"imageLayoutVersion":"1.0.0"}"#,
        0o644,
    );
    add(&mut tar, "index.json", index.as_bytes(), 0o644);
    for blob in [layer.as_slice(), config.as_bytes(), manifest.as_bytes()] {
        let name = digest(blob).replace("sha256:", "blobs/sha256/");
        add(&mut tar, &name, blob, 0o644);
    }
    tar.into_inner().unwrap().sync_all().unwrap();
}

fn layer() -> Vec<u8> {
    let busybox =
        std::fs::read(BUSYBOX).expect("a static busybox, from the package busybox-static");
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, "bin/busybox", &busybox, 0o755);
    for tool in ["sh", "cat", "sleep", "echo", "true", "uname", "head"] {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, format!("bin/{tool}"), "busybox")
            .unwrap();
    }
    tar.into_inner().unwrap()
}

fn add<W: std::io::Write>(tar: &mut Builder<W>, name: &str, bytes: &[u8], mode: u32) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    tar.append_data(&mut header, name, bytes).unwrap();
}

fn descriptor(kind: &str, bytes: &[u8]) -> String {
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"{}","size":{}}}"#,
        digest(bytes),
        bytes.len()
    )
}

fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
