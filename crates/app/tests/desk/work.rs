//! Operations: their turn, their end, and what is refused at once.

use std::io::Write;
use std::time::Duration;

use app::config::Preset;
use app::desk::Event;
use app::logs::LogSource;
use app::settings::Follow;
use app::snapshot::{OperationKind, OperationState, RuntimeState};
use app::wire::{ContextChoice, CreateSource};
use container_script::{Act, Script, Stand};
use engine::{ErrorCode, Health};

use crate::bench::{Bench, PATIENCE, nodes, one_cluster, stopped};

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
        let mut held = std::fs::File::create(&lock).unwrap();
        held.lock().unwrap();
        held.write_all(words.as_bytes()).unwrap();
        let busy = bench.until("work", |one| one.clusters[0].health == Health::Busy);
        (held, busy.await)
    });
    let (_held, snapshot) = busy.await.unwrap();
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
async fn a_failure_keeps_its_code_its_words_and_a_log() {
    let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    let mut events = bench.desk.events();
    let id = bench.desk.cluster_start("nothing");
    let ended = bench.ended(id).await;
    let failure = ended.failure.unwrap();
    assert_eq!(failure.code, ErrorCode::ClusterNotFound);
    assert!(failure.hint.is_some());
    let (log, _) = log_of(&bench, id).await;
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
    let source = LogSource::Operation { id };
    assert!(bench.desk.log_open(source, 1, |_| true).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operations_log_ends_with_it() {
    let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    let id = bench.desk.cluster_start("nothing");
    let (lines, ended) = log_of(&bench, id).await;
    assert!(!lines.is_empty());
    assert!(ended.contains("no cluster"), "{ended}");
}

/// All lines of an operation, and its end.
async fn log_of(bench: &Bench, id: u64) -> (Vec<String>, String) {
    let (sent, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let source = LogSource::Operation { id };
    let open = bench
        .desk
        .log_open(source, 100, move |batch| sent.send(batch).is_ok());
    open.await.unwrap();
    let mut lines = Vec::new();
    loop {
        let batch = tokio::time::timeout(PATIENCE, batches.recv()).await;
        let batch = batch.unwrap().unwrap();
        lines.extend(batch.lines.into_iter().map(|line| line.text));
        if let Some(ended) = batch.ended {
            return (lines, ended);
        }
    }
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
async fn a_text_that_is_no_cluster_fails_at_once_and_begins_nothing() {
    let bench = Bench::new(&stopped());
    let source = CreateSource::Text {
        text: "kind: Nonsense".into(),
    };
    let refused = bench.desk.cluster_create(&source, ContextChoice::AsRule);
    assert_eq!(refused.unwrap_err().code, ErrorCode::ConfigInvalid);
    assert!(bench.desk.snapshot().operations.is_empty());
}
