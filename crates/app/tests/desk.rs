//! The desk over a scripted `container`: what it shows, and that nothing makes it hang.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::config::{OpenedConfig, Preset, SavedConfig};
use app::desk::{Desk, Event};
use app::logs::LogSource;
use app::place::Place;
use app::settings::{Follow, Settings};
use app::snapshot::{
    ClusterState, Operation, OperationKind, OperationState, RuntimeState, Snapshot,
};
use app::wire::{ContextChoice, CreateSource, RevealTarget};
use container_script::{Act, Script, Stand};
use engine::{ErrorCode, Health, Home};
use serde_json::json;

/// Longer than anything takes; a desk that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(40);

struct Bench {
    stand: Stand,
    folder: tempfile::TempDir,
    desk: Arc<Desk>,
}

impl Bench {
    fn new(script: &Script) -> Self {
        let stand = Stand::new(script);
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            container_path: Some(stand.program().display().to_string()),
            kubeconfig: Some(folder.path().join("config").display().to_string()),
            ..Settings::default()
        };
        let place = Place::at(folder.path().join("app"));
        settings.save(&place).unwrap();
        let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
        Self {
            stand,
            folder,
            desk,
        }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Waits for a snapshot.
    async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.desk.snapshots();
        let coming = snapshots.wait_for(|one| wanted(one));
        let Ok(snapshot) = tokio::time::timeout(PATIENCE, coming).await else {
            panic!("no {what}: {:#?}", self.desk.snapshot());
        };
        Arc::clone(&snapshot.unwrap())
    }

    /// Waits for an operation's end.
    async fn ended(&self, id: u64) -> Operation {
        let snapshot = self
            .until("end", |snapshot| {
                let known = snapshot.operations.iter().find(|one| one.id == id);
                known.is_some_and(|one| one.state.is_over())
            })
            .await;
        let ended = snapshot.operations.iter().find(|one| one.id == id);
        ended.unwrap().clone()
    }
}

/// What a person waits for must come before they wonder.
async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let Ok(answer) = tokio::time::timeout(Duration::from_secs(2), work).await else {
        panic!("{what} hangs");
    };
    answer
}

fn nodes(state: &str) -> Act {
    let nodes = json!([{
        "id": "dev-control-plane",
        "configuration": {
            "id": "dev-control-plane",
            "image": {"reference": "apple-k8s-node", "descriptor": {"digest": "sha256:00"}},
            "labels": {
                "apple-k8s.dev/cluster": "dev", "apple-k8s.dev/role": "control-plane",
                "apple-k8s.dev/node-address": "172.30.0.2", "apple-k8s.dev/creation": "x",
            },
            "publishedPorts": [{"hostAddress": "127.0.0.1", "hostPort": 16443,
                "containerPort": 6443, "count": 1, "proto": "tcp"}],
        },
        "status": {"state": state, "startedDate": "2026-01-01T10:00:00Z", "networks": []}
    }]);
    Act::Stdout(nodes.to_string())
}

fn one_cluster(bench: &Bench) {
    let folder = bench.folder.path().join("home/clusters/dev");
    std::fs::create_dir_all(&folder).unwrap();
    let yaml = spec::Cluster::simple("dev", 0).unwrap().to_yaml();
    std::fs::write(folder.join("cluster.yaml"), yaml).unwrap();
    let kubeconfig = "apiVersion: v1\nkind: Config\n";
    std::fs::write(folder.join("kubeconfig"), kubeconfig).unwrap();
}

fn stopped() -> Script {
    Script::healthy("1.5.0").on(&["list"], [nodes("stopped")])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_hangs_leaves_the_desk_usable() {
    let bench = Bench::new(&Script::hanging());
    let snapshot = soon("the snapshot", async { bench.desk.snapshot() }).await;
    assert_eq!(snapshot.runtime.state, RuntimeState::Checking);
    let id = soon("a start", async { bench.desk.cluster_start("dev") }).await;
    let mut settings = bench.desk.settings();
    settings.notify = false;
    soon("settings", async { bench.desk.settings_set(settings) })
        .await
        .unwrap();
    soon("a context", bench.desk.context_use("none"))
        .await
        .unwrap_err();
    bench.desk.operation_cancel(id).unwrap();
    // The call gets its time to end in order.
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, OperationState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_runtime_is_told_in_words() {
    let bench = Bench::new(&Script::hanging());
    let snapshot = bench
        .until("problem", |one| one.runtime.state == RuntimeState::Unusable)
        .await;
    let problem = snapshot.runtime.problem.clone().unwrap();
    assert_eq!(problem.code, ErrorCode::RuntimeHung);
    assert!(problem.hint.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_runtime_is_told_apart() {
    for (script, state) in [
        (Script::services_down("1.5.0"), RuntimeState::Stopped),
        (Script::garbage(), RuntimeState::Unusable),
        (Script::release("1.2.0"), RuntimeState::Unusable),
    ] {
        let bench = Bench::new(&script);
        let snapshot = bench
            .until("answer", |one| one.runtime.state != RuntimeState::Checking)
            .await;
        assert_eq!(snapshot.runtime.state, state);
        assert!(snapshot.runtime.problem.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_missing_is_looked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("container");
    let settings = Settings {
        container_path: Some(program.display().to_string()),
        ..Settings::default()
    };
    let place = Place::at(folder.path());
    settings.save(&place).unwrap();
    let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
    let mut snapshots = desk.snapshots();
    snapshots
        .wait_for(|one| one.runtime.state == RuntimeState::Missing)
        .await
        .unwrap();
    // A window that is opened looks again, and so finds what was installed meanwhile.
    let stand = Stand::new(&stopped());
    std::os::unix::fs::symlink(stand.program(), &program).unwrap();
    desk.window_visible("main", true);
    let found = snapshots.wait_for(|one| one.runtime.state != RuntimeState::Missing);
    tokio::time::timeout(PATIENCE, found)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_clusters_are_listed_while_the_service_is_down() {
    let bench = Bench::new(&Script::services_down("1.5.0"));
    one_cluster(&bench);
    bench.desk.window_visible("main", true);
    let snapshot = bench.until("cluster", |one| !one.clusters.is_empty()).await;
    assert_eq!(snapshot.clusters[0].state, ClusterState::Stopped);
    assert_eq!(snapshot.clusters[0].nodes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_another_program_shows_within_a_second_and_goes_with_it() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    bench
        .until("cluster", |one| {
            one.clusters
                .iter()
                .any(|cluster| cluster.health == Health::Stopped)
        })
        .await;
    let mut other = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let lock = bench.folder.path().join("home/locks/dev.lock");
    let words = format!("start cluster (process {})", other.id());
    let busy = tokio::time::timeout(Duration::from_secs(1), async {
        std::fs::write(&lock, words).unwrap();
        bench
            .until("work", |one| one.clusters[0].health == Health::Busy)
            .await
    });
    let snapshot = busy.await.unwrap();
    assert!(snapshot.operations[0].elsewhere);
    assert_eq!(snapshot.operations[0].kind, OperationKind::Start);
    let refused = bench.desk.operation_cancel(snapshot.operations[0].id);
    assert_eq!(refused.unwrap_err().code, ErrorCode::ClusterBusy);
    std::fs::remove_file(&lock).unwrap();
    let free = bench.until("end", |one| one.operations.is_empty());
    tokio::time::timeout(Duration::from_secs(1), free)
        .await
        .unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_on_one_cluster_waits_its_turn_and_can_be_cancelled_while_it_waits() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["stop"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let first = bench.desk.cluster_stop("dev");
    bench.stand.wait_for_mark();
    let second = bench.desk.cluster_start("dev");
    let third = bench.desk.cluster_start("other");
    assert_eq!(bench.ended(third).await.state, OperationState::Failed);
    let state = |id: u64| {
        let snapshot = bench.desk.snapshot();
        let known = snapshot.operations.iter().find(|one| one.id == id);
        known.unwrap().state
    };
    assert_eq!(state(second), OperationState::Waiting);
    bench.desk.operation_cancel(second).unwrap();
    assert_eq!(bench.ended(second).await.state, OperationState::Cancelled);
    assert_eq!(state(first), OperationState::Running);
    assert!(bench.desk.is_busy());
    bench.desk.wind_up().await;
    assert_eq!(state(first), OperationState::Cancelled);
    assert!(!bench.desk.is_busy());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_exported_to_a_new_folder_also_while_something_hangs() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["stop"], [Act::Mark, Act::Hang])
        .on(&["logs"], [Act::Stdout("it boots\n".into())])
        .on(&["exec"], [Act::Stdout("it works\n".into())]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let stop = bench.desk.cluster_stop("dev");
    bench.stand.wait_for_mark();
    let parent = bench.folder.path().join("mine");
    std::fs::create_dir(&parent).unwrap();
    let reveal = |operation: u64| bench.desk.reveal(RevealTarget::Exported { operation });
    for name in ["dev-logs", "dev-logs-2"] {
        let folder = parent.join(name);
        let id = bench.desk.logs_export("dev", parent.clone()).await.unwrap();
        let ended = bench.ended(id).await;
        let outcome = format!("The logs of “dev” are in {}.", folder.display());
        assert_eq!(ended.outcome, Some(outcome), "{:?}", ended.failure);
        let read = |file: &str| {
            let file = folder.join("dev-control-plane").join(file);
            std::fs::read_to_string(file).unwrap()
        };
        assert_eq!(read("serial.log"), "it boots\n");
        assert_eq!(read("kubelet.log"), "it works\n");
        assert_eq!(reveal(id).unwrap(), folder);
        std::fs::rename(&folder, parent.join("moved")).unwrap();
        assert!(reveal(id).unwrap_err().hint.is_some(), "it is gone");
        std::fs::rename(parent.join("moved"), &folder).unwrap();
    }
    let working = bench.desk.snapshot();
    let state = working.operations.iter().find(|one| one.id == stop);
    assert_eq!(state.unwrap().state, OperationState::Running);
    assert_eq!(reveal(stop).unwrap_err().code, ErrorCode::Usage);
    let outside = bench.desk.logs_export("../dev", parent.clone()).await;
    assert_eq!(outside.unwrap_err().code, ErrorCode::Usage);
    assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 2);
    bench.desk.wind_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_does_not_come_to_its_end_leaves_no_folder() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("stopped")])
        .on(&["logs"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let parent = bench.folder.path().join("mine");
    let missing = bench.desk.logs_export("dev", parent.clone()).await;
    assert!(missing.unwrap_err().hint.is_some());
    assert!(!parent.exists(), "a folder that was not chosen is not made");
    std::fs::create_dir(&parent).unwrap();
    let cancelled = bench.desk.logs_export("dev", parent.clone()).await.unwrap();
    bench.stand.wait_for_mark();
    bench.desk.operation_cancel(cancelled).unwrap();
    assert_eq!(
        bench.ended(cancelled).await.state,
        OperationState::Cancelled
    );
    let failed = bench.desk.logs_export("other", parent.clone()).await;
    let failure = bench.ended(failed.unwrap()).await.failure.unwrap();
    assert_eq!(failure.code, ErrorCode::ClusterNotFound);
    assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_keeps_its_code_its_words_and_a_log() {
    let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    let mut events = bench.desk.events();
    let id = bench.desk.cluster_start("nothing");
    let ended = bench.ended(id).await;
    let failure = ended.failure.unwrap();
    assert_eq!(failure.code, ErrorCode::ClusterNotFound);
    assert!(failure.hint.is_some());
    let log = bench.desk.operation_log(id).unwrap();
    assert!(
        log.iter().any(|line| line.contains("no cluster")),
        "{log:?}"
    );
    let told = loop {
        if let Event::Ended(one) = events.recv().await.unwrap() {
            break one;
        }
    };
    assert_eq!((told.id, told.state), (id, OperationState::Failed));
    bench.desk.operation_dismiss(id);
    assert!(bench.desk.snapshot().operations.is_empty());
    assert!(bench.desk.operation_log(id).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operations_log_ends_with_it() {
    let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    let id = bench.desk.cluster_start("nothing");
    let (sent, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let source = LogSource::Operation { id };
    let open = bench
        .desk
        .log_open(source, 100, move |batch| sent.send(batch).is_ok());
    open.await.unwrap();
    let mut lines = 0;
    let ended = loop {
        let batch = tokio::time::timeout(PATIENCE, batches.recv()).await;
        let batch = batch.unwrap().unwrap();
        lines += batch.lines.len();
        if let Some(ended) = batch.ended {
            break ended;
        }
    };
    assert!(lines > 0);
    assert!(ended.contains("no cluster"), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_creations_of_one_name_are_refused_at_once() {
    let script = Script::healthy("1.5.0").on(&["image", "inspect"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    let create = || {
        bench
            .desk
            .cluster_create(&CreateSource::Default, ContextChoice::Keep)
    };
    create().unwrap();
    assert_eq!(create().unwrap_err().code, ErrorCode::ClusterBusy);
    let settings = bench.desk.settings();
    assert!(settings.follow_asked, "the answer counts from now on");
    assert_eq!(settings.follow, Follow::Never);
    bench.desk.wind_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_home_has_is_passed_over() {
    // The nodes are there, and this home knows nothing of them.
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["image", "inspect"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    bench
        .until("answer", |one| one.runtime.state == RuntimeState::Ready)
        .await;
    let source = CreateSource::Default;
    let id = bench.desk.cluster_create(&source, ContextChoice::AsRule);
    let id = id.unwrap();
    let snapshot = bench.desk.snapshot();
    let operation = snapshot.operations.iter().find(|one| one.id == id);
    assert_eq!(operation.unwrap().cluster.as_deref(), Some("dev-2"));
    let again = bench.desk.cluster_create(&source, ContextChoice::AsRule);
    assert_eq!(
        again.unwrap_err().code,
        ErrorCode::ClusterBusy,
        "a double click"
    );
    let preset = bench.desk.config_preset(Preset::One, "dev").unwrap();
    assert!(preset.contains("name: dev-2"), "{preset}");
    bench.desk.wind_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_waits_keeps_the_program_that_it_was_asked_with() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .times(1, &["stop"], [Act::Mark, Act::Hang])
        .on(&["stop"], [Act::LastWord]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let first = bench.desk.cluster_stop("dev");
    bench.stand.wait_for_mark();
    let second = bench.desk.cluster_stop("dev");
    let other = Stand::new(&script);
    let mut settings = bench.desk.settings();
    settings.container_path = Some(other.program().display().to_string());
    bench.desk.settings_set(settings).unwrap();
    bench.desk.operation_cancel(first).unwrap();
    bench.ended(second).await;
    let stops = |stand: &Stand| {
        let calls = stand.calls().into_iter();
        let words = calls.filter(|call| call.arguments.first().is_some_and(|word| word == "stop"));
        words.count()
    };
    assert_eq!((stops(&bench.stand), stops(&other)), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_start_with_the_app_only_at_login() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("stopped")])
        .on(&["start"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let mut settings = bench.desk.settings();
    settings.start_clusters = vec!["dev".into()];
    bench.desk.settings_set(settings.clone()).unwrap();
    bench.desk.start_chosen().await;
    assert!(!bench.desk.is_busy(), "it is not started at login");
    settings.start_at_login = true;
    bench.desk.settings_set(settings).unwrap();
    bench.desk.start_chosen().await;
    bench.stand.wait_for_mark();
    bench.desk.wind_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_can_not_be_read_are_told_and_nothing_stops() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path());
    std::fs::create_dir(place.settings_file()).unwrap();
    let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
    assert_eq!(desk.settings(), Settings::default());
    let notices = desk.snapshot().notices.clone();
    assert!(notices[0].text.contains("settings.json"), "{notices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_cluster_fails_at_once_and_begins_nothing() {
    let bench = Bench::new(&stopped());
    let source = CreateSource::Text {
        text: "kind: Nonsense".into(),
    };
    let refused = bench.desk.cluster_create(&source, ContextChoice::AsRule);
    assert_eq!(refused.unwrap_err().code, ErrorCode::ConfigInvalid);
    assert!(bench.desk.snapshot().operations.is_empty());
}

const CONTEXTS: &str = "# mine
apiVersion: v1
kind: Config
current-context: prod   # careful
contexts:
- name: prod
  context: {cluster: p, user: p}
- name: apple-k8s-dev
  context: {cluster: d, user: d}
";

#[tokio::test(flavor = "multi_thread")]
async fn switching_a_context_changes_nothing_else_in_the_file() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    std::fs::write(bench.kubeconfig(), CONTEXTS).unwrap();
    bench
        .until("contexts", |one| one.contexts.entries.len() == 2)
        .await;
    bench.desk.context_use("apple-k8s-dev").await.unwrap();
    let after = std::fs::read_to_string(bench.kubeconfig()).unwrap();
    assert_eq!(after, CONTEXTS.replace(": prod   #", ": apple-k8s-dev   #"));
    let snapshot = bench.desk.snapshot();
    let current = snapshot.contexts.current.as_deref();
    assert_eq!(current, Some("apple-k8s-dev"), "told when it is written");
    assert_eq!(snapshot.contexts.switched_elsewhere, None);
    let unknown = bench.desk.context_use("gone").await;
    assert!(unknown.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_by_another_program_shows_within_a_second() {
    let bench = Bench::new(&stopped());
    std::fs::write(bench.kubeconfig(), CONTEXTS).unwrap();
    bench
        .until("contexts", |one| one.contexts.current.is_some())
        .await;
    let seen = tokio::time::timeout(Duration::from_secs(1), async {
        let switched = CONTEXTS.replace(": prod   #", ": apple-k8s-dev   #");
        std::fs::write(bench.kubeconfig(), switched).unwrap();
        bench
            .until("switch", |one| {
                one.contexts.current.as_deref() == Some("apple-k8s-dev")
            })
            .await
    });
    assert!(seen.await.unwrap().contexts.switched_elsewhere.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_named_and_left_alone() {
    let bench = Bench::new(&stopped());
    std::fs::write(bench.kubeconfig(), "contexts: [").unwrap();
    let snapshot = bench
        .until("problem", |one| {
            one.contexts.files.iter().any(|file| file.problem.is_some())
        })
        .await;
    assert!(snapshot.contexts.entries.is_empty());
    assert!(bench.desk.context_use("prod").await.is_err());
    let left = std::fs::read_to_string(bench.kubeconfig()).unwrap();
    assert_eq!(left, "contexts: [");
}

#[tokio::test(flavor = "multi_thread")]
async fn corrupt_settings_are_kept_aside_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path());
    std::fs::write(place.settings_file(), "{").unwrap();
    let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
    let snapshot = desk.snapshot();
    assert_eq!(
        snapshot.notices[0].text,
        "Settings could not be read, so defaults are in use. The old file is kept as settings.json.bad."
    );
    assert!(folder.path().join("settings.json.bad").exists());
    desk.notice_dismiss(snapshot.notices[0].id);
    assert!(desk.snapshot().notices.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_begins_as_the_settings_say_and_presets_keep_the_sizes() {
    let bench = Bench::new(&Script::healthy("1.5.0"));
    let mut settings = bench.desk.settings();
    settings.new_cluster.workers = 3;
    settings.new_cluster.memory = Some("3Gi".into());
    bench.desk.settings_set(settings).unwrap();
    for (preset, nodes) in [(Preset::Usual, 4), (Preset::One, 1), (Preset::Three, 3)] {
        let text = bench.desk.config_preset(preset, "shop").unwrap();
        let form = bench
            .desk
            .config_check(text)
            .await
            .unwrap()
            .cluster
            .unwrap();
        assert_eq!(form.name, "shop");
        assert_eq!(form.machines.len(), nodes, "{preset:?}");
        let memory: Vec<u64> = form.machines.iter().map(|one| one.memory_bytes).collect();
        assert_eq!(memory, vec![3 << 30; nodes], "{preset:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_come_back_and_their_names_are_checked() {
    let bench = Bench::new(&stopped());
    let desk = &bench.desk;
    assert_eq!(desk.draft_get(Some("dev")).unwrap(), None);
    desk.draft_set(Some("dev"), Some("half a text")).unwrap();
    desk.draft_set(None, Some("a new one")).unwrap();
    assert_eq!(
        desk.draft_get(Some("dev")).unwrap().as_deref(),
        Some("half a text")
    );
    assert_eq!(desk.draft_get(None).unwrap().as_deref(), Some("a new one"));
    desk.draft_set(Some("dev"), None).unwrap();
    assert_eq!(desk.draft_get(Some("dev")).unwrap(), None);
    for bad in ["../x", "a/b", "", "A"] {
        assert!(desk.draft_set(Some(bad), Some("x")).is_err(), "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_saves_only_where_the_user_chose() {
    let bench = Bench::new(&stopped());
    let path = bench.folder.path().join("cluster.yaml");
    let over = |text: &str| OpenedConfig {
        text: text.to_owned(),
        path: path.display().to_string(),
    };
    let refused = bench.desk.config_save("x".into(), over("")).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::PermissionDenied);
    assert!(!path.exists());
    let saved = bench.desk.config_save_as("x".into(), path.clone()).await;
    assert_eq!(saved.unwrap(), SavedConfig::Saved(over("x")));
    let saved = bench.desk.config_save("y".into(), over("x")).await;
    assert_eq!(saved.unwrap(), SavedConfig::Saved(over("y")));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "y");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_wrote_is_not_overwritten_unasked() {
    let bench = Bench::new(&stopped());
    let path = bench.folder.path().join("cluster.yaml");
    let file = |text: &str| OpenedConfig {
        text: text.to_owned(),
        path: path.display().to_string(),
    };
    let save = |text: &str, over: OpenedConfig| bench.desk.config_save(text.to_owned(), over);
    let there = || std::fs::read_to_string(&path).unwrap();
    let first = bench.desk.config_save_as("mine".into(), path.clone()).await;
    assert_eq!(first.unwrap(), SavedConfig::Saved(file("mine")));

    std::fs::write(&path, "theirs").unwrap();
    let asked = save("mine 2", file("mine")).await.unwrap();
    assert_eq!(asked, SavedConfig::Changed(file("theirs")));
    assert_eq!(there(), "theirs", "nothing was written");

    // Who knows what is there now overwrites it; once more changed, once more asked.
    std::fs::write(&path, "theirs again").unwrap();
    let asked = save("mine 2", file("theirs")).await.unwrap();
    assert_eq!(asked, SavedConfig::Changed(file("theirs again")));
    let saved = save("mine 2", file("theirs again")).await.unwrap();
    assert_eq!(saved, SavedConfig::Saved(file("mine 2")));
    assert_eq!(there(), "mine 2");

    // Both wrote the same, or the file is gone: there is nothing to lose.
    std::fs::write(&path, "mine 3").unwrap();
    let saved = save("mine 3", file("mine 2")).await.unwrap();
    assert_eq!(saved, SavedConfig::Saved(file("mine 3")));
    std::fs::remove_file(&path).unwrap();
    save("mine 4", file("mine 3")).await.unwrap();
    assert_eq!(there(), "mine 4");

    // Not even what is no text.
    std::fs::write(&path, b"\xff\xfe").unwrap();
    let asked = save("mine 5", file("mine 4")).await.unwrap();
    assert_eq!(asked, SavedConfig::Changed(file("\u{fffd}\u{fffd}")));
    assert_eq!(std::fs::read(&path).unwrap(), b"\xff\xfe");
    save("mine 5", file("\u{fffd}\u{fffd}")).await.unwrap();
    assert_eq!(there(), "mine 5");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bundle_has_no_secret_of_any_file() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    let yaml = "metadata:\n  name: dev\n  token: very-secret-token\n";
    let saved = bench.folder.path().join("home/clusters/dev/cluster.yaml");
    std::fs::write(saved, yaml).unwrap();
    std::fs::create_dir_all(bench.desk.place().logs()).unwrap();
    std::fs::write(
        bench.desk.place().logs().join("app.2026-01-01.log"),
        "said: abcdef.0123456789abcdef and client-key-data: S0VZS0VZS0VZ\n",
    )
    .unwrap();
    let files = bench.desk.diagnostics().await;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert!(names.contains(&"clusters/dev.yaml"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("logs/")));
    for file in &files {
        for secret in ["very-secret-token", "0123456789abcdef", "S0VZS0VZS0VZ"] {
            assert!(!file.text.contains(secret), "{}: {}", file.name, file.text);
        }
        assert!(!file.name.contains("kubeconfig"), "{}", file.name);
    }
    assert!(files.iter().map(|file| file.redactions).sum::<u32>() >= 3);
    let path = bench.folder.path().join("bundle.tar.gz");
    bench.desk.diagnostics_write(path.clone()).await.unwrap();
    assert!(path.metadata().unwrap().len() > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_opens_documentation_and_nothing_else_unasked() {
    let bench = Bench::new(&stopped());
    let may = |url: &str| bench.desk.may_open(url);
    assert!(may("https://kubernetes.io/docs/concepts/"));
    assert!(may("https://github.com/apple/container/releases"));
    for url in [
        "https://example.com",
        "file:///etc/passwd",
        "http://127.0.0.1:8080",
        "https://github.com/apple/container-evil",
        "https://kubernetes.io.evil.example/docs/",
        "javascript:alert(1)",
        "",
    ] {
        assert!(!may(url), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_measured_only_while_it_can_be_seen() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["stats"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let mut events = bench.desk.events();
    let mut measured = async |patience: Duration| {
        let usage = async {
            loop {
                if let Event::Usage(usage) = events.recv().await.unwrap() {
                    break usage;
                }
            }
        };
        tokio::time::timeout(patience, usage).await.is_ok()
    };
    bench.desk.window_visible("main", true);
    bench.desk.view_watch("main", Some("dev"));
    assert!(measured(PATIENCE).await);
    bench.desk.window_visible("main", false);
    // One may be under way.
    measured(Duration::from_secs(3)).await;
    assert!(!measured(Duration::from_secs(5)).await, "nobody looks");
    bench.desk.window_visible("main", true);
    assert!(measured(PATIENCE).await, "it is shown again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_cluster_costs_no_calls_while_nothing_is_seen() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    bench.until("cluster", |one| !one.clusters.is_empty()).await;
    // The first look may be followed by one more, for what the test itself wrote.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = bench.stand.calls().len();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        bench.stand.calls().len(),
        before,
        "it polls though nobody looks"
    );
}
