//! What is accepted of a kubeconfig that a node wrote.

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

#[test]
fn anything_that_could_run_or_lead_elsewhere_is_refused() {
    let user = "    client-key-data:";
    let cluster = "    server: https://172.30.0.2:6443";
    for (after, line, reason) in [
        (
            user,
            "    exec: {command: evil}",
            "its user has the field exec",
        ),
        (
            user,
            "    auth-provider: {name: evil}",
            "its user has the field auth-provider",
        ),
        (user, "    token: t", "its user has the field token"),
        (
            user,
            "    tokenFile: /etc/shadow",
            "its user has the field tokenFile",
        ),
        (
            user,
            "    client-certificate: /a",
            "its user has the field client-certificate",
        ),
        (
            user,
            "    client-key: /a",
            "its user has the field client-key",
        ),
        (user, "    username: u", "its user has the field username"),
        (user, "    as: root", "its user has the field as"),
        (
            cluster,
            "    proxy-url: socks5://evil",
            "its cluster has the field proxy-url",
        ),
        (
            cluster,
            "    insecure-skip-tls-verify: true",
            "its cluster has the field insecure-skip-tls-verify",
        ),
        (
            cluster,
            "    certificate-authority: /a",
            "its cluster has the field certificate-authority",
        ),
        (
            cluster,
            "    tls-server-name: evil",
            "its cluster has the field tls-server-name",
        ),
        (
            cluster,
            "    \u{1b}[2J: x",
            "its cluster has an unknown field",
        ),
        (
            cluster,
            "    made-up: x",
            "its cluster has an unknown field",
        ),
        (
            cluster,
            "    <<: {proxy-url: x}",
            "its cluster has an unknown field",
        ),
        (
            cluster,
            "    server: https://evil",
            "its cluster has server twice",
        ),
        (
            "kind: Config",
            "extensions: []",
            "the file has the field extensions",
        ),
        (
            "kind: Config",
            "preferences: {colors: true}",
            "it has preferences",
        ),
        (
            "kind: Config",
            "x: &a b",
            "it uses anchors, aliases or tags",
        ),
        (
            "kind: Config",
            "x: !!python/object b",
            "it uses anchors, aliases or tags",
        ),
        (
            "kind: Config",
            "<<: {users: []}",
            "the file has an unknown field",
        ),
        (
            "    user: kubernetes-admin",
            "    namespace: x",
            "its context has the field namespace",
        ),
    ] {
        let yaml: String = admin()
            .lines()
            .flat_map(|text| {
                let added = text.starts_with(after).then(|| format!("{line}\n"));
                [Some(format!("{text}\n")), added].into_iter().flatten()
            })
            .collect();
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
