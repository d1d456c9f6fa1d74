//! One node by itself: how fast it boots, whose kernel it has, and that its programs run.

use std::time::{Duration, Instant};

use container::{Container, ExecSpec, Log, Version};
use serde::Deserialize;
use spec::Cluster;

use super::report::Finding;
use super::{CLUSTER, LABEL, PROBE, Trial};
use crate::doctor::checks::OLDEST_KERNEL;
use crate::error::{Error, ErrorCode, Result};
use crate::{host, plan};

/// A virtual machine boots in seconds; nobody waits for a minute.
const LIMIT: Duration = Duration::from_mins(1);
/// How often a node that does not answer yet is asked.
const LOOK: Duration = Duration::from_millis(200);
/// Enough for a control plane, which has to be seen to fit.
const MEMORY: u64 = 2 << 30;
/// Lines of a node's log that a failure shows.
const LINES: u32 = 20;

/// The processor and the kernel, then each program of a node with its version.
const PROGRAMS: &str = "set -e; uname -m; uname -r; kubelet --version; kubeadm version -o short; \
    containerd --version; runc --version | head -n 1; crictl --version; nft --version";

#[derive(Deserialize)]
struct Preflight {
    findings: Vec<Lack>,
}

#[derive(Deserialize)]
struct Lack {
    message: String,
}

impl Trial {
    /// Boots a node that belongs to no cluster, and removes it.
    pub(super) async fn boot(&self) -> Result<Finding> {
        let container = self.container();
        let cluster = Cluster::simple(CLUSTER, 1)
            .map_err(|error| Error::new(ErrorCode::Internal, error.message.clone()))?;
        let drafts = plan::nodes(&cluster)?;
        self.engine.check_images(&drafts, None, &container).await?;

        let mut run = plan::machine(PROBE, &drafts[0].image, &host::platform());
        run.labels.push((LABEL.to_owned(), self.mark()));
        run.cpus = Some(host::cpus().clamp(1, 2));
        run.memory = Some(MEMORY);
        let began = Instant::now();
        container.run(&run).await?;
        let started = began.elapsed();
        let looked = self.look_at_probe(&container, began).await;
        let finding = match looked {
            Ok(finding) => finding,
            Err(error) => return Err(with_log(error, &container).await),
        };
        container.delete(&[PROBE], true).await?;
        Ok(finding.measured("runSeconds", started.as_secs_f64()))
    }

    async fn look_at_probe(&self, container: &Container, began: Instant) -> Result<Finding> {
        let booted = self.op.unless_cancelled(booted(container)).await?;
        let took = began.elapsed().as_secs_f64();
        if booted != "running" {
            let units = exec(
                container,
                "systemctl",
                &["--failed", "--plain", "--no-legend"],
            )
            .await?;
            let message = format!("the node booted, but systemd says {booted}");
            return Err(Error::new(ErrorCode::NodeFailed, message).detail(units));
        }
        let programs = exec(container, "sh", &["-c", PROGRAMS]).await?;
        let preflight = container
            .exec(PROBE, &ExecSpec::new("apple-k8s-node", ["preflight"]))
            .await?;
        let lacks = lacks(&preflight.text())?;
        let found = judge(
            std::env::consts::OS,
            host::architecture(),
            &programs,
            &lacks,
        )?;
        let detail = format!("after {took:.1} s; {found}");
        Ok(Finding::passed(detail).measured("bootSeconds", took))
    }
}

/// Waits until systemd has booted; its word for how that ended.
async fn booted(container: &Container) -> Result<String> {
    let wait = ExecSpec::new("systemctl", ["is-system-running", "--wait"]);
    let mut looks = tokio::time::interval(LOOK);
    let look = async {
        loop {
            looks.tick().await;
            // Not there yet, it says that it is offline, or nothing.
            let word = container.exec(PROBE, &wait).await?.text().trim().to_owned();
            if !["", "offline", "unknown", "initializing", "starting"].contains(&word.as_str()) {
                return Ok(word);
            }
        }
    };
    tokio::time::timeout(LIMIT, look).await.map_err(|_| {
        let message = format!("the node has not booted after {} s", LIMIT.as_secs());
        Error::new(ErrorCode::NotReady, message)
    })?
}

async fn exec(container: &Container, program: &str, args: &[&str]) -> Result<String> {
    let spec = ExecSpec::new(program, args.iter().copied());
    Ok(container.exec(PROBE, &spec).await?.ok()?.text())
}

fn lacks(answer: &str) -> Result<Vec<String>> {
    let preflight: Preflight = serde_json::from_str(answer).map_err(|error| {
        let message = format!("the node's own preflight can't be read: {error}");
        Error::new(ErrorCode::NodeFailed, message).detail(answer)
    })?;
    let lacks = preflight.findings.into_iter();
    Ok(lacks.map(|lack| lack.message).collect())
}

/// What was found in the node, unless it is of no use. A kernel is the runtime's own on a Mac alone.
fn judge(os: &str, architecture: &str, programs: &str, lacks: &[String]) -> Result<String> {
    let failed = |message: String| Err(Error::new(ErrorCode::NodeFailed, message));
    let mut lines = programs.lines().map(str::trim);
    let (machine, kernel) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let expected = match architecture {
        "arm64" => "aarch64",
        _ => "x86_64",
    };
    if machine != expected {
        return failed(format!(
            "the node's processor is {machine}, and {expected} was expected"
        ));
    }
    let version = Version::find(kernel);
    if os == "macos" && version.is_none_or(|version| version < OLDEST_KERNEL) {
        let error = failed(format!(
            "the guest kernel is {kernel}, and {OLDEST_KERNEL} is needed"
        ));
        return error.map_err(|error: Error| {
            error.hint(
                "install the recommended one: container system kernel set --recommended --force",
            )
        });
    }
    if !lacks.is_empty() {
        return failed(format!("the node lacks something: {}", lacks.join("; ")));
    }
    let rest: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    Ok(format!("{machine}, kernel {kernel}; {}", rest.join("; ")))
}

/// The error with the last words of the node.
async fn with_log(error: Error, container: &Container) -> Error {
    let log = container.logs(PROBE, Log::Process, Some(LINES)).await;
    match (error.detail.clone(), log) {
        (None, Ok(log)) if !log.trim().is_empty() => error.detail(log),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAMS: &str = "aarch64\n6.18.35\nKubernetes v1.37.1\nv1.37.1\n";

    #[test]
    fn a_node_is_judged_by_processor_kernel_and_what_it_lacks() {
        let found = judge("macos", "arm64", PROGRAMS, &[]).expect("fine");
        assert_eq!(
            found,
            "aarch64, kernel 6.18.35; Kubernetes v1.37.1; v1.37.1"
        );

        let message = |os: &str, architecture: &str, programs: &str, lacks: &[String]| {
            let error = judge(os, architecture, programs, lacks).expect_err("of no use");
            assert_eq!(error.code, ErrorCode::NodeFailed);
            error.message
        };
        let foreign = message("macos", "arm64", "x86_64\n6.18.35\n", &[]);
        assert!(foreign.contains("x86_64"), "{foreign}");
        let old = "aarch64\n6.12.28\n";
        assert!(message("macos", "arm64", old, &[]).contains("6.12.28"));
        assert!(message("macos", "arm64", "aarch64\n\n", &[]).contains("kernel"));
        judge("linux", "arm64", old, &[]).expect("the host's own kernel on Linux");
        let lacks = ["no VXLAN".to_owned()];
        assert!(message("linux", "arm64", PROGRAMS, &lacks).contains("no VXLAN"));
    }

    #[test]
    fn the_nodes_own_words_are_read() {
        let answer = r#"{"cgroupVersion": 2, "findings": [{"code": "no-vxlan", "needed": "x", "message": "no VXLAN"}]}"#;
        assert_eq!(lacks(answer).expect("readable"), ["no VXLAN"]);
        assert!(lacks(r#"{"findings": []}"#).expect("readable").is_empty());
        assert!(lacks("usage: apple-k8s-node").is_err());
    }
}
