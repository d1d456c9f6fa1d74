//! What the doctor says of a machine on which something is missing, and what it puts right.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use container::Container;
use container_script::{Act, Script, Stand};
use engine::{Check, CheckState, Engine, ErrorCode, FixId, Home, Operation};

use super::bench::{healthy, two_nodes};

/// A script whose services keep their files in `root`.
pub(super) fn in_folder(root: &Path) -> Script {
    let status = format!(
        r#"{{"client":{{"version":"1.5.0"}},"server":{{"version":"1.5.0"}},"paths":{{"appRoot":"{}/","installRoot":"/usr/local/"}},"status":"running"}}"#,
        root.display()
    );
    Script::new().on(&["system", "status"], [Act::Stdout(status)])
}

pub(super) fn with_kernel(root: &Path, name: &str) {
    let kernels = root.join("kernels");
    std::fs::create_dir_all(&kernels).unwrap();
    std::fs::write(kernels.join(name), "").unwrap();
    let link = kernels.join(format!("default.kernel-{}", engine::architecture()));
    symlink(kernels.join(name), link).unwrap();
}

/// All rules of both.
pub(super) fn both(mut first: Script, second: Script) -> Script {
    first.rules.extend(second.rules);
    first
}

async fn doctor(stand: &Stand, folder: &Path) -> Vec<Check> {
    let container = Container::at(stand.program()).with_limit(Duration::from_millis(500));
    let engine = Engine::new(container, Home::at(folder.join("home")));
    Engine::doctor(Ok(engine), Some(&folder.join("config"))).await
}

fn check<'a>(all: &'a [Check], id: &str) -> &'a Check {
    all.iter().find(|check| check.id == id).expect(id)
}

#[tokio::test]
async fn a_machine_with_everything_is_well() {
    let folder = tempfile::tempdir().unwrap();
    with_kernel(folder.path(), "vmlinux-6.18.5-177");
    let list = Script::new().on(&["list"], [Act::Stdout("[]".into())]);
    let stand = Stand::new(&both(in_folder(folder.path()), both(healthy(), list)));
    let all = doctor(&stand, folder.path()).await;
    for id in [
        "system",
        "container",
        "service",
        "kernel",
        "node-image",
        "ports",
        "kubeconfig",
    ] {
        assert_eq!(
            check(&all, id).state,
            CheckState::Ok,
            "{:?}",
            check(&all, id)
        );
    }
    assert!(check(&all, "container").detail.starts_with("1.5.0 at /"));
    assert!(
        all.iter()
            .all(|check| check.code.is_none() && check.fix.is_none())
    );
}

#[tokio::test]
async fn faults_of_the_program_have_their_codes_and_nothing_else_is_guessed() {
    let cases: [(Script, &str, ErrorCode, Option<FixId>); 4] = [
        (
            Script::release("0.12.0"),
            "container",
            ErrorCode::RuntimeTooOld,
            None,
        ),
        (
            Script::release("1.2.0"),
            "container",
            ErrorCode::RuntimeRefused,
            None,
        ),
        (Script::hanging(), "container", ErrorCode::RuntimeHung, None),
        (
            Script::services_down("1.5.0"),
            "service",
            ErrorCode::RuntimeStopped,
            Some(FixId::StartService),
        ),
    ];
    for (script, id, code, fix) in cases {
        let folder = tempfile::tempdir().unwrap();
        let stand = Stand::new(&script);
        let all = doctor(&stand, folder.path()).await;
        let failed = check(&all, id);
        assert_eq!(
            (failed.state, failed.code),
            (CheckState::Failed, Some(code)),
            "{failed:?}"
        );
        assert_eq!(failed.fix.as_ref().map(|fix| fix.id), fix);
        for id in ["kernel", "node-image", "disk", "network", "ports"] {
            assert_eq!(check(&all, id).state, CheckState::Unknown, "{code}: {id}");
        }
        assert_eq!(check(&all, "kubeconfig").state, CheckState::Ok);
        stand.wait_until_gone();
    }
}

#[tokio::test]
async fn a_missing_program_is_one_failure_and_the_rest_is_still_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let found = Engine::locate(Some(&folder.path().join("nowhere")));
    let all = Engine::doctor(found, Some(&folder.path().join("config"))).await;
    assert_eq!(
        check(&all, "container").code,
        Some(ErrorCode::RuntimeMissing)
    );
    assert_eq!(check(&all, "service").state, CheckState::Unknown);
    assert_ne!(check(&all, "memory").state, CheckState::Failed);
    assert_eq!(all.len(), 10);
}

#[tokio::test]
async fn kernels_and_images_that_are_missing_or_old_can_be_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let bare = in_folder(folder.path()).failing(
        &["image", "inspect"],
        "image not found: apple-k8s-node:v1.37.1",
    );
    let stand = Stand::new(&both(bare, healthy()));
    let all = doctor(&stand, folder.path()).await;
    let kernel = check(&all, "kernel");
    assert_eq!(kernel.code, Some(ErrorCode::KernelMissing));
    assert_eq!(kernel.fix.as_ref().unwrap().id, FixId::InstallKernel);
    let image = check(&all, "node-image");
    assert_eq!(image.code, Some(ErrorCode::ImageMissing));
    assert_eq!(image.fix.as_ref().unwrap().id, FixId::BuildNodeImage);

    // Kept through an upgrade of the program.
    with_kernel(folder.path(), "vmlinux-6.12.28-153");
    let all = doctor(&stand, folder.path()).await;
    let kernel = check(&all, "kernel");
    assert_eq!(
        (kernel.state, kernel.code),
        (CheckState::Warning, None),
        "{kernel:?}"
    );
    assert!(kernel.detail.contains("6.12.28"), "{kernel:?}");
}

#[tokio::test]
async fn services_of_another_release_are_to_be_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let status = r#"{"client":{"version":"1.5.0"},"server":{"version":"1.4.1"},"paths":{"appRoot":"/var/empty/"},"status":"running"}"#;
    let mixed = Script::new().on(&["system", "status"], [Act::Stdout(status.into())]);
    let stand = Stand::new(&both(mixed, healthy()));
    let all = doctor(&stand, folder.path()).await;
    let service = check(&all, "service");
    assert_eq!(service.state, CheckState::Warning);
    assert_eq!(service.fix.as_ref().unwrap().id, FixId::RestartService);
    assert!(service.detail.contains("1.4.1"), "{service:?}");
}

#[tokio::test]
async fn a_kubeconfig_that_is_broken_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, "clusters: [\n").unwrap();
    let stand = Stand::new(&Script::services_down("1.5.0"));
    let all = doctor(&stand, folder.path()).await;
    let kubeconfig = check(&all, "kubeconfig");
    assert_eq!(kubeconfig.code, Some(ErrorCode::KubeconfigUnreadable));
    assert!(kubeconfig.detail.contains("config"), "{kubeconfig:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "clusters: [\n");
}

pub(super) fn calls(stand: &Stand, word: &str) -> Vec<String> {
    let calls = stand.calls().into_iter();
    let calls = calls.map(|call| call.arguments.join(" "));
    calls.filter(|call| call.contains(word)).collect()
}

fn engine(stand: &Stand, folder: &Path) -> Engine {
    Engine::new(
        Container::at(stand.program()),
        Home::at(folder.join("home")),
    )
}

#[tokio::test]
async fn a_stopped_service_is_started_with_a_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::new().on(&["system", "start"], []);
    let stand = Stand::new(&both(script, Script::services_down("1.5.0")));
    let engine = engine(&stand, folder.path());
    for fix in [FixId::StartService, FixId::InstallKernel] {
        engine.fix(fix, &Operation::silent()).await.unwrap();
    }
    let expected = "system start --enable-kernel-install";
    assert_eq!(calls(&stand, "start"), [expected, expected]);
    let refused = engine
        .fix(FixId::BuildNodeImage, &Operation::silent())
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Usage);
}

#[tokio::test]
async fn clusters_are_stopped_in_order_before_the_services() {
    let folder = tempfile::tempdir().unwrap();
    let running = Script::new()
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["system", "stop"], [])
        .on(&["stop"], [Act::LastWord]);
    let stand = Stand::new(&both(running, healthy()));
    let engine = engine(&stand, folder.path());
    assert_eq!(engine.runtime_use().await.unwrap().clusters, ["dev"]);
    let stopped = engine.stop_runtime(&Operation::silent()).await.unwrap();
    assert_eq!(stopped.clusters, ["dev"]);
    let stops = calls(&stand, "stop");
    assert_eq!(stops.len(), 3, "{stops:?}");
    assert_eq!(stops[2], "system stop");

    // Of clusters, one that is busy keeps all of them from being stopped.
    let lock = folder.path().join("home/locks/dev.lock");
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let refused = engine.stop_runtime(&Operation::silent()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ClusterBusy);
    assert_eq!(calls(&stand, "stop").len(), 3, "something was stopped");
}
