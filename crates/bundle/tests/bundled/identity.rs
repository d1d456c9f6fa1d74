//! Who signs, as the environment names them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bundle::sign::{Identity, Signing, sign};
use bundle::verify;
use plist::Dictionary;

use crate::workshop::{Workshop, expected};

/// A certificate in a .p12 file as older systems write it; its password.
fn exported(workshop: &Workshop) -> (PathBuf, &'static str) {
    let password = "correct horse";
    let (key, certificate) = (workshop.path("key.pem"), workshop.path("cert.pem"));
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let archive = workshop.path("identity.p12");
    let [key, certificate, out] = [&key, &certificate, &archive].map(|path| path.to_str().unwrap());
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "10",
        "-keyout",
        key,
        "-out",
        certificate,
        "-subj",
        "/CN=Somebody else/OU=TEAM123456",
    ]);
    openssl(&[
        "pkcs12",
        "-export",
        "-legacy",
        "-inkey",
        key,
        "-in",
        certificate,
        "-out",
        out,
        "-passout",
        "pass:correct horse",
    ]);
    (archive, password)
}

#[test]
fn the_environment_names_who_signs() {
    let workshop = Workshop::new();
    let (archive, password) = exported(&workshop);
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(fs::read(&archive).unwrap())
    };
    let secret = workshop.path("password");
    fs::write(&secret, format!("{password}\n")).unwrap();
    let named = |variables: &[(&str, &dyn AsRef<OsStr>)]| {
        Identity::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value.as_ref()))
        })
    };
    assert!(matches!(named(&[]).unwrap(), Identity::AdHoc));
    let dash = named(&[("APPLE_SIGNING_IDENTITY", &"-")]).unwrap();
    assert!(matches!(dash, Identity::AdHoc));
    let keychain = named(&[("APPLE_SIGNING_IDENTITY", &"Developer ID Application: X")]).unwrap();
    assert!(matches!(keychain, Identity::Keychain(_)));

    let by_path = named(&[
        ("APPLE_CERTIFICATE_PATH", &archive),
        ("APPLE_CERTIFICATE_PASSWORD_PATH", &secret),
    ])
    .unwrap();
    let by_value = named(&[
        ("APPLE_CERTIFICATE", &encoded),
        ("APPLE_CERTIFICATE_PASSWORD", &password),
    ])
    .unwrap();
    for (name, identity) in [("path", by_path), ("value", by_value)] {
        let bundle = workshop.signed(name, &identity);
        let verified = verify(&bundle, &expected()).unwrap();
        assert_eq!(verified.signer.team(), Some("TEAM123456"));
        assert!(verified.signer.to_string().starts_with("Somebody else"));
    }

    let wrong = named(&[
        ("APPLE_CERTIFICATE_PATH", &archive),
        ("APPLE_CERTIFICATE_PASSWORD", &"hunter2"),
    ])
    .unwrap_err();
    let wrong = format!("{wrong:#?}");
    assert!(
        wrong.contains("the password is wrong") && !wrong.contains("hunter2"),
        "{wrong}"
    );
    let twice = named(&[
        ("APPLE_CERTIFICATE_PATH", &archive),
        ("APPLE_CERTIFICATE", &encoded),
    ]);
    assert!(twice.is_err());
    let garbage = named(&[("APPLE_CERTIFICATE", &"c2VjcmV0")]).unwrap_err();
    assert!(!format!("{garbage:#?}").contains("c2VjcmV0"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_keychain_is_a_macs() {
    let workshop = Workshop::new();
    let bundle = workshop.assembled("unsigned");
    let signing = Signing {
        identity: &Identity::Keychain("X".into()),
        entitlements: &Dictionary::new(),
        time: None,
    };
    let error = sign(&bundle, &signing).unwrap_err();
    assert!(
        error.to_string().contains("APPLE_CERTIFICATE_PATH"),
        "{error}"
    );
}
