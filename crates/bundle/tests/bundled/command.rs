//! The program `bundle`, as `xtask` runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use bundle::notarize::Key;
use bundle::sign::Identity;

use crate::notarization::{key, stand_in};
use crate::workshop::{LICENCES, Workshop, files};

fn bundle(words: &[&str], paths: &[(&str, &Path)]) -> Output {
    command(words, paths).output().unwrap()
}

fn command(words: &[&str], paths: &[(&str, &Path)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bundle"));
    command.args(words).env("SOURCE_DATE_EPOCH", "1750000000");
    for (option, path) in paths {
        if !option.is_empty() {
            command.arg(option);
        }
        command.arg(path);
    }
    // Whoever runs the tests may have an identity of their own.
    for name in [
        "APPLE_CERTIFICATE",
        "APPLE_CERTIFICATE_PATH",
        "APPLE_SIGNING_IDENTITY",
        "APPLE_API_KEY_PATH",
        "APPLE_API_KEY",
        "APPLE_API_ISSUER",
    ] {
        command.env_remove(name);
    }
    command
}

fn make(workshop: &Workshop, out: &Path) -> Output {
    let parts = &workshop.parts;
    bundle(
        &["make"],
        &[
            ("--app", &parts.app),
            ("--cli", &parts.cli),
            ("--host-cli", &parts.host_cli),
            ("--licences", &parts.licences[0]),
            ("--out", out),
        ],
    )
}

#[test]
fn an_app_is_made_read_back_and_found_out() {
    let workshop = Workshop::new();
    let out = workshop.path("out");
    let made = make(&workshop, &out);
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success(), "{made:?}");
    assert!(said.contains("signed by nobody (ad hoc)"), "{said}");
    assert!(said.contains(" MB of less than 25.0 MB"), "{said}");
    let version = env!("CARGO_PKG_VERSION");
    let zip = out.join(format!("apple-k8s-{version}-arm64.zip"));
    let first = fs::read(&zip).unwrap();

    // Again: the same, in the place of what was there.
    assert!(make(&workshop, &out).status.success());
    assert!(first == fs::read(&zip).unwrap());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);

    let app = out.join(bundle::app::APP);
    let verified = bundle(&["verify"], &[("", &app)]);
    assert!(verified.status.success(), "{verified:?}");
    fs::write(app.join(LICENCES), "changed").unwrap();
    let found = bundle(&["verify"], &[("", &app)]);
    assert_eq!(found.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&found.stderr);
    assert!(errors.contains(&format!("{LICENCES}: changed")), "{errors}");
}

#[test]
fn what_cant_be_made_leaves_the_old_app_alone() {
    let mut workshop = Workshop::new();
    let out = workshop.path("out");
    assert!(make(&workshop, &out).status.success());
    workshop.parts.cli = workshop.path("missing");
    let failed = make(&workshop, &out);
    assert_eq!(failed.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&failed.stderr);
    assert!(errors.contains("missing"), "{errors}");
    let app = out.join(bundle::app::APP);
    assert!(bundle(&["verify"], &[("", &app)]).status.success());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn an_app_that_is_too_large_is_neither_made_nor_passed() {
    let workshop = Workshop::new();
    let out = workshop.path("out");
    let licences = &workshop.parts.licences[0];
    let large = fs::File::create(licences).unwrap();
    large.set_len(bundle::size::LIMIT).unwrap();
    let failed = make(&workshop, &out);
    assert_eq!(failed.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&failed.stderr);
    assert!(errors.contains("the app is too large"), "{errors}");
    assert!(errors.contains(LICENCES), "{errors}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);

    // Signed all the same, and sound but for its size.
    let app = workshop.signed("large", &Identity::AdHoc);
    let found = bundle(&["verify"], &[("", &app)]);
    assert_eq!(found.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&found.stderr);
    assert!(errors.contains("the app is too large"), "{errors}");
}

/// A dry run with these variables for the key, where everything that could send writes down that it
/// was called; the app must be as it was before.
fn dry_run(workshop: &Workshop, app: &Path, key: &[(&str, &std::ffi::OsStr)]) -> Output {
    let before = files(app);
    for name in ["xcrun", "rcodesign"] {
        stand_in(workshop, app, name, "Accepted");
    }
    let mut path = vec![workshop.path("")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut command = command(&["notarize", "--dry-run"], &[("", app)]);
    command.env("PATH", std::env::join_paths(path).unwrap());
    let output = command.envs(key.iter().copied()).output().unwrap();
    assert!(!workshop.path("calls").exists(), "something was sent");
    assert!(before == files(app), "the app was changed");
    output
}

fn variables(key: &Key) -> [(&'static str, &std::ffi::OsStr); 3] {
    [
        ("APPLE_API_KEY_PATH", key.file.as_os_str()),
        ("APPLE_API_KEY", key.id.as_ref()),
        ("APPLE_API_ISSUER", key.issuer.as_ref()),
    ]
}

#[test]
fn a_dry_run_takes_the_key_from_the_environment_and_says_what_is_wrong_with_the_app() {
    let workshop = Workshop::new();
    let key = key(&workshop);
    let app = workshop.signed("nobody", &Identity::AdHoc);
    let found = dry_run(&workshop, &app, &variables(&key));
    let said = String::from_utf8_lossy(&found.stdout);
    let lines: Vec<&str> = said.lines().collect();
    // By nobody: that is for others, and Apple gives no ticket for it.
    let expected = [
        "✓ the key's file is private",
        "✓ the key can sign",
        "✓ the key's ID",
        "✓ the key's issuer",
        "✓ the app is as it was signed, for the hardened runtime",
        "✗ signed with a Developer ID: it is signed ad hoc",
        "✗ every signature has its time from Apple: without time: Contents/MacOS/apple-k8s, \
         Contents/MacOS/apple-k8s-app",
        "✓ no program lets a debugger in",
    ];
    assert_eq!(lines, expected);
    assert_eq!(found.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&found.stderr);
    assert!(errors.contains("2 checks failed"), "{errors}");

    fs::write(app.join(LICENCES), "changed").unwrap();
    let found = dry_run(&workshop, &app, &variables(&key));
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(said.contains(&format!("{LICENCES}: changed")), "{said}");
    assert_eq!(found.status.code(), Some(1));
}

#[test]
fn a_dry_run_without_a_whole_key_names_what_is_missing() {
    let workshop = Workshop::new();
    let key = key(&workshop);
    let app = workshop.signed("nobody", &Identity::AdHoc);
    let all = variables(&key);
    for missing in 0..all.len() {
        let (name, _) = all[missing];
        let mut without = all.to_vec();
        without.remove(missing);
        // Set to nothing is not set either.
        let mut empty = all;
        empty[missing].1 = "".as_ref();
        for given in [&without[..], &empty[..]] {
            let found = dry_run(&workshop, &app, given);
            assert_eq!(found.status.code(), Some(1), "{found:?}");
            assert!(found.stdout.is_empty(), "{found:?}");
            let errors = String::from_utf8_lossy(&found.stderr);
            assert!(errors.contains(&format!("{name} is not set")), "{errors}");
        }
    }
}

#[test]
fn a_dry_run_refuses_a_key_that_cant_be_used_and_never_shows_it() {
    let workshop = Workshop::new();
    let good = key(&workshop);
    let app = workshop.signed("nobody", &Identity::AdHoc);
    let text = fs::read_to_string(&good.file).unwrap();
    let secret = text.lines().nth(1).unwrap();
    let broken = workshop.path("broken.p8");
    fs::write(&broken, text.replace(secret, &secret[..40])).unwrap();
    let other = Key {
        file: broken,
        id: "short".into(),
        issuer: "nobody".into(),
    };
    let found = dry_run(&workshop, &app, &variables(&other));
    assert_eq!(found.status.code(), Some(1));
    let said = String::from_utf8_lossy(&found.stdout);
    for what in [
        "✗ the key's file is private: others can read it: chmod 600 ",
        "✗ the key can sign: ",
        "✗ the key's ID: \"short\" is not ten capitals and digits",
        "✗ the key's issuer: \"nobody\" is no UUID",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert!(!said.contains(&secret[..20]) && found.stderr.len() < 200);
}
