//! The tools that cargo calls: Rust's compiler, which learns to keep this machine's folders to
//! itself, and zig as C compiler and linker for the Mac's platform.
//!
//! Cargo calls this program by the names of the tools, which are links to it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::MINIMUM_MACOS;
use crate::cache;

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Runs the compiler that cargo names first.
    Rustc,
    /// Compiles C.
    Compiler,
    /// Links. Its name must not end in `ld`: rustc would take it for a bare linker.
    Linker,
}

impl Tool {
    /// The name it is called by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rustc => "darwin-rustc",
            Self::Compiler => "darwin-cc",
            Self::Linker => "darwin-link",
        }
    }

    /// The tool that a program of this path is.
    pub(super) fn named(path: &Path) -> Option<Self> {
        [Self::Rustc, Self::Compiler, Self::Linker]
            .into_iter()
            .find(|tool| path.file_name().is_some_and(|name| name == tool.name()))
    }
}

/// What zig needs to know; it travels in the environment.
pub(super) struct Settings {
    /// Folder with the Python package `ziglang`.
    pub(super) zig: PathBuf,
    /// Where it keeps what it has compiled.
    pub(super) cache: PathBuf,
    /// Where the stubs lie.
    pub(super) stubs: PathBuf,
}

const STUBS: &str = "DARWIN_STUBS";

impl Settings {
    /// Puts them into the environment of a command.
    pub(super) fn pass_to(&self, command: &mut Command) {
        command
            .env("PYTHONPATH", &self.zig)
            .env("ZIG_GLOBAL_CACHE_DIR", &self.cache)
            .env("ZIG_LOCAL_CACHE_DIR", &self.cache)
            .env(STUBS, &self.stubs);
    }
}

/// Path of a tool, made when it is missing.
pub(super) fn installed(tool: Tool) -> Result<PathBuf> {
    let link = cache::folder("darwin/bin")?.join(tool.name());
    let program = std::env::current_exe().context("finding this program")?;
    if fs::read_link(&link).ok().as_ref() != Some(&program) {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&program, &link)
            .with_context(|| format!("making {}", link.display()))?;
    }
    Ok(link)
}

/// Does a tool's work with the arguments of this process.
pub(super) fn run(tool: Tool) -> Result<ExitCode> {
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut command = match tool {
        Tool::Rustc => rustc(&given)?,
        Tool::Compiler => zig(&given),
        Tool::Linker => {
            let stubs = std::env::var_os(STUBS).context("DARWIN_STUBS is not set")?;
            let mut linker = zig(&given);
            linker.args(stub_folders(Path::new(&stubs)));
            // The program's own number is made of all that is linked: without this, also of the
            // folders of the objects, which have another name each time.
            linker.arg("-Wl,-S");
            linker
        }
    };
    let status = command
        .status()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The compiler, told what to write instead of this machine's folders. Cargo doesn't see these
/// arguments, so that what it keeps serves every clone.
fn rustc(given: &[OsString]) -> Result<Command> {
    let (compiler, arguments) = given.split_first().context("no compiler is named")?;
    let mut rustc = Command::new(compiler);
    rustc.args(arguments);
    rustc.args(renamed(&cache::folder("darwin/target")?, "target"));
    let package = |variable: &str| std::env::var(format!("CARGO_{variable}")).ok();
    if let (Some(folder), Some(name), Some(version)) = (
        std::env::var_os("CARGO_MANIFEST_DIR"),
        package("PKG_NAME"),
        package("PKG_VERSION"),
    ) {
        rustc.args(renamed(Path::new(&folder), &format!("{name}-{version}")));
    }
    Ok(rustc)
}

fn renamed(folder: &Path, name: &str) -> [OsString; 2] {
    let mut pair = folder.as_os_str().to_owned();
    pair.push("=");
    pair.push(name);
    ["--remap-path-prefix".into(), pair]
}

/// zig as C compiler or linker, with the arguments that it knows.
fn zig(given: &[OsString]) -> Command {
    let mut zig = Command::new("python3");
    zig.args(["-m", "ziglang", "cc", "-target"]);
    zig.arg(format!("aarch64-macos.{MINIMUM_MACOS}"));
    zig.args(given.iter().filter(|argument| !names_platform(argument)));
    zig
}

/// clang has several ways to name the platform; it is named once, by us.
fn names_platform(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    ["--target=", "-mmacos", "arm64-apple-"]
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

fn stub_folders(stubs: &Path) -> [OsString; 2] {
    ["-F", "-L"].map(|flag| {
        let mut argument = OsString::from(flag);
        argument.push(stubs);
        argument
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_platform_is_named_once_by_us() {
        let zig = zig(&words(
            "-O2 --target=arm64-apple-macosx -mmacosx-version-min=11.0 -c a.c",
        ));
        let arguments: Vec<&OsStr> = zig.get_args().skip(3).collect();
        assert_eq!(arguments, words("-target aarch64-macos.26.0 -O2 -c a.c"));
    }

    #[test]
    fn folders_of_this_machine_get_other_names() {
        assert_eq!(
            renamed(Path::new("/home/me/.cargo/some crate"), "some-1.0.0"),
            [
                OsString::from("--remap-path-prefix"),
                "/home/me/.cargo/some crate=some-1.0.0".into()
            ]
        );
    }

    #[test]
    fn a_tool_is_known_by_its_name() {
        assert_eq!(
            Tool::named(Path::new("/cache/darwin/bin/darwin-cc")),
            Some(Tool::Compiler)
        );
        assert_eq!(Tool::named(Path::new("/bin/xtask")), None);
    }
}
