//! One package, from its files to a `.deb`.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use super::Profile;
use crate::product::DEBIAN;
use crate::{REPOSITORY, VERSION};

/// Who is written to about a package.
pub(super) const MAINTAINER: &str = "The apple-k8s authors <packages@apple-k8s.dev>";

/// A file of a package.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    path: String,
    content: Vec<u8>,
    program: bool,
}

impl Entry {
    pub(super) fn program(path: &str, content: Vec<u8>) -> Self {
        Self {
            path: path.to_owned(),
            content,
            program: true,
        }
    }

    pub(super) fn text(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            content: content.into(),
            program: false,
        }
    }
}

/// A package: what it is called, what it needs, what is in it.
#[derive(Debug, Clone)]
pub struct Package {
    pub(super) name: &'static str,
    pub(super) section: &'static str,
    /// Packages it needs beside the libraries that its programs are linked to.
    pub(super) depends: String,
    pub(super) recommends: &'static str,
    pub(super) conflicts: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) entries: Vec<Entry>,
}

impl Package {
    /// Writes the package to a folder and gives its path. Same files, same time, same bytes.
    ///
    /// # Errors
    /// When a file can't be written, a library belongs to no package, or there is no dpkg.
    pub fn write(&self, out: &Path, profile: Profile, time: Timestamp) -> Result<PathBuf> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().join(self.name);
        self.stage(&root, profile)?;
        let architecture = said_by(Command::new("dpkg").arg("--print-architecture"))?;
        ensure!(
            architecture == DEBIAN,
            "this system's packages are for {architecture}, the programs are for {DEBIAN}"
        );
        let libraries = self.libraries(folder.path(), &root)?;
        let control = root.join("DEBIAN");
        public_dir(&control)?;
        put(
            &control.join("control"),
            self.control(&architecture, &libraries, size(&root)?)
                .as_bytes(),
            false,
        )?;
        put(
            &control.join("md5sums"),
            self.sums(&root)?.as_bytes(),
            false,
        )?;

        fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
        let path = out.join(format!("{}_{VERSION}_{architecture}.deb", self.name));
        let mut pack = Command::new("dpkg-deb");
        pack.args(["--root-owner-group", "--build"])
            .env("SOURCE_DATE_EPOCH", time.as_second().to_string());
        match profile {
            Profile::Release => pack.args(["-Zxz", "-z6", "--threads-max=1"]),
            Profile::Dev => pack.args(["-Zgzip", "-z1"]),
        };
        said_by(pack.arg(&root).arg(&path))?;
        Ok(path)
    }

    /// Lays the files out as they will be installed.
    fn stage(&self, root: &Path, profile: Profile) -> Result<()> {
        public_dir(root)?;
        for entry in &self.entries {
            let path = root.join(&entry.path);
            public_dir(path.parent().context("below the root")?)?;
            put(&path, &entry.content, entry.program)?;
            if entry.program && profile == Profile::Dev {
                // The release profile does that by itself.
                said_by(Command::new("strip").arg("--strip-all").arg(&path))?;
            }
        }
        Ok(())
    }

    /// Packages of the libraries that the programs are linked to, with the versions they need.
    fn libraries(&self, folder: &Path, root: &Path) -> Result<String> {
        // Where the tool expects the sources of a package to be.
        let control = format!(
            "Source: {0}\n\nPackage: {0}\nArchitecture: any\n",
            self.name
        );
        public_dir(&folder.join("debian"))?;
        put(&folder.join("debian/control"), control.as_bytes(), false)?;
        let mut ask = Command::new("dpkg-shlibdeps");
        ask.arg("-O").current_dir(folder);
        for entry in self.entries.iter().filter(|entry| entry.program) {
            ask.arg("-e").arg(root.join(&entry.path));
        }
        let said = said_by(&mut ask)?;
        let depends = said.strip_prefix("shlibs:Depends=");
        Ok(depends
            .context("dpkg-shlibdeps names no package")?
            .to_owned())
    }

    fn control(&self, architecture: &str, libraries: &str, size: u64) -> String {
        let optional = |field: &str, value: &str| {
            if value.is_empty() {
                String::new()
            } else {
                format!("{field}: {value}\n")
            }
        };
        let description: String = self
            .description
            .lines()
            .map(|line| {
                if line.is_empty() {
                    " .\n".to_owned()
                } else {
                    format!(" {line}\n")
                }
            })
            .collect();
        format!(
            "Package: {}\nVersion: {VERSION}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n\
             Installed-Size: {size}\nDepends: {libraries}, {}\n{}{}Section: {}\nPriority: optional\n\
             Homepage: {REPOSITORY}\nDescription: {}\n{description}",
            self.name,
            self.depends,
            optional("Recommends", self.recommends),
            optional("Conflicts", self.conflicts),
            self.section,
            self.title,
        )
    }

    /// What dpkg checks installed files against.
    fn sums(&self, root: &Path) -> Result<String> {
        let mut paths: Vec<&str> = self.entries.iter().map(|entry| &*entry.path).collect();
        paths.sort_unstable();
        let sums = said_by(Command::new("md5sum").args(paths).current_dir(root))?;
        Ok(sums + "\n")
    }
}

/// A folder as packages have them, whatever this process's own habits.
fn public_dir(path: &Path) -> Result<()> {
    let mut made = path;
    let mut missing = Vec::new();
    while !made.exists() {
        missing.push(made);
        made = made.parent().context("a folder to begin in")?;
    }
    for folder in missing.into_iter().rev() {
        fs::DirBuilder::new()
            .mode(0o755)
            .create(folder)
            .with_context(|| format!("making {}", folder.display()))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn put(path: &Path, content: &[u8], program: bool) -> Result<()> {
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))?;
    let mode = if program { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

/// Room that files take once installed, in KiB.
fn size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() {
            1 + size(&entry.path())?
        } else {
            entry.metadata()?.len().div_ceil(1024)
        };
    }
    Ok(sum)
}

/// What a program of Debian's says.
fn said_by(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("running {name}: is dpkg-dev installed?"))?;
    ensure!(
        output.status.success(),
        "{name} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
