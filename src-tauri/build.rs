//! Declares the app's commands, so that a window may call only those that its capability names.

/// The commands of the app, by name.
const COMMANDS: &[&str] = &include!("commands.in");

#[expect(clippy::expect_used, reason = "a build that can't go on ends here")]
fn main() {
    // The program can be checked and tested before the windows' pages are built; `make build`
    // builds them first.
    let pages = std::path::Path::new("../ui/dist");
    if !pages.exists() {
        std::fs::create_dir_all(pages).expect("a folder for the pages of the windows");
        println!("cargo::warning=the pages of the windows are not built: run `make build`");
    }
    println!("cargo::rerun-if-changed=commands.in");
    println!("cargo::rerun-if-changed={}", pages.display());
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    tauri_build::try_build(attributes).expect("the configuration of the app");
}
