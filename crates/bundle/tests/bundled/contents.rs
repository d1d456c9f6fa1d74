//! What is in an app, read by others: Python's plistlib and zipfile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use bundle::{app, archive};

use crate::workshop::{CLI, INFORMATION, LICENCES, MAIN, Workshop, files, names, time};

/// What a Python program prints, given these arguments.
pub(crate) fn python(program: &str, arguments: &[&Path]) -> serde_json::Value {
    let output = Command::new("python3")
        .args(["-c", program])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_file_has_its_place() {
    let expected = [
        INFORMATION,
        CLI,
        MAIN,
        "Contents/PkgInfo",
        "Contents/Resources/apple-k8s.icns",
        "Contents/Resources/completions/bash/apple-k8s",
        "Contents/Resources/completions/fish/apple-k8s.fish",
        "Contents/Resources/completions/zsh/_apple-k8s",
        LICENCES,
    ];
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let found: BTreeSet<String> = names(&bundle).into_iter().collect();
    assert_eq!(found, expected.map(str::to_owned).into());
    for (name, (mode, modified, _)) in files(&bundle) {
        let program = name == MAIN || name == CLI || bundle.join(&name).is_dir();
        let mode = mode & 0o777;
        assert_eq!(mode, if program { 0o755 } else { 0o644 }, "{name}");
        assert_eq!(modified, time(), "{name}");
    }
    let zsh = bundle.join("Contents/Resources/completions/zsh/_apple-k8s");
    assert_eq!(fs::read_to_string(zsh).unwrap(), "completes for zsh\n");
}

#[test]
fn the_same_parts_make_the_same_bytes() {
    let (one, other) = (Workshop::new(), Workshop::new());
    let (first, second) = (one.assembled("a"), other.assembled("b"));
    assert_eq!(files(&first), files(&second));
    archive::write(&first, &one.path("app.zip")).unwrap();
    archive::write(&second, &other.path("app.zip")).unwrap();
    let bytes = |workshop: &Workshop| fs::read(workshop.path("app.zip")).unwrap();
    assert!(bytes(&one) == bytes(&other));
}

#[test]
fn python_reads_the_property_list() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let list = python(
        "import json, plistlib, sys\nprint(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))",
        &[&bundle.join(INFORMATION)],
    );
    let version = env!("CARGO_PKG_VERSION");
    for (key, value) in [
        ("CFBundleIdentifier", serde_json::json!("dev.apple-k8s.app")),
        ("CFBundleExecutable", "apple-k8s-app".into()),
        ("CFBundleName", "apple-k8s".into()),
        ("CFBundlePackageType", "APPL".into()),
        ("CFBundleShortVersionString", version.into()),
        ("CFBundleVersion", version.into()),
        ("LSMinimumSystemVersion", "26.0".into()),
        ("LSUIElement", true.into()),
        ("NSHighResolutionCapable", true.into()),
        (
            "LSApplicationCategoryType",
            "public.app-category.developer-tools".into(),
        ),
    ] {
        assert_eq!(list[key], value, "{key}");
    }
    let icon = list["CFBundleIconFile"].as_str().unwrap();
    let icon = bundle.join(format!("Contents/Resources/{icon}.icns"));
    assert_eq!(fs::read(icon).unwrap()[..4], *b"icns");
    // Nothing else that the app does may make macOS ask the user.
    let keys = list.as_object().unwrap().keys();
    let asked: Vec<&String> = keys
        .filter(|key| key.ends_with("UsageDescription"))
        .collect();
    assert_eq!(asked, ["NSLocalNetworkUsageDescription"]);
}

/// What Finder offers the app for: types that macOS knows, or that the app says what they are.
/// Nothing is opened with it unasked.
#[test]
fn it_is_offered_for_files_that_it_takes_and_takes_none_away_from_others() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let list = python(
        "import json, plistlib, sys\nprint(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))",
        &[&bundle.join(INFORMATION)],
    );
    let entries = |key: &str| list[key].as_array().unwrap().clone();
    let mut offered: Vec<(String, String)> = Vec::new();
    for document in entries("CFBundleDocumentTypes") {
        assert_eq!(document["LSHandlerRank"], "Alternate");
        for name in document["LSItemContentTypes"].as_array().unwrap() {
            let role = document["CFBundleTypeRole"].as_str().unwrap();
            offered.push((name.as_str().unwrap().into(), role.into()));
        }
    }
    let pair = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(
        offered,
        [
            pair("public.yaml", "Editor"),
            pair("public.tar-archive", "Viewer"),
            pair("org.gnu.gnu-zip-archive", "Viewer"),
            pair("org.gnu.gnu-zip-tar-archive", "Viewer"),
            pair("com.facebook.zstandard-archive", "Viewer"),
        ]
    );
    // The one that macOS does not know.
    let declared = entries("UTImportedTypeDeclarations");
    let [zstd] = &declared[..] else {
        panic!("{declared:?}")
    };
    assert_eq!(zstd["UTTypeIdentifier"], "com.facebook.zstandard-archive");
    let tags = &zstd["UTTypeTagSpecification"]["public.filename-extension"];
    assert_eq!(*tags, serde_json::json!(["zst"]));
}

#[test]
fn python_unpacks_the_archive_as_it_was() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    std::os::unix::fs::symlink("apple-k8s.icns", bundle.join("Contents/Resources/link")).unwrap();
    let zip = workshop.path("app.zip");
    archive::write(&bundle, &zip).unwrap();
    let entries = python(
        "import hashlib, json, sys, zipfile\n\
         archive = zipfile.ZipFile(sys.argv[1])\n\
         assert archive.testzip() is None\n\
         print(json.dumps([[i.filename, i.external_attr >> 16, list(i.date_time),\n\
           hashlib.sha256(archive.read(i)).hexdigest()] for i in archive.infolist()]))",
        &[&zip],
    );
    let entries: Vec<(String, u32, [u32; 6], String)> = serde_json::from_value(entries).unwrap();
    // Each once, a folder before what is in it, and in the order of names, whatever order the disk
    // has: those of the folders' parts, not of the whole text.
    let found: Vec<&str> = entries
        .iter()
        .map(|(name, ..)| name.as_str().trim_end_matches('/'))
        .collect();
    let all = files(&bundle);
    let names = all.keys().map(|name| format!("{}/{name}", app::APP));
    let mut expected: Vec<String> = names.chain([app::APP.to_owned()]).collect();
    expected.sort_by_key(|name| name.split('/').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(found, expected);
    for (name, mode, date, hash) in entries {
        // In UTC, and zip's seconds are even.
        assert_eq!(date, [2025, 6, 15, 15, 6, 40], "{name}");
        let inner = name.trim_end_matches('/').strip_prefix(app::APP).unwrap();
        let Some(inner) = inner.strip_prefix('/') else {
            continue;
        };
        if inner.ends_with("/link") {
            assert_eq!(mode & 0o170_000, 0o120_000, "{name} is a link");
            assert_eq!(hash, sha256(b"apple-k8s.icns"), "to where {name} leads");
            continue;
        }
        assert_ne!(mode & 0o170_000, 0o120_000, "{name} is no link");
        let (expected, _, content) = &all[inner];
        assert_eq!(mode & 0o777, expected & 0o777, "{name}");
        assert_eq!(hash, sha256(content), "{name}");
    }
}

fn sha256(content: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    let digest = digest.as_ref().iter();
    digest.fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn what_is_no_program_for_a_mac_is_refused() {
    let mut workshop = Workshop::new();
    workshop.parts.cli = std::env::current_exe().unwrap();
    let bundle = workshop.path("refused.app");
    let error = app::assemble(&workshop.parts, &bundle, time()).unwrap_err();
    assert!(
        format!("{error:#}").contains("no program for a Mac"),
        "{error:#}"
    );
    assert!(!bundle.exists());
}

/// The real command line's completions call it by its name, wherever it is.
#[test]
fn completions_are_those_of_the_real_command_line() {
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(2).unwrap();
    let mut workshop = Workshop::new();
    workshop.parts.host_cli = folder.join("apple-k8s");
    assert!(workshop.parts.host_cli.is_file(), "run `make build` first");
    let bundle = workshop.assembled("made");
    for place in ["bash/apple-k8s", "zsh/_apple-k8s", "fish/apple-k8s.fish"] {
        let path = bundle.join("Contents/Resources/completions").join(place);
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("APPLE_K8S_COMPLETE"), "{text}");
        assert!(!text.contains(folder.to_str().unwrap()), "{text}");
    }
}
