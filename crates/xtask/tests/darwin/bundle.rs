//! The bundle of the real programs: made, read back, and changed byte by byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::{APP, CLI, PROGRAMS, debug_data, load_commands, of_this_machine};

/// What a bundle is less than, without the node image.
const LIMIT: u64 = 25_000_000;

/// The bundle, made once: signed by nobody, in a folder of its own.
static BUNDLE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    assert!(PROGRAMS.len() > 1, "they are built first");
    let folder = tempfile::tempdir().unwrap();
    let made = xtask(&["bundle", "--out"], folder.path());
    assert!(made.status.success(), "{}", errors(&made));
    let app = folder.path().join("apple-k8s.app");
    (folder, app)
});

/// A task with a path as its last word, by somebody who has no keys.
fn xtask(words: &[&str], path: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    for name in [
        "APPLE_CERTIFICATE",
        "APPLE_CERTIFICATE_PATH",
        "APPLE_SIGNING_IDENTITY",
    ] {
        command.env_remove(name);
    }
    command.args(words).arg(path).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The files of a folder, by their paths in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The fields of the command that says where a program's signature is.
fn signature(program: &Path) -> (usize, usize) {
    let commands = load_commands(program);
    let mut commands = commands.iter();
    let found = commands.find(|command| command["cmd"] == "LC_CODE_SIGNATURE");
    let found = found.expect("a signature");
    let number = |name: &str| found[name].parse().expect("a number");
    (number("dataoff"), number("datasize"))
}

#[test]
#[ignore = "builds for a Mac first"]
fn the_bundle_holds_the_programs_as_they_were_linked() {
    let (_, app) = &*BUNDLE;
    for (name, linked) in PROGRAMS.iter() {
        let bundled = app.join("Contents/MacOS").join(name);
        let (begin, length) = signature(&bundled);
        // The signature, which is the last thing in it, is another one than the linker's.
        assert_eq!(signature(linked).0, begin, "{name}");
        assert_ne!(signature(linked).1, length, "{name}");
        let (bundled, linked) = (fs::read(&bundled).unwrap(), fs::read(linked).unwrap());
        assert_eq!(bundled.len(), begin + length, "{name}");
        // As its commands say, which come first.
        let commands = 0x4000;
        assert!(
            bundled[commands..begin] == linked[commands..begin],
            "{name}"
        );
    }
}

#[test]
#[ignore = "builds for a Mac first"]
fn the_bundle_is_small_and_says_nothing_of_the_machine_that_made_it() {
    let (_, app) = &*BUNDLE;
    let mut size = 0;
    for name in files(app) {
        let bytes = fs::read(app.join(&name)).unwrap();
        size += u64::try_from(bytes.len()).unwrap();
        assert_eq!(of_this_machine(&bytes), None, "{name}");
    }
    assert!(size < LIMIT, "{size} bytes");
    for name in [APP, CLI] {
        let program = app.join("Contents/MacOS").join(name);
        assert_eq!(debug_data(&program), [] as [String; 0], "{name}");
    }
    eprintln!("the bundle has {size} bytes");
}

#[test]
#[ignore = "builds for a Mac first"]
fn a_changed_byte_of_the_bundle_is_found_wherever_it_is() {
    let (_, app) = &*BUNDLE;
    let verify = || xtask(&["verify-bundle"], app);
    let sound = verify();
    assert!(sound.status.success(), "{}", errors(&sound));
    let mut places = Vec::new();
    for name in [APP, CLI] {
        let path = format!("Contents/MacOS/{name}");
        let (begin, length) = signature(&app.join(&path));
        // Its header, its code, its last data, and the beginning, the hashes and the end of its
        // signature.
        let at = [
            0x18,
            begin / 2,
            begin - 1,
            begin,
            begin + length / 2,
            begin + length - 1,
        ];
        places.extend(at.map(|at| (path.clone(), at)));
    }
    let length = |name: &str| fs::read(app.join(name)).unwrap().len();
    for name in files(app) {
        if !name.starts_with("Contents/MacOS/") {
            let at = length(&name) / 2;
            places.push((name, at));
        }
    }
    // Each kind of file is among them.
    for name in [
        "Info.plist",
        "CodeResources",
        ".icns",
        "LICENCES.txt",
        ".fish",
    ] {
        assert!(
            places.iter().any(|(path, _)| path.ends_with(name)),
            "{name}"
        );
    }
    for (name, at) in &places {
        let path = app.join(name);
        let content = fs::read(&path).unwrap();
        let mut changed = content.clone();
        changed[*at] ^= 1;
        fs::write(&path, changed).unwrap();
        let found = verify();
        fs::write(&path, content).unwrap();
        let why = errors(&found);
        assert_eq!(found.status.code(), Some(1), "{name} at {at}: {why}");
        assert!(why.contains(name.as_str()), "{name} at {at}: {why}");
    }
    let sound = verify();
    assert!(sound.status.success(), "{}", errors(&sound));
    eprintln!("{} changes were found", places.len());
}
