//! What is accepted of a kubeconfig that a node wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{admin, pem};
use kubeconfig::{Entry, Error};

const SERVER: &str = "https://127.0.0.1:6443";

fn refusal(yaml: &str) -> String {
    match Entry::from_admin(yaml, "demo", SERVER) {
        Err(Error::Guest { reason }) => reason,
        other => panic!("not refused but {other:?}:\n{yaml}"),
    }
}

#[test]
fn names_and_server_are_ours() {
    let text = Entry::from_admin(&admin(), "demo", SERVER)
        .unwrap()
        .render();
    assert!(!text.contains("172.30.0.2"), "{text}");
    assert!(!text.contains("kubernetes"), "{text}");
    let again = Entry::from_admin(&text, "demo", SERVER).unwrap();
    assert_eq!(again.render(), text);
    assert_eq!((again.name(), again.server()), ("demo", SERVER));
}

const USER: &str = "    client-key-data:";
const CLUSTER: &str = "    server: https://172.30.0.2:6443";
const CONTEXT: &str = "    user: kubernetes-admin";
const FILE: &str = "kind: Config";

/// A line to put after another, and the refusal it must lead to.
const INTRUDERS: [(&str, &str, &str); 22] = [
    (
        USER,
        "    exec: {command: evil}",
        "its user has the field exec",
    ),
    (
        USER,
        "    auth-provider: {name: evil}",
        "its user has the field auth-provider",
    ),
    (USER, "    token: t", "its user has the field token"),
    (
        USER,
        "    tokenFile: /etc/shadow",
        "its user has the field tokenFile",
    ),
    (
        USER,
        "    client-certificate: /a",
        "its user has the field client-certificate",
    ),
    (
        USER,
        "    client-key: /a",
        "its user has the field client-key",
    ),
    (USER, "    username: u", "its user has the field username"),
    (USER, "    as: root", "its user has the field as"),
    (
        CLUSTER,
        "    proxy-url: socks5://evil",
        "its cluster has the field proxy-url",
    ),
    (
        CLUSTER,
        "    insecure-skip-tls-verify: true",
        "its cluster has the field insecure-skip",
    ),
    (
        CLUSTER,
        "    certificate-authority: /a",
        "its cluster has the field certificate-authority",
    ),
    (
        CLUSTER,
        "    tls-server-name: evil",
        "its cluster has the field tls-server-name",
    ),
    (
        CLUSTER,
        "    \u{1b}[2J: x",
        "its cluster has an unknown field",
    ),
    (
        CLUSTER,
        "    made-up: x",
        "its cluster has an unknown field",
    ),
    (
        CLUSTER,
        "    <<: {proxy-url: x}",
        "its cluster has an unknown field",
    ),
    (
        CLUSTER,
        "    server: https://evil",
        "its cluster has server twice",
    ),
    (FILE, "extensions: []", "the file has the field extensions"),
    (FILE, "preferences: {colors: true}", "it has preferences"),
    (FILE, "x: &a b", "it uses anchors, aliases or tags"),
    (
        FILE,
        "x: !!python/object b",
        "it uses anchors, aliases or tags",
    ),
    (FILE, "<<: {users: []}", "the file has an unknown field"),
    (
        CONTEXT,
        "    namespace: x",
        "its context has the field namespace",
    ),
];

#[test]
fn anything_that_could_run_or_lead_elsewhere_is_refused() {
    for (after, line, reason) in INTRUDERS {
        let mut yaml = String::new();
        for text in admin().lines() {
            yaml.extend([text, "\n"]);
            if text.starts_with(after) {
                yaml.extend([line, "\n"]);
            }
        }
        assert_ne!(yaml, admin(), "{line} was not added");
        let refused = refusal(&yaml);
        assert!(refused.starts_with(reason), "{line}: {refused}");
    }
}

#[test]
fn entries_are_exactly_one_of_each_and_belong_together() {
    let twice = admin().replace("contexts:", "- cluster: {}\n  name: second\ncontexts:");
    assert_eq!(refusal(&twice), "it has 2 clusters, not one");
    let none = admin().replace("clusters:", "clusters: []\nx:");
    assert!(refusal(&none).contains("unknown field"));
    let other = admin().replace("    user: kubernetes-admin", "    user: other");
    assert_eq!(refusal(&other), "its context does not name its user");
    assert_eq!(refusal("- a"), "the file is no mapping");
    assert_eq!(refusal(""), "it is empty");
    assert_eq!(refusal("# nothing"), "it is empty");
    assert!(refusal("a: [").starts_with("it is no valid YAML at "));
    assert_eq!(
        refusal(&format!("# {}", "x".repeat(300_000))),
        "it is larger than 256 kB"
    );
}

#[test]
fn credentials_must_be_what_they_are_called() {
    let (authority, key) = (
        pem("CERTIFICATE", "authority"),
        pem("EC PRIVATE KEY", "no key at all"),
    );
    for (from, to, reason) in [
        (
            &authority,
            "not base64!",
            "its certificate-authority-data is no base64",
        ),
        (
            &authority,
            "aGVsbG8=",
            "its certificate-authority-data is no PEM of the right kind",
        ),
        (
            &authority,
            "",
            "its certificate-authority-data is no PEM of the right kind",
        ),
        (&authority, "[a]", "it has no certificate-authority-data"),
        (
            &key,
            &authority,
            "its client-key-data is no PEM of the right kind",
        ),
        (
            &key,
            &format!("\"{key}\\n\""),
            "its client-key-data is no base64",
        ),
    ] {
        let yaml = admin().replace(from.as_str(), to);
        assert_eq!(refusal(&yaml), reason, "{to}");
    }
    let missing = admin().replace("client-key-data", "client-certificate-data");
    assert_eq!(
        refusal(&missing),
        "its user has client-certificate-data twice"
    );
}

#[test]
fn a_refusal_and_an_entry_tell_no_secret() {
    let key = pem("EC PRIVATE KEY", "no key at all");
    let entry = Entry::from_admin(&admin(), "demo", SERVER).unwrap();
    assert!(!format!("{entry:?} {entry:#?}").contains(&key));
    for yaml in [
        admin().replace("kind: Config", &format!("{key}: {key}")),
        admin().replace("server:", &format!("{key}:")),
        admin().replace("- name: kubernetes-admin", &format!("- {key}")),
        admin().replace("client-key-data:", "client-key-data: {"),
    ] {
        let error = Entry::from_admin(&yaml, "demo", SERVER).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(&key), "{told}");
    }
}

#[test]
fn our_own_part_is_checked_too() {
    for (name, server) in [
        ("", SERVER),
        ("a\nb", SERVER),
        ("demo", "http://127.0.0.1:6443"),
        ("demo", "https://"),
        ("demo", "https://a b"),
        ("demo", "https://a\n"),
    ] {
        assert!(
            Entry::from_admin(&admin(), name, server).is_err(),
            "{name:?} {server:?}"
        );
    }
}
