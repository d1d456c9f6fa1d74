//! An acceptance on machines where something is wrong: what is told, what is not tried any more, and
//! that all of it is cleaned up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use container::Container;
use container_script::{Act, Script, Stand};
use engine::{Acceptance, AcceptanceState, Engine, ErrorCode, Home, Operation, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::bench::healthy;
use super::doctor::{both, calls, in_folder, with_kernel};

const PROBE: &str = "mac-acceptance-probe";

/// A machine with all that is needed; clusters are up to the rules before.
fn machine(folder: &Path) -> Script {
    let kernel = folder.join("kernels");
    if !kernel.exists() {
        with_kernel(folder, "vmlinux-6.18.35-197");
    }
    both(in_folder(folder), healthy())
}

/// A node that boots and has all its programs.
fn booting() -> Script {
    let processor = match engine::architecture() {
        "arm64" => "aarch64",
        _ => "x86_64",
    };
    let programs = format!("{processor}\n6.18.35\nKubernetes v1.37.1\n");
    Script::new()
        .on(&["run", PROBE], [Act::Option("--name".into())])
        .on(
            &["exec", "is-system-running"],
            // Figures have two digits.
            [Act::Wait(10), Act::Stdout("running\n".into())],
        )
        .on(&["exec", PROBE, "sh"], [Act::Stdout(programs)])
        .on(
            &["exec", "preflight"],
            [Act::Stdout(r#"{"findings": []}"#.into())],
        )
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
        .on(&["delete"], [Act::LastWord])
        .on(&["list"], [Act::Stdout("[]".into())])
}

fn home(folder: &Path) -> Home {
    Home::at(folder.join("home"))
}

async fn acceptance(stand: &Stand, folder: &Path, op: &Operation) -> Result<Acceptance> {
    let container = Container::at(stand.program());
    Engine::acceptance(Ok(Engine::new(container, home(folder))), op).await
}

async fn report(script: &Script, folder: &Path) -> (Acceptance, Stand) {
    let stand = Stand::new(script);
    let report = acceptance(&stand, folder, &Operation::silent()).await;
    (report.expect("a report"), stand)
}

#[tokio::test]
async fn a_program_that_hangs_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let stand = Stand::new(&Script::hanging());
    let container = Container::at(stand.program()).with_limit(Duration::from_millis(500));
    let engine = Engine::new(container, home(folder.path()));
    let report = Engine::acceptance(Ok(engine), &Operation::silent()).await;
    let (number, code, text) = only_failure(&report.expect("a report"));
    assert_eq!((number, code), (2, ErrorCode::RuntimeHung), "{text}");
    stand.wait_until_gone();
}

/// The check that failed, by number and code; all that need it are skipped.
fn only_failure(report: &Acceptance) -> (usize, ErrorCode, String) {
    let numbers: Vec<usize> = report.checks.iter().map(|check| check.number).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>(), "{report:?}");
    let failed = report.failure().expect("one failed");
    for later in &report.checks[failed.number..] {
        assert_eq!(later.state, AcceptanceState::Skipped, "{later:?}");
    }
    for earlier in &report.checks[1..failed.number - 1] {
        assert_eq!(earlier.state, AcceptanceState::Passed, "{earlier:?}");
    }
    let error = failed.error.clone().expect("with its reason");
    let text = format!("{} {}", error.message, error.detail.unwrap_or_default());
    (failed.number, error.code, text)
}

/// A container as the runtime lists it.
fn probe(name: &str, mark: &str) -> Value {
    json!({
        "id": name,
        "configuration": {"id": name, "labels": {"apple-k8s.dev/acceptance": mark},
            "image": {"reference": "x", "descriptor": {"digest": "sha256:00"}}},
        "status": {"state": "running", "networks": []}
    })
}

/// What the home in this folder marks its nodes with.
fn mark(folder: &Path) -> String {
    let root = home(folder).root().join("acceptance");
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let first = digest.iter().take(8);
    first
        .fold(0u64, |mark, byte| (mark << 8) | u64::from(*byte))
        .to_string()
}

#[tokio::test]
async fn a_container_program_of_no_use_is_the_second_check_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let bare = tempfile::tempdir().unwrap();
    let skewed = Script::new().on(
        &["system", "status"],
        [Act::Stdout(
            r#"{"client":{"version":"1.5.0"},"server":{"version":"1.4.1"},"paths":{"appRoot":"/var/empty/"},"status":"running"}"#.into(),
        )],
    );
    let no_flags = Script::new().on(
        &["run", "--help"],
        [Act::Stdout("  --cap-add <cap>\n".into())],
    );
    let cases = [
        (
            Script::release("0.12.0"),
            ErrorCode::RuntimeTooOld,
            "0.12.0",
        ),
        (Script::release("1.2.0"), ErrorCode::RuntimeRefused, "1.2.0"),
        (
            Script::services_down("1.5.0"),
            ErrorCode::RuntimeStopped,
            "",
        ),
        (both(skewed, healthy()), ErrorCode::RuntimeFailed, "1.4.1"),
        (
            both(no_flags, machine(folder.path())),
            ErrorCode::RuntimeFailed,
            "--masked-path, --read-only-path",
        ),
        (
            both(in_folder(bare.path()), healthy()),
            ErrorCode::KernelMissing,
            "kernel",
        ),
    ];
    for (script, code, word) in cases {
        let (report, stand) = report(&script, folder.path()).await;
        let (number, found, text) = only_failure(&report);
        assert_eq!((number, found), (2, code), "{text}");
        assert!(text.contains(word), "{word:?} is not in {text}");
        stand.wait_until_gone();
        assert!(calls(&stand, "delete").is_empty() && calls(&stand, "run --detach").is_empty());
    }
    let nowhere = Engine::locate(Some(&folder.path().join("nowhere")));
    let report = Engine::acceptance(nowhere, &Operation::silent())
        .await
        .unwrap();
    assert_eq!(only_failure(&report).1, ErrorCode::RuntimeMissing);
}

#[tokio::test]
async fn a_node_that_does_not_come_up_is_told_and_removed() {
    let say = |words: &[&str], text: &str| Script::new().on(words, [Act::Stdout(text.into())]);
    let findings = r#"{"findings": [{"code": "no-vxlan", "message": "the kernel has no VXLAN"}]}"#;
    let degraded = both(
        say(&["exec", "is-system-running"], "degraded\n"),
        say(
            &["exec", "--failed"],
            "containerd.service loaded failed failed\n",
        ),
    );
    let cases = [
        (
            Script::new().failing(
                &["image", "inspect"],
                "image not found: apple-k8s-node:v1.37.1",
            ),
            ErrorCode::ImageMissing,
            "apple-k8s-node",
        ),
        (
            Script::new().failing(&["run", "--detach"], "No space left on device"),
            ErrorCode::NoSpace,
            "",
        ),
        (degraded, ErrorCode::NodeFailed, "containerd.service"),
        (
            say(&["exec", PROBE, "sh"], "riscv64\n6.18.35\n"),
            ErrorCode::NodeFailed,
            "riscv64",
        ),
        (
            Script::new().failing(&["exec", PROBE, "sh"], "crictl: not found"),
            ErrorCode::RuntimeFailed,
            "crictl: not found",
        ),
        (
            say(&["exec", "preflight"], findings),
            ErrorCode::NodeFailed,
            "no VXLAN",
        ),
    ];
    for (fault, code, word) in cases {
        let folder = tempfile::tempdir().unwrap();
        let ours = json!([probe(PROBE, &mark(folder.path()))]).to_string();
        let lists = Script::new()
            .times(2, &["list"], [Act::Stdout("[]".into())])
            .on(&["list"], [Act::Stdout(ours)]);
        let rest = both(booting(), machine(folder.path()));
        let script = both(both(fault, lists), rest);
        let (report, stand) = report(&script, folder.path()).await;
        let (number, found, text) = only_failure(&report);
        assert_eq!((number, found), (3, code), "{text}");
        assert!(text.contains(word), "{word:?} is not in {text}");
        let deleted = calls(&stand, "delete");
        assert_eq!(deleted, [format!("delete --force {PROBE}")], "{text}");
    }
}

#[tokio::test]
async fn a_cluster_that_can_not_be_made_is_told_after_a_node_that_booted() {
    let folder = tempfile::tempdir().unwrap();
    let script = both(booting(), machine(folder.path())).port_taken();
    let (report, stand) = report(&script, folder.path()).await;
    let (number, code, text) = only_failure(&report);
    assert_eq!((number, code), (4, ErrorCode::PortInUse), "{text}");
    let made = calls(&stand, "run --detach");
    assert!(made[0].contains(PROBE) && made.len() > 1, "{made:?}");
    let boot = &report.checks[2];
    assert!(boot.measured["bootSeconds"] > 0.0, "{boot:?}");
    assert!(boot.detail.contains("Kubernetes v1.37.1"), "{boot:?}");
    let left = home(folder.path()).root().join("acceptance/clusters");
    assert!(!left.exists(), "the cluster is still remembered");
}

#[tokio::test]
async fn what_a_killed_acceptance_left_goes_first_and_nothing_of_others_does() {
    let folder = tempfile::tempdir().unwrap();
    let all = json!([
        probe("left", &mark(folder.path())),
        probe("of-another-home", "0011223344556677"),
    ]);
    let script = Script::new().times(1, &["list"], [Act::Stdout(all.to_string())]);
    let rest = both(booting(), machine(folder.path()));
    let (_, stand) = report(&both(script, rest).port_taken(), folder.path()).await;
    let deleted = calls(&stand, "delete");
    assert_eq!(deleted[0], "delete --force left");
    assert!(
        !deleted.join("\n").contains("of-another-home"),
        "{deleted:?}"
    );
}

#[tokio::test]
async fn cancelled_it_cleans_up_and_another_one_may_run() {
    let folder = tempfile::tempdir().unwrap();
    let ours = json!([probe(PROBE, &mark(folder.path()))]).to_string();
    let script = Script::new()
        .on(&["exec", "is-system-running"], [Act::Mark, Act::Hang])
        .times(2, &["list"], [Act::Stdout("[]".into())])
        .on(&["list"], [Act::Stdout(ours)]);
    let script = both(script, both(booting(), machine(folder.path())));
    let stand = Arc::new(Stand::new(&script));
    let op = Operation::silent();
    let (waiting, cancel) = (Arc::clone(&stand), op.cancel.clone());
    let second = tokio::task::spawn_blocking(move || {
        waiting.wait_for_mark();
        cancel.cancel();
    });
    let error = acceptance(&stand, folder.path(), &op).await.unwrap_err();
    second.await.unwrap();
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert_eq!(calls(&stand, "delete"), [format!("delete --force {PROBE}")]);
}

#[tokio::test]
async fn one_acceptance_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let locks = home(folder.path()).root().join("acceptance/locks");
    std::fs::create_dir_all(&locks).unwrap();
    let held = std::fs::File::create(locks.join("acceptance.lock")).unwrap();
    held.lock().unwrap();
    let stand = Stand::new(&both(booting(), machine(folder.path())));
    let refused = acceptance(&stand, folder.path(), &Operation::silent()).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, ErrorCode::ClusterBusy);
    assert!(error.message.contains("another acceptance"), "{error}");
    assert!(calls(&stand, "run").is_empty());
}
