//! Versions that two files have to name are the same in both.
#![allow(clippy::expect_used)] // a test that can't go on says where

use std::path::Path;

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).expect("its beginning");
    rest.split_once(after).expect("its end").0
}

#[test]
fn go_is_of_one_release_from_the_hub_and_from_the_module() {
    let recipe = text("node-image/Dockerfile.apple-k8s-node");
    let hub = between(&recipe, "library/golang:", "-bookworm\n");
    let module = text("node-image/modules/toolchain/go.mod");
    let module = between(&module, "-go", ".linux-");
    assert!(
        module == hub || module.starts_with(&format!("{hub}.")),
        "{module} from the module, {hub} from the hub"
    );
}

#[test]
fn debian_is_of_one_release_from_the_hub_and_from_packages() {
    let recipe = text("node-image/Dockerfile.apple-k8s-node");
    let hub = between(&recipe, "library/debian:", "-slim\n");
    let packages = text("crates/node-image/src/base.rs");
    assert_eq!(between(&packages, "SUITE: &str = \"", "\""), hub);
}
