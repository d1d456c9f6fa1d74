//! The Mac's programs, read back by LLVM's tools, which had no part in making them; and the list
//! of symbols that they are linked by, held against the published bindings of Apple's libraries.
//!
//! The programs are built first, which takes minutes: `cargo test --package xtask --test darwin --
//! --ignored`, with LLVM's tools installed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const APP: &str = "apple-k8s-app";
const CLI: &str = "apple-k8s";

/// What zig itself knows of macOS.
const SYSTEM: &str = "/usr/lib/libSystem.B.dylib";

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

/// The libraries and symbols that the stubs promise.
static PROMISED: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let mut libraries = BTreeMap::<&str, BTreeSet<&str>>::new();
    let mut library = "";
    let lines = include_str!("../src/darwin/symbols.txt").lines();
    for line in lines.map(str::trim) {
        match line.chars().next() {
            None | Some('#') => {}
            Some('/') => {
                library = line;
                assert!(!libraries.contains_key(library), "{library} twice");
                libraries.insert(library, BTreeSet::new());
            }
            Some(_) => {
                let symbols = libraries.get_mut(library).expect("a library comes first");
                assert!(symbols.insert(line), "{line} twice");
            }
        }
    }
    libraries
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

/// The libraries a program loads, by their paths.
fn loaded(program: &Path) -> BTreeSet<String> {
    let commands = load_commands(program);
    let names = commands.iter().filter(|command| {
        let kind = command.get("cmd").map(String::as_str);
        matches!(kind, Some("LC_LOAD_DYLIB" | "LC_LOAD_WEAK_DYLIB"))
    });
    names
        .map(|command| {
            // `/usr/lib/libobjc.A.dylib (offset 24)`
            let name = &command["name"];
            name.split(" (").next().unwrap_or(name).to_owned()
        })
        .collect()
}

/// What a program asks of libraries: pairs of a library's short name and a symbol.
fn imported(program: &Path) -> BTreeSet<(String, String)> {
    let symbols = said(
        Command::new("llvm-nm")
            .args(["--format=darwin", "--undefined-only"])
            .arg(program),
    );
    // `                 (undefined) external _CFRelease (from CoreFoundation)`
    let pair = |line: &str| {
        let (symbol, library) = line
            .trim()
            .strip_prefix("(undefined) external ")?
            .split_once(" (from ")?;
        Some((library.trim_end_matches(')').to_owned(), symbol.to_owned()))
    };
    let pairs: BTreeSet<_> = symbols.lines().filter_map(pair).collect();
    assert_eq!(
        pairs.len(),
        symbols.lines().filter(|line| !line.is_empty()).count(),
        "every undefined symbol comes from a library"
    );
    pairs
}

/// `AppKit` of the framework, `libobjc` for `libobjc.A.dylib`: what LLVM calls them.
fn short(library: &str) -> &str {
    let name = library.rsplit('/').next().unwrap_or(library);
    name.split('.').next().unwrap_or(name)
}

#[test]
#[ignore = "builds for a Mac first"]
fn programs_are_for_apple_silicon_and_the_oldest_macos_we_support() {
    for program in PROGRAMS.values() {
        let header = said(
            Command::new("llvm-objdump")
                .args(["--macho", "--private-header"])
                .arg(program),
        );
        let header: Vec<&str> = header.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(header[1], "ARM64");
        assert_eq!(header[4], "EXECUTE");
        for flag in ["TWOLEVEL", "PIE"] {
            assert!(header.contains(&flag), "{flag} of {header:?}");
        }
        let commands = load_commands(program);
        let of_kind = |kind: &str| {
            let mut found = commands.iter().filter(|command| command["cmd"] == kind);
            let one = found.next().unwrap_or_else(|| panic!("no {kind}")).clone();
            assert!(found.next().is_none(), "{kind} twice");
            one
        };
        let version = of_kind("LC_BUILD_VERSION");
        assert_eq!(version["platform"], "macos");
        assert_eq!(version["minos"], "26.0");
        // Room for a signature; the programs don't start without one.
        let signature = of_kind("LC_CODE_SIGNATURE");
        assert_ne!(signature["datasize"], "0");
    }
}

#[test]
#[ignore = "builds for a Mac first"]
fn programs_load_the_frameworks_that_are_promised_and_no_others() {
    let promised = |names: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
        names.chain([SYSTEM]).map(str::to_owned).collect()
    };
    assert_eq!(
        loaded(&PROGRAMS[APP]),
        promised(&mut PROMISED.keys().copied())
    );
    assert_eq!(
        loaded(&PROGRAMS[CLI]),
        promised(&mut OF_THE_CLI.into_iter())
    );
}

/// The command line draws nothing. It asks for certificates that the system trusts; the rest is
/// named by packages whose code for it is not used.
const OF_THE_CLI: [&str; 6] = [
    "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
    "/System/Library/Frameworks/CoreServices.framework/Versions/A/CoreServices",
    "/System/Library/Frameworks/Foundation.framework/Versions/C/Foundation",
    "/System/Library/Frameworks/Security.framework/Versions/A/Security",
    "/usr/lib/libiconv.2.dylib",
    "/usr/lib/libobjc.A.dylib",
];

#[test]
#[ignore = "builds for a Mac first"]
fn every_symbol_is_promised_by_the_library_that_it_is_taken_from() {
    let promised: BTreeSet<(&str, &str)> = PROMISED
        .iter()
        .flat_map(|(library, symbols)| symbols.iter().map(|symbol| (short(library), *symbol)))
        .collect();
    let text = fs::read_to_string(system_stub()).unwrap();
    let known = words(&text);
    for program in PROGRAMS.values() {
        let imports = imported(program);
        assert!(imports.len() > 100, "{imports:?}");
        for (library, symbol) in &imports {
            let is_known = if library == short(SYSTEM) {
                known.contains(symbol.as_str())
            } else {
                promised.contains(&(library.as_str(), symbol.as_str()))
            };
            assert!(is_known, "{symbol} of {library}, for {}", program.display());
        }
    }
}

/// What zig knows of the system's own library, libSystem.
fn system_stub() -> PathBuf {
    let zig = fs::read_dir(cache().join("darwin")).unwrap();
    let zig = zig.map(|entry| entry.unwrap().path());
    zig.map(|folder| folder.join("ziglang/lib/libc/darwin/libSystem.tbd"))
        .find(|stub| stub.is_file())
        .expect("zig knows the system's library")
}

fn words(stub: &str) -> BTreeSet<&str> {
    let words = stub.split(|c: char| !(c.is_ascii_alphanumeric() || "_$".contains(c)));
    words.collect()
}

/// Where the build keeps its parts.
fn cache() -> PathBuf {
    std::env::var_os("CACHE").map_or_else(
        || std::env::home_dir().unwrap().join(".cache/apple-k8s"),
        PathBuf::from,
    )
}

#[test]
#[ignore = "builds for a Mac first"]
fn programs_say_nothing_of_the_machine_that_built_them() {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let clone = clone.canonicalize().unwrap();
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(
        || std::env::home_dir().unwrap().join(".cargo"),
        PathBuf::from,
    );
    for program in PROGRAMS.values() {
        let bytes = fs::read(program).unwrap();
        for folder in [&clone, &cargo, &cache(), &std::env::home_dir().unwrap()] {
            let folder = folder.join("");
            let found = bytes
                .windows(folder.as_os_str().len())
                .position(|window| window == folder.as_os_str().as_encoded_bytes());
            if let Some(at) = found {
                let text = &bytes[at..bytes.len().min(at + 120)];
                panic!(
                    "{} holds {}",
                    program.display(),
                    String::from_utf8_lossy(text)
                );
            }
        }
    }
}

#[test]
#[ignore = "builds for a Mac first"]
fn programs_are_without_debug_data_and_names_of_their_own() {
    for program in PROGRAMS.values() {
        let sections = said(
            Command::new("llvm-objdump")
                .arg("--section-headers")
                .arg(program),
        );
        assert!(sections.contains("__text"), "{sections}");
        assert!(!sections.contains("__debug"), "{sections}");
        let own = said(
            Command::new("llvm-nm")
                .args(["--defined-only", "--debug-syms", "--format=just-symbols"])
                .arg(program),
        );
        let unknown: Vec<&str> = own
            .lines()
            .filter(|name| !BY_THE_PLATFORM.contains(name))
            .filter(|name| !OF_CLASSES.iter().any(|words| name.starts_with(words)))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

/// The bundle is fetched whole: 25 MB at most, one of which is for pictures and licences.
#[test]
#[ignore = "builds for a Mac first"]
fn programs_are_small_enough_for_the_bundle() {
    let sizes = PROGRAMS
        .values()
        .map(|path| fs::metadata(path).unwrap().len());
    let all: u64 = sizes.sum();
    assert!(all < 24_000_000, "{all} bytes");
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

/// What clang itself writes for the one `@catch` there is.
const BY_CLANG: [&str; 2] = ["_OBJC_EHTYPE_id", "___objc_personality_v0"];

/// A symbol is there on a Mac if the published bindings of its library declare it: they were made
/// from Apple's headers, and run on many Macs.
#[test]
#[ignore = "reads the sources of packages that only a Mac's programs need"]
fn promises_are_kept_by_published_bindings() {
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
    let published: Vec<String> = list(&metadata["packages"])
        .iter()
        .filter(|package| needed.contains(&package["id"].to_string()))
        // Our own packages have no source but this clone.
        .filter(|package| !package["source"].is_null())
        .map(|package| Path::new(package["manifest_path"].as_str().unwrap()).to_owned())
        .map(|manifest| sources(manifest.parent().unwrap()))
        .collect();
    let system = fs::read_to_string(system_stub()).unwrap();
    let system = words(&system);
    for (library, symbols) in PROMISED.iter() {
        let name = short(library);
        let links = format!(
            "link(name = \"{}\"",
            name.strip_prefix("lib").unwrap_or(name)
        );
        let bindings: Vec<_> = published
            .iter()
            .filter(|text| text.contains(&links))
            .collect();
        assert!(!bindings.is_empty(), "nothing published links {library}");
        let declared = bindings.iter().flat_map(|text| declared(text));
        let declared: BTreeSet<&str> = declared.collect();
        for symbol in symbols.iter().filter(|symbol| !BY_CLANG.contains(symbol)) {
            // Bindings of a framework may declare what they use of the system too.
            assert!(
                !system.contains(symbol),
                "{symbol} is the system's, not {library}'s"
            );
            let name = symbol.strip_prefix('_').unwrap_or(symbol);
            assert!(
                declared.contains(name),
                "{symbol} of {library} is declared nowhere"
            );
        }
    }
}

/// The bill of what we ship names the crates in Rust's standard library: those of the sources that
/// the Mac's programs are built with.
#[test]
#[ignore = "reads the sources of the standard library"]
fn the_bill_promises_the_crates_that_the_standard_library_locks() {
    let list = include_str!("../../distribution/src/standard-library.txt");
    let mut lines = list.lines().filter(|line| !line.starts_with('#'));
    let release = lines.next().and_then(|line| line.strip_prefix("rust "));
    let release = release.expect("a release comes first");
    // Where the toolchain has sources of its own, the build takes those.
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]));
    let own = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock");
    let place = format!("darwin/rust-{release}/usr/src/rustc-{release}/library/Cargo.lock");
    let lock = fs::read_to_string(own).or_else(|_| fs::read_to_string(cache().join(place)));
    let lock = lock.expect("the sources are there once the programs are checked");
    let mut count = 0;
    for line in lines {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let entry = format!("name = \"{}\"\nversion = \"{}\"\n", words[0], words[1]);
        let (_, rest) = lock.split_once(&entry).unwrap_or_else(|| panic!("{line}"));
        let digest = rest.lines().nth(1).unwrap();
        assert_eq!(digest, format!("checksum = \"{}\"", words[2]), "{line}");
        count += 1;
    }
    assert!(count > 5);
}

/// What code takes from a library: names of functions and variables in `extern` blocks. The same
/// name elsewhere is a method, a wrapper, or a word in a comment.
fn declared(code: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    // How many braces are open since the block began.
    let mut depth = 0_usize;
    for line in code.lines().map(str::trim) {
        if line.starts_with("//") {
            continue;
        }
        let block = line
            .split_once("extern \"C")
            .and_then(|(_, rest)| rest.split_once('"'))
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('{'));
        // Macros of objc2 that become such blocks.
        let macros = ["extern_c! {", "extern_c_unwind! {"];
        let block = block || macros.iter().any(|begin| line.starts_with(begin));
        if depth == 0 && !block {
            continue;
        }
        for word in ["fn ", "static "] {
            let Some((before, rest)) = line.split_once(word) else {
                continue;
            };
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            // `fn` of a type, such as that of an argument, has no name.
            let name = &rest[..end.unwrap_or(rest.len())];
            if !name.is_empty() && !before.contains(':') {
                found.insert(name);
            }
        }
        let count = |brace| line.matches(brace).count();
        depth = (depth + count('{')).saturating_sub(count('}'));
    }
    found
}

#[test]
fn only_extern_blocks_declare() {
    let code = "// extern \"C\" { fn comment(); }\n\
        pub fn wrapper() {\n    extern \"C-unwind\" {\n        fn CFRelease(cf: *const c_void);\n\
        // fn commented(\n    }\n    unsafe { CFRelease(other) }\n}\n\
        unsafe extern \"C\" { pub fn one(f: fn(u8)); }\nfn method(&self) {}\n\
        extern \"C\" fn ours() {\n    fn inner() {}\n}\n\
        unsafe extern \"C\" {\n    pub static NSFontAttributeName: &'static NSString;\n}\n";
    let expected = ["CFRelease", "NSFontAttributeName", "one"];
    assert_eq!(declared(code), expected.into());
}

/// All Rust code below a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &String::from_utf8_lossy(&fs::read(path).unwrap());
            }
        }
    }
    text
}
