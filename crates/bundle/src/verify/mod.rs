//! Reads a signed bundle back, without the library that signed it, and finds every byte that is not
//! the one that was signed.
//!
//! What a bundle's signature covers: the main program's code directory has a hash of every page of
//! it, of `Info.plist`, and of `CodeResources`, which in turn has one of every other file. What
//! Apple's own check leaves open is looked at here too: files that no seal names, `PkgInfo`, and
//! bytes between the parts of a signature.

mod blob;
mod cms;
mod directory;
mod entitlements;
pub(crate) mod macho;
mod program;
mod requirement;
mod seal;
mod ticket;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use plist::Dictionary;

pub use cms::Signer;
pub use program::Program;

use crate::contents::{CODE_RESOURCES, INFORMATION, PACKAGE, PROGRAMS, TICKET};
use crate::information::Information;
use seal::{Seal, Sealed};

/// What a bundle must be besides whole.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The entitlements of the main program; the others have none.
    pub entitlements: Dictionary,
    /// The team that must have signed, with a certificate from Apple.
    pub team: Option<String>,
    /// SHA-256 hashes of certificates that are taken for Apple's root, in tests.
    pub roots: Vec<[u8; 32]>,
}

/// Something that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, from the bundle's folder.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// A bundle that is as it was signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The bundle's identifier.
    pub identifier: String,
    /// Its version.
    pub version: String,
    /// Who signed.
    pub signer: Signer,
    /// Its programs, by path: the main one and those beside it.
    pub programs: BTreeMap<String, Program>,
    /// How many files it has.
    pub files: usize,
    /// Whether Apple's ticket of notarization is stapled to it.
    pub stapled: bool,
}

/// Reads a bundle back.
///
/// # Errors
/// Everything that is not as it was signed, in the order of paths.
pub fn verify(bundle: &Path, expected: &Expected) -> Result<Verified, Vec<Fault>> {
    let mut faults = Faults::default();
    let verified =
        Reading::of(bundle, expected, &mut faults).and_then(|reading| reading.verify(&mut faults));
    faults.found.sort();
    faults.found.dedup();
    match verified {
        Ok(verified) if faults.found.is_empty() => Ok(verified),
        Ok(_) => Err(faults.found),
        Err(fault) => {
            faults.found.push(fault);
            Err(faults.found)
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, path: &str, what: impl Display) {
        self.found.push(Fault {
            path: path.to_owned(),
            what: format!("{what:#}"),
        });
    }
}

/// An error at a file ends what depends on it.
trait At<T> {
    fn at(self, path: &str) -> Result<T, Fault>;
}

impl<T> At<T> for Result<T> {
    fn at(self, path: &str) -> Result<T, Fault> {
        self.map_err(|error| Fault {
            path: path.to_owned(),
            what: format!("{error:#}"),
        })
    }
}

/// One file of the bundle.
enum File {
    Content(Vec<u8>),
    Link(String),
}

/// A bundle that is being read back.
struct Reading<'a> {
    expected: &'a Expected,
    files: BTreeMap<String, File>,
    information: Information,
    /// The path of the main program.
    main: String,
}

impl<'a> Reading<'a> {
    fn of(bundle: &Path, expected: &'a Expected, faults: &mut Faults) -> Result<Self, Fault> {
        let mut files = BTreeMap::new();
        collect(bundle, "", &mut files, faults).at("")?;
        let information = match files.get(INFORMATION) {
            Some(File::Content(text)) => Information::read(text).at(INFORMATION)?,
            _ => Err(anyhow::anyhow!("missing")).at(INFORMATION)?,
        };
        let main = format!("{PROGRAMS}/{}", information.executable);
        if !files.contains_key(&main) {
            let missing = anyhow::anyhow!("names the program {main}, which is missing");
            Err(missing).at(INFORMATION)?;
        }
        Ok(Self {
            expected,
            files,
            information,
            main,
        })
    }

    fn content(&self, path: &str) -> Result<&[u8], Fault> {
        match self.files.get(path) {
            Some(File::Content(content)) => Ok(content),
            Some(File::Link(_)) => Err(anyhow::anyhow!("a link in the place of a file")).at(path),
            None => Err(anyhow::anyhow!("missing")).at(path),
        }
    }

    fn verify(&self, faults: &mut Faults) -> Result<Verified, Fault> {
        let (main, resources) = (self.content(&self.main)?, self.content(CODE_RESOURCES)?);
        let surroundings = program::Surroundings {
            identifier: Some(&self.information.identifier),
            information: Some(self.content(INFORMATION)?),
            resources: Some(resources),
            entitlements: &self.expected.entitlements,
            minimum: &self.information.minimum,
            expected: self.expected,
        };
        let mut fault = |path: Option<&str>, what: &dyn Display| {
            faults.add(path.unwrap_or(&self.main), what);
        };
        let main = program::verify(main, &surroundings, &mut fault).at(&self.main)?;
        let seal = Seal::read(resources).at(CODE_RESOURCES)?;
        let mut programs = BTreeMap::new();
        for (path, file) in &self.files {
            if let Err(error) = self.file(path, file, &seal, &mut programs, faults) {
                faults.add(path, format!("{error:#}"));
            }
        }
        if !self.files.contains_key(PACKAGE) {
            faults.add(PACKAGE, "missing");
        }
        for path in seal.paths().map(|path| format!("Contents/{path}")) {
            if !self.files.contains_key(&path) {
                faults.add(&path, "missing");
            }
        }
        for (path, program) in &programs {
            if program.signer != main.signer {
                faults.add(path, "signed by another than the main program");
            }
        }
        let signer = main.signer.clone();
        programs.insert(self.main.clone(), main);
        let stapled = self.files.contains_key(TICKET);
        if stapled {
            let hashes = programs
                .iter()
                .map(|(path, program)| (path.as_str(), &program.code_directory_hash[..]));
            ticket::check(self.content(TICKET)?, hashes).at(TICKET)?;
        }
        Ok(Verified {
            identifier: self.information.identifier.clone(),
            version: self.information.version.clone(),
            signer,
            programs,
            files: self.files.len(),
            stapled,
        })
    }

    /// Looks at one file by what must cover it.
    fn file(
        &self,
        path: &str,
        file: &File,
        seal: &Seal,
        programs: &mut BTreeMap<String, Program>,
        faults: &mut Faults,
    ) -> Result<()> {
        match path {
            // Covered by the main program's code directory.
            _ if path == self.main || path == INFORMATION || path == CODE_RESOURCES => {
                return Ok(());
            }
            PACKAGE => {
                let File::Content(content) = file else {
                    anyhow::bail!("a link in the place of a file");
                };
                ensure!(
                    *content == self.information.package(),
                    "does not say what Info.plist says"
                );
                return Ok(());
            }
            // No seal can name it, for it names the seal: looked at when all programs are known.
            TICKET => return Ok(()),
            _ => {}
        }
        let name = path
            .strip_prefix("Contents/")
            .context("not part of the bundle that was signed")?;
        let sealed = seal
            .of(name)
            .context("added: the seal of resources does not name it")?;
        match (file, sealed) {
            (File::Link(target), Sealed::Link(expected)) => {
                ensure!(target == expected, "leads elsewhere than it did");
            }
            (File::Content(content), Sealed::Program(hash, requirement)) => {
                let surroundings = program::Surroundings {
                    identifier: None,
                    information: None,
                    resources: None,
                    entitlements: &Dictionary::new(),
                    minimum: &self.information.minimum,
                    expected: self.expected,
                };
                let mut fault = |_: Option<&str>, what: &dyn Display| faults.add(path, what);
                let nested = program::verify(content, &surroundings, &mut fault)?;
                ensure!(
                    nested.code_directory_hash == *hash,
                    "another program than the one that was sealed"
                );
                ensure!(
                    requirement::is_same(&nested.requirement, requirement),
                    "has the requirement {}, sealed was {requirement}",
                    nested.requirement
                );
                programs.insert(path.to_owned(), nested);
            }
            (File::Content(content), Sealed::Content(..)) => {
                ensure!(
                    !macho::is_program(content),
                    "a program that is sealed as a file only"
                );
                ensure!(seal.fits(name, content), "changed");
            }
            _ => anyhow::bail!("of another kind than the file that was sealed"),
        }
        Ok(())
    }
}

/// Reads all files below a folder.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, File>,
    faults: &mut Faults,
) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            faults.add(
                &format!("{prefix}{}", name.display()),
                "its name is no text",
            );
            continue;
        };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files, faults)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            files.insert(path, File::Link(target.to_string_lossy().into_owned()));
        } else if kind.is_file() {
            let content = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            let is_executable = entry.metadata()?.permissions().mode() & 0o111 == 0o111;
            if macho::is_program(&content) && !is_executable {
                faults.add(&path, "a program that can't be started: its mode is wrong");
            }
            files.insert(path, File::Content(content));
        } else {
            faults.add(&path, "neither a file nor a link");
        }
    }
    Ok(())
}
