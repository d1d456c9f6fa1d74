//! Files of the user's: settings and kubeconfig; what may be opened.

use std::time::Duration;

use app::desk::Desk;
use app::place::Place;
use app::settings::Settings;
use engine::Home;

use crate::bench::{Bench, one_cluster, stopped};

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
