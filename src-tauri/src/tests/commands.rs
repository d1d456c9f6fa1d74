//! Each command, with what it answers.

use serde_json::{Value, json};

use super::bench::{Bench, call};

/// What an answer must look like: `Ok` with a type of JSON, or `Err` with a code.
pub(super) type Wanted = Result<fn(&Value) -> bool, &'static str>;

/// Every command with arguments that reach it, and its answer.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn calls() -> Vec<(&'static str, Value, Wanted)> {
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
pub(super) const ALONE: &str = "settings_reset";

/// About the search path of whoever runs the tests; what these do is tested in the crates below, and
/// by the tests of the real app.
pub(super) const SEARCH_PATH: [&str; 2] = ["command_line_get", "command_line_set"];

/// What the settings alone may do.
pub(super) const OF_SETTINGS: [&str; 4] = ["runtime_stop", ALONE, SEARCH_PATH[0], SEARCH_PATH[1]];

#[test]
fn every_command_answers_and_every_error_has_its_code() {
    let bench = Bench::new();
    let (main, settings) = (bench.window("main"), bench.window("settings"));
    for (command, arguments, wanted) in calls() {
        let window = if OF_SETTINGS.contains(&command) {
            &settings
        } else {
            &main
        };
        let answer = call(window, command, arguments);
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
    let declared: Vec<&str> = include!("../../commands.in").to_vec();
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
