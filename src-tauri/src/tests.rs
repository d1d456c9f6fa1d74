//! Commands as windows call them, over a scripted `container` and without a display.

use std::sync::Arc;

use app::desk::Desk;
use app::place::Place;
use app::settings::Settings;
use container_script::{Act, Script, Stand};
use engine::Home;
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, WebviewWindow, WebviewWindowBuilder};

use super::{context, core};

/// An app without a display.
struct Bench {
    _stand: Stand,
    folder: tempfile::TempDir,
    app: App<MockRuntime>,
}

impl Bench {
    fn new() -> Self {
        let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
        let stand = Stand::new(&script);
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
        let app = core(mock_builder(), desk).build(context()).unwrap();
        Self {
            _stand: stand,
            folder,
            app,
        }
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
        ("operation_cancel", json!({"id": 999}), Err("Usage")),
        ("operation_dismiss", json!({"id": 999}), Ok(Value::is_null)),
        ("operation_log", json!({"id": 999}), Err("Usage")),
        ("view_watch", json!({"cluster": null}), Ok(Value::is_null)),
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
            json!({"text": "x", "path": "/etc/passwd"}),
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
        ("doctor_check", json!({}), Ok(Value::is_array)),
        ("doctor_fix", json!({"id": "everything"}), Err("Usage")),
        ("runtime_start", json!({}), Ok(Value::is_u64)),
        ("runtime_stop", json!({}), Ok(Value::is_u64)),
        ("settings_get", json!({}), Ok(Value::is_object)),
        ("diagnostics_preview", json!({}), Ok(Value::is_array)),
        ("app_info", json!({}), Ok(Value::is_object)),
    ]
}

/// Forgets where the scripted `container` is, so nothing may be under way beside it: it would go
/// on with the real one.
const ALONE: &str = "settings_reset";

/// Commands that ask the desktop for something: a dialog, a folder, a window, the end.
const OF_THE_DESKTOP: [&str; 6] = [
    "drop_choose",
    "path_reveal",
    "settings_set",
    "diagnostics_save",
    "app_quit",
    "window_open",
];

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
    tested.extend(OF_THE_DESKTOP);
    tested.push(ALONE);
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
        ("config_save", json!({"text": "x", "path": "/tmp/x"})),
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
