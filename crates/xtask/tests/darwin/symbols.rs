//! The symbols that the stubs promise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::bindings::{Block, Package};
use crate::{cache, said};

const LIST: &str = include_str!("../../src/darwin/symbols.txt");
/// Marks a symbol that nothing made from Apple's headers declares.
const MARK: &str = "# by hand";

/// The libraries and symbols that the stubs promise.
pub(crate) static PROMISED: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let mut libraries = BTreeMap::<&str, BTreeSet<&str>>::new();
    let mut library = "";
    for line in LIST.lines().map(symbol).filter(|line| !line.is_empty()) {
        if line.starts_with('/') {
            library = line;
            assert!(!libraries.contains_key(library), "{library} twice");
            libraries.insert(library, BTreeSet::new());
        } else {
            let symbols = libraries.get_mut(library).expect("a library comes first");
            assert!(symbols.insert(line), "{line} twice");
        }
    }
    libraries
});

/// Those that are marked.
static BY_HAND: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| line.ends_with(MARK));
    lines
        .map(symbol)
        .filter(|symbol| !symbol.is_empty())
        .collect()
});

/// A line without what it says beside.
fn symbol(line: &'static str) -> &'static str {
    line.split('#').next().unwrap_or_default().trim()
}

/// What zig itself knows of macOS.
pub(crate) const SYSTEM: &str = "/usr/lib/libSystem.B.dylib";

/// `AppKit` of the framework, `libobjc` for `libobjc.A.dylib`: what LLVM calls them.
pub(crate) fn short(library: &str) -> &str {
    let name = library.rsplit('/').next().unwrap_or(library);
    name.split('.').next().unwrap_or(name)
}

/// What zig knows of the system's own library, libSystem.
pub(crate) fn system_stub() -> PathBuf {
    let zig = fs::read_dir(cache().join("darwin")).unwrap();
    let zig = zig.map(|entry| entry.unwrap().path());
    zig.map(|folder| folder.join("ziglang/lib/libc/darwin/libSystem.tbd"))
        .find(|stub| stub.is_file())
        .expect("zig knows the system's library")
}

pub(crate) fn words(stub: &str) -> BTreeSet<&str> {
    let words = stub.split(|c: char| !(c.is_ascii_alphanumeric() || "_$".contains(c)));
    words.collect()
}

/// What clang itself writes for the one `@catch` there is.
const BY_CLANG: [&str; 2] = ["_OBJC_EHTYPE_id", "___objc_personality_v0"];

/// A symbol is there on a Mac if published bindings of its library declare it. Those that a program
/// made from Apple's headers are as good as the headers; the others were written by hand, and are
/// marked so in the list: what speaks for them is that their package runs on many Macs.
#[test]
#[ignore = "reads the sources of packages that only a Mac's programs need"]
fn promises_are_kept_by_published_bindings() {
    let published = published();
    let system = fs::read_to_string(system_stub()).unwrap();
    let system = words(&system);
    let mut by_hand = BTreeSet::new();
    for (library, symbols) in PROMISED.iter() {
        let name = short(library);
        let name = name.strip_prefix("lib").unwrap_or(name);
        let blocks: Vec<&Block> = published
            .iter()
            .flat_map(|package| package.of_library(name))
            .collect();
        assert!(!blocks.is_empty(), "nothing published links {library}");
        for symbol in symbols.iter().filter(|symbol| !BY_CLANG.contains(symbol)) {
            // Bindings of a framework may declare what they use of the system too.
            assert!(
                !system.contains(symbol),
                "{symbol} is the system's, not {library}'s"
            );
            let name = symbol.strip_prefix('_').unwrap_or(symbol);
            let mut declared = blocks.iter().filter(|block| block.names.contains(name));
            let first = declared.next();
            let first =
                first.unwrap_or_else(|| panic!("{symbol} of {library} is declared nowhere"));
            if !first.is_generated && !declared.any(|block| block.is_generated) {
                by_hand.insert(*symbol);
            }
        }
    }
    assert_eq!(by_hand, *BY_HAND);
}

/// The packages of others that the Mac's programs need.
fn published() -> Vec<Package> {
    let metadata = said(Command::new(env!("CARGO")).args([
        "metadata",
        "--locked",
        "--format-version=1",
        "--filter-platform=aarch64-apple-darwin",
    ]));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let needed: BTreeSet<String> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| node["id"].to_string())
        .collect();
    list(&metadata["packages"])
        .iter()
        .filter(|package| needed.contains(&package["id"].to_string()))
        // Our own packages have no source but this clone.
        .filter(|package| !package["source"].is_null())
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap());
            let name = package["name"].as_str().unwrap();
            Package::read(name, manifest.parent().unwrap())
        })
        .collect()
}
