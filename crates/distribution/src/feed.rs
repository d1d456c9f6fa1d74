//! The update feed: which version is the newest, where it is, and a signature that shows it comes
//! from us. In the form that Tauri's updater reads, with signatures of minisign.
//!
//! The app reads no feed: it is updated the way it was installed. The feed is for those who watch
//! releases, and for the day when the app learns to.
//!
//! It names one file, which is made along with it: the app as an archive that updaters unpack.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use minisign::{KeyPair, PublicKey, SecretKeyBox};
use serde::{Deserialize, Serialize};

use crate::{VERSION, archive, release_file, source};

/// Names the file of the secret key, or is the key itself; the name that Tauri's own tools know.
pub const KEY_VARIABLE: &str = "TAURI_SIGNING_PRIVATE_KEY";
/// The password of the secret key.
pub const PASSWORD_VARIABLE: &str = "TAURI_SIGNING_PRIVATE_KEY_PASSWORD";

/// The only platform there are archives for.
const PLATFORM: &str = "darwin-aarch64";

/// The newest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Its number.
    pub version: String,
    /// What is new, in Markdown.
    pub notes: String,
    /// When it was published (RFC 3339).
    pub pub_date: String,
    /// What to download, by platform.
    pub platforms: BTreeMap<String, Download>,
}

/// A file to download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// Its address.
    pub url: String,
    /// Signature of its bytes, in Base64.
    pub signature: String,
}

/// The name of the feed's file.
pub const FEED: &str = "latest.json";

/// What the task takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The signed app, a folder that ends in .app
    #[arg(long, value_name = "APP", required_unless_present = "new_key")]
    app: Option<PathBuf>,
    /// What is new, in a file
    #[arg(long, value_name = "FILE")]
    notes: Option<PathBuf>,
    /// Folder for the feed, the archive that it names, and the archive's signature
    #[arg(long, value_name = "FOLDER", required_unless_present = "new_key")]
    out: Option<PathBuf>,
    /// Only makes a new pair of keys, named like this and with .pub
    #[arg(long, value_name = "FILE", conflicts_with_all = ["app", "out", "notes"])]
    new_key: Option<PathBuf>,
}

/// Writes a feed, or a pair of keys.
///
/// # Errors
/// When a key is missing or wrong, and when a file can't be read or written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let password = std::env::var(PASSWORD_VARIABLE).unwrap_or_default();
    if let Some(path) = &arguments.new_key {
        return write_keys(path, &password);
    }
    let app = arguments.app.as_deref().context("no app")?;
    let out = arguments.out.as_deref().context("no folder")?;
    let key = Key::read(&secret(KEY_VARIABLE)?, &password)?;
    let notes = match &arguments.notes {
        Some(path) => {
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?
        }
        None => format!("apple-k8s {VERSION}"),
    };
    publish(app, &key, notes, out)
}

/// Writes archive, signature and feed; the feed last, so that it never names what is not there.
fn publish(app: &Path, key: &Key, notes: String, out: &Path) -> Result<()> {
    let name = app.file_name().context("an app has a name")?;
    let archive = out.join(name).with_added_extension("tar.gz");
    source::write(&archive, archive::of(app)?)?;
    let feed = Feed::of(&archive, key, notes)?;
    for download in feed.platforms.values() {
        let signature = archive.with_added_extension("sig");
        source::write(&signature, &download.signature)?;
    }
    source::write(&out.join(FEED), feed.text()?)
}

impl Feed {
    /// The feed for an archive of this version.
    ///
    /// # Errors
    /// When the archive can't be read or signed.
    pub fn of(archive: &Path, key: &Key, notes: String) -> Result<Self> {
        let name = archive
            .file_name()
            .context("an archive has a name")?
            .to_string_lossy();
        ensure!(
            name.ends_with(".tar.gz"),
            "{name} is no .tar.gz, which is what updaters unpack"
        );
        let bytes = fs::read(archive).with_context(|| format!("reading {}", archive.display()))?;
        let download = Download {
            url: release_file(&name),
            signature: key.sign(&bytes, &name)?,
        };
        Ok(Self {
            version: VERSION.to_owned(),
            notes,
            pub_date: source::time()?.to_string(),
            platforms: BTreeMap::from([(PLATFORM.to_owned(), download)]),
        })
    }

    /// The feed as a file.
    ///
    /// # Errors
    /// None that is known.
    pub fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// The key that archives are signed with.
pub struct Key(KeyPair);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of the secret.
        f.debug_tuple("Key").finish_non_exhaustive()
    }
}

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new() -> Result<Self> {
        Ok(Self(KeyPair::generate_unencrypted_keypair()?))
    }

    /// Reads a secret key, as minisign writes it or as Tauri's tools do, in Base64.
    ///
    /// # Errors
    /// When it is no key, or the password is wrong. The words of the error hold nothing of either.
    pub fn read(text: &str, password: &str) -> Result<Self> {
        let decoded = STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let text = decoded.as_deref().unwrap_or(text);
        let secret = SecretKeyBox::from_string(text).context("the secret key can't be read")?;
        let secret = if password.is_empty() {
            secret
                .into_unencrypted_secret_key()
                .context("the secret key needs its password")?
        } else {
            secret
                .into_secret_key(Some(password.to_owned()))
                .context("the secret key and its password do not fit")?
        };
        let public = PublicKey::from_secret_key(&secret)?;
        Ok(Self(KeyPair {
            pk: public,
            sk: secret,
        }))
    }

    /// The public key, in Base64 as apps have it in their configuration.
    ///
    /// # Errors
    /// None that is known.
    pub fn public(&self) -> Result<String> {
        Ok(STANDARD.encode(self.0.pk.to_box()?.to_string()))
    }

    /// A signature of a file's bytes, in Base64 as feeds have it.
    fn sign(&self, bytes: &[u8], name: &str) -> Result<String> {
        // Checked by whoever checks the signature, too: another version's file can't be passed
        // off as this one.
        let trusted = format!(
            "timestamp:{}\tfile:{name}\tversion:{VERSION}",
            source::time()?.as_second()
        );
        let signature = minisign::sign(
            Some(&self.0.pk),
            &self.0.sk,
            Cursor::new(bytes),
            Some(&trusted),
            Some("signature of apple-k8s"),
        )?;
        Ok(STANDARD.encode(signature.to_string()))
    }
}

/// A secret of the environment: the text itself, or the name of a file that holds it.
fn secret(variable: &str) -> Result<String> {
    let value = std::env::var(variable)
        .with_context(|| format!("{variable} is not set: it names the file of the secret key"))?;
    match fs::read_to_string(&value) {
        Ok(text) => Ok(text),
        Err(_) => Ok(value),
    }
}

/// Writes a new pair of keys. Files that are there stay.
fn write_keys(path: &Path, password: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    ensure!(
        !password.is_empty(),
        "{PASSWORD_VARIABLE} is not set: a key without a password is everybody's who finds it"
    );
    let pair = KeyPair::generate_encrypted_keypair(Some(password.to_owned()))?;
    let secret = pair.sk.to_box(Some("secret key of apple-k8s"))?.to_string();
    let public = path.with_added_extension("pub");
    for (path, text, mode) in [
        (path, secret, 0o600),
        (&public, pair.pk.to_box()?.to_string(), 0o644),
    ] {
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an updater does it, with a reader that is not the writer.
    fn verify(public: &str, signature: &str, bytes: &[u8]) -> bool {
        let text =
            |coded: &str| String::from_utf8(STANDARD.decode(coded).expect("Base64")).expect("text");
        let public = minisign_verify::PublicKey::decode(&text(public)).expect("a public key");
        let signature = minisign_verify::Signature::decode(&text(signature)).expect("a signature");
        public.verify(bytes, &signature, true).is_ok()
    }

    fn archive() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("apple-k8s.app.tar.gz");
        fs::write(&path, "the app").expect("written");
        (folder, path)
    }

    #[test]
    fn a_feed_says_where_the_archive_is_and_shows_that_it_is_ours() {
        let (_folder, path) = archive();
        let key = Key::new().expect("a key");
        let feed = Feed::of(&path, &key, "New".into()).expect("a feed");
        let read: Feed = serde_json::from_str(&feed.text().expect("JSON")).expect("a feed");
        assert_eq!(read, feed);
        assert_eq!(read.version, VERSION);
        let when: jiff::Timestamp = read.pub_date.parse().expect("a time");
        assert!(when.as_second() > 0);
        let download = &read.platforms["darwin-aarch64"];
        assert!(download.url.starts_with("https://"));
        assert!(download.url.ends_with("/apple-k8s.app.tar.gz"));
        let public = key.public().expect("a public key");
        assert!(verify(&public, &download.signature, b"the app"));
        assert!(!verify(&public, &download.signature, b"the apq"), "changed");
        let other = Key::new().expect("a key").public().expect("a public key");
        assert!(!verify(&other, &download.signature, b"the app"), "not ours");
    }

    #[test]
    fn keys_are_made_once_and_read_with_their_password() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feed.key");
        assert!(write_keys(&path, "").is_err(), "no password");
        write_keys(&path, "a password").expect("written");
        assert!(
            write_keys(&path, "a password").is_err(),
            "it is there already"
        );
        let text = fs::read_to_string(&path).expect("a key");
        // As Tauri's tools write it.
        let key = Key::read(&STANDARD.encode(&text), "a password").expect("read");
        let wrong = format!(
            "{:#}",
            Key::read(&text, "another one").expect_err("refused")
        );
        assert!(!wrong.contains("another one") && !wrong.contains(&text));
        let public = fs::read_to_string(path.with_added_extension("pub")).expect("there");
        assert_eq!(STANDARD.encode(public), key.public().expect("a key"));
    }

    #[test]
    fn only_what_an_updater_unpacks_gets_into_a_feed() {
        let (folder, path) = archive();
        let zip = folder.path().join("apple-k8s.zip");
        fs::rename(path, &zip).expect("renamed");
        assert!(Feed::of(&zip, &Key::new().expect("a key"), String::new()).is_err());
    }
}
