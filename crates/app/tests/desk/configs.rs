//! Configurations that are drawn up, and where they are saved.

use app::config::{OpenedConfig, Preset, SavedConfig};
use container_script::Script;
use engine::ErrorCode;

use crate::bench::{Bench, stopped};

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
