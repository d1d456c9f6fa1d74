//! The Mac's programs, read back by LLVM's tools, which had no part in making them; the bundle of
//! them, changed byte by byte; and the list of symbols that they are linked by, held against the
//! published bindings of Apple's libraries.
//!
//! The programs are built first, which takes minutes: `cargo test --package xtask --test darwin --
//! --ignored`, with LLVM's tools installed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

mod bill;
mod bindings;
mod bundle;
mod programs;
mod symbols;

const APP: &str = "apple-k8s-app";
const CLI: &str = "apple-k8s";

/// The programs by name, built if need be.
static PROGRAMS: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(|| {
    let said = said(Command::new(env!("CARGO_BIN_EXE_xtask")).args(["darwin", "build"]));
    let pair = |line: &str| {
        let (name, path) = line.split_once('\t')?;
        Some((name.to_owned(), path.into()))
    };
    let programs: BTreeMap<_, _> = said.lines().filter_map(pair).collect();
    assert_eq!(programs.keys().collect::<Vec<_>>(), [CLI, APP]);
    programs
});

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{}: {error}", command.get_program().display());
    });
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The load commands of a program, each with its fields.
fn load_commands(program: &Path) -> Vec<BTreeMap<String, String>> {
    let headers = said(
        Command::new("llvm-objdump")
            .args(["--macho", "--private-headers"])
            .arg(program),
    );
    let field = |line: &str| {
        let (name, value) = line.trim().split_once(' ')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let commands = headers.split("Load command ").skip(1);
    commands
        .map(|command| command.lines().filter_map(field).collect())
        .collect()
}

/// Where the build keeps its parts.
fn cache() -> PathBuf {
    std::env::var_os("CACHE").map_or_else(
        || std::env::home_dir().unwrap().join(".cache/apple-k8s"),
        PathBuf::from,
    )
}

/// What a file says of this machine: the text from the first of its folders on.
fn of_this_machine(bytes: &[u8]) -> Option<String> {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = std::env::home_dir().unwrap();
    let cargo = std::env::var_os("CARGO_HOME");
    let cargo = cargo.map_or_else(|| home.join(".cargo"), PathBuf::from);
    let folders = [clone.canonicalize().unwrap(), cargo, cache(), home];
    let found = folders.iter().find_map(|folder| {
        let folder = folder.join("");
        let folder = folder.as_os_str().as_encoded_bytes();
        let mut windows = bytes.windows(folder.len());
        windows.position(|window| window == folder)
    })?;
    let text = &bytes[found..bytes.len().min(found + 120)];
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Names of sections and of a program's own symbols that it must not have: debug data, and what is
/// called so in our code.
fn debug_data(program: &Path) -> Vec<String> {
    let sections = said(
        Command::new("llvm-objdump")
            .arg("--section-headers")
            .arg(program),
    );
    assert!(sections.contains("__text"), "{sections}");
    let sections = sections.lines().filter(|line| line.contains("__debug"));
    let own = said(
        Command::new("llvm-nm")
            .args(["--defined-only", "--debug-syms", "--format=just-symbols"])
            .arg(program),
    );
    let names = own
        .lines()
        .filter(|name| !BY_THE_PLATFORM.contains(name))
        .filter(|name| !OF_CLASSES.iter().any(|words| name.starts_with(words)));
    sections.chain(names).map(str::to_owned).collect()
}

/// Where a program begins, and how it unwinds.
const BY_THE_PLATFORM: [&str; 2] = ["__mh_execute_header", "_rust_eh_personality"];
/// What tao gives Objective-C classes; the runtime has to know their names all the same.
const OF_CLASSES: [&str; 4] = [
    "___CLASS_Tao",
    "___DROP_FLAG_OFFSET_Tao",
    "___IVAR_OFFSET_Tao",
    "___REGISTER_CLASS_Tao",
];
