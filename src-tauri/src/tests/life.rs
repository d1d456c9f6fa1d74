//! Windows, files that are opened, and the end.

use std::collections::BTreeSet;
use std::time::Duration;

use app::desk::Event;
use app::drops::DropKind;
use serde_json::{Value, json};
use tauri::test::MockRuntime;
use tauri::test::mock_builder;
use tauri::{Manager, WebviewWindow};

use super::bench::{Bench, call};
use crate::{context, core, opened, windows};

#[test]
fn windows_are_opened_once() {
    let bench = Bench::new();
    let window = bench.window("main");
    for _ in 0..2 {
        call(&window, "window_open", json!({"window": "settings"})).unwrap();
    }
    let labels: BTreeSet<String> = bench.app.webview_windows().into_keys().collect();
    assert_eq!(labels, BTreeSet::from(["main".into(), "settings".into()]));
    let unknown = call(&window, "window_open", json!({"window": "other"}));
    assert!(unknown.is_err());
}

/// A page is told of files when it listens, and of later ones at once; then, what they are.
#[test]
fn files_that_are_opened_reach_the_window_whose_page_listens() {
    let bench = Bench::new();
    let mut events = bench.desk().events();
    let mut told = move || {
        let next = async {
            loop {
                if let Event::Drop(drop) = events.recv().await.unwrap() {
                    return drop;
                }
            }
        };
        let soon = async { tokio::time::timeout(Duration::from_secs(10), next).await };
        let drop = tauri::async_runtime::block_on(soon).unwrap();
        (drop.kind, drop.token.clone(), drop.files[0].name.clone())
    };
    let open = |name: &str| {
        let path = bench.folder.path().join(name);
        std::fs::write(&path, "kind: Cluster\n").unwrap();
        opened::open(bench.app.handle(), vec![path]);
    };
    open("first.yaml");
    let pending = bench.app.state::<windows::Pending>();
    assert!(pending.has_files());
    let window = bench.app.get_webview_window("main").unwrap();
    call(&window, "snapshot_get", json!({})).unwrap();
    assert!(!pending.has_files());
    let mut tokens = BTreeSet::new();
    for name in ["first.yaml", "second.yaml"] {
        if name == "second.yaml" {
            open(name);
        }
        let (kind, token, file) = told();
        assert_eq!((kind, &*file), (DropKind::Opened, name));
        let (kind, looked, file) = told();
        assert_eq!((kind, &*file), (DropKind::Looked, name));
        assert_eq!(looked, token);
        tokens.insert(token.unwrap());
    }
    assert_eq!(tokens.len(), 2);
}

/// Finder names files before there is a desk: nothing can be shown then.
#[test]
fn files_that_come_before_the_app_is_set_up_wait() {
    let app = core(mock_builder()).build(context()).unwrap();
    opened::open(app.handle(), vec!["/tmp/cluster.yaml".into()]);
    assert!(app.webview_windows().is_empty());
    assert!(app.state::<windows::Pending>().has_files());
}

#[test]
fn a_page_that_is_not_seen_leaves_no_window_to_draw_for() {
    let bench = Bench::new();
    let window = bench.window("main");
    let seen = |seen: bool| {
        call(&window, "window_seen", json!({"seen": seen})).unwrap();
        bench.desk().windows().any_visible()
    };
    assert!(seen(true));
    assert!(!seen(false));
}

/// The command answers when the app quits, or when that is taken back.
fn quit_when_done(
    window: &WebviewWindow<MockRuntime>,
) -> std::thread::JoinHandle<Result<Value, Value>> {
    let window = window.clone();
    std::thread::spawn(move || call(&window, "app_quit", json!({"when": "afterWork"})))
}

#[test]
fn quitting_when_done_waits_for_the_work() {
    let (bench, id) = Bench::at_work();
    let window = bench.window("main");
    let quit = quit_when_done(&window);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(bench.desktop.now().asked, [] as [String; 0]);
    call(&window, "operation_cancel", json!({"id": id})).unwrap();
    quit.join().unwrap().unwrap();
    assert_eq!(bench.desktop.now().asked, ["quit"]);
}

#[test]
fn quitting_when_done_can_be_taken_back() {
    let (bench, id) = Bench::at_work();
    let window = bench.window("main");
    let quit = quit_when_done(&window);
    let mut snapshots = bench.desk().snapshots();
    tauri::async_runtime::block_on(snapshots.wait_for(|one| one.leaving)).unwrap();
    call(&window, "app_quit", json!({"when": "never"})).unwrap();
    quit.join().unwrap().unwrap();
    assert!(!bench.desk().snapshot().leaving);
    call(&window, "operation_cancel", json!({"id": id})).unwrap();
    tauri::async_runtime::block_on(bench.desk().idle());
    assert_eq!(bench.desktop.now().asked, [] as [String; 0]);
}

#[test]
fn quitting_now_undoes_what_was_begun_first() {
    let (bench, _) = Bench::at_work();
    let window = bench.window("main");
    call(&window, "app_quit", json!({"when": "now"})).unwrap();
    assert!(!bench.desk().is_busy(), "it is still at work");
    assert_eq!(bench.desktop.now().asked, ["quit"]);
}
