//! Apps for tests: made of small programs, in a folder that goes with the test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bundle::app::{self, APP, Parts};
use bundle::sign::{self, Certificate, Identity, Signing};
use bundle::{Expected, entitlements};
use plist::Dictionary;
use tempfile::TempDir;

use crate::program::program;

pub(crate) const MAIN: &str = "Contents/MacOS/apple-k8s-app";
pub(crate) const CLI: &str = "Contents/MacOS/apple-k8s";
pub(crate) const INFORMATION: &str = "Contents/Info.plist";
pub(crate) const TICKET: &str = "Contents/CodeResources";
pub(crate) const LICENCES: &str = "Contents/Resources/licences/LICENCES.txt";

/// A folder with everything that an app is made of.
pub(crate) struct Workshop {
    folder: TempDir,
    pub(crate) parts: Parts,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let host_cli = write("host-cli", b"#!/bin/sh\necho \"completes for $2\"\n");
        fs::set_permissions(&host_cli, fs::Permissions::from_mode(0o755)).unwrap();
        let parts = Parts {
            app: write("app", &program(5, 1)),
            cli: write("cli", &program(3, 2)),
            host_cli,
            licences: vec![write("LICENCES.txt", b"Apache-2.0 and others\n")],
        };
        Self { folder, parts }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An unsigned app in a new folder of this name.
    pub(crate) fn assembled(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        let bundle = folder.join(APP);
        app::assemble(&self.parts, &bundle, time()).unwrap();
        bundle
    }

    /// A signed app in a new folder of this name.
    pub(crate) fn signed(&self, name: &str, identity: &Identity) -> PathBuf {
        self.signed_with(name, identity, &entitlements().unwrap(), None)
    }

    /// The same, with entitlements, and with the word of a time server.
    pub(crate) fn signed_with(
        &self,
        name: &str,
        identity: &Identity,
        entitlements: &Dictionary,
        time_server: Option<&str>,
    ) -> PathBuf {
        let bundle = self.assembled(name);
        let signing = Signing {
            identity,
            entitlements,
            time: time_server,
        };
        sign::sign(&bundle, &signing).unwrap();
        app::set_times(&bundle, time()).unwrap();
        bundle
    }
}

pub(crate) fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_750_000_001)
}

/// What an app of these tests must be.
pub(crate) fn expected() -> Expected {
    Expected {
        entitlements: entitlements().unwrap(),
        ..Expected::default()
    }
}

/// All files of a folder: mode, time and content by path.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, (u32, SystemTime, Vec<u8>)> {
    fn add(root: &Path, folder: &Path, found: &mut BTreeMap<String, (u32, SystemTime, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            if metadata.is_dir() {
                add(root, &path, found);
            }
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let content = if metadata.is_dir() {
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let mode = metadata.permissions().mode();
            found.insert(name, (mode, metadata.modified().unwrap(), content));
        }
    }
    let mut found = BTreeMap::new();
    add(folder, folder, &mut found);
    found
}

/// The names of regular files in an app.
pub(crate) fn names(bundle: &Path) -> Vec<String> {
    let all = files(bundle);
    all.into_iter()
        .filter(|(name, _)| bundle.join(name).is_file())
        .map(|(name, _)| name)
        .collect()
}

/// A certificate that signs itself, with the marks of a Developer ID.
pub(crate) fn developer(name: &str, team: &str) -> (Identity, [u8; 32]) {
    use apple_codesign::{CertificateProfile, create_self_signed_code_signing_certificate};
    let (certificate, key) = create_self_signed_code_signing_certificate(
        x509_certificate::KeyAlgorithm::Ecdsa(x509_certificate::EcdsaCurve::Secp256r1),
        CertificateProfile::DeveloperIdApplication,
        team,
        name,
        "XX",
        chrono::Duration::days(10),
    )
    .unwrap();
    let print = certificate.sha256_fingerprint().unwrap();
    let print = print.as_ref().try_into().unwrap();
    let certificate = Certificate::new(certificate, key).unwrap();
    (Identity::Certificate(Box::new(certificate)), print)
}
