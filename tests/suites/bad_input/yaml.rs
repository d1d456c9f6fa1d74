//! Cluster YAML that is wrong.

use system_tests::{Programs, User};

use crate::Before;

/// Refused with these words; the first may name the file, the others come from standard input too.
#[track_caller]
fn refused(yaml: &str, status: i32, words: &[&str]) {
    let user = User::over(Programs::get());
    let file = user.file("cluster.yaml", yaml);
    let before = Before::of(&user);
    let by_file = user.apple_k8s(["create", "cluster", "--config"]).arg(&file);
    before.refuses(by_file, status, words);
    let piped = user
        .apple_k8s(["create", "cluster", "--config", "-"])
        .input(yaml);
    before.refuses(piped, status, &words[1..]);
}

fn with_nodes(nodes: &str) -> String {
    format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: dev\nspec:\n{nodes}"
    )
}

#[test]
fn an_unknown_field() {
    let yaml = with_nodes("  nodes:\n  - role: control-plane\n    extraMount: []\n");
    refused(
        &yaml,
        20,
        &["cluster.yaml:8:5", "extraMount", "extraMounts"],
    );
}

#[test]
fn a_wrong_type() {
    let yaml =
        with_nodes("  nodes:\n  - role: control-plane\n  - role: worker\n    replicas: two\n");
    refused(&yaml, 20, &["cluster.yaml:9:15", "replicas", "two"]);
}

#[test]
fn all_errors_at_once() {
    let yaml = with_nodes(
        "  nodes:\n  - role: master\n  - role: worker\n    cpus: -1\n    memory: lots\n  networking:\n    apiServerPort: 99999\n",
    );
    let words = [
        "cluster.yaml",
        "4 errors",
        "master",
        "control-plane",
        "-1",
        "lots",
        "99999",
    ];
    refused(&yaml, 20, &words);
}

#[test]
fn subnets_that_overlap_each_other() {
    let yaml =
        with_nodes("  networking:\n    podSubnet: 10.96.0.0/16\n    serviceSubnet: 10.96.0.0/12\n");
    refused(
        &yaml,
        20,
        &["cluster.yaml", "podSubnet", "serviceSubnet", "10.96.0.0/16"],
    );
}

#[test]
fn no_yaml_at_all() {
    refused("apiVersion: [", 20, &["cluster.yaml"]);
    refused("", 20, &["cluster.yaml"]);
    refused(
        "apiVersion: v1\nkind: Pod\n",
        20,
        &["cluster.yaml", "apple-k8s.dev/v1alpha1"],
    );
}

#[test]
fn what_kind_has_and_we_have_not_is_named() {
    let yaml = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking:\n  ipFamily: ipv6\n";
    refused(yaml, 20, &["cluster.yaml:4:", "ipFamily"]);
}

#[test]
fn a_file_that_is_not_there() {
    let user = User::over(Programs::get());
    let before = Before::of(&user);
    let call = user.apple_k8s(["create", "cluster", "--config", "nowhere.yaml"]);
    before.refuses(call, 20, &["nowhere.yaml"]);
}

#[test]
fn a_name_that_can_not_be_one() {
    let user = User::over(Programs::get());
    let before = Before::of(&user);
    for name in ["Dev", "a_b", "-x", "a..b"] {
        let call = user
            .apple_k8s(["create", "cluster"])
            .arg(format!("--name={name}"));
        before.refuses(call, 2, &[name]);
    }
}
