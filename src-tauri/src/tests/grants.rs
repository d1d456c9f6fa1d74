//! What a window may do, and what is refused to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bench::{Bench, call, is_refused};
use super::commands::{OF_SETTINGS, calls};

#[test]
fn a_window_may_do_what_its_capability_names_and_nothing_else() {
    let bench = Bench::new();
    let settings = bench.window("settings");
    assert!(call(&settings, "settings_get", json!({})).is_ok());
    assert!(call(&settings, "command_line_get", json!({})).is_ok());
    let main = bench.window("main");
    for command in OF_SETTINGS {
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
fn the_pages_may_load_nothing_from_elsewhere() {
    let config: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
    let security = &config["app"]["security"];
    assert_eq!(security["csp"]["default-src"], "'self'");
    assert_eq!(security["csp"]["style-src"], "'self'");
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(config["app"]["withGlobalTauri"], false);
    let all = security["csp"].to_string();
    assert!(!all.contains("unsafe") && !all.contains("https:") && !all.contains('*'));
}

#[test]
fn each_command_is_granted_by_name_and_nothing_is_granted_wholesale() {
    let granted = |file: &str| -> BTreeSet<String> {
        let capability: Value = serde_json::from_str(file).unwrap();
        let permissions = capability["permissions"].as_array().unwrap().clone();
        let names = permissions.iter().map(|name| name.as_str().unwrap().into());
        names.collect()
    };
    let allowed = |commands: &[&str]| -> BTreeSet<String> {
        let core = [
            "core:event:allow-listen",
            "core:event:allow-unlisten",
            "core:window:allow-close",
            "core:window:allow-start-dragging",
        ];
        let own = commands.iter().map(|name| name.replace('_', "-"));
        own.map(|name| format!("allow-{name}"))
            .chain(core.map(str::to_owned))
            .collect()
    };
    let declared = include!("../../commands.in").to_vec();
    let of_main: Vec<&str> = declared
        .into_iter()
        .filter(|command| !OF_SETTINGS.contains(command))
        .collect();
    let main = granted(include_str!("../../capabilities/main.json"));
    assert_eq!(main, allowed(&of_main));
    // What its panes call: the main window's commands on clusters are none of its business.
    let mut of_settings = vec![
        "app_info",
        "config_check",
        "context_use",
        "diagnostics_preview",
        "diagnostics_save",
        "doctor_check",
        "doctor_fix",
        "notice_dismiss",
        "operation_cancel",
        "operation_dismiss",
        "path_reveal",
        "runtime_start",
        "settings_get",
        "settings_set",
        "snapshot_get",
        "window_open",
        "window_seen",
    ];
    of_settings.extend(OF_SETTINGS);
    let settings = granted(include_str!("../../capabilities/settings.json"));
    assert_eq!(settings, allowed(&of_settings));
}
