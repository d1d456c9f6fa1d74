//! Signatures of every kind, read back by us and by others.

use std::fs;
use std::path::Path;
use std::process::Command;

use bundle::sign::Identity;
use bundle::{Expected, Signer, verify};
use plist::{Dictionary, Value};

use crate::contents::python;
use crate::program::{program, program_with};
use crate::workshop::{CLI, MAIN, Workshop, developer, expected, files};

#[test]
fn signed_by_nobody() {
    let workshop = Workshop::new();
    let bundle = workshop.signed("signed", &Identity::AdHoc);
    let verified = verify(&bundle, &expected()).unwrap();
    assert_eq!(verified.signer, Signer::Nobody);
    assert_eq!(verified.identifier, "dev.apple-k8s.app");
    assert!(!verified.stapled);
    let identifiers: Vec<(&str, &str)> = verified
        .programs
        .iter()
        .map(|(path, program)| (path.as_str(), program.identifier.as_str()))
        .collect();
    assert_eq!(
        identifiers,
        [
            (CLI, "dev.apple-k8s.app.apple-k8s"),
            (MAIN, "dev.apple-k8s.app")
        ]
    );
    // Nobody's signature is the same for the same app.
    let other = Workshop::new();
    let again = other.signed("again", &Identity::AdHoc);
    assert!(files(&bundle) == files(&again));
}

#[test]
fn signing_anew_replaces_the_signature() {
    let workshop = Workshop::new();
    let bundle = workshop.signed("signed", &Identity::AdHoc);
    let before = files(&bundle);
    let mut relinked = Workshop::new();
    // Linkers sign too; that signature goes.
    relinked.parts.app = bundle.join(MAIN);
    relinked.parts.cli = bundle.join(CLI);
    let after = relinked.signed("signed", &Identity::AdHoc);
    verify(&after, &expected()).unwrap();
    assert!(before == files(&after));
}

#[test]
fn signed_by_somebody() {
    let workshop = Workshop::new();
    let (identity, certificate) = developer("Somebody", "TEAM123456");
    let bundle = workshop.signed("signed", &identity);
    let verified = verify(&bundle, &expected()).unwrap();
    let signer = Signer::Holder {
        name: "Developer ID Application: Somebody (TEAM123456)".into(),
        team: Some("TEAM123456".into()),
        certificate,
        by_apple: false,
        is_developer_id: true,
    };
    assert_eq!(verified.signer, signer);
    for (path, program) in &verified.programs {
        let wanted = format!("identifier \"{}\" and certificate ", program.identifier);
        assert!(
            program.requirement.starts_with(&wanted),
            "{path}: {}",
            program.requirement
        );
        assert!(!program.has_time);
    }
}

/// A team is one to which Apple gave a certificate; anybody can write a team into their own.
#[test]
fn a_team_must_have_a_certificate_from_apple() {
    let workshop = Workshop::new();
    let (identity, root) = developer("Somebody", "TEAM123456");
    let bundle = workshop.signed("signed", &identity);
    let look = |team: &str, roots: Vec<[u8; 32]>| {
        let team = Some(team.to_owned());
        verify(
            &bundle,
            &Expected {
                team,
                roots,
                ..expected()
            },
        )
    };
    let faults = look("TEAM123456", Vec::new()).unwrap_err();
    assert!(
        faults
            .iter()
            .all(|fault| fault.what.contains("not signed by the team TEAM123456"))
    );
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(look("TEAM123456", vec![root]).is_ok());
    assert!(look("OTHER12345", vec![root]).is_err());
    let nobody = workshop.signed("nobody", &Identity::AdHoc);
    let team = Some("TEAM123456".to_owned());
    assert!(verify(&nobody, &Expected { team, ..expected() }).is_err());
}

#[test]
fn entitlements_are_those_that_are_expected() {
    let workshop = Workshop::new();
    let entitlements = Dictionary::from_iter([
        (
            "com.apple.security.automation.apple-events",
            Value::from(true),
        ),
        (
            "dev.apple-k8s.list",
            Value::Array(vec!["a".into(), "b".into()]),
        ),
    ]);
    let bundle = workshop.signed_with("signed", &Identity::AdHoc, &entitlements, None);
    let expected = Expected {
        entitlements: entitlements.clone(),
        ..Expected::default()
    };
    let verified = verify(&bundle, &expected).unwrap();
    assert_eq!(verified.programs[MAIN].entitlements, entitlements);
    assert_eq!(verified.programs[CLI].entitlements, Dictionary::new());
    let faults = verify(&bundle, &crate::workshop::expected()).unwrap_err();
    assert_eq!(faults[0].path, MAIN);
    assert!(faults[0].what.contains("entitlements"), "{faults:?}");
    // Read by others: Python takes the property list out of the signature.
    let found = python(
        "import json, plistlib, sys\n\
         data = open(sys.argv[1], 'rb').read()\n\
         at = data.rindex(bytes.fromhex('fade7171'))\n\
         length = int.from_bytes(data[at + 4:at + 8], 'big')\n\
         print(json.dumps(plistlib.loads(data[at + 8:at + length])))",
        &[&bundle.join(MAIN)],
    );
    assert_eq!(
        found,
        serde_json::json!({
            "com.apple.security.automation.apple-events": true,
            "dev.apple-k8s.list": ["a", "b"],
        })
    );
}

#[test]
fn python_reads_the_committed_entitlements() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src-tauri/entitlements.plist");
    let found = python(
        "import json, plistlib, sys\nprint(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))",
        &[&file],
    );
    assert_eq!(found, serde_json::json!({}));
    assert_eq!(bundle::entitlements().unwrap(), Dictionary::new());
}

/// LLVM's reader of programs sees a signature to the end of the file, and nothing lost on the way.
#[test]
fn llvm_reads_the_signed_programs() {
    let workshop = Workshop::new();
    let (identity, _) = developer("Somebody", "TEAM123456");
    let bundle = workshop.signed("signed", &identity);
    for name in [MAIN, CLI] {
        let path = bundle.join(name);
        let output = Command::new("llvm-objdump")
            .args(["--macho", "--private-headers"])
            .arg(&path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
        let words: Vec<&str> = text.split_whitespace().collect();
        let value = |after: &[&str], name: &str| -> String {
            let begin = words
                .windows(after.len())
                .position(|found| found == after)
                .unwrap();
            let at = words[begin..]
                .iter()
                .position(|word| *word == name)
                .unwrap();
            words[begin + at + 1].to_owned()
        };
        assert!(text.contains("ARM64"), "{text}");
        assert_eq!(value(&["LC_BUILD_VERSION"], "minos"), "26.0");
        let number = |name| value(&["LC_CODE_SIGNATURE"], name).parse::<u64>().unwrap();
        let end = number("dataoff") + number("datasize");
        assert_eq!(end, fs::metadata(&path).unwrap().len());
        assert!(words.contains(&"/usr/lib/libSystem.B.dylib"));
    }
}

/// OpenSSL accepts the signature of the code directory, and no other.
#[test]
fn openssl_accepts_who_signed() {
    let workshop = Workshop::new();
    let (identity, _) = developer("Somebody", "TEAM123456");
    let bundle = workshop.signed("signed", &identity);
    let program = fs::read(bundle.join(MAIN)).unwrap();
    let blob = |magic: u32| {
        let magic = magic.to_be_bytes();
        let at = program
            .windows(4)
            .rposition(|window| window == magic)
            .unwrap();
        let length = u32::from_be_bytes(program[at + 4..at + 8].try_into().unwrap());
        program[at..at + length as usize].to_vec()
    };
    let (directory, cms) = (workshop.path("directory"), workshop.path("cms"));
    fs::write(&cms, &blob(0xfade_0b01)[8..]).unwrap();
    let mut content = blob(0xfade_0c02);
    let accepts = |content: &[u8]| {
        fs::write(&directory, content).unwrap();
        // Whose certificate it is, is not OpenSSL's question here.
        let output = Command::new("openssl")
            .args([
                "cms",
                "-verify",
                "-binary",
                "-inform",
                "DER",
                "-noverify",
                "-in",
            ])
            .arg(&cms)
            .arg("-content")
            .arg(&directory)
            .output()
            .unwrap();
        output.status.success()
    };
    assert!(accepts(&content));
    content[100] ^= 1;
    assert!(!accepts(&content));
}

#[test]
fn a_program_that_does_not_fit_the_bundle_is_found() {
    let appkit = "/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit";
    for (program, what) in [
        (program_with(3, 2, 0x1b_0000, appkit), "needs macOS 27.0"),
        (
            program_with(3, 2, 0x1a_0000, "/opt/homebrew/lib/libssl.dylib"),
            "loads /opt/homebrew/lib/libssl.dylib",
        ),
    ] {
        let workshop = Workshop::new();
        fs::write(&workshop.parts.cli, program).unwrap();
        let bundle = workshop.signed("signed", &Identity::AdHoc);
        let faults = verify(&bundle, &expected()).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].path, CLI);
        assert!(faults[0].what.starts_with(what), "{faults:?}");
    }
}

/// A program that only its linker signed, as every unsigned bundle has.
#[test]
fn an_unsigned_app_is_refused() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("unsigned");
    let faults = verify(&bundle, &expected()).unwrap_err();
    assert!(
        faults.iter().any(|fault| fault.what == "missing"),
        "{faults:?}"
    );
}

/// Another app of the same signer is not this one.
#[test]
fn who_signed_is_told_apart() {
    let (one, other) = (Workshop::new(), Workshop::new());
    fs::write(&other.parts.cli, program(3, 77)).unwrap();
    let hash = |workshop: &Workshop| {
        let bundle = workshop.signed("signed", &Identity::AdHoc);
        verify(&bundle, &expected()).unwrap().programs[CLI]
            .code_directory_hash
            .clone()
    };
    assert_ne!(hash(&one), hash(&other));
}
