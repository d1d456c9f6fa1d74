//! `apple-k8s doctor --mac-acceptance` on real nodes: what it says of a machine where all is well,
//! that it sees what is not, and that it leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use system_tests::{Call, Checks, Output, Programs, Traces, User};

/// The names that everything of an acceptance has.
const NAME: &str = "mac-acceptance";

/// A kubeconfig that was there before.
const KUBECONFIG: &str = "# mine\napiVersion: v1\nkind: Config\ncurrent-context: work\n";

#[test]
fn an_acceptance_on_real_nodes() {
    let user = User::new();
    fs::write(user.kubeconfig(), KUBECONFIG).expect("a file");
    let before = Traces::names(&user);

    let mut checks = Checks::new();
    checks.check(
        "all that needs no Mac passes on a machine that is well",
        || {
            well(&user);
        },
    );
    checks.check("broken networks and left-over nodes are seen", || {
        broken(&user);
    });
    checks.check("killed and run again, it clears away what was left", || {
        killed(&user);
    });
    checks.check("nothing is left, the kubeconfig is untouched", || {
        assert_eq!(user.kubeconfig_text().as_deref(), Some(KUBECONFIG));
        Traces::assert_none(&user, NAME);
        assert_eq!(Traces::names(&user), before);
    });
    checks.finish();
}

fn acceptance(user: &User) -> Call {
    user.apple_k8s(["doctor", "--mac-acceptance", "--output", "json"])
        .seconds(420)
}

/// The ten checks, in order.
#[track_caller]
fn ten(output: &Output) -> Vec<Value> {
    let lines = output.json_lines();
    let report = lines.iter().find(|line| line["type"] == "result");
    let report = report.unwrap_or_else(|| panic!("no report\n{}", output.report()));
    let checks = report["checks"].as_array().expect("checks").clone();
    let numbers: Vec<u64> = checks
        .iter()
        .map(|check| check["number"].as_u64().expect("a number"))
        .collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    checks
}

/// States by id, as `id state`.
fn states(checks: &[Value]) -> Vec<String> {
    let word = |check: &Value, key: &str| check[key].as_str().expect("a word").to_owned();
    checks
        .iter()
        .map(|check| format!("{} {}", word(check, "id"), word(check, "state")))
        .collect()
}

fn well(user: &User) {
    let output = acceptance(user).ok();
    let checks = ten(&output);
    let mac = |state: &'static str| {
        if cfg!(target_os = "macos") {
            "passed"
        } else {
            state
        }
    };
    let expected = [
        format!("machine {}", mac("skipped")),
        "container passed".into(),
        "boot passed".into(),
        "cluster passed".into(),
        "network passed".into(),
        "access passed".into(),
        "restart passed".into(),
        "delete passed".into(),
        format!("signature {}", mac("skipped")),
        "app skipped".into(),
    ];
    assert_eq!(states(&checks), expected, "{}", output.report());
    for (at, figure) in [
        (2, "bootSeconds"),
        (3, "readySeconds"),
        (4, "megabytesPerSecond"),
        (6, "startSeconds"),
        (7, "deleteSeconds"),
    ] {
        let value = checks[at]["measured"][figure].as_f64();
        assert!(
            value.is_some_and(|value| value > 0.0),
            "{figure}: {value:?}"
        );
        eprintln!("    {figure} {}", value.unwrap_or_default());
    }
    let restart = checks[6]["detail"].as_str().expect("a text");
    assert!(
        restart.contains(" became "),
        "no address changed: {restart}"
    );
    if !cfg!(target_os = "macos") {
        for at in [0, 8] {
            let why = checks[at]["detail"].as_str().expect("a text");
            assert!(why.starts_with("only on a Mac"), "{why}");
        }
    }
    let text = output.text();
    for secret in [
        "PRIVATE KEY",
        "client-key",
        "bootstrapToken",
        "certificate-authority",
    ] {
        assert!(!text.contains(secret), "{secret} is in the report");
    }
}

/// A `container` in which the nodes do not reach each other, and one of them is said to be deleted
/// and is not, once.
fn faulty(user: &User) -> PathBuf {
    let real = &Programs::get().container;
    let once = user.folder().join("told-once");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         'exec {NAME}-worker ping '*) echo 'Destination Host Unreachable'; exit 1;;\n\
         'delete --force {NAME}-control-plane {NAME}-worker')\n\
         if mkdir '{once}' 2>/dev/null; then '{real}' delete --force {NAME}-control-plane && echo {NAME}-worker; exit; fi;;\n\
         esac\nexec '{real}' \"$@\"\n",
        once = once.display(),
        real = real.display()
    );
    let path = user.file("faulty/container", script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

fn broken(user: &User) {
    let output = acceptance(user)
        .env("APPLE_K8S_CONTAINER", faulty(user))
        .run();
    let checks = ten(&output);
    assert_eq!(
        states(&checks)[1..9],
        [
            "container passed",
            "boot passed",
            "cluster passed",
            "network failed",
            "access passed",
            "restart passed",
            "delete failed",
            if cfg!(target_os = "macos") {
                "signature passed"
            } else {
                "signature skipped"
            },
        ],
        "{}",
        output.report()
    );
    assert_eq!(checks[4]["error"]["code"], "NodeFailed");
    let detail = checks[4]["error"]["detail"]
        .as_str()
        .expect("what ping said");
    assert!(detail.contains("Unreachable"), "{detail}");
    let left = checks[7]["error"]["message"].as_str().expect("a text");
    assert!(left.contains("container mac-acceptance-worker"), "{left}");
    // The status of the first that failed.
    assert_eq!(output.code(), Some(50), "{}", output.report());
    Traces::assert_none(user, NAME);
}

fn killed(user: &User) {
    let running = acceptance(user).start();
    running.line_with("\"check-cluster\"", Duration::from_mins(2));
    running.line_with("\"phase\":\"boot\"", Duration::from_mins(2));
    running.signal(Signal::KILL);
    running.end(Duration::from_secs(20));
    let text = user
        .apple_k8s(["doctor", "--mac-acceptance"])
        .seconds(420)
        .ok()
        .text();
    let marks = text.lines().filter(|line| line.starts_with('✓')).count();
    assert!(marks >= 7, "{text}");
    assert!(text.contains(" 0 failed, "), "{text}");
}
