//! The programs by themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::symbols::{PROMISED, SYSTEM, short, system_stub, words};
use crate::{APP, CLI, PROGRAMS, debug_data, load_commands, of_this_machine, said};

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

#[test]
#[ignore = "builds for a Mac first"]
fn programs_say_nothing_of_the_machine_that_built_them() {
    for program in PROGRAMS.values() {
        let found = of_this_machine(&fs::read(program).unwrap());
        assert_eq!(found, None, "{}", program.display());
    }
}

#[test]
#[ignore = "builds for a Mac first"]
fn programs_are_without_debug_data_and_names_of_their_own() {
    for program in PROGRAMS.values() {
        assert_eq!(debug_data(program), [] as [String; 0]);
    }
}

/// What Tauri writes for each command is read again by the next build. Were more there, the program
/// would depend on what its clone was before.
#[test]
#[ignore = "builds for a Mac first"]
fn the_app_has_permissions_for_its_commands_and_no_others() {
    assert!(PROGRAMS.contains_key(APP));
    let commands = include_str!("../../../../src-tauri/commands.in");
    let commands = commands.split('"').skip(1).step_by(2).map(str::to_owned);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src-tauri/permissions");
    let written = fs::read_dir(folder.join("autogenerated")).unwrap();
    let written = written.map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let (commands, written): (BTreeSet<_>, BTreeSet<_>) = (commands.collect(), written.collect());
    assert!(commands.len() > 10);
    assert_eq!(written, commands);
}
