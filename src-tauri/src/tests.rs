//! Commands as windows call them, over a scripted `container` and without a display.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use app::desk::{Desk, Event};
use app::drops::DropKind;
use app::place::Place;
use app::settings::Settings;
use app::terminal::Launch;
use container_script::{Act, Script, Stand};
use engine::{Error, ErrorCode, Home};
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};
use tokio::sync::oneshot::{Receiver, channel};

use super::desktop::Desktop;
use super::{context, core, opened, windows};

/// A desktop whose user has decided already.
#[derive(Debug, Default)]
struct Decided(Mutex<Decisions>);

#[derive(Debug, Default)]
struct Decisions {
    files: Vec<PathBuf>,
    place: Option<PathBuf>,
    /// Whether programs can't be started.
    broken: bool,
    /// What was asked for, in words.
    asked: Vec<String>,
}

impl Decided {
    fn now(&self) -> MutexGuard<'_, Decisions> {
        self.0.lock().unwrap()
    }

    fn ask(&self, what: String) -> engine::Result<()> {
        let mut now = self.now();
        now.asked.push(what);
        if now.broken {
            return Err(Error::new(ErrorCode::Internal, "nothing starts here"));
        }
        Ok(())
    }
}

impl Desktop for Decided {
    fn choose_files(&self, title: &str) -> Receiver<Vec<PathBuf>> {
        let (chosen, answer) = channel();
        let mut now = self.now();
        now.asked.push(title.into());
        chosen.send(now.files.clone()).unwrap();
        answer
    }

    fn choose_folder(&self, title: &str) -> Receiver<Option<PathBuf>> {
        self.choose_place(title)
    }

    fn choose_place(&self, name: &str) -> Receiver<Option<PathBuf>> {
        let (chosen, answer) = channel();
        let mut now = self.now();
        now.asked.push(name.into());
        chosen.send(now.place.clone()).unwrap();
        answer
    }

    fn open(&self, what: &str) -> engine::Result<()> {
        self.ask(format!("open {what}"))
    }

    fn launch(&self, launch: &Launch) -> engine::Result<()> {
        self.ask(format!("launch {}", launch.program.display()))
    }

    fn quit(&self) {
        self.now().asked.push("quit".into());
    }
}

/// An app without a display.
struct Bench {
    stand: Stand,
    folder: tempfile::TempDir,
    app: App<MockRuntime>,
    desktop: Arc<Decided>,
}

impl Bench {
    fn new() -> Self {
        Self::over(&Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]))
    }

    fn over(script: &Script) -> Self {
        let stand = Stand::new(script);
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            container_path: Some(stand.program().display().to_string()),
            kubeconfig: Some(folder.path().join("config").display().to_string()),
            ..Settings::default()
        };
        let place = Place::at(folder.path().join("app"));
        settings.save(&place).unwrap();
        let home = Home::at(folder.path().join("home"));
        let desk: Arc<Desk> =
            tauri::async_runtime::block_on(async { Desk::at(place, home) }).unwrap();
        let app = core(mock_builder()).build(context()).unwrap();
        let desktop = Arc::<Decided>::default();
        app.manage(desk);
        app.manage::<Arc<dyn Desktop>>(desktop.clone());
        Self {
            stand,
            folder,
            app,
            desktop,
        }
    }

    fn desk(&self) -> Arc<Desk> {
        super::desk(&self.app)
    }

    fn window(&self, label: &str) -> WebviewWindow<MockRuntime> {
        WebviewWindowBuilder::new(&self.app, label, tauri::WebviewUrl::default())
            .build()
            .unwrap()
    }
}

/// Calls a command as the page of a window does.
fn call(
    window: &WebviewWindow<MockRuntime>,
    command: &str,
    arguments: Value,
) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.into(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: "tauri://localhost".parse().unwrap(),
        body: InvokeBody::Json(arguments),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_string(),
    };
    get_ipc_response(window, request).map(|body| match body {
        InvokeResponseBody::Json(text) => serde_json::from_str(&text).unwrap(),
        InvokeResponseBody::Raw(bytes) => json!(bytes),
    })
}

/// Whether a call was refused before it came to the command.
fn is_refused(answer: &Result<Value, Value>) -> bool {
    let words = answer.as_ref().err().and_then(Value::as_str);
    words.is_some_and(|words| words.contains("not allowed"))
}

/// What an answer must look like: `Ok` with a type of JSON, or `Err` with a code.
type Wanted = Result<fn(&Value) -> bool, &'static str>;

/// Every command with arguments that reach it, and its answer.
#[expect(clippy::too_many_lines, reason = "a list")]
fn calls() -> Vec<(&'static str, Value, Wanted)> {
    let text = "kind: Nonsense";
    vec![
        ("snapshot_get", json!({}), Ok(Value::is_object)),
        ("notice_dismiss", json!({"id": 1}), Ok(Value::is_null)),
        (
            "cluster_create",
            json!({"source": {"kind": "text", "text": text}, "setContext": "keep"}),
            Err("ConfigInvalid"),
        ),
        ("cluster_start", json!({"name": "dev"}), Ok(Value::is_u64)),
        ("cluster_stop", json!({"name": "dev"}), Ok(Value::is_u64)),
        ("cluster_restart", json!({"name": "dev"}), Ok(Value::is_u64)),
        ("cluster_delete", json!({"name": "dev"}), Ok(Value::is_u64)),
        (
            "cluster_delete_preview",
            json!({"name": "dev"}),
            Ok(Value::is_object),
        ),
        ("logs_export", json!({"cluster": "dev"}), Ok(Value::is_null)),
        ("operation_cancel", json!({"id": 999}), Err("Usage")),
        ("operation_dismiss", json!({"id": 999}), Ok(Value::is_null)),
        ("operation_log", json!({"id": 999}), Err("Usage")),
        ("view_watch", json!({"cluster": null}), Ok(Value::is_null)),
        ("window_seen", json!({"seen": false}), Ok(Value::is_null)),
        (
            "usage_history",
            json!({"cluster": "dev", "seconds": 60}),
            Ok(Value::is_array),
        ),
        (
            "images_get",
            json!({"cluster": "dev"}),
            Err("ClusterNotFound"),
        ),
        (
            "image_load",
            json!({"cluster": "dev", "token": "x", "nodes": null}),
            Err("Usage"),
        ),
        (
            "image_load_missing",
            json!({"cluster": "dev", "image": "web:1"}),
            Ok(Value::is_u64),
        ),
        (
            "drop_choose",
            json!({"purpose": "image"}),
            Ok(Value::is_null),
        ),
        ("drop_forget", json!({"token": "x"}), Ok(Value::is_null)),
        (
            "manifest_preview",
            json!({"cluster": "dev", "token": "x", "text": null}),
            Err("Usage"),
        ),
        (
            "manifest_apply",
            json!({"cluster": "dev", "token": null, "text": null}),
            Err("Usage"),
        ),
        ("config_check", json!({"text": text}), Ok(Value::is_object)),
        (
            "config_preset",
            json!({"name": "three", "clusterName": "dev"}),
            Ok(Value::is_string),
        ),
        (
            "config_of",
            json!({"cluster": "dev"}),
            Err("ClusterNotFound"),
        ),
        (
            "config_plan",
            json!({"cluster": "dev", "text": text}),
            Err("ConfigInvalid"),
        ),
        (
            "config_apply",
            json!({"cluster": "dev", "text": text}),
            Err("ConfigInvalid"),
        ),
        ("config_open", json!({"token": "x"}), Err("Usage")),
        (
            "config_save",
            json!({"text": "x", "over": {"text": "", "path": "/etc/passwd"}}),
            Err("PermissionDenied"),
        ),
        ("draft_get", json!({"cluster": null}), Ok(Value::is_null)),
        (
            "draft_set",
            json!({"cluster": "../x", "text": "x"}),
            Err("Usage"),
        ),
        (
            "context_use",
            json!({"name": "x"}),
            Err("KubeconfigUnreadable"),
        ),
        (
            "log_open",
            json!({"source": {"kind": "operation", "id": 999}, "tail": 1, "channel": "__CHANNEL__:1"}),
            Err("Usage"),
        ),
        ("log_close", json!({"id": 1}), Ok(Value::is_null)),
        (
            "terminal_open",
            json!({"target": {"kind": "node", "cluster": "dev", "node": "--x"}}),
            Err("Usage"),
        ),
        (
            "url_open",
            json!({"url": "https://example.com"}),
            Err("PermissionDenied"),
        ),
        (
            "path_reveal",
            json!({"what": "settings"}),
            Ok(Value::is_null),
        ),
        ("doctor_check", json!({}), Ok(Value::is_array)),
        ("doctor_fix", json!({"id": "everything"}), Err("Usage")),
        ("runtime_start", json!({}), Ok(Value::is_u64)),
        ("runtime_stop", json!({}), Ok(Value::is_u64)),
        ("settings_get", json!({}), Ok(Value::is_object)),
        (
            "settings_set",
            json!({"settings": {"newCluster": {"name": "Not A Name"}}}),
            Err("ConfigInvalid"),
        ),
        ("diagnostics_preview", json!({}), Ok(Value::is_array)),
        ("diagnostics_save", json!({}), Ok(Value::is_null)),
        ("app_info", json!({}), Ok(Value::is_object)),
        ("app_quit", json!({"when": "now"}), Ok(Value::is_null)),
        (
            "window_open",
            json!({"window": "settings"}),
            Ok(Value::is_null),
        ),
    ]
}

/// Forgets where the scripted `container` is, so nothing may be under way beside it: it would go
/// on with the real one.
const ALONE: &str = "settings_reset";

/// About the search path of whoever runs the tests; what these do is tested in the crates below.
const SEARCH_PATH: [&str; 2] = ["command_line_get", "command_line_set"];

#[test]
fn every_command_answers_and_every_error_has_its_code() {
    let bench = Bench::new();
    let window = bench.window("main");
    for (command, arguments, wanted) in calls() {
        let answer = call(&window, command, arguments);
        match (answer, wanted) {
            (Ok(answer), Ok(fits)) => assert!(fits(&answer), "{command}: {answer}"),
            (Err(error), Err(code)) => {
                assert_eq!(error["code"], code, "{command}: {error}");
                let fields: Vec<&str> = error
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(String::as_str)
                    .collect();
                assert_eq!(fields, ["code", "detail", "hint", "logs", "message"]);
            }
            (answer, _) => panic!("{command}: {answer:?}"),
        }
    }
}

#[test]
fn every_command_is_known_to_the_build_and_to_the_pages() {
    let declared: Vec<&str> = include!("../commands.in").to_vec();
    let mut tested: Vec<&str> = calls().into_iter().map(|(command, ..)| command).collect();
    tested.push(ALONE);
    tested.extend(SEARCH_PATH);
    tested.sort_unstable();
    let mut sorted = declared.clone();
    sorted.sort_unstable();
    assert_eq!(tested, sorted);
    let bindings = app::bindings::modules();
    let (_, commands) = bindings
        .iter()
        .find(|(name, _)| name == "Commands.ts")
        .unwrap();
    for command in &declared {
        assert!(commands.contains(&format!("  {command}: ")), "{command}");
    }
    let pages = commands.matches(": { args: ").count();
    assert_eq!(pages, declared.len());
}

#[test]
fn a_window_may_do_what_its_capability_names_and_nothing_else() {
    let bench = Bench::new();
    let settings = bench.window("settings");
    assert!(call(&settings, "settings_get", json!({})).is_ok());
    assert!(call(&settings, "command_line_get", json!({})).is_ok());
    let main = bench.window("main");
    for command in SEARCH_PATH {
        let answer = call(&main, command, json!({"installed": false}));
        assert!(is_refused(&answer), "{command}: {answer:?}");
    }
    for (command, arguments) in [
        ("cluster_delete", json!({"name": "dev"})),
        (
            "cluster_create",
            json!({"source": {"kind": "default"}, "setContext": "keep"}),
        ),
        (
            "log_open",
            json!({"source": {"kind": "operation", "id": 1}, "tail": 1, "channel": "__CHANNEL__:1"}),
        ),
        ("config_save", json!({"text": "x", "over": null})),
        ("app_quit", json!({"when": "now"})),
    ] {
        let answer = call(&settings, command, arguments);
        assert!(is_refused(&answer), "{command}: {answer:?}");
    }
    let stranger = bench.window("stranger");
    for (command, arguments, _) in calls() {
        let answer = call(&stranger, command, arguments);
        assert!(is_refused(&answer), "{command}: {answer:?}");
    }
}

#[test]
fn no_page_reaches_what_plugins_offer() {
    let bench = Bench::new();
    let window = bench.window("main");
    for command in [
        "plugin:shell|execute",
        "plugin:shell|spawn",
        "plugin:shell|open",
        "plugin:dialog|open",
        "plugin:dialog|save",
        "plugin:fs|read_file",
        "plugin:event|emit",
        "plugin:event|emit_to",
        "plugin:webview|create_webview_window",
        "plugin:window|create",
        "plugin:app|version",
        "plugin:path|resolve_directory",
    ] {
        let answer = call(&window, command, json!({}));
        assert!(is_refused(&answer), "{command}: {answer:?}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_and_the_file_stays() {
    let bench = Bench::new();
    let window = bench.window("settings");
    let mut settings = call(&window, "settings_get", json!({})).unwrap();
    let file = bench.folder.path().join("app/settings.json");
    let before = std::fs::read_to_string(&file).unwrap();
    settings["newCluster"]["name"] = json!("Not A Name");
    let refused = call(&window, "settings_set", json!({"settings": settings}));
    assert_eq!(refused.unwrap_err()["code"], "ConfigInvalid");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    settings["newCluster"]["name"] = json!("mine");
    let kept = call(&window, "settings_set", json!({"settings": settings})).unwrap();
    assert_eq!(kept["newCluster"]["name"], "mine");
    settings["nonsense"] = json!(1);
    let refused = call(&window, "settings_set", json!({"settings": settings}));
    assert!(refused.is_err());
    let reset = call(&window, ALONE, json!({})).unwrap();
    assert_eq!(reset["newCluster"]["name"], "dev");
}

#[test]
fn the_pages_may_load_nothing_from_elsewhere() {
    let config: Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
    let security = &config["app"]["security"];
    assert_eq!(security["csp"]["default-src"], "'self'");
    assert_eq!(security["csp"]["style-src"], "'self'");
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(config["app"]["withGlobalTauri"], false);
    let all = security["csp"].to_string();
    assert!(!all.contains("unsafe") && !all.contains("https:") && !all.contains('*'));
}

#[test]
fn what_the_user_chooses_is_taken() {
    let bench = Bench::new();
    let window = bench.window("main");
    let yaml = bench.folder.path().join("m.yaml");
    std::fs::write(&yaml, "apiVersion: v1\nkind: Pod\n").unwrap();
    bench.desktop.now().files = vec![yaml];
    let chosen = call(&window, "drop_choose", json!({"purpose": "yaml"})).unwrap();
    assert_eq!(chosen["files"][0]["kind"], "manifests");
    assert_eq!(bench.desktop.now().asked, ["Choose YAML files"]);

    let place = bench.folder.path().join("mine.yaml");
    bench.desktop.now().place = Some(place.clone());
    let arguments = json!({"text": "kind: Cluster\n", "over": null});
    let saved = call(&window, "config_save", arguments).unwrap();
    let file = json!({"text": "kind: Cluster\n", "path": place});
    assert_eq!(saved, json!({"kind": "saved", "file": file}));
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "kind: Cluster\n");
    // Chosen once, it may be written again without asking.
    let arguments = json!({"text": "kind: Cluster # 2\n", "over": saved["file"]});
    call(&window, "config_save", arguments.clone()).unwrap();
    // Not what another program wrote there.
    std::fs::write(&place, "kind: Cluster # theirs\n").unwrap();
    let changed = call(&window, "config_save", arguments).unwrap();
    assert_eq!(changed["kind"], "changed");
    assert_eq!(changed["file"]["text"], "kind: Cluster # theirs\n");
    assert_eq!(bench.desktop.now().asked.len(), 2);

    let bundle = bench.folder.path().join("bundle.tar.gz");
    bench.desktop.now().place = Some(bundle.clone());
    let saved = call(&window, "diagnostics_save", json!({})).unwrap();
    assert_eq!(saved, json!(bundle));
    assert!(bundle.metadata().unwrap().len() > 100);
}

#[test]
fn logs_go_to_the_folder_that_the_user_chooses() {
    let bench = Bench::new();
    let window = bench.window("main");
    let chosen = bench.folder.path().join("chosen");
    std::fs::create_dir(&chosen).unwrap();
    let id = call(&window, "logs_export", json!({"cluster": "dev"})).unwrap();
    assert_eq!(id, Value::Null, "they changed their mind");
    let asked = bench.desktop.now().asked.pop();
    assert_eq!(asked.as_deref(), Some("Choose where the logs of “dev” go"));
    bench.desktop.now().place = Some(chosen.join("missing"));
    let error = call(&window, "logs_export", json!({"cluster": "dev"})).unwrap_err();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("missing/dev-logs"), "{error}");
    bench.desktop.now().place = Some(chosen);
    let id = call(&window, "logs_export", json!({"cluster": "dev"})).unwrap();
    assert!(id.is_u64(), "{id}");
    let what = json!({"what": {"exported": {"operation": 999}}});
    let error = call(&window, "path_reveal", what).unwrap_err();
    assert_eq!(error["code"], "Usage", "of no export");
}

#[test]
fn a_place_that_can_not_be_written_is_said_and_leaves_nothing() {
    let bench = Bench::new();
    let window = bench.window("main");
    let folder = bench.folder.path().join("taken");
    std::fs::create_dir(&folder).unwrap();
    bench.desktop.now().place = Some(folder.clone());
    for (command, arguments) in [
        ("diagnostics_save", json!({})),
        ("config_save", json!({"text": "x", "over": null})),
    ] {
        let error = call(&window, command, arguments).unwrap_err();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("taken"), "{command}: {error}");
        assert!(error["code"].is_string(), "{command}: {error}");
    }
    let entries = std::fs::read_dir(bench.folder.path()).unwrap();
    let left: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("taken"))
        .collect();
    assert_eq!(left, ["taken"]);
}

#[test]
fn what_is_opened_outside_is_a_folder_or_a_known_address() {
    let bench = Bench::new();
    let window = bench.window("main");
    let folder = bench.folder.path();
    for (what, opened) in [
        ("logs", folder.join("app/logs")),
        ("settings", folder.join("app")),
        ("clusterLogs", folder.join("home/logs")),
        // The file is not there yet.
        ("kubeconfig", folder.to_owned()),
    ] {
        call(&window, "path_reveal", json!({"what": what})).unwrap();
        let asked = bench.desktop.now().asked.pop();
        assert_eq!(asked, Some(format!("open {}", opened.display())), "{what}");
        assert!(opened.is_dir(), "{what}");
    }
    let url = "https://kubernetes.io/docs/home/";
    call(&window, "url_open", json!({"url": url})).unwrap();
    assert_eq!(bench.desktop.now().asked, [format!("open {url}")]);

    bench.desktop.now().broken = true;
    let refused = call(&window, "path_reveal", json!({"what": "logs"}));
    assert_eq!(refused.unwrap_err()["code"], "Internal");
    let refused = call(&window, "url_open", json!({"url": url}));
    assert_eq!(refused.unwrap_err()["code"], "Internal");
}

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

#[test]
fn quitting_when_done_waits_for_the_work() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [Act::Stdout("[]".into())])
        .on(&["system", "start"], [Act::Mark, Act::Hang]);
    let bench = Bench::over(&script);
    let window = bench.window("main");
    let id = call(&window, "runtime_start", json!({})).unwrap();
    bench.stand.wait_for_mark();
    let quit = std::thread::spawn({
        let window = window.clone();
        move || call(&window, "app_quit", json!({"when": "afterWork"}))
    });
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(bench.desktop.now().asked, [] as [String; 0]);
    call(&window, "operation_cancel", json!({"id": id})).unwrap();
    quit.join().unwrap().unwrap();
    assert_eq!(bench.desktop.now().asked, ["quit"]);
}

#[test]
fn quitting_now_undoes_what_was_begun_first() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [Act::Stdout("[]".into())])
        .on(&["system", "start"], [Act::Mark, Act::Hang]);
    let bench = Bench::over(&script);
    let window = bench.window("main");
    call(&window, "runtime_start", json!({})).unwrap();
    bench.stand.wait_for_mark();
    call(&window, "app_quit", json!({"when": "now"})).unwrap();
    assert!(!bench.desk().is_busy(), "it is still at work");
    assert_eq!(bench.desktop.now().asked, ["quit"]);
}

#[test]
fn each_command_is_granted_by_name_and_nothing_is_granted_wholesale() {
    let granted = |file: &str| -> BTreeSet<String> {
        let capability: Value = serde_json::from_str(file).unwrap();
        let permissions = capability["permissions"].as_array().unwrap().clone();
        let names = permissions.iter().map(|name| name.as_str().unwrap().into());
        names.collect()
    };
    let main = granted(include_str!("../capabilities/main.json"));
    let settings = granted(include_str!("../capabilities/settings.json"));
    let declared = include!("../commands.in");
    let mut wanted: BTreeSet<String> = declared
        .iter()
        .map(|command| format!("allow-{}", command.replace('_', "-")))
        .collect();
    wanted.extend(
        [
            "core:event:allow-listen",
            "core:event:allow-unlisten",
            "core:window:allow-close",
            "core:window:allow-start-dragging",
        ]
        .map(str::to_owned),
    );
    let union: BTreeSet<String> = main.union(&settings).cloned().collect();
    assert_eq!(union, wanted);
    for never in [
        "allow-cluster-delete",
        "allow-app-quit",
        "allow-config-save",
    ] {
        assert!(!settings.contains(never), "{never} from the settings");
    }
}
