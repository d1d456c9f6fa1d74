//! Notarization: Apple looks at the signed app and gives a ticket, which is stapled to it.
//!
//! Everything that Apple is known to refuse is checked before anything is sent; a dry run ends
//! there. Only a Mac's `notarytool`, or `rcodesign` where it is installed, talks to Apple.

mod tool;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
pub use tool::Tool;

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

/// How an app is handed to Apple.
#[derive(Debug)]
pub struct Handing<'a> {
    /// Who sends.
    pub key: &'a Key,
    /// What the app must be.
    pub expected: &'a Expected,
    /// What sends, or why nothing here can.
    pub tool: Result<Tool>,
    /// Nothing is sent.
    pub dry_run: bool,
}

/// Checks an app, has Apple look at it, and packs it with its ticket. What was found is written to
/// `out`.
///
/// # Errors
/// When a check fails, and then nothing is sent; when nothing here can send; when Apple refuses.
pub fn run(bundle: &Path, handing: Handing<'_>, out: &mut dyn Write) -> Result<()> {
    let mut failed = 0;
    for check in checks(bundle, handing.key, handing.expected) {
        match check.problem {
            None => writeln!(out, "✓ {}", check.what)?,
            Some(problem) => {
                failed += 1;
                writeln!(out, "✗ {}: {problem}", check.what)?;
            }
        }
    }
    ensure!(
        failed == 0,
        "Apple would refuse this app: {failed} checks failed"
    );
    if handing.dry_run {
        match handing.tool {
            Ok(tool) => writeln!(out, "Ready to be sent by {tool}; nothing was sent")?,
            Err(error) => writeln!(out, "Ready to be sent, but not from here: {error:#}")?,
        }
        return Ok(());
    }
    handing.tool?.send(bundle, handing.key)?;
    ensure!(is_stapled(bundle), "the ticket was not stapled");
    let verified = verify(bundle, handing.expected).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(
            "with its ticket the app is not sound: {}",
            faults.join("\n")
        )
    })?;
    let folder = bundle.parent().context("an app lies in a folder")?;
    let zip = folder.join(archive::name(&verified));
    archive::write(bundle, &zip)?;
    writeln!(out, "{}: notarized", zip.display())?;
    Ok(())
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
}
