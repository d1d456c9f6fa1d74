//! The update feed as it is published: by the program itself, with a key from a file, read by
//! others than those who wrote it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use distribution::VERSION;
use minisign_verify::{PublicKey, Signature};
use serde_json::Value;

const PASSWORD: &str = "not everybody's";

struct Publisher {
    folder: tempfile::TempDir,
}

impl Publisher {
    /// With a pair of keys made by the program.
    fn new() -> Self {
        let publisher = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let made = publisher.feed(&[("--new-key", &publisher.key())], PASSWORD);
        assert!(made.status.success(), "{made:?}");
        publisher
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.path("feed.key")
    }

    fn feed(&self, options: &[(&str, &Path)], password: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_distribution"));
        command
            .arg("feed")
            .env("SOURCE_DATE_EPOCH", "1750000000")
            .env("TAURI_SIGNING_PRIVATE_KEY", self.key())
            .env("TAURI_SIGNING_PRIVATE_KEY_PASSWORD", password);
        for (option, path) in options {
            command.arg(option).arg(path);
        }
        command.output().unwrap()
    }

    /// An app of this version as far as the feed looks at it.
    fn app(&self, place: &str, version: &str) -> PathBuf {
        let app = self.path(place).join("apple-k8s.app");
        let program = app.join("Contents/MacOS/apple-k8s-app");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let list = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
             <key>CFBundleShortVersionString</key><string>{version}</string></dict></plist>"
        );
        fs::write(app.join("Contents/Info.plist"), list).unwrap();
        fs::write(&program, [0_u8, 0xff].repeat(3000)).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        symlink("MacOS/apple-k8s-app", app.join("Contents/link")).unwrap();
        app
    }
}

fn text(coded: &str) -> String {
    String::from_utf8(STANDARD.decode(coded).unwrap()).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_feed_names_what_was_made_and_its_signature_holds() {
    let publisher = Publisher::new();
    let (app, out) = (publisher.app("one", VERSION), publisher.path("out"));
    let made = publisher.feed(&[("--app", &app), ("--out", &out)], PASSWORD);
    assert!(made.status.success(), "{made:?}");

    let feed: Value = serde_json::from_slice(&fs::read(out.join("latest.json")).unwrap()).unwrap();
    let platforms = feed["platforms"].as_object().unwrap();
    assert!(!platforms.is_empty());
    // By the key that is published, not by the one that signed.
    let public = fs::read_to_string(publisher.path("feed.key.pub")).unwrap();
    let public = PublicKey::decode(&public).unwrap();
    let mut named = BTreeSet::from(["latest.json".to_owned()]);
    for download in platforms.values() {
        let (_, name) = download["url"].as_str().unwrap().rsplit_once('/').unwrap();
        let bytes = fs::read(out.join(name)).unwrap();
        let coded = download["signature"].as_str().unwrap();
        let signature = Signature::decode(&text(coded)).unwrap();
        public.verify(&bytes, &signature, false).unwrap();
        let other = [&bytes[..], b"\0"].concat();
        assert!(public.verify(&other, &signature, false).is_err());
        assert!(
            signature
                .trusted_comment()
                .contains(&format!("version:{VERSION}"))
        );
        // Beside the file, as Tauri's own tools put it.
        assert_eq!(
            fs::read_to_string(out.join(format!("{name}.sig"))).unwrap(),
            coded
        );
        named.extend([name.to_owned(), format!("{name}.sig")]);
    }
    assert_eq!(names(&out), named, "nothing that nobody names");
}

/// By another program than ours, as an updater gets it.
#[test]
fn the_archive_unpacks_to_the_app() {
    let publisher = Publisher::new();
    let (app, out) = (publisher.app("one", VERSION), publisher.path("out"));
    assert!(
        publisher
            .feed(&[("--app", &app), ("--out", &out)], PASSWORD)
            .status
            .success()
    );
    let unpacked = publisher.path("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let archive = out.join("apple-k8s.app.tar.gz");
    let tar = |arguments: &[&str]| {
        let mut tar = Command::new("tar");
        tar.arg("-C")
            .arg(&unpacked)
            .args(arguments)
            .arg("-f")
            .arg(&archive);
        let output = tar.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = tar(&["-tvz", "--numeric-owner", "--full-time"]);
    assert!(
        listed.lines().all(|line| line.contains(" 0/0 ")),
        "{listed}"
    );
    tar(&["-xz"]);
    let same = Command::new("diff")
        .args(["-r", "--no-dereference"])
        .arg(&app)
        .arg(unpacked.join("apple-k8s.app"))
        .output()
        .unwrap();
    assert!(same.status.success(), "{same:?}");
    let program = unpacked.join("apple-k8s.app/Contents/MacOS/apple-k8s-app");
    assert_eq!(
        fs::metadata(program).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn the_same_app_makes_the_same_bytes() {
    let publisher = Publisher::new();
    let made = |place: &str| {
        let (app, out) = (
            publisher.app(place, VERSION),
            publisher.path(place).join("out"),
        );
        // Whoever made it, and when.
        fs::set_permissions(
            app.join("Contents/Info.plist"),
            fs::Permissions::from_mode(if place == "one" { 0o600 } else { 0o664 }),
        )
        .unwrap();
        assert!(
            publisher
                .feed(&[("--app", &app), ("--out", &out)], PASSWORD)
                .status
                .success()
        );
        fs::read(out.join("apple-k8s.app.tar.gz")).unwrap()
    };
    assert!(made("one") == made("two"));
}

#[test]
fn what_is_no_app_of_this_version_or_cant_be_signed_is_not_published() {
    let publisher = Publisher::new();
    let (app, old) = (publisher.app("one", VERSION), publisher.app("old", "0.0.1"));
    let out = publisher.path("out");
    let folder = publisher.path("one");
    for (app, password, words) in [
        (&old, PASSWORD, "is version 0.0.1"),
        (&folder, PASSWORD, "is no app"),
        (&app, "another", "do not fit"),
    ] {
        let refused = publisher.feed(&[("--app", app), ("--out", &out)], password);
        let errors = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(errors.contains(words), "{errors}");
        assert!(!out.exists(), "something was published");
    }
}
