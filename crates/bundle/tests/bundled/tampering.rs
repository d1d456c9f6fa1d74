//! Any change of a signed app is found, at the file that was changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bundle::sign::Identity;
use bundle::{Fault, verify};
use proptest::prelude::*;

use crate::workshop::{
    CLI, INFORMATION, LICENCES, MAIN, TICKET, Workshop, developer, expected, names,
};

/// What is found after a change.
fn faults(bundle: &Path) -> Vec<Fault> {
    verify(bundle, &expected()).err().unwrap_or_default()
}

/// Apps signed by nobody and by somebody: what covers what differs.
fn both(test: impl Fn(&Path)) {
    let workshop = Workshop::new();
    let (somebody, _) = developer("Somebody", "TEAM123456");
    for (name, identity) in [("nobody", Identity::AdHoc), ("somebody", somebody)] {
        let bundle = workshop.signed(name, &identity);
        assert_eq!(faults(&bundle), [], "{name}");
        test(&bundle);
        assert_eq!(
            faults(&bundle),
            [],
            "{name}: the test left something behind"
        );
    }
}

/// Changes one byte of a file for the time of a look at the app.
fn with_byte(bundle: &Path, name: &str, at: usize, mask: u8) -> Vec<Fault> {
    let path = bundle.join(name);
    let content = fs::read(&path).unwrap();
    let mut changed = content.clone();
    changed[at] ^= mask;
    fs::write(&path, changed).unwrap();
    let found = faults(bundle);
    fs::write(&path, content).unwrap();
    found
}

fn is_at(found: &[Fault], name: &str) -> bool {
    found.iter().any(|fault| fault.path == name)
}

#[test]
fn a_changed_page_of_code_is_found() {
    both(|bundle| {
        for name in [MAIN, CLI] {
            // In the middle of the code, and in its last bytes before the signature.
            for at in [0x9000, 0xc010] {
                let found = with_byte(bundle, name, at, 1);
                let what = &found[0].what;
                assert!(
                    is_at(&found, name) && what.starts_with("code changed"),
                    "{found:?}"
                );
            }
        }
    });
}

#[test]
fn a_change_outside_the_code_is_found_at_its_file() {
    both(|bundle| {
        for name in [
            INFORMATION,
            LICENCES,
            "Contents/PkgInfo",
            "Contents/_CodeSignature/CodeResources",
        ] {
            let length = fs::read(bundle.join(name)).unwrap().len();
            for at in [0, length / 2, length - 1] {
                let found = with_byte(bundle, name, at, 0x20);
                assert!(is_at(&found, name), "{name} at {at}: {found:?}");
            }
        }
    });
}

#[test]
fn bytes_added_or_taken_are_found() {
    both(|bundle| {
        for name in names(bundle) {
            let path = bundle.join(&name);
            let content = fs::read(&path).unwrap();
            let longer = [&content[..], &[0]].concat();
            for changed in [&longer[..], &content[..content.len() - 1], &[]] {
                fs::write(&path, changed).unwrap();
                let found = faults(bundle);
                assert!(is_at(&found, &name), "{name}: {found:?}");
            }
            fs::write(&path, content).unwrap();
        }
    });
}

#[test]
fn an_added_file_is_found() {
    both(|bundle| {
        for name in [
            "Contents/Resources/added",
            "Contents/MacOS/added",
            "Contents/added",
            "Contents/Resources/.DS_Store",
            "Contents/_CodeSignature/added",
            "Contents/embedded.provisionprofile",
            TICKET,
            "added",
        ] {
            let path = bundle.join(name);
            fs::write(&path, "x").unwrap();
            assert!(is_at(&faults(bundle), name), "{name}");
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/etc/hosts", &path).unwrap();
            assert!(is_at(&faults(bundle), name), "{name} as link");
            fs::remove_file(&path).unwrap();
        }
    });
}

#[test]
fn a_removed_or_moved_file_is_found() {
    both(|bundle| {
        for name in names(bundle) {
            let path = bundle.join(&name);
            let aside = bundle.join("aside");
            fs::rename(&path, &aside).unwrap();
            let found = faults(bundle);
            // Without the main program its name in the property list is what is wrong.
            let at = if name == MAIN { INFORMATION } else { &name };
            assert!(is_at(&found, at), "{name}: {found:?}");
            // A link to the very same content is not the file.
            std::os::unix::fs::symlink(&aside, &path).unwrap();
            let found = faults(bundle);
            assert!(is_at(&found, &name), "{name} as link: {found:?}");
            fs::remove_file(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
        }
    });
}

#[test]
fn a_program_that_cant_be_started_is_found() {
    both(|bundle| {
        for name in [MAIN, CLI] {
            let path = bundle.join(name);
            let mode = |bits| fs::set_permissions(&path, fs::Permissions::from_mode(bits));
            mode(0o644).unwrap();
            assert!(is_at(&faults(bundle), name));
            mode(0o755).unwrap();
        }
    });
}

/// Programs signed by the same, but in the place of another.
#[test]
fn a_program_of_another_app_is_found() {
    let (one, mut other) = (Workshop::new(), Workshop::new());
    fs::write(&other.parts.cli, crate::program::program(3, 99)).unwrap();
    other.parts.licences.clear();
    let (identity, _) = developer("Somebody", "TEAM123456");
    for identity in [&Identity::AdHoc, &identity] {
        let name = format!("{identity:?}").replace(['"', '(', ')', ' '], "");
        let (bundle, foreign) = (one.signed(&name, identity), other.signed(&name, identity));
        for name in [CLI, MAIN] {
            let (path, content) = (bundle.join(name), fs::read(bundle.join(name)).unwrap());
            fs::copy(foreign.join(name), &path).unwrap();
            assert_ne!(faults(&bundle), [], "{name}");
            fs::write(&path, content).unwrap();
        }
        assert_eq!(faults(&bundle), []);
    }
}

/// No bit of a signature goes unseen: not in its header, not in what a certificate or a clock says,
/// not in the zeros behind it.
#[test]
fn every_part_of_a_signature_is_looked_at() {
    both(|bundle| {
        for name in [MAIN, CLI] {
            let content = fs::read(bundle.join(name)).unwrap();
            let magic = 0xfade_0cc0_u32.to_be_bytes();
            let begin = content
                .windows(4)
                .rposition(|window| window == magic)
                .unwrap();
            // A stride that is prime to the sizes in a signature, and another bit each time.
            let places = (begin..content.len()).step_by(stride()).enumerate();
            let unseen: Vec<usize> = places
                .filter(|(round, at)| {
                    let found = with_byte(bundle, name, *at, 1 << (round % 8));
                    !is_at(&found, name)
                })
                .map(|(_, at)| at - begin)
                .collect();
            assert!(
                unseen.is_empty(),
                "{name}: unseen bytes {unseen:?} of the signature"
            );
        }
    });
}

/// How many bytes of a signature are passed over; none with `EVERY_BYTE`.
pub(crate) fn stride() -> usize {
    if std::env::var_os("EVERY_BYTE").is_some() {
        1
    } else {
        61
    }
}

#[test]
fn any_changed_byte_is_found() {
    both(|bundle| {
        let names = names(bundle);
        let changes = (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            1_u8..,
        );
        let config = ProptestConfig {
            cases: 150,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |((file, place, mask) in changes)| {
            let name = file.get(&names);
            let length = fs::metadata(bundle.join(name)).unwrap().len();
            let at = place.index(usize::try_from(length).unwrap());
            let found = with_byte(bundle, name, at, mask);
            prop_assert!(!found.is_empty(), "{name} at {at} with {mask:#x}");
        });
    });
}
