//! Signing: the programs beside the main one first, then the bundle with its main program.

mod codesign;
mod identity;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use apple_codesign::{CodeSignatureFlags, SettingsScope, SigningSettings, UnifiedSigner};
use plist::{Dictionary, Value};

pub use codesign::Codesign;
pub use identity::{Certificate, Identity};

use crate::contents::{INFORMATION, PROGRAMS};
use crate::information::Information;
use crate::verify::macho;

/// Apple's clock, whose word notarization wants.
pub const APPLE_TIME: &str = "http://timestamp.apple.com/ts01";

/// How a bundle is signed.
#[derive(Debug)]
pub struct Signing<'a> {
    /// Who signs.
    pub identity: &'a Identity,
    /// What the main program may do.
    pub entitlements: &'a Dictionary,
    /// Who says when it was signed; no matter when nobody signs.
    pub time: Option<&'a str>,
}

/// Signs a bundle where it lies.
///
/// # Errors
/// When it can't be signed; then it is to be made anew.
pub fn sign(bundle: &Path, signing: &Signing<'_>) -> Result<()> {
    match signing.identity {
        Identity::Keychain(name) => {
            Codesign::of_this_machine()?.sign(bundle, name, signing.entitlements)
        }
        Identity::AdHoc => by_library(bundle, None, signing),
        Identity::Certificate(certificate) => by_library(bundle, Some(certificate), signing),
    }
}

/// The names of programs in the bundle, the main one last, with the names they are signed by.
fn programs(bundle: &Path) -> Result<Vec<(String, String)>> {
    let information = Information::read(&std::fs::read(bundle.join(INFORMATION))?)?;
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(bundle.join(PROGRAMS))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a program's name is no text")?;
        ensure!(
            macho::is_program(&std::fs::read(entry.path())?),
            "{PROGRAMS}/{name} is no program"
        );
        if name != information.executable {
            let identifier = format!("{}.{name}", information.identifier);
            programs.push((format!("{PROGRAMS}/{name}"), identifier));
        }
    }
    programs.sort();
    let main = format!("{PROGRAMS}/{}", information.executable);
    programs.push((main, information.identifier));
    Ok(programs)
}

fn by_library(
    bundle: &Path,
    certificate: Option<&Certificate>,
    signing: &Signing<'_>,
) -> Result<()> {
    let mut settings = SigningSettings::default();
    let programs = programs(bundle)?;
    if let Some(certificate) = certificate {
        settings.set_signing_key(&certificate.key, certificate.certificate.clone());
        settings.chain_apple_certificates();
        settings.set_team_id_from_signing_certificate();
        if let Some(url) = signing.time {
            settings.set_time_stamp_url(url)?;
        }
    }
    for (path, identifier) in &programs {
        let scope = SettingsScope::Path(path.clone());
        settings.set_binary_identifier(scope.clone(), identifier);
        settings.set_code_signature_flags(scope, CodeSignatureFlags::RUNTIME);
    }
    let (main, identifier) = programs.last().context("a bundle has a program")?;
    settings.set_binary_identifier(SettingsScope::Main, identifier);
    settings.set_code_signature_flags(SettingsScope::Main, CodeSignatureFlags::RUNTIME);
    if !signing.entitlements.is_empty() {
        let mut text = Vec::new();
        Value::Dictionary(signing.entitlements.clone()).to_writer_xml(&mut text)?;
        let scope = SettingsScope::Path(main.clone());
        settings.set_entitlements_xml(scope, String::from_utf8(text)?)?;
    }
    UnifiedSigner::new(settings)
        .sign_path_in_place(bundle)
        .with_context(|| format!("signing {}", bundle.display()))
}
