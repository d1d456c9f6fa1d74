//! The real app on a screen without a monitor, over real clusters.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use app_tests::Desktop;

#[test]
fn the_app() {
    let desktop = Desktop::start();
    desktop.picture(std::path::Path::new("/tmp/screen.png"));
}
