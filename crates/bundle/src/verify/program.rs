//! One signed program of a bundle.

use std::fmt::Display;

use anyhow::{Context, Result, bail, ensure};
use plist::Dictionary;

use super::blob::{self, blobs};
use super::cms::{self, Signer};
use super::directory::{AD_HOC, CodeDirectory, MAIN_BINARY, RUNTIME, Slot};
use super::macho;
use super::requirement::{Condition, Signed, hex};
use super::{Expected, entitlements};
use crate::contents::{CODE_RESOURCES, INFORMATION};

/// The parts of a signature, by number.
mod part {
    pub(super) const CODE_DIRECTORY: u32 = 0;
    pub(super) const REQUIREMENTS: u32 = 2;
    pub(super) const ENTITLEMENTS: u32 = 5;
    pub(super) const ENTITLEMENTS_DER: u32 = 7;
    pub(super) const CMS: u32 = 0x1_0000;
}

/// A program that is as it was signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Its name in its signature.
    pub identifier: String,
    /// The hash by which the system knows it, shortened as the system shortens it.
    pub code_directory_hash: Vec<u8>,
    /// Its designated requirement, in words.
    pub requirement: String,
    /// Who signed.
    pub signer: Signer,
    /// Whether Apple's clock attests when.
    pub has_time: bool,
    /// The oldest macOS it runs on.
    pub minimum: String,
    /// The libraries it loads.
    pub libraries: Vec<String>,
    /// Its entitlements.
    pub entitlements: Dictionary,
}

/// What a program's signature must fit.
pub(super) struct Surroundings<'a> {
    /// The name it must have.
    pub(super) identifier: Option<&'a str>,
    /// The bundle's property list.
    pub(super) information: Option<&'a [u8]>,
    /// The bundle's seal of resources.
    pub(super) resources: Option<&'a [u8]>,
    /// The entitlements it must have.
    pub(super) entitlements: &'a Dictionary,
    /// The oldest macOS the bundle runs on.
    pub(super) minimum: &'a str,
    pub(super) expected: &'a Expected,
}

/// Checks a program; what is wrong goes to `fault`, with the path of another file if it is there,
/// and is an error where nothing can be said after it.
pub(super) fn verify(
    file: &[u8],
    surroundings: &Surroundings<'_>,
    fault: &mut dyn FnMut(Option<&str>, &dyn Display),
) -> Result<Program> {
    let program = macho::Program::read(file)?;
    let (code, signature) = program.split()?;
    let parts = parts(signature)?;
    let get = |number: u32| parts.get(&number).copied();
    let directory = get(part::CODE_DIRECTORY).context("its signature has no code directory")?;
    let directory = CodeDirectory::read(directory)?;

    let changed = directory.changed_pages(code)?;
    if let Some(first) = changed.first() {
        let count = changed.len();
        fault(
            None,
            &format!("code changed: {count} pages, the first is page {first}"),
        );
    }
    slots(&directory, &program, &get, surroundings, fault);
    let entitlements = entitlements::read(get(part::ENTITLEMENTS), get(part::ENTITLEMENTS_DER))?;
    if entitlements != *surroundings.entitlements {
        fault(None, &"its entitlements are not the expected ones");
    }
    header(&directory, &program, surroundings, fault)?;

    let hash = directory.hash();
    let certified = match get(part::CMS).map(|cms| blob::content(cms, blob::WRAPPER)) {
        None => None,
        Some(content) => Some(content?).filter(|content| !content.is_empty()),
    }
    .map(|content| {
        cms::read(
            content,
            directory.bytes(),
            &hash,
            &surroundings.expected.roots,
        )
    })
    .transpose()?;
    let flags = RUNTIME | if certified.is_none() { AD_HOC } else { 0 };
    if directory.flags != flags {
        let found = directory.flags;
        fault(None, &format!("its flags are {found:#x}, not {flags:#x}"));
    }
    let signer = certified
        .as_ref()
        .map_or(Signer::Nobody, |found| found.signer.clone());
    let has_time = certified.as_ref().is_some_and(|found| found.time.is_some());
    // Only a team to which Apple gave a certificate is named, and none is not always one.
    if directory.team.is_some() && directory.team != signer.team() {
        fault(None, &"it names another team than its certificate");
    }
    if let Some(team) = &surroundings.expected.team
        && !(signer.is_by_apple() && signer.team() == Some(team))
    {
        fault(
            None,
            &format!("not signed by the team {team} with a certificate from Apple"),
        );
    }

    let short = hash[..20].to_vec();
    let named = get(part::REQUIREMENTS).context("its signature has no requirements")?;
    let requirement = Condition::designated(named)?;
    if let Some(requirement) = &requirement {
        let asked = Signed {
            identifier: directory.identifier.to_owned(),
            code_directory: short.clone(),
            by_apple: signer.is_by_apple(),
            certificates: certified
                .map(|found| found.certificates)
                .unwrap_or_default(),
        };
        ensure!(
            requirement.holds(&asked),
            "it does not fulfil its own requirement, {requirement}"
        );
        ensure!(
            requirement.names(directory.identifier),
            "its requirement does not name it"
        );
    } else if signer != Signer::Nobody {
        bail!("its signature has no designated requirement");
    }
    Ok(Program {
        identifier: directory.identifier.to_owned(),
        requirement: requirement.map_or_else(
            || format!("cdhash H\"{}\"", hex(&short)),
            |requirement| requirement.to_string(),
        ),
        code_directory_hash: short,
        signer,
        has_time,
        minimum: version(program.minimum),
        libraries: program.libraries,
        entitlements,
    })
}

/// The parts of a signature; behind them is nothing but zeros, which fill its place.
fn parts(signature: &[u8]) -> Result<std::collections::BTreeMap<u32, &[u8]>> {
    let length = blob::place(signature, 4)?;
    let signature_itself = blob::part(signature, 0, length)?;
    ensure!(
        signature[length..].iter().all(|byte| *byte == 0),
        "something follows the signature"
    );
    let parts = blobs(signature_itself, blob::EMBEDDED_SIGNATURE)?;
    let known = [
        part::CODE_DIRECTORY,
        part::REQUIREMENTS,
        part::ENTITLEMENTS,
        part::ENTITLEMENTS_DER,
        part::CMS,
    ];
    match parts.keys().find(|number| !known.contains(number)) {
        Some(number) => bail!("its signature has an unknown part, {number:#x}"),
        None => Ok(parts),
    }
}

/// Whatever is hashed besides the code.
fn slots<'a>(
    directory: &CodeDirectory<'_>,
    program: &macho::Program<'_>,
    get: &impl Fn(u32) -> Option<&'a [u8]>,
    surroundings: &Surroundings<'_>,
    fault: &mut dyn FnMut(Option<&str>, &dyn Display),
) {
    let information = surroundings.information.or(program.information);
    let (list, seal) = (
        surroundings.information.and(Some(INFORMATION)),
        surroundings.resources.and(Some(CODE_RESOURCES)),
    );
    let expected = [
        (
            Slot::Information,
            information,
            list,
            "not the property list that was signed",
        ),
        (
            Slot::Resources,
            surroundings.resources,
            seal,
            "not the seal that was signed",
        ),
        (
            Slot::Requirements,
            get(part::REQUIREMENTS),
            None,
            "requirements changed",
        ),
        (
            Slot::Entitlements,
            get(part::ENTITLEMENTS),
            None,
            "entitlements changed",
        ),
        (
            Slot::EntitlementsDer,
            get(part::ENTITLEMENTS_DER),
            None,
            "entitlements changed",
        ),
    ];
    for (slot, content, path, what) in expected {
        if !directory.covers(slot, content) {
            fault(path, &what);
            if let Some(path) = path {
                // Whichever of the two was changed.
                fault(None, &format!("signed for another {path}"));
            }
        }
    }
    for slot in directory.unknown_slots() {
        fault(
            None,
            &format!("its signature covers something unknown, slot {slot}"),
        );
    }
}

/// What the code directory says of the program.
fn header(
    directory: &CodeDirectory<'_>,
    program: &macho::Program<'_>,
    surroundings: &Surroundings<'_>,
    fault: &mut dyn FnMut(Option<&str>, &dyn Display),
) -> Result<()> {
    if let Some(name) = surroundings.identifier
        && name != directory.identifier
    {
        let found = directory.identifier;
        fault(None, &format!("signed as {found}, not as {name}"));
    }
    let (begin, length) = program.text;
    let kind = if program.is_main { MAIN_BINARY } else { 0 };
    if directory.segment != (begin, length, kind) {
        fault(None, &"its signature names another code segment");
    }
    if directory.runtime != Some(program.sdk) {
        fault(
            None,
            &"its signature names another version of the hardened runtime than its SDK",
        );
    }
    let minimum = parse_version(surroundings.minimum)?;
    if program.minimum > minimum {
        let (needs, says) = (version(program.minimum), surroundings.minimum);
        fault(
            None,
            &format!("needs macOS {needs}, while Info.plist says {says}"),
        );
    }
    let systems = ["/usr/lib/", "/System/Library/"];
    for library in &program.libraries {
        if !systems.iter().any(|folder| library.starts_with(folder)) {
            fault(
                None,
                &format!("loads {library}, which is not part of macOS"),
            );
        }
    }
    Ok(())
}

/// `26.0` from how programs hold it.
fn version(packed: u32) -> String {
    let (major, minor, patch) = (packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    if patch == 0 {
        format!("{major}.{minor}")
    } else {
        format!("{major}.{minor}.{patch}")
    }
}

/// How programs hold a version.
fn parse_version(text: &str) -> Result<u32> {
    let mut packed = 0;
    let mut parts = text.split('.');
    for shift in [16, 8, 0] {
        let number = parts.next().unwrap_or("0");
        let number: u8 = number
            .parse()
            .with_context(|| format!("{text} is no version of macOS"))?;
        packed |= u32::from(number) << shift;
    }
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_packed_as_in_programs() {
        for (text, packed) in [("26.0", 0x1a_0000), ("15.4.1", 0x0f_0401)] {
            assert_eq!(parse_version(text).unwrap(), packed);
            assert_eq!(version(packed), text);
        }
        assert!(parse_version("Tahoe").is_err());
    }
}
