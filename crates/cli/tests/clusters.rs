//! What a user sees of clusters that come and go without a fault.
#![allow(clippy::expect_used)]

mod common;

use std::fs;
use std::process::Stdio;

use common::{Bench, KEY, creatable, healthy, program, two_nodes};
use container_script::{Act, Script};
use serde_json::json;

#[test]
fn a_new_cluster_is_told_of_with_what_to_try_next() {
    let bench = Bench::new(&creatable());
    program(&bench.path("bin"), "kubectl");
    let answer = bench.run("create cluster dev --workers 1 --wait 0");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer.out.starts_with("Cluster \"dev\" is created after "),
        "{}",
        answer.out
    );
    assert!(
        answer
            .out
            .contains(": Kubernetes v1.37.1, 2 nodes, maybe not ready yet\n")
    );
    assert!(
        answer
            .out
            .contains("\nTry it:\n  kubectl --context apple-k8s-dev get nodes\n")
    );
    assert!(!answer.out.contains("not on your PATH"), "{}", answer.out);

    let err = answer.err;
    assert!(
        err.starts_with("Creating cluster \"dev\" (1 control plane, 1 worker)\n"),
        "{err}"
    );
    assert!(err.contains("✓ control-plane started ("), "{err}");
    assert!(
        err.contains("✓ control-plane certificates made (0.1s)\n"),
        "{err}"
    );
    assert!(err.contains("✓ worker joined (0.1s)\n"), "{err}");
    assert!(
        !err.contains('\x1b') && !answer.out.contains('\x1b'),
        "escapes in a pipe"
    );
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).expect("a kubeconfig");
    assert!(kubeconfig.contains("name: apple-k8s-dev"), "{kubeconfig}");
}

#[test]
fn without_kubectl_the_way_to_it_is_told() {
    let bench = Bench::new(&creatable());
    let answer =
        bench.run("create cluster dev --workers 1 --wait 0 --kubeconfig k.yaml --set-context");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer
            .out
            .contains("  kubectl --kubeconfig k.yaml get nodes\n"),
        "{}",
        answer.out
    );
    assert!(
        answer.out.contains("kubectl is not on your PATH"),
        "{}",
        answer.out
    );
    assert!(
        answer
            .out
            .contains("  container exec dev-control-plane kubectl "),
        "{}",
        answer.out
    );
    assert!(bench.path("k.yaml").exists() && !bench.kubeconfig().exists());
}

#[test]
fn quiet_says_only_the_result() {
    let bench = Bench::new(&creatable());
    let answer = bench.run("create cluster dev --workers 1 --wait 0 --quiet");
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{answer:?}");
    assert_eq!(answer.out.lines().count(), 1, "{}", answer.out);
}

#[test]
fn json_is_steps_and_one_result() {
    let bench = Bench::new(&creatable());
    let answer = bench.run("create cluster dev --workers 1 --wait 0 --output json");
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{answer:?}");
    let lines = answer.json();
    let (result, steps) = lines.split_last().expect("lines");
    assert!(
        steps.iter().all(|step| step["type"] == "step"),
        "{}",
        answer.out
    );
    assert!(steps.iter().any(|step| {
        step["phase"] == "certificates" && step["state"] == "done" && step["tookMs"] == 120
    }));
    assert_eq!(result["type"], "result");
    assert_eq!(result["context"], "apple-k8s-dev");
    assert_eq!(result["nodes"], json!(["dev-control-plane", "dev-worker"]));
}

#[test]
fn logs_never_hold_a_key_or_a_token() {
    let bench = Bench::new(&creatable());
    let answer = bench.run("create cluster dev --workers 1 --wait 0 -vvv");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer.err.contains("DEBUG"),
        "nothing was logged: {}",
        answer.err
    );
    let material = bench.stand.lines();
    let token = material
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|line| line["bootstrapToken"].as_str().map(str::to_owned))
        .expect("a token was sent");
    for secret in [KEY, token.as_str()] {
        assert!(
            !answer.err.contains(secret) && !answer.out.contains(secret),
            "a secret is out"
        );
    }
}

#[test]
fn the_name_comes_from_the_environment_when_not_given() {
    let bench = Bench::new(&creatable());
    let mut command = bench.command("create cluster --workers 1 --wait 0");
    let output = command
        .env("APPLE_K8S_CLUSTER_NAME", "dev")
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    assert!(bench.path("home/clusters/dev").exists());
}

#[test]
fn a_configuration_is_read_from_standard_input() {
    let bench = Bench::new(&creatable());
    let mut child = bench
        .command("create cluster --config - --wait 0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let yaml = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: dev\n\
                nodes:\n- role: control-plane\n- role: worker\n";
    let mut input = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, yaml.as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{output:?}");
    assert!(bench.path("home/clusters/dev").exists());
}

#[test]
fn clusters_and_nodes_are_listed_for_people_scripts_and_programs() {
    let script = healthy().on(&["list"], [two_nodes("stopped")]);
    let bench = Bench::new(&script);
    bench.remember("dev");

    let clusters = bench.run("get clusters");
    assert_eq!(
        clusters.out,
        "NAME   STATE     NODES   SERVER                    CONTEXT\n\
         dev    stopped   2       https://127.0.0.1:16443   apple-k8s-dev\n"
    );
    assert_eq!(bench.run("get clusters -q").out, "dev\n");
    let json = bench.run("get clusters -o json").last("result");
    assert_eq!(json["clusters"][0]["state"], "stopped");

    assert_eq!(
        bench.run("get nodes -q --name dev").out,
        "dev-control-plane\ndev-worker\n"
    );
    let nodes = bench.run("get nodes -A");
    assert!(
        nodes.out.starts_with("NAME                CLUSTER   ROLE"),
        "{}",
        nodes.out
    );
    assert!(
        nodes.out.contains("apple-k8s-node:v1.37.1\n"),
        "{}",
        nodes.out
    );

    let status = bench.run("status");
    assert_eq!(status.status, 0, "{status:?}");
    assert!(
        status
            .out
            .contains("dev-worker          worker          stopped   -"),
        "{}",
        status.out
    );
    let json = bench.run("status dev -o json").last("result");
    assert_eq!(json["clusters"][0]["members"][1]["name"], "dev-worker");
}

#[test]
fn no_clusters_is_no_error() {
    let bench = Bench::new(&healthy().on(&["list"], [Act::Stdout("[]".into())]));
    for line in ["get clusters", "status"] {
        let answer = bench.run(line);
        assert_eq!(
            (answer.status, answer.out.as_str()),
            (0, ""),
            "{line}: {answer:?}"
        );
        assert!(
            answer.err.contains("create cluster"),
            "{line}: {}",
            answer.err
        );
    }
    let answer = bench.run("delete cluster dev");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(
        answer.out,
        "There is no cluster \"dev\": nothing to delete\n"
    );
    let answer = bench.run("delete clusters --all -o json");
    assert_eq!(answer.last("result")["deleted"], json!([]));
}

#[test]
fn clusters_of_another_home_are_shown_and_left_alone() {
    let script = healthy().on(&["list"], [two_nodes("running")]);
    let bench = Bench::new(&script);
    let clusters = bench.run("get clusters");
    assert!(clusters.out.contains("of another home"), "{}", clusters.out);
    let json = bench.run("get clusters -o json").last("result");
    assert_eq!(json["clusters"][0]["state"], "foreign");
    let status = bench.run("status");
    assert_eq!(status.status, 0, "{status:?}");
    let deleted = bench.run("delete clusters --all");
    assert_eq!(deleted.status, 0, "{deleted:?}");
    let refused = bench.run("delete cluster dev");
    assert_eq!(refused.status, 46, "{refused:?}");
    assert!(refused.err.contains("APPLE_K8S_HOME"), "{}", refused.err);
}

#[test]
fn get_kubeconfig_prints_it_alone() {
    let script = healthy().on(&["list"], [two_nodes("running")]);
    let bench = Bench::new(&script);
    bench.remember("dev");
    let answer = bench.run("get kubeconfig dev");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(answer.out.contains(KEY) && answer.out.contains("https://127.0.0.1:16443"));
    assert_eq!(answer.err, "");
}

#[test]
fn export_kubeconfig_names_file_and_context() {
    let script = healthy().on(&["list"], [two_nodes("running")]);
    let bench = Bench::new(&script);
    bench.remember("dev");
    let answer = bench.run("export kubeconfig --name dev --kubeconfig other.yaml");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer.out.starts_with("Context apple-k8s-dev is in "),
        "{}",
        answer.out
    );
    let written = fs::read_to_string(bench.path("other.yaml")).expect("a kubeconfig");
    assert!(
        !written.contains("current-context: apple-k8s-dev"),
        "{written}"
    );
    let answer = bench.run("export kubeconfig dev --kubeconfig other.yaml --set-context");
    assert_eq!(answer.status, 0, "{answer:?}");
    let written = fs::read_to_string(bench.path("other.yaml")).expect("a kubeconfig");
    assert!(
        written.contains("current-context: apple-k8s-dev"),
        "{written}"
    );
}

#[test]
fn stopping_says_so() {
    let script = healthy()
        .on(&["list"], [two_nodes("running")])
        .on(&["stop"], [Act::LastWord]);
    let bench = Bench::new(&script);
    bench.remember("dev");
    let answer = bench.run("stop cluster dev");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer.out.starts_with("Cluster \"dev\" is stopped after "),
        "{}",
        answer.out
    );
    assert!(answer.err.contains("✓ worker stopped"), "{}", answer.err);
}

#[test]
fn logs_go_to_the_folder_that_is_printed() {
    let script = healthy()
        .on(&["list"], [two_nodes("running")])
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
        .on(&["exec"], [Act::Stdout("a log\n".into())])
        .on(&["inspect"], [two_nodes("running")]);
    let bench = Bench::new(&script);
    bench.remember("dev");
    let answer = bench.run("export logs collected --name dev");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(
        answer.out,
        format!("{}\n", bench.path("collected").display())
    );
    let serial = fs::read_to_string(bench.path("collected/dev-worker/serial.log"));
    assert_eq!(serial.expect("a log"), "systemd says hello\n");
}

#[test]
fn version_tells_of_both_programs() {
    let bench = Bench::new(&healthy());
    let answer = bench.run("version");
    assert!(
        answer
            .out
            .starts_with(concat!("apple-k8s v", env!("CARGO_PKG_VERSION"), " ("))
    );
    assert!(answer.out.contains("container 1.5.0 ("), "{}", answer.out);
    assert!(answer.out.contains("Kubernetes v1."), "{}", answer.out);
    let json = bench.run("version -o json").last("result");
    assert_eq!(json["container"]["version"], "1.5.0");
}

#[test]
fn an_image_that_is_up_to_date_is_not_built() {
    let image = node_image::NodeImage::new(None, None).expect("the recipe's own version");
    let platform = json!({"architecture": engine::architecture(), "os": "linux"});
    let labels = json!({"dev.apple-k8s.inputs": image.inputs()});
    let stored = json!([{
        "configuration": {"name": "docker.io/library/other:1",
            "descriptor": {"digest": "sha256:00", "mediaType": "x", "size": 1}},
        "id": "00",
        "variants": [{
            "config": {"architecture": engine::architecture(), "os": "linux",
                "config": {"Labels": labels}},
            "digest": "sha256:00", "size": 1, "platform": platform,
        }]
    }]);
    let script = Script::healthy("1.5.0").on(
        &["image", "inspect", "other:1"],
        [Act::Stdout(stored.to_string())],
    );
    let bench = Bench::new(&script);
    let answer = bench.run("build node-image --image other:1");
    assert_eq!(
        (answer.status, answer.out.as_str()),
        (0, "Image other:1 is up to date\n")
    );
    let json = bench
        .run("build node-image --image other:1 -o json")
        .last("result");
    assert_eq!(
        (&json["built"], &json["image"]),
        (&json!(false), &json!("other:1"))
    );
}

#[test]
fn a_kubeconfig_named_from_one_folder_is_cleaned_from_another() {
    let bench = Bench::new(&creatable());
    let made = bench.run("create cluster dev --workers 1 --wait 0 --kubeconfig k.yaml");
    assert_eq!(made.status, 0, "{made:?}");
    // The scripted nodes are those of a creation by this name.
    let creations = bench.path("home/clusters/dev/creations");
    fs::write(creations, "any\n").expect("a file");
    let elsewhere = bench.path("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let mut command = bench.command("delete cluster dev");
    let output = command.current_dir(elsewhere).output().expect("runs");
    assert!(output.status.success(), "{output:?}");
    let left = fs::read_to_string(bench.path("k.yaml")).unwrap_or_default();
    assert!(!left.contains("apple-k8s-dev"), "{left}");
}
