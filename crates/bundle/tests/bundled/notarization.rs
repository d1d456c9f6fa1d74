//! Everything before sending an app to Apple, and sending, with a stand-in for Apple's tool.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bundle::notarize::{Handing, Key, Tool, checks, run};
use bundle::sign::Identity;
use bundle::{Expected, entitlements, verify};
use plist::{Dictionary, Value};

use crate::clock::Clock;
use crate::tampering::stride;
use crate::workshop::{CLI, LICENCES, MAIN, TICKET, Workshop, developer, expected};

/// A key as App Store Connect gives them.
pub(crate) fn key(workshop: &Workshop) -> Key {
    let file = workshop.path("AuthKey_2X9R4HXF34.p8");
    let output = Command::new("openssl")
        .args([
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    Key {
        file,
        id: "2X9R4HXF34".into(),
        issuer: "57246542-96fe-1a63-e053-0824d011072a".into(),
    }
}

/// What is wrong, by the names of the checks.
fn wrong(bundle: &Path, key: &Key, expected: &Expected) -> Vec<(&'static str, String)> {
    let all = checks(bundle, key, expected).into_iter();
    all.filter_map(|check| Some((check.what, check.problem?)))
        .collect()
}

/// An app as Apple wants it, and what makes it so here: its own roots.
fn ready(workshop: &Workshop, clock: &Clock, entitlements: &Dictionary) -> (PathBuf, Expected) {
    let (identity, root) = developer("Somebody", "TEAM123456");
    let bundle = workshop.signed_with("ready", &identity, entitlements, Some(&clock.url()));
    let expected = Expected {
        roots: vec![root, clock.root()],
        entitlements: entitlements.clone(),
        ..expected()
    };
    (bundle, expected)
}

#[test]
fn an_app_that_is_ready_passes_every_check() {
    let (workshop, clock) = (Workshop::new(), Clock::new());
    let key = key(&workshop);
    let (bundle, expected) = ready(&workshop, &clock, &entitlements().unwrap());
    assert_eq!(wrong(&bundle, &key, &expected), []);
    let verified = verify(&bundle, &expected).unwrap();
    assert!(verified.programs.values().all(|program| program.has_time));
    // A clock that is not Apple's attests nothing.
    let own = Expected {
        roots: expected.roots[..1].to_vec(),
        ..expected
    };
    let found = wrong(&bundle, &key, &own);
    let without = format!("without time: {CLI}, {MAIN}");
    assert_eq!(
        found,
        [("every signature has its time from Apple", without)]
    );
}

/// The time is part of what no byte of can change.
#[test]
fn a_changed_time_is_found() {
    let (workshop, clock) = (Workshop::new(), Clock::new());
    let (bundle, expected) = ready(&workshop, &clock, &entitlements().unwrap());
    let path = bundle.join(CLI);
    let content = fs::read(&path).unwrap();
    let year = b"20";
    let begin = content
        .windows(4)
        .rposition(|w| w == 0xfade_0cc0_u32.to_be_bytes())
        .unwrap();
    let mut places: Vec<usize> = (begin..content.len() - 18)
        .filter(|at| content[*at] == 0x18 && content[at + 2..].starts_with(year))
        .map(|at| at + 3)
        .collect();
    assert!(!places.is_empty(), "no time in the signature");
    places.extend((begin..content.len()).step_by(stride()));
    let unseen: Vec<usize> = places
        .into_iter()
        .filter(|at| {
            let mut changed = content.clone();
            changed[*at] ^= 1;
            fs::write(&path, changed).unwrap();
            verify(&bundle, &expected).is_ok()
        })
        .map(|at| at - begin)
        .collect();
    assert!(
        unseen.is_empty(),
        "unseen bytes {unseen:?} of the signature"
    );
}

#[test]
fn what_apple_would_refuse_is_found() {
    let (workshop, clock) = (Workshop::new(), Clock::new());
    let key = key(&workshop);
    let names = |bundle: &Path, expected: &Expected| -> Vec<&str> {
        let found = wrong(bundle, &key, expected);
        found.into_iter().map(|(what, _)| what).collect()
    };
    let nobody = workshop.signed("nobody", &Identity::AdHoc);
    let found = names(&nobody, &expected());
    assert_eq!(
        found,
        [
            "signed with a Developer ID",
            "every signature has its time from Apple"
        ]
    );
    let debuggable =
        Dictionary::from_iter([("com.apple.security.get-task-allow", Value::from(true))]);
    let (bundle, expected) = ready(&workshop, &clock, &debuggable);
    assert_eq!(names(&bundle, &expected), ["no program lets a debugger in"]);
    fs::write(bundle.join(LICENCES), "other").unwrap();
    let found = names(&bundle, &expected);
    assert_eq!(
        found,
        ["the app is as it was signed, for the hardened runtime"]
    );
}

#[test]
fn a_key_that_cant_be_used_is_found_and_never_shown() {
    let workshop = Workshop::new();
    let bundle = workshop.signed("nobody", &Identity::AdHoc);
    let good = key(&workshop);
    let text = fs::read_to_string(&good.file).unwrap();
    let body = text.lines().nth(1).unwrap().to_owned();
    let problem = |key: &Key, what: &str| -> String {
        let found = wrong(&bundle, key, &expected());
        let found = found.into_iter().find(|(name, _)| *name == what);
        let problem = found.map_or_else(String::new, |(_, problem)| problem);
        assert!(!problem.contains(&body), "the key is shown");
        problem
    };
    assert_eq!(problem(&good, "the key can sign"), "");
    fs::set_permissions(&good.file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(problem(&good, "the key's file is private").contains("chmod 600"));
    fs::write(&good.file, text.replace(&body, &body[..40])).unwrap();
    assert_ne!(problem(&good, "the key can sign"), "");
    fs::write(&good.file, format!("{text}{text}")).unwrap();
    assert_ne!(problem(&good, "the key can sign"), "");
    let other = Key {
        file: workshop.path("none.p8"),
        id: "short".into(),
        issuer: "nobody".into(),
    };
    for what in [
        "the key can sign",
        "the key's ID",
        "the key's issuer",
        "the key's file is private",
    ] {
        assert_ne!(problem(&other, what), "", "{what}");
    }
}

/// A ticket as it looks from outside: its beginning, and the hash of each program.
fn ticket(bundle: &Path, expected: &Expected) -> Vec<u8> {
    let mut ticket = b"s8ch".to_vec();
    for program in verify(bundle, expected).unwrap().programs.values() {
        ticket.push(2);
        ticket.extend(&program.code_directory_hash);
    }
    ticket
}

/// A stand-in that writes down how it was called, gives this verdict and staples the bundle's
/// ticket.
pub(crate) fn stand_in(workshop: &Workshop, bundle: &Path, name: &str, verdict: &str) -> PathBuf {
    stand_in_for(workshop, bundle, name, verdict, &expected())
}

/// The same, for an app that must be like this.
fn stand_in_for(
    workshop: &Workshop,
    bundle: &Path,
    name: &str,
    verdict: &str,
    expected: &Expected,
) -> PathBuf {
    let path = workshop.path(name);
    let (log, given) = (workshop.path("calls"), workshop.path("ticket"));
    // Of an app that was changed nobody has one.
    let ticket = verify(bundle, expected).map(|_| ticket(bundle, expected));
    fs::write(&given, ticket.unwrap_or_default()).unwrap();
    let script = format!(
        "#!/bin/sh\n\
         echo \"$@\" >> '{}'\n\
         case \"$1 $2\" in\n\
         'notarytool submit') test -s \"$3\" && echo '{{\"id\": \"1\", \"status\": \"{verdict}\"}}' ;;\n\
         'stapler staple') cp '{given}' \"$3/Contents/CodeResources\" ;;\n\
         'encode-app-store-connect-api-key --output-path') : > \"$3\" ;;\n\
         'notary-submit --api-key-file') cp '{given}' \"$5/Contents/CodeResources\" ;;\n\
         esac\n",
        log.display(),
        given = given.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What is said of an app that Apple would take, and what was called.
fn handed(tool: anyhow::Result<Tool>, dry_run: bool, workshop: &Workshop) -> String {
    let clock = Clock::new();
    let key = key(workshop);
    let (bundle, expected) = ready(workshop, &clock, &entitlements().unwrap());
    let tool = tool.map(|_| {
        let program = stand_in_for(workshop, &bundle, "xcrun", "Accepted", &expected);
        Tool::Xcrun(program)
    });
    let mut said = Vec::new();
    let handing = Handing {
        key: &key,
        expected: &expected,
        tool,
        dry_run,
    };
    run(&bundle, handing, &mut said).unwrap();
    assert_eq!(verify(&bundle, &expected).unwrap().stapled, !dry_run);
    String::from_utf8(said).unwrap()
}

#[test]
fn a_dry_run_of_an_app_that_is_ready_sends_nothing() {
    let some = || Ok(Tool::Xcrun("xcrun".into()));
    let workshop = Workshop::new();
    let said = handed(some(), true, &workshop);
    assert_eq!(said.matches("✓ ").count(), 8, "{said}");
    let last = said.lines().last().unwrap();
    assert_eq!(last, "Ready to be sent by notarytool; nothing was sent");
    assert!(!workshop.path("calls").exists());

    let workshop = Workshop::new();
    let said = handed(Err(anyhow::anyhow!("nothing here can")), true, &workshop);
    let last = said.lines().last().unwrap();
    assert_eq!(
        last,
        "Ready to be sent, but not from here: nothing here can"
    );

    // And without `--dry-run` it is sent, and packed with its ticket.
    let workshop = Workshop::new();
    let said = handed(some(), false, &workshop);
    let (zip, what) = said.lines().last().unwrap().rsplit_once(": ").unwrap();
    assert_eq!(what, "notarized");
    assert!(Path::new(zip).is_file(), "{zip}");
    let calls = fs::read_to_string(workshop.path("calls")).unwrap();
    assert_eq!(calls.lines().count(), 2, "{calls}");
}

#[test]
fn an_accepted_app_gets_its_ticket() {
    for name in ["xcrun", "rcodesign"] {
        let workshop = Workshop::new();
        let bundle = workshop.signed("signed", &Identity::AdHoc);
        let key = key(&workshop);
        let program = stand_in(&workshop, &bundle, name, "Accepted");
        let tool = if name == "xcrun" {
            Tool::Xcrun(program)
        } else {
            Tool::Rcodesign(program)
        };
        tool.send(&bundle, &key).unwrap();
        assert!(verify(&bundle, &expected()).unwrap().stapled);
        let calls = fs::read_to_string(workshop.path("calls")).unwrap();
        assert_eq!(calls.lines().count(), 2, "{calls}");
        assert!(calls.contains(key.file.to_str().unwrap()) && calls.contains(&key.id));
        // The key's own text is in no list of processes.
        let text = fs::read_to_string(&key.file).unwrap();
        let secret = text.lines().nth(1).unwrap();
        assert!(!calls.contains(secret));
    }
}

#[test]
fn a_refused_app_stays_as_it_was() {
    let workshop = Workshop::new();
    let bundle = workshop.signed("signed", &Identity::AdHoc);
    let tool = Tool::Xcrun(stand_in(&workshop, &bundle, "xcrun", "Invalid"));
    let error = tool.send(&bundle, &key(&workshop)).unwrap_err();
    assert!(error.to_string().contains("Invalid"), "{error}");
    assert!(!verify(&bundle, &expected()).unwrap().stapled);
    // Apple's reasons were asked for.
    let calls = fs::read_to_string(workshop.path("calls")).unwrap();
    assert!(calls.contains("notarytool log 1"), "{calls}");
}

/// A file in the place of a ticket is none, and neither is the ticket of another app.
#[test]
fn only_a_ticket_for_this_app_is_taken_for_one() {
    let (one, other) = (Workshop::new(), Workshop::new());
    fs::write(&other.parts.cli, crate::program::program(3, 99)).unwrap();
    let (somebody, _) = developer("Somebody", "TEAM123456");
    for identity in [&Identity::AdHoc, &somebody] {
        let name = match identity {
            Identity::AdHoc => "nobody",
            _ => "somebody",
        };
        let (bundle, foreign) = (one.signed(name, identity), other.signed(name, identity));
        let place = bundle.join(TICKET);
        let good = ticket(&bundle, &expected());
        fs::write(&place, &good).unwrap();
        assert!(verify(&bundle, &expected()).unwrap().stapled);
        let foreign = ticket(&foreign, &expected());
        for bad in [b"".as_slice(), b"ticket", &good[1..], &good[..30], &foreign] {
            fs::write(&place, bad).unwrap();
            let found = verify(&bundle, &expected()).unwrap_err();
            assert!(found.iter().all(|fault| fault.path == TICKET), "{found:?}");
        }
        // The very same ticket, elsewhere.
        let aside = one.path("ticket");
        fs::write(&aside, &good).unwrap();
        fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink(&aside, &place).unwrap();
        let found = verify(&bundle, &expected()).unwrap_err();
        assert!(found.iter().all(|fault| fault.path == TICKET), "{found:?}");
    }
}
