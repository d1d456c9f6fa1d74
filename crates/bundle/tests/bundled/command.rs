//! The program `bundle`, as `xtask` runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use bundle::sign::Identity;

use crate::workshop::{LICENCES, Workshop};

fn bundle(words: &[&str], paths: &[(&str, &Path)]) -> Output {
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
    ] {
        command.env_remove(name);
    }
    command.output().unwrap()
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
    assert!(said.contains(" MB of at most 25.0 MB"), "{said}");
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
    large.set_len(bundle::size::LARGEST).unwrap();
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
