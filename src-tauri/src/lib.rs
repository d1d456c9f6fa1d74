//! The menu-bar app: tray, windows and thin commands over the crate `app`.

/// Runs the app until it is quit.
#[expect(clippy::expect_used, reason = "nothing can be shown without windows")]
pub fn run() {
    tauri::Builder::default()
        .run(tauri::generate_context!())
        .expect("the app could not start");
}
