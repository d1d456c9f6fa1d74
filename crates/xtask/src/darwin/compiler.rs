//! C compiler and linker for the Mac's platform: zig, and stubs for Apple's frameworks.
//!
//! Cargo calls this program by the names `darwin-cc` and `darwin-link`, which are links to it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::MINIMUM_MACOS;
use crate::cache;

/// One of the two tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Compiles C.
    Compiler,
    /// Links. Its name must not end in `ld`: rustc would take it for a bare linker.
    Linker,
}

impl Tool {
    /// The name it is called by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Compiler => "darwin-cc",
            Self::Linker => "darwin-link",
        }
    }

    /// The tool that a program of this path is.
    pub(super) fn named(path: &Path) -> Option<Self> {
        [Self::Compiler, Self::Linker]
            .into_iter()
            .find(|tool| path.file_name().is_some_and(|name| name == tool.name()))
    }
}

/// What the tools need to know; it travels in the environment.
pub(super) struct Settings {
    /// Folder with the Python package `ziglang`.
    pub(super) zig: PathBuf,
    /// Where stubs of frameworks lie.
    pub(super) stubs: PathBuf,
    /// Whether an Objective-C file becomes an empty object.
    pub(super) skip_objective_c: bool,
}

const STUBS: &str = "DARWIN_STUBS";
const SKIP_OBJECTIVE_C: &str = "DARWIN_SKIP_OBJECTIVE_C";

impl Settings {
    /// Puts them into the environment of a command.
    pub(super) fn pass_to(&self, command: &mut Command) {
        command.env("PYTHONPATH", &self.zig).env(STUBS, &self.stubs);
        if self.skip_objective_c {
            command.env(SKIP_OBJECTIVE_C, "1");
        } else {
            command.env_remove(SKIP_OBJECTIVE_C);
        }
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
    let empty_objective_c = std::env::var_os(SKIP_OBJECTIVE_C).is_some();
    let mut arguments = compiler_arguments(&given, empty_objective_c);
    if tool == Tool::Linker {
        let stubs = PathBuf::from(std::env::var_os(STUBS).context("DARWIN_STUBS is not set")?);
        for name in frameworks(&given) {
            write_stub(&stubs, &Stub::framework(&name))?;
        }
        for library in LIBRARIES {
            write_stub(&stubs, &Stub::library(library.0, library.1))?;
        }
        arguments.splice(0..0, linker_arguments(&stubs));
    }
    let status = Command::new("python3")
        .args(["-m", "ziglang", "cc", "-target"])
        .arg(format!("aarch64-macos.{MINIMUM_MACOS}"))
        .args(arguments)
        .status()
        .context("running zig")?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The arguments without those that clang knows and zig does not.
fn compiler_arguments(given: &[OsString], empty_objective_c: bool) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut emptied = false;
    for argument in given {
        let text = argument.to_string_lossy();
        let names_platform = text.starts_with("--target=")
            || text.starts_with("-mmacos")
            || text.starts_with("arm64-apple-");
        if names_platform {
            continue;
        }
        if empty_objective_c && text.ends_with(".m") {
            emptied = true;
            arguments.push("/dev/null".into());
        } else {
            arguments.push(argument.clone());
        }
    }
    if emptied {
        arguments.splice(0..0, ["-x".into(), "c".into()]);
    }
    arguments
}

/// Where stubs are found. What they don't name is looked up when the program is loaded.
fn linker_arguments(stubs: &Path) -> Vec<OsString> {
    let flag = |flag: &str, folder: &str| {
        let mut argument = OsString::from(flag);
        argument.push(stubs.join(folder));
        argument
    };
    vec![
        flag("-F", "Frameworks"),
        flag("-L", "lib"),
        "-Wl,-undefined,dynamic_lookup".into(),
    ]
}

/// Libraries of macOS that zig doesn't bring, with the names they are loaded by.
const LIBRARIES: [(&str, &str); 2] = [
    ("objc", "/usr/lib/libobjc.A.dylib"),
    ("iconv", "/usr/lib/libiconv.2.dylib"),
];

/// The frameworks that are asked for.
fn frameworks(arguments: &[OsString]) -> BTreeSet<String> {
    arguments
        .windows(2)
        .filter(|pair| pair[0] == "-framework")
        .map(|pair| pair[1].to_string_lossy().into_owned())
        .collect()
}

/// A text stub of a library: says only by what name it is loaded.
struct Stub {
    /// Path below the stubs' folder.
    path: PathBuf,
    /// Path on a Mac.
    install_name: String,
    /// A symbol, since a stub without one is refused.
    symbol: String,
}

impl Stub {
    fn framework(name: &str) -> Self {
        Self {
            path: format!("Frameworks/{name}.framework/{name}.tbd").into(),
            install_name: format!("/System/Library/Frameworks/{name}.framework/Versions/A/{name}"),
            symbol: format!("_stub_{name}"),
        }
    }

    fn library(name: &str, install_name: &str) -> Self {
        Self {
            path: format!("lib/lib{name}.tbd").into(),
            install_name: install_name.to_owned(),
            symbol: format!("_stub_{name}"),
        }
    }

    fn text(&self) -> String {
        format!(
            "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\ninstall-name: '{}'\n\
             exports:\n  - targets: [ arm64-macos ]\n    symbols: [ {} ]\n...\n",
            self.install_name, self.symbol
        )
    }
}

fn write_stub(stubs: &Path, stub: &Stub) -> Result<()> {
    let path = stubs.join(&stub.path);
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().context("a stub lies in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, stub.text()))
        .with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_platform_is_named_once_by_us() {
        assert_eq!(
            compiler_arguments(
                &words("-O2 --target=arm64-apple-macosx -mmacosx-version-min=11.0 -c a.c"),
                false
            ),
            words("-O2 -c a.c")
        );
    }

    #[test]
    fn objective_c_is_emptied_only_for_a_check() {
        assert_eq!(
            compiler_arguments(&words("-c notify.m"), true),
            words("-x c -c /dev/null")
        );
        assert_eq!(
            compiler_arguments(&words("-c notify.m"), false),
            words("-c notify.m")
        );
    }

    #[test]
    fn every_framework_gets_a_stub_with_its_name_on_a_mac() {
        let asked = words("-framework AppKit -lobjc -framework WebKit -framework AppKit");
        let names: Vec<String> = frameworks(&asked).into_iter().collect();
        assert_eq!(names, ["AppKit", "WebKit"]);
        assert!(Stub::framework("AppKit").text().contains(
            "install-name: '/System/Library/Frameworks/AppKit.framework/Versions/A/AppKit'"
        ));
    }
}
