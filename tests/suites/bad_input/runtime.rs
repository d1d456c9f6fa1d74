//! `container` missing, stopped, too old, of the release that can't work, hanging, broken: played
//! by the scripted stand-in.

use std::time::Duration;

use container_script::{Act, Script, Stand};
use system_tests::{Call, Programs, User};

use crate::Before;

fn user() -> User {
    User::over(Programs::get())
}

fn create(user: &User, stand: &Stand) -> Call {
    user.apple_k8s(["create", "cluster", "dev"])
        .env("APPLE_K8S_CONTAINER", stand.program())
}

/// Refused before anything but questions was asked.
#[track_caller]
fn refused(script: &Script, status: i32, words: &[&str]) {
    let (user, stand) = (user(), Stand::new(script));
    let before = Before::of(&user);
    before.refuses(create(&user, &stand), status, words);
    for call in stand.calls() {
        let words: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        let asks = matches!(
            words[..],
            ["--version"] | ["run", "--help"] | ["system", "status" | "version", ..]
        );
        assert!(asks, "it did more than ask: {words:?}");
    }
    stand.wait_until_gone();
}

#[test]
fn container_is_missing() {
    let user = user();
    let before = Before::of(&user);
    let nowhere = user.folder().join("no/container");
    let text = nowhere.to_str().expect("a path").to_owned();
    let create = || {
        user.apple_k8s(["create", "cluster", "dev"])
            .without_env("APPLE_K8S_CONTAINER")
    };
    before.refuses(
        create().args(["--container", &text]),
        10,
        &[&text, "Install"],
    );
    before.refuses(create().env("APPLE_K8S_CONTAINER", &nowhere), 10, &[&text]);
    // A file that is no program.
    let file = user.file("container", "text");
    before.refuses(create().arg("--container").arg(&file), 10, &["container"]);
}

#[test]
fn the_service_is_stopped() {
    for version in ["1.0.0", "1.5.0"] {
        refused(
            &Script::services_down(version),
            11,
            &["container system start"],
        );
    }
}

#[test]
fn container_is_too_old() {
    refused(&Script::healthy("0.12.3"), 12, &["0.12.3", "1.0.0"]);
}

#[test]
fn the_release_that_can_not_work_is_refused() {
    refused(&Script::healthy("1.2.0"), 13, &["1.2.0", "1.2.1"]);
}

#[test]
fn container_hangs() {
    refused(&Script::hanging(), 14, &["container"]);
    // Hanging later, and deaf to SIGTERM.
    let deaf = Script::release("1.5.0").on(&[], [Act::IgnoreTerm, Act::Hang]);
    refused(&deaf, 14, &["system status"]);
}

#[test]
fn container_talks_nonsense() {
    refused(&Script::garbage(), 15, &["container"]);
    let broken = Script::release("1.5.0").on(&["system", "status"], [Act::Stdout("{".into())]);
    refused(&broken, 15, &["system status"]);
}

/// Every other command refuses alike: none hangs, none claims that there is nothing.
#[test]
fn every_command_refuses_a_stopped_service() {
    let (user, stand) = (user(), Stand::new(&Script::services_down("1.5.0")));
    let before = Before::of(&user);
    let commands: [&[&str]; 9] = [
        &["delete", "cluster", "dev"],
        &["start", "cluster", "dev"],
        &["stop", "cluster", "dev"],
        &["get", "clusters"],
        &["get", "nodes", "dev"],
        &["get", "images", "dev"],
        &["status", "dev"],
        &["export", "logs", "logs", "--name", "dev"],
        &["load", "image", "web:1", "--name", "dev"],
    ];
    for words in commands {
        let call = user.apple_k8s(words.iter().copied());
        let call = call.env("APPLE_K8S_CONTAINER", stand.program());
        before.refuses(call, 11, &["container system start"]);
    }
}

/// A node fails while others boot: all are removed, the error is the original one.
#[test]
fn the_disk_fills_up_while_nodes_are_made() {
    let (user, full) = (user(), "No space left on device");
    let image = r#"[{"configuration":{"name":"docker.io/library/apple-k8s-node:v1.37.1",
        "descriptor":{"digest":"sha256:00","mediaType":"m","size":1}},"id":"00","variants":[{"config":
        {"architecture":"ARCH","os":"linux","config":{"Labels":{"dev.apple-k8s.kubernetes-version":
        "v1.37.1","dev.apple-k8s.node-contract":"1"}}},"digest":"sha256:00",
        "platform":{"architecture":"ARCH","os":"linux"},"size":1}]}]"#;
    let own = if cfg!(target_arch = "x86_64") {
        "amd64"
    } else {
        "arm64"
    };
    let script = Script::healthy("1.5.0")
        .on(&["list"], [Act::Stdout("[]".into())])
        .on(
            &["image", "inspect"],
            [Act::Stdout(image.replace("ARCH", own))],
        )
        .disk_full();
    let stand = Stand::new(&script);
    let before = Before::of(&user);
    let call = create(&user, &stand)
        .args(["--workers", "2"])
        .limit(Duration::from_mins(1));
    before.refuses(call, 70, &[full]);
    stand.wait_until_gone();
}
