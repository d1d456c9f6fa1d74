//! What the user chooses: settings, files, folders and addresses.

use serde_json::{Value, json};

use super::bench::{Bench, call};
use super::commands::ALONE;

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
