//! The menu-bar app.

fn main() {
    apple_k8s_app::run();
}
