//! The real app on a screen without a monitor: tray, windows and drops. Over a real cluster from an
//! empty home to a deleted cluster, and over a `container` that does not do what it should.
//!
//! `SCREENSHOTS` names a folder that gets pictures of what was seen.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod scenes;

use scenes::{Scene, block_on};
use system_tests::User;

/// Shows: everything that a user of the app does with a cluster, in the order of its life.
#[test]
fn from_an_empty_home_to_a_deleted_cluster() {
    block_on(async {
        let user = User::new();
        user.file("kubeconfig", scenes::OTHERS);
        let mut scene = Scene::begin(user, &[]).await;
        scene.listened_to().await;
        scene.first_run().await;
        scene.one_click().await;
        scene.image_dropped().await;
        scene.manifests_dropped().await;
        scene.configured().await;
        scene.every_view().await;
        scene.shells_opened().await;
        scene.service_opened().await;
        scene.image_for_one_node().await;
        scene.image_for_missing_nodes().await;
        scene.logs_exported().await;
        scene.menu_seen().await;
        scene.path_copied().await;
        scene.creation_cancelled().await;
        scene.context_switched().await;
        scene.no_secret_was_told().await;
        scene.stopped_and_started().await;
        scene.seen_from_the_command_line().await;
        scene.quit_at_once().await;
        scene.load_cancelled().await;
        scene.deleted().await;
        scene.end().await;
    });
}

/// Shows: settings that can't be read, a service that stops, a second instance, a closed window.
#[test]
fn what_goes_wrong_is_said() {
    block_on(scenes::faults::service_and_settings());
}

/// Shows: each pane of the settings, and that what is changed there counts at once, in both
/// windows and in the files.
#[test]
fn settings_apply_at_once() {
    block_on(scenes::settings::apply_at_once());
}

/// Shows: while `container` answers nothing, the app does all that needs no answer.
#[test]
fn a_hanging_container_leaves_the_app_usable() {
    block_on(scenes::faults::hanging());
}
