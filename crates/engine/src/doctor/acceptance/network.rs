//! Between two nodes: they reach each other, fast enough, and so do their pods.

use std::time::{Duration, Instant};

use container::{Container, ExecSpec};

use super::report::Finding;
use super::{CLUSTER, Trial};
use crate::error::{Error, ErrorCode, Result};
use crate::{Engine, NodeImages, NodeStatus};

/// What is sent from node to node, in bytes.
const SENT: u64 = 64 << 20;
/// Megabytes a second. Between virtual machines of a Mac, a hundred are usual; with segmentation
/// left to a device that can't do it, it is kilobytes.
const SLOWEST: f64 = 5.0;
/// A port that nothing of a node uses.
const PORT: &str = "40404";
/// Seconds after which a transfer is slow enough to be told.
const SECONDS: &str = "20";

/// Both take the receiver's address and the port, and end by themselves; `socat` tries until the
/// other side listens.
const RECEIVE: &str =
    "timeout 60 socat -u TCP-LISTEN:$2,bind=$1,reuseaddr,accept-timeout=20 STDOUT | wc -c";
const SEND: &str =
    "head -c $3 /dev/zero | timeout $4 socat -u STDIN TCP:$1:$2,retry=100,interval=0.1 || true";

/// The image that every node brings, for small pods.
const POD_IMAGE: &str = "apple-k8s.dev/busybox:";

/// A page in a pod of the control plane behind a Service, and a visitor on the worker.
const PODS: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: acceptance-page}
spec:
  selector: {app: acceptance-page}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: acceptance-page, labels: {app: acceptance-page}}
spec:
  nodeName: FIRST
  terminationGracePeriodSeconds: 0
  containers:
  - name: page
    image: IMAGE
    imagePullPolicy: Never
    command: [sh, -c, "mkdir /www && echo reached > /www/index.html && exec busybox httpd -f -p 8080 -h /www"]
    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: acceptance-visitor}
spec:
  nodeName: SECOND
  terminationGracePeriodSeconds: 0
  containers:
  - name: visitor
    image: IMAGE
    imagePullPolicy: Never
    command: [sh, -c, "sleep 3600"]
"#;

/// Until it is reached, 20 seconds at most: a node refuses a Service until its kube-proxy has heard
/// that a pod behind it is Ready. Each try has a time limit of its own: this busybox falls over
/// `wget -T`.
const VISIT: &str = "began=$(date +%s)
until busybox timeout 10 wget -q -O - http://acceptance-page.default.svc.cluster.local; do
  [ $(($(date +%s) - began)) -lt 20 ] || exit 1
  sleep 0.2
done";

impl Trial {
    /// By the runtime's addresses, by the stable ones, and from pod to pod through a Service.
    pub(super) async fn network(&self) -> Result<Finding> {
        let nodes = self.nodes().await?;
        let [first, second] = nodes.as_slice() else {
            let message = format!("there are {} nodes, and not 2", nodes.len());
            return Err(Error::new(ErrorCode::NodeFailed, message));
        };
        let container = self.container();
        for (from, to) in [(first, second), (second, first)] {
            for address in to.container_address.iter().chain([&to.address]) {
                ping(&container, from, to, address).await?;
            }
        }
        let rate = rate(&container, second, first).await?;
        pods(&self.engine, &container, first, second).await?;
        let detail = format!(
            "both reach each other, {rate:.0} MB/s from node to node; a pod reaches one of the other node by name"
        );
        Ok(Finding::passed(detail).measured("megabytesPerSecond", rate))
    }
}

async fn ping(
    container: &Container,
    from: &NodeStatus,
    to: &NodeStatus,
    address: &str,
) -> Result<()> {
    let spec = ExecSpec::new("ping", ["-q", "-c", "3", "-i", "0.2", "-W", "2", address]);
    let answer = container.exec(&from.name, &spec).await?;
    if answer.success() {
        return Ok(());
    }
    let message = format!("{} does not reach {} at {address}", from.name, to.name);
    let said = format!("{}{}", answer.text(), answer.stderr);
    Err(Error::new(ErrorCode::NodeFailed, message).detail(said))
}

/// Sends data over the node network; megabytes a second.
async fn rate(container: &Container, from: &NodeStatus, to: &NodeStatus) -> Result<f64> {
    let shell = |script: &str, rest: &[&str]| {
        let words = ["-c", script, "sh", &to.address, PORT].into_iter();
        ExecSpec::new("sh", words.chain(rest.iter().copied()))
    };
    let (receive, bytes) = (shell(RECEIVE, &[]), SENT.to_string());
    let send = shell(SEND, &[&bytes, SECONDS]);
    let began = Instant::now();
    let sending = async {
        let ended = container.exec(&from.name, &send).await;
        ended.map(|ended| (ended, began.elapsed()))
    };
    let (received, (_, took)) = futures::try_join!(container.exec(&to.name, &receive), sending)?;
    let arrived = received.text().trim().parse().unwrap_or(0);
    judge_rate(arrived, took, &from.name, &to.name)
}

#[allow(clippy::cast_precision_loss)] // a rate, not a count
fn judge_rate(arrived: u64, took: Duration, from: &str, to: &str) -> Result<f64> {
    let rate = arrived as f64 / 1e6 / took.as_secs_f64().max(0.001);
    if arrived == SENT && rate >= SLOWEST {
        return Ok(rate);
    }
    let message = format!(
        "from {from} to {to} {} KiB of {} KiB came in {:.1} s: {rate:.2} MB/s, and {SLOWEST} are the least",
        arrived >> 10,
        SENT >> 10,
        took.as_secs_f64()
    );
    let error = Error::new(ErrorCode::NodeFailed, message);
    Err(error.hint("report it with the version of macOS and whether a VPN or a firewall runs"))
}

/// A pod on the second node asks one on the first, by the name of its Service.
async fn pods(
    engine: &Engine,
    container: &Container,
    first: &NodeStatus,
    second: &NodeStatus,
) -> Result<()> {
    let image = pod_image(&engine.images(CLUSTER).await?)?;
    let manifests = PODS
        .replace("FIRST", &first.name)
        .replace("SECOND", &second.name)
        .replace("IMAGE", &image);
    let kubectl = |words: &[&str]| ExecSpec::new("kubectl", words.iter().copied());
    let apply = kubectl(&["apply", "--filename", "-"]);
    let mut input = manifests.as_bytes();
    let applied = container.exec_with_input(&first.name, &apply, &mut input);
    applied.await?.ok()?;
    let steps: [(&str, &[&str]); 2] = [
        (
            "the pods did not start",
            &[
                "wait",
                "--for=condition=Ready",
                "--timeout=60s",
                "pod/acceptance-page",
                "pod/acceptance-visitor",
            ],
        ),
        (
            "a pod does not reach one on the other node by the name of its Service",
            &["exec", "acceptance-visitor", "--", "sh", "-c", VISIT],
        ),
    ];
    let mut said = String::new();
    for (failure, words) in steps {
        let answer = container.exec(&first.name, &kubectl(words)).await?;
        said = answer.text();
        if !answer.success() {
            let detail = format!("{said}{}", answer.stderr);
            return Err(Error::new(ErrorCode::NotReady, failure).detail(detail));
        }
    }
    if said.trim() != "reached" {
        let message = "something else than the pod answers for its Service";
        return Err(Error::new(ErrorCode::NodeFailed, message).detail(said));
    }
    Ok(())
}

fn pod_image(nodes: &[NodeImages]) -> Result<String> {
    let mut names = nodes
        .iter()
        .flat_map(|node| node.images.iter().flat_map(|image| &image.repo_tags));
    let found = names.find(|name| name.starts_with(POD_IMAGE));
    found.cloned().ok_or_else(|| {
        let message = format!("the nodes have no image {POD_IMAGE}…");
        Error::new(ErrorCode::ImageInvalid, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_or_cut_transfer_fails() {
        let judge = |arrived, seconds| {
            let took = Duration::from_secs_f64(seconds);
            judge_rate(arrived, took, "a", "b").map_err(|error| error.message)
        };
        let rate = judge(SENT, 0.5).expect("fast");
        assert!((rate - 134.2).abs() < 0.1, "{rate}");
        let slow = judge(SENT, 19.0).expect_err("slow");
        assert!(slow.contains("3.53 MB/s"), "{slow}");
        let cut = judge(7 << 10, 20.0).expect_err("cut");
        assert!(cut.contains("7 KiB of 65536 KiB"), "{cut}");
        judge(SENT - 1, 0.1).expect_err("fast, but not all");
        judge(0, 0.0).expect_err("nothing");
    }
}
