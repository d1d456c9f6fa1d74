//! Rows of the tray that ask for a window, a program, or the end of work.

use app::snapshot::OperationState;
use app::tray::Action;
use app::wire::{Dialog, OpenRequest, View};
use serde_json::json;
use tauri::{Manager, async_runtime::block_on};

use super::bench::{Bench, call};
use crate::{clicks, windows};

fn click(bench: &Bench, action: Action) -> engine::Result<()> {
    block_on(clicks::done(bench.app.handle(), action))
}

#[test]
fn what_needs_a_window_opens_it_and_says_what_it_shall_show() {
    let dev = || "dev".to_owned();
    for (action, view, cluster, dialog) in [
        (Action::Show(dev()), Some(View::Overview), Some(dev()), None),
        (
            Action::LoadImage(dev()),
            Some(View::Images),
            Some(dev()),
            Some(Dialog::ChooseImage),
        ),
        (
            Action::Delete(dev()),
            None,
            Some(dev()),
            Some(Dialog::Delete),
        ),
        (Action::AllContexts, None, None, Some(Dialog::Contexts)),
        (Action::New, Some(View::Configuration), None, None),
        (Action::Diagnostics, Some(View::Diagnostics), None, None),
    ] {
        let bench = Bench::new();
        click(&bench, action.clone()).unwrap();
        assert!(bench.app.get_webview_window("main").is_some());
        let wanted = OpenRequest {
            view,
            cluster,
            dialog,
        };
        let pending = bench.app.state::<windows::Pending>();
        assert_eq!(pending.request(), Some(wanted), "{action:?}");
    }
    let bench = Bench::new();
    click(&bench, Action::Settings).unwrap();
    assert!(bench.app.get_webview_window("settings").is_some());
}

#[test]
fn a_shell_opens_in_the_terminal_and_a_name_that_is_none_opens_nothing() {
    let bench = Bench::new();
    let opened = click(&bench, Action::Shell("dev".into()));
    let asked = bench.desktop.now().asked.clone();
    match opened {
        Ok(()) => assert!(asked[0].starts_with("launch "), "{asked:?}"),
        // This machine has no terminal.
        Err(error) => assert!(error.message.contains("terminal"), "{error}"),
    }
    bench.desktop.now().asked.clear();
    click(&bench, Action::Shell("--all".into())).unwrap_err();
    assert_eq!(bench.desktop.now().asked, [] as [String; 0]);
}

#[test]
fn work_is_cancelled_and_quitting_asks_while_there_is_some() {
    let (bench, id) = Bench::at_work();
    click(&bench, Action::Quit).unwrap();
    let pending = bench.app.state::<windows::Pending>();
    let asked = pending.request().and_then(|request| request.dialog);
    assert_eq!(asked, Some(Dialog::Quit));
    click(&bench, Action::StartService).unwrap();
    let operations = bench.desk().snapshot().operations.clone();
    assert_eq!(operations.len(), 2, "one works, one waits for its turn");
    click(&bench, Action::Cancel(operations[1].id)).unwrap();
    click(&bench, Action::Cancel(id)).unwrap();
    block_on(bench.desk().idle());
    let state = bench.desk().snapshot().operations[0].state;
    assert_eq!(state, OperationState::Cancelled);
}

#[test]
fn what_can_not_be_done_is_an_error_to_be_told() {
    let bench = Bench::new();
    click(&bench, Action::Cancel(999)).unwrap_err();
    click(&bench, Action::UseContext("gone".into())).unwrap_err();
    click(&bench, Action::CopyKubeconfig("gone".into())).unwrap_err();
    // As the click itself tells it.
    clicks::act(bench.app.handle(), Action::UseContext("gone".into()));
    let told = async {
        let mut snapshots = bench.desk().snapshots();
        let told = snapshots.wait_for(|one| !one.notices.is_empty());
        told.await.unwrap().notices[0].text.clone()
    };
    let told = block_on(async { tokio::time::timeout(super::SOON, told).await }).unwrap();
    assert!(told.contains("gone"), "{told}");
    let window = bench.window("settings");
    assert!(call(&window, "snapshot_get", json!({})).is_ok());
}
