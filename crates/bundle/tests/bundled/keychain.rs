//! Signing by a Mac's own tool, with a stand-in that writes down how it was called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bundle::sign::Codesign;
use plist::{Dictionary, Value};

use crate::workshop::{CLI, Workshop};

const NAME: &str = "Developer ID Application: Somebody (TEAM123456)";

/// The stand-in: an argument a line, an empty line after each call, and what the file of
/// entitlements holds. It fails for what is called like this.
fn stand_in(workshop: &Workshop, fails_for: &str) -> Codesign {
    let path = workshop.path("codesign");
    let (calls, given) = (workshop.path("calls"), workshop.path("entitlements"));
    let script = format!(
        "#!/bin/sh\n\
         printf '%s\\n' \"$@\" '' >> '{}'\n\
         before=\n\
         for word in \"$@\"; do\n\
           test \"$before\" = --entitlements && cp \"$word\" '{}'\n\
           before=$word\n\
         done\n\
         case \"$before\" in *'{fails_for}') exit 3 ;; esac\n",
        calls.display(),
        given.display(),
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Codesign::at(path)
}

/// The calls, each with its arguments.
fn calls(workshop: &Workshop) -> Vec<Vec<String>> {
    let text = fs::read_to_string(workshop.path("calls")).unwrap();
    let calls = text.split_terminator("\n\n");
    calls
        .map(|call| call.lines().map(str::to_owned).collect())
        .collect()
}

fn call(identifier: &str, rest: &[&str], path: &Path) -> Vec<String> {
    let words = [
        "--force",
        "--timestamp",
        "--options",
        "runtime",
        "--sign",
        NAME,
        "--identifier",
        identifier,
    ];
    let words = words.iter().chain(rest).map(ToString::to_string);
    words.chain([path.to_str().unwrap().to_owned()]).collect()
}

#[test]
fn programs_are_signed_from_the_inside_out_for_the_hardened_runtime_with_a_time() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let codesign = stand_in(&workshop, "nothing");
    codesign.sign(&bundle, NAME, &Dictionary::new()).unwrap();
    let expected = [
        call("dev.apple-k8s.app.apple-k8s", &[], &bundle.join(CLI)),
        call("dev.apple-k8s.app", &[], &bundle),
    ];
    assert_eq!(calls(&workshop), expected);
}

#[test]
fn entitlements_are_for_the_main_program_alone() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let codesign = stand_in(&workshop, "nothing");
    let entitlements = Dictionary::from_iter([(
        "com.apple.security.automation.apple-events",
        Value::from(true),
    )]);
    codesign.sign(&bundle, NAME, &entitlements).unwrap();
    let [nested, whole] = &calls(&workshop)[..] else {
        panic!("{:?}", calls(&workshop))
    };
    let expected = call("dev.apple-k8s.app.apple-k8s", &[], &bundle.join(CLI));
    assert_eq!(nested, &expected);
    let at = whole.iter().position(|word| word == "--entitlements");
    let file = &whole[at.unwrap() + 1];
    let expected = call("dev.apple-k8s.app", &["--entitlements", file], &bundle);
    assert_eq!(whole, &expected);
    // They were in the file, which is gone.
    let given: Dictionary = plist::from_file(workshop.path("entitlements")).unwrap();
    assert_eq!(given, entitlements);
    assert!(!Path::new(file).exists());
}

#[test]
fn a_program_that_cant_be_signed_ends_it() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("made");
    let codesign = stand_in(&workshop, "MacOS/apple-k8s");
    let error = codesign.sign(&bundle, NAME, &Dictionary::new());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("codesign failed") && error.contains('3'),
        "{error}"
    );
    assert_eq!(calls(&workshop).len(), 1);
    let none = Codesign::at(workshop.path("none"));
    assert!(none.sign(&bundle, NAME, &Dictionary::new()).is_err());
}
