//! Notarization: Apple looks at the signed app and gives a ticket, which is stapled to it.
//!
//! Everything that Apple is known to refuse is checked before anything is sent; a dry run ends
//! there. Only a Mac's `notarytool`, or `rcodesign` where it is installed, talks to Apple.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Deserialize;

use crate::{Expected, Signer, archive, contents, verify};

/// Lets a debugger in; Apple refuses programs that have it.
const DEBUGGABLE: &str = "com.apple.security.get-task-allow";

/// A key of the App Store Connect API, by which Apple knows who sends. The key itself stays in its
/// file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its file, as downloaded: `AuthKey_….p8`.
    pub file: PathBuf,
    /// Its ID.
    pub id: String,
    /// The issuer of the keys of a team.
    pub issuer: String,
}

impl Key {
    /// The key that the environment names.
    ///
    /// # Errors
    /// When it names none.
    pub fn from_environment() -> Result<Self> {
        let variable = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.with_context(|| {
                format!(
                    "{name} is not set: notarization needs APPLE_API_KEY_PATH (the .p8 file), \
                     APPLE_API_KEY (its ID) and APPLE_API_ISSUER, from App Store Connect"
                )
            })
        };
        let text = |name: &str| {
            let value = variable(name)?.into_string();
            value.map_err(|_| anyhow::anyhow!("{name} is no text"))
        };
        Ok(Self {
            file: variable("APPLE_API_KEY_PATH")?.into(),
            id: text("APPLE_API_KEY")?,
            issuer: text("APPLE_API_ISSUER")?,
        })
    }
}

/// One thing that must be so before the app is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is.
    pub what: &'static str,
    /// Why it is not so.
    pub problem: Option<String>,
}

impl Check {
    fn of(what: &'static str, found: Result<()>) -> Self {
        Self {
            what,
            problem: found.err().map(|error| format!("{error:#}")),
        }
    }
}

/// Looks at everything that can be known before sending.
pub fn checks(bundle: &Path, key: &Key, expected: &Expected) -> Vec<Check> {
    let mut checks = vec![
        Check::of("the key's file is private", private(&key.file)),
        Check::of("the key can sign", can_sign(&key.file)),
        Check::of("the key's ID", is_id(&key.id)),
        Check::of("the key's issuer", is_issuer(&key.issuer)),
    ];
    let verified = match verify(bundle, expected) {
        Ok(verified) => verified,
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let problem = anyhow::anyhow!("{}", faults.join("\n"));
            // What is signed otherwise is not worth more questions.
            checks.push(Check::of(
                "the app is as it was signed, for the hardened runtime",
                Err(problem),
            ));
            return checks;
        }
    };
    checks.push(Check::of(
        "the app is as it was signed, for the hardened runtime",
        Ok(()),
    ));
    checks.push(Check::of(
        "signed with a Developer ID",
        match &verified.signer {
            Signer::Holder { .. } if verified.signer.is_for_distribution() => Ok(()),
            Signer::Nobody => Err(anyhow::anyhow!("it is signed ad hoc")),
            signer @ Signer::Holder { .. } => Err(anyhow::anyhow!("it is signed by {signer}")),
        },
    ));
    let all = |what, wrong: &dyn Fn(&crate::Program) -> bool, problem: &str| {
        let found = verified
            .programs
            .iter()
            .filter(|(_, program)| wrong(program));
        let paths: Vec<&str> = found.map(|(path, _)| path.as_str()).collect();
        Check::of(
            what,
            if paths.is_empty() {
                Ok(())
            } else {
                Err(anyhow::anyhow!("{problem}: {}", paths.join(", ")))
            },
        )
    };
    checks.push(all(
        "every signature has its time from Apple",
        &|program| !program.has_time,
        "without time",
    ));
    checks.push(all(
        "no program lets a debugger in",
        &|program| program.entitlements.contains_key(DEBUGGABLE),
        DEBUGGABLE,
    ));
    checks
}

fn private(file: &Path) -> Result<()> {
    let mode = fs::metadata(file)
        .with_context(|| format!("reading {}", file.display()))?
        .permissions()
        .mode();
    let of_others = mode & 0o077;
    ensure!(
        of_others == 0,
        "others can read it: chmod 600 {}",
        file.display()
    );
    Ok(())
}

/// The file's text never reaches an error.
fn can_sign(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let [
        "-----BEGIN PRIVATE KEY-----",
        body @ ..,
        "-----END PRIVATE KEY-----",
    ] = &lines[..]
    else {
        bail!("{} holds no private key in PEM", file.display());
    };
    let key = STANDARD
        .decode(body.concat())
        .ok()
        .with_context(|| format!("the key in {} is damaged", file.display()))?;
    let random = SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random)
        .ok()
        .and_then(|pair| pair.sign(&random, b"apple-k8s").ok())
        .with_context(|| {
            format!(
                "the key in {} is no P-256 key, as App Store Connect gives them",
                file.display()
            )
        })?;
    Ok(())
}

fn is_id(id: &str) -> Result<()> {
    ensure!(
        id.len() == 10
            && id
                .bytes()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "{id:?} is not ten capitals and digits"
    );
    Ok(())
}

fn is_issuer(issuer: &str) -> Result<()> {
    let parts: Vec<&str> = issuer.split('-').collect();
    let hexadecimal = issuer.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit());
    ensure!(
        hexadecimal && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]),
        "{issuer:?} is no UUID"
    );
    Ok(())
}

/// What talks to Apple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// A Mac's.
    Xcrun(PathBuf),
    /// apple-codesign's, where it was built with notarization.
    Rcodesign(PathBuf),
}

impl Tool {
    /// The one that is installed.
    ///
    /// # Errors
    /// When none is.
    pub fn installed(path: Option<&OsStr>) -> Result<Self> {
        let find = |name: &str| {
            std::env::split_paths(path.unwrap_or_default())
                .map(|folder| folder.join(name))
                .find(|program| program.is_file())
        };
        let own = find("xcrun").map(Self::Xcrun);
        own.or_else(|| find("rcodesign").map(Self::Rcodesign))
            .context(
                "nothing here can talk to Apple: use a Mac with Xcode's command line tools, or \
                 install apple-codesign (rcodesign)",
            )
    }

    /// Sends the app, waits for the verdict and staples the ticket.
    ///
    /// # Errors
    /// When Apple refuses; the reasons are printed.
    pub fn send(&self, bundle: &Path, key: &Key) -> Result<()> {
        match self {
            Self::Xcrun(program) => send_by_xcrun(program, bundle, key),
            Self::Rcodesign(program) => send_by_rcodesign(program, bundle, key),
        }
    }
}

impl Display for Tool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xcrun(_) => "notarytool",
            Self::Rcodesign(_) => "rcodesign",
        })
    }
}

/// What `notarytool` answers.
#[derive(Debug, Deserialize)]
struct Verdict {
    id: String,
    status: String,
}

fn send_by_xcrun(program: &Path, bundle: &Path, key: &Key) -> Result<()> {
    let work = tempfile::tempdir()?;
    let zip = work.path().join("app.zip");
    archive::write(bundle, &zip)?;
    // The key is given by its file: its content is in no list of processes.
    let identity: [OsString; 6] = [
        "--key".into(),
        key.file.clone().into(),
        "--key-id".into(),
        key.id.clone().into(),
        "--issuer".into(),
        key.issuer.clone().into(),
    ];
    let output = Command::new(program)
        .args(["notarytool", "submit"])
        .arg(&zip)
        .args(&identity)
        .args(["--wait", "--output-format", "json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("running xcrun notarytool")?;
    let verdict: Verdict = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("notarytool gave no verdict: {}", output.status))?;
    if verdict.status != "Accepted" {
        let _ = Command::new(program)
            .args(["notarytool", "log", &verdict.id])
            .args(&identity)
            .status();
        bail!("Apple's verdict on {} is {}", verdict.id, verdict.status);
    }
    run(Command::new(program)
        .args(["stapler", "staple"])
        .arg(bundle))
}

fn send_by_rcodesign(program: &Path, bundle: &Path, key: &Key) -> Result<()> {
    // Holds the key for a moment, where nobody else can read it.
    let work = tempfile::tempdir()?;
    let encoded = work.path().join("key.json");
    run(Command::new(program)
        .args(["encode-app-store-connect-api-key", "--output-path"])
        .arg(&encoded)
        .args([&key.issuer, &key.id])
        .arg(&key.file))?;
    run(Command::new(program)
        .args(["notary-submit", "--api-key-file"])
        .arg(&encoded)
        .arg("--staple")
        .arg(bundle))
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("running {name}"))?;
    ensure!(status.success(), "{name} failed: {status}");
    Ok(())
}

/// Whether Apple's ticket is stapled to the bundle.
pub fn is_stapled(bundle: &Path) -> bool {
    bundle.join(contents::TICKET).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_issuers_have_their_forms() {
        assert!(is_id("2X9R4HXF34").is_ok());
        for bad in ["", "2x9r4hxf34", "2X9R4HXF3", "2X9R4HXF34 "] {
            assert!(is_id(bad).is_err(), "{bad:?}");
        }
        assert!(is_issuer("57246542-96fe-1a63-e053-0824d011072a").is_ok());
        for bad in ["", "57246542", "57246542-96fe-1a63-e053-0824d011072g"] {
            assert!(is_issuer(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_macs_own_tool_comes_first() {
        let (mac, both, none) = (
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let touch = |path: PathBuf| {
            fs::write(&path, "").unwrap();
            path
        };
        let xcrun = touch(mac.path().join("xcrun"));
        let rcodesign = touch(both.path().join("rcodesign"));
        let installed = |folders: &[&Path]| {
            let path = std::env::join_paths(folders).unwrap();
            Tool::installed(Some(&path))
        };
        let found = installed(&[both.path(), mac.path()]).unwrap();
        assert_eq!(found, Tool::Xcrun(xcrun));
        let found = installed(&[both.path()]).unwrap();
        assert_eq!(found, Tool::Rcodesign(rcodesign));
        assert!(installed(&[none.path()]).is_err());
    }
}
