//! What must hold for any text: shared by the fuzz target and the tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kubeconfig::{Document, Entry};

/// Adds, switches and removes in a text that may be anything.
///
/// # Panics
/// Where an edit breaks its word.
pub(crate) fn edit(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = Entry::from_admin(text, "demo", "https://127.0.0.1:6443");
    let Ok(document) = Document::parse(text) else {
        return;
    };
    // A name that needs quotes, and one that does not.
    for name in ["demo", "77"] {
        let there = document.mentions(name);
        if let Ok(removed) = document.without(name) {
            assert!(!parsed(&removed).mentions(name));
            assert!(
                there || removed == text,
                "removing nothing changed the text"
            );
        }
        let Ok(added) = document.with_entry(&entry(name)) else {
            continue;
        };
        check_added(text, &added, name, there);
        if let Ok(set) = parsed(&added).with_current_context(name) {
            assert_eq!(parsed(&set).current_context(), Some(name));
            let removed = without(&set, name);
            if !there && document.current_context().is_none() {
                check_removed(text, &removed, &set);
            }
        }
    }
}

fn check_added(text: &str, added: &str, name: &str, there: bool) {
    assert!(parsed(added).mentions(name));
    let again = parsed(added).with_entry(&entry(name));
    let again = again.unwrap_or_else(|fault| {
        panic!(
            "{fault} adding again to:
{added}"
        )
    });
    assert_eq!(again, added, "adding twice is not adding once");
    if !there {
        let removed = without(added, name);
        check_removed(text, &removed, added);
    }
}

/// The bytes are those from before; only JSON has no comments to remember a null in.
fn check_removed(text: &str, removed: &str, by_way_of: &str) {
    if removed != text {
        assert!(
            text.contains('{'),
            "not the same again, by way of:\n{by_way_of}"
        );
        let (before, after) = (parsed(text), parsed(removed));
        assert_eq!(before.current_context(), after.current_context());
        assert!(
            text.len() <= removed.len() + 4,
            "something is lost:\n{text}\n{removed}"
        );
    }
}

fn without(text: &str, name: &str) -> String {
    parsed(text)
        .without(name)
        .unwrap_or_else(|fault| panic!("{fault} removing from:\n{text}"))
}

fn parsed(text: &str) -> Document<'_> {
    Document::parse(text).unwrap_or_else(|fault| panic!("{fault} in:\n{text}"))
}

fn entry(name: &str) -> Entry {
    let pem = |label: &str| {
        BASE64.encode(format!(
            "-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n"
        ))
    };
    let admin = format!(
        "clusters: [{{name: a, cluster: {{certificate-authority-data: {}}}}}]
contexts: [{{name: a, context: {{cluster: a, user: a}}}}]
users: [{{name: a, user: {{client-certificate-data: {}, client-key-data: {}}}}}]
",
        pem("CERTIFICATE"),
        pem("CERTIFICATE"),
        pem("PRIVATE KEY"),
    );
    let entry = Entry::from_admin(&admin, name, "https://127.0.0.1:6443");
    entry.unwrap_or_else(|error| panic!("{error}"))
}
