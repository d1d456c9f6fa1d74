//! Unmodified kubectl and Helm at work.

use std::fs;
use std::time::Duration;

use system_tests::{Cluster, http_get};

const SOON: Duration = Duration::from_secs(20);

/// Shows: `kubectl version` skew clean.
pub(crate) fn no_skew(cluster: &Cluster<'_>) {
    let output = cluster.kubectl(["version", "--output", "json"]).ok();
    let versions = output.json();
    assert_eq!(versions["serverVersion"]["gitVersion"], "v1.37.1");
    assert_eq!(
        versions["clientVersion"]["minor"],
        versions["serverVersion"]["minor"]
    );
    let text = cluster.kubectl(["version"]).ok();
    assert!(!text.stderr.contains("WARNING"), "{}", text.report());
}

/// Shows: `kubectl exec`, `logs -f`, `cp` both ways.
pub(crate) fn exec_logs_copy(cluster: &Cluster<'_>) {
    let user = cluster.user();
    cluster.apply(&pod("talker", "sleep infinity"));
    cluster.wait("condition=Ready", "pod/talker");

    let exec = cluster.kubectl(["exec", "--stdin", "talker", "--", "sh", "-c", "cat; exit 7"]);
    let exec = exec.input("over and back").run().fails(7);
    assert_eq!(exec.word(), "over and back");

    // What a pod says arrives while it runs.
    let logs = cluster.kubectl(["logs", "--follow", "talker"]).start();
    cluster.sh("talker", "echo one > /proc/1/fd/1");
    logs.line_with("one", SOON);
    cluster.sh("talker", "echo two > /proc/1/fd/1");
    logs.line_with("two", SOON);
    drop(logs);

    let sent = user.file(
        "sent.bin",
        (0..300_000u32)
            .flat_map(u32::to_le_bytes)
            .collect::<Vec<_>>(),
    );
    cluster
        .kubectl(["cp", sent.to_str().expect("a path"), "talker:/sent.bin"])
        .ok();
    let back = user.folder().join("back.bin");
    cluster
        .kubectl(["cp", "talker:/sent.bin", back.to_str().expect("a path")])
        .ok();
    assert_eq!(
        fs::read(&sent).expect("sent"),
        fs::read(&back).expect("back")
    );
}

/// Shows: `kubectl port-forward` to a Service.
pub(crate) fn port_forward(cluster: &Cluster<'_>) {
    let forward = cluster
        .kubectl(["port-forward", "service/page", ":80"])
        .start();
    let line = forward.line_with("Forwarding from 127.0.0.1:", SOON);
    let address = line
        .strip_prefix("Forwarding from ")
        .and_then(|rest| rest.split(' ').next())
        .expect("an address");
    let body = http_get(address).expect("an answer");
    assert!(body.starts_with("page-"), "{body}");
}

/// Shows: unmodified Helm installs, and removes, a chart written here.
pub(crate) fn helm(cluster: &Cluster<'_>) {
    let user = cluster.user();
    user.file(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: greeter\nversion: 0.1.0\ndescription: A page that greets.\n",
    );
    user.file("chart/values.yaml", "greeting: hello\nreplicas: 2\n");
    user.file("chart/templates/page.yaml", include_str!("chart.yaml"));
    let context = cluster.context();
    let install = [
        "install",
        "web",
        "chart",
        "--set",
        "greeting=moin",
        "--wait",
        "--timeout=90s",
    ];
    user.helm(install)
        .args(["--kube-context", &context])
        .seconds(120)
        .ok();
    let answer = cluster.sh("talker", "timeout 5 wget -q -O - http://web-greeter/");
    assert_eq!(answer, "moin");
    let listed = user
        .helm(["list", "--output", "json", "--kube-context", &context])
        .ok()
        .json();
    assert_eq!(listed[0]["status"], "deployed");
    user.helm(["uninstall", "web", "--wait", "--kube-context", &context])
        .ok();
    cluster.wait("delete", "deployment/web-greeter");
}

/// A pod of the test image that runs a shell script.
pub(crate) fn pod(name: &str, script: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0,\n\
         containers: [{{name: main, image: 'system-test:1', imagePullPolicy: Never,\n\
         command: [sh, -c, '{script}']}}]}}}}\n"
    )
}
